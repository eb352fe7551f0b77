#include "bench/provider.h"

#include "bench/provider_call.h"

namespace larder::bench {
namespace {

constexpr std::string_view kChatModel = "bench-chat";

// Four characters a token, as a rule of thumb.
std::size_t TokensOf(std::string_view text) {
  return text.size() / 4 + 1;
}

}  // namespace

Provider::Reply Provider::Answer(std::string_view method, std::string_view target,
                                 std::string_view body) {
  if (method == "GET" && target == "/count") {
    body_ = "{\"requests\":" + std::to_string(requests_) +
            ",\"inputs\":" + std::to_string(inputs_) +
            ",\"smuggled\":" + std::to_string(smuggled_) + "}\n";
    return {200, false, body_};
  }
  const std::string_view path = target.substr(0, target.find('?'));
  if (target.substr(path.size()) == "?smuggled") ++smuggled_;
  if (path.ends_with("/echo")) {
    body_ = body;
    return {200, false, body_};
  }
  const bool embeddings = path.ends_with("/embeddings");
  if (method != "POST" || (!embeddings && !path.ends_with("/chat/completions"))) {
    return Refuse(404, "this stand-in has no such path");
  }
  ++requests_;
  const auto call = ReadCall(body);
  if (!call || (embeddings && call->inputs.empty())) {
    return Refuse(400, "the body is not one that this stand-in reads");
  }
  if (embeddings) {
    inputs_ += call->inputs.size();
    RenderEmbeddings(*call);
  } else if (call->stream) {
    return {200, true, {}};
  } else {
    RenderChat();
  }
  return {200, false, body_};
}

std::string Provider::StreamEvent(std::size_t place,
                                  std::chrono::steady_clock::time_point sent) const {
  using std::chrono::nanoseconds;
  if (place > options_.chunks) return "data: [DONE]\n\n";
  const bool last = place == options_.chunks;
  return "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":"
         "1700000000,\"sent_ns\":" +
         std::to_string(nanoseconds(sent.time_since_epoch()).count()) + ",\"model\":\"" +
         std::string(kChatModel) + "\",\"choices\":[{\"index\":0,\"delta\":{" +
         (last ? "" : "\"content\":\"word" + std::to_string(place) + " \"") +
         "},\"finish_reason\":" + (last ? "\"stop\"" : "null") + "}]}\n\n";
}

Provider::Reply Provider::Refuse(int status, std::string_view message) {
  body_ = "{\"error\":{\"message\":\"" + std::string(message) +
          "\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}";
  return {status, false, body_};
}

void Provider::RenderEmbeddings(const ProviderCall& call) {
  body_ = "{\"object\":\"list\",\"data\":[";
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    if (i > 0) body_ += ',';
    body_ += "{\"object\":\"embedding\",\"index\":";
    body_ += std::to_string(i);
    body_ += ",\"embedding\":";
    const std::uint64_t number = VectorTexts::NumberOf(call.inputs[i]);
    call.base64 ? vectors_.AppendBase64(number, body_) : vectors_.AppendFloats(number, body_);
    body_ += '}';
    tokens += TokensOf(call.inputs[i]);
  }
  const std::string count = std::to_string(tokens);
  body_ += "],\"model\":\"";
  body_ += call.model;
  body_ += "\",\"usage\":{\"prompt_tokens\":" + count + ",\"total_tokens\":" + count + "}}";
}

void Provider::RenderChat() {
  body_ =
      "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":"
      "\"";
  body_ += kChatModel;
  body_ += "\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"";
  for (std::size_t i = 0; i < options_.chunks; ++i) body_ += "word" + std::to_string(i) + " ";
  const std::string tokens = std::to_string(options_.chunks);
  body_ +=
      "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":" +
      tokens + ",\"total_tokens\":" + std::to_string(options_.chunks + 8) + "}}";
}

}  // namespace larder::bench
