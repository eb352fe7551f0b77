#include <limits>
#include <string>
#include <utility>

#include "proxy/upstream/builtin/echo.h"
#include "proxy/upstream/builtin/endpoints.h"
#include "proxy/upstream/builtin/reply.h"

namespace larder::builtin {
namespace {

struct Response {
  std::string response_id;
  std::string message_id;
  Echo echo;
  std::size_t input_tokens = 0;
  std::string settings;  // the members that repeat the request, without braces

  std::string_view final_status() const { return echo.is_cut ? "incomplete" : "completed"; }
};

// Gives back the member `key` of the request, or `absent` (JSON) when it is absent or null.
void Repeat(JsonElement request, std::string_view key, std::string_view absent, std::string& out) {
  if (!out.empty()) out += ',';
  AppendJsonString(key, out);
  out += ':';
  const auto member = Member(request, key);
  out += member && !member->is_null() ? simdjson::minify(*member) : std::string(absent);
}

std::string Settings(JsonElement request) {
  std::string out;
  for (const std::string_view key :
       {"instructions", "max_output_tokens", "max_tool_calls", "previous_response_id",
        "safety_identifier", "prompt_cache_key", "user"}) {
    Repeat(request, key, "null", out);
  }
  Repeat(request, "metadata", "{}", out);
  Repeat(request, "parallel_tool_calls", "true", out);
  Repeat(request, "reasoning", R"({"effort":null,"summary":null})", out);
  Repeat(request, "store", "true", out);
  Repeat(request, "temperature", "1.0", out);
  Repeat(request, "text", R"({"format":{"type":"text"}})", out);
  Repeat(request, "tool_choice", R"("auto")", out);
  Repeat(request, "tools", "[]", out);
  Repeat(request, "top_logprobs", "0", out);
  Repeat(request, "top_p", "1.0", out);
  Repeat(request, "truncation", R"("disabled")", out);
  return out;
}

Result<Conversation> ReadInput(JsonElement request) {
  const auto member = Member(request, "input");
  std::string_view text;
  if (member && member->get(text) == simdjson::SUCCESS) {
    return Conversation{std::string(text), CountTokens(text)};
  }
  JsonArray items;
  if (!member || member->get(items) != simdjson::SUCCESS || items.size() == 0) {
    return InvalidArgument("input must be a string or an array with at least one item", "input");
  }
  return ReadConversation(items, "input");
}

Result<Response> ReadResponse(JsonElement request) {
  LARDER_RETURN_IF_ERROR(RequireModel(request, kEchoModel));
  LARDER_ASSIGN_OR_RETURN(const Conversation heard, ReadInput(request));
  LARDER_ASSIGN_OR_RETURN(
      const auto max_words,
      IntBetween(request, "max_output_tokens", 1, std::numeric_limits<std::int64_t>::max()));
  LARDER_ASSIGN_OR_RETURN(const bool in_background, BoolOr(request, "background", false));
  if (in_background) {
    return InvalidArgument(
        "the built-in stand-in keeps no responses to be fetched later: leave background out",
        "background");
  }
  const std::string hash = RequestHash(request);
  Response response;
  response.response_id = "resp_" + hash;
  response.message_id = "msg_" + hash;
  response.echo = EchoOf(heard.last_user_text, max_words);
  response.input_tokens =
      heard.tokens + CountTokens(StringMember(request, "instructions").value_or(""));
  response.settings = Settings(request);
  return response;
}

void AppendPart(std::string_view text, JsonWriter& json) {
  json.BeginObject().Member("type", "output_text");
  json.Key("annotations").Raw("[]").Key("logprobs").Raw("[]").Member("text", text).EndObject();
}

void AppendMessage(const Response& response, bool is_done, JsonWriter& json) {
  json.BeginObject().Member("id", response.message_id).Member("type", "message");
  json.Member("status", is_done ? response.final_status() : "in_progress");
  json.Member("role", "assistant").Key("content").BeginArray();
  if (is_done) AppendPart(response.echo.text, json);
  json.EndArray().EndObject();
}

void AppendUsage(const Response& response, JsonWriter& json) {
  const std::size_t output_tokens = response.echo.words();
  json.BeginObject().Member("input_tokens", response.input_tokens);
  json.Key("input_tokens_details").Raw(R"({"cached_tokens":0,"cache_write_tokens":0})");
  json.Member("output_tokens", output_tokens);
  json.Key("output_tokens_details").Raw(R"({"reasoning_tokens":0})");
  json.Member("total_tokens", response.input_tokens + output_tokens).EndObject();
}

void AppendResponse(const Response& response, bool is_done, JsonWriter& json) {
  json.BeginObject().Member("id", response.response_id).Member("object", "response");
  json.Member("created_at", kCreated);
  json.Member("status", is_done ? response.final_status() : "in_progress");
  json.Member("background", false).Member("model", kEchoModel).Member("service_tier", "default");
  json.Key("error").Null().Key("incomplete_details");
  is_done&& response.echo.is_cut ? json.Raw(R"({"reason":"max_output_tokens"})") : json.Null();
  json.Key("output").BeginArray();
  if (is_done) AppendMessage(response, true, json);
  json.EndArray().Raw(response.settings).Key("usage");
  if (is_done) {
    AppendUsage(response, json);
  } else {
    json.Null();
  }
  json.EndObject();
}

// The events of a stream: four that open it, one for each word, four that close it.
constexpr std::size_t kOpeningEvents = 4;
constexpr std::size_t kClosingEvents = 4;

// Where in the response an event about its one message, or its one part, belongs.
void AppendPlace(const Response& response, bool of_part, JsonWriter& json) {
  if (of_part) json.Member("item_id", response.message_id);
  json.Member("output_index", 0);
  if (of_part) json.Member("content_index", 0);
}

void AppendOpening(const Response& response, std::size_t i, JsonWriter& json) {
  if (i < 2) {
    json.Key("response");
    AppendResponse(response, false, json);
  } else if (i == 2) {
    AppendPlace(response, false, json);
    json.Key("item");
    AppendMessage(response, false, json);
  } else {
    AppendPlace(response, true, json);
    json.Key("part");
    AppendPart("", json);
  }
}

void AppendClosing(const Response& response, std::size_t i, JsonWriter& json) {
  if (i == 0) {
    AppendPlace(response, true, json);
    json.Member("text", response.echo.text).Key("logprobs").Raw("[]");
  } else if (i == 1) {
    AppendPlace(response, true, json);
    json.Key("part");
    AppendPart(response.echo.text, json);
  } else if (i == 2) {
    AppendPlace(response, false, json);
    json.Key("item");
    AppendMessage(response, true, json);
  } else {
    json.Key("response");
    AppendResponse(response, true, json);
  }
}

std::string EventType(const Response& response, std::size_t event) {
  constexpr std::string_view kOpening[kOpeningEvents] = {"created", "in_progress",
                                                         "output_item.added", "content_part.added"};
  constexpr std::string_view kClosing[kClosingEvents] = {"output_text.done", "content_part.done",
                                                         "output_item.done", ""};
  const std::string prefix = "response.";
  if (event < kOpeningEvents) return prefix + std::string(kOpening[event]);
  const std::size_t word = event - kOpeningEvents;
  if (word < response.echo.words()) return prefix + "output_text.delta";
  const std::string_view closing = kClosing[word - response.echo.words()];
  return prefix + std::string(closing.empty() ? response.final_status() : closing);
}

std::string RenderEvent(const Response& response, std::size_t event) {
  const std::string type = EventType(response, event);
  JsonWriter json;
  json.BeginObject().Member("type", type).Member("sequence_number", event);
  const std::size_t word = event - kOpeningEvents;
  if (event < kOpeningEvents) {
    AppendOpening(response, event, json);
  } else if (word < response.echo.words()) {
    AppendPlace(response, true, json);
    json.Member("delta", response.echo.Word(word)).Key("logprobs").Raw("[]");
  } else {
    AppendClosing(response, word - response.echo.words(), json);
  }
  json.EndObject();
  return "event: " + type + "\n" + DataEvent(json.str());
}

}  // namespace

Result<UpstreamReply> AnswerResponses(JsonElement request, const BuiltinOptions& options) {
  LARDER_ASSIGN_OR_RETURN(Response response, ReadResponse(request));
  LARDER_ASSIGN_OR_RETURN(const bool streamed, BoolOr(request, "stream", false));
  if (!streamed) {
    JsonWriter json;
    AppendResponse(response, true, json);
    return JsonReply(200, json.Take());
  }
  const std::size_t events = kOpeningEvents + response.echo.words() + kClosingEvents;
  return StreamReply(
      events,
      [response = std::move(response)](std::size_t event) { return RenderEvent(response, event); },
      options);
}

}  // namespace larder::builtin
