#include <limits>
#include <string>
#include <utility>

#include "proxy/upstream/builtin/echo.h"
#include "proxy/upstream/builtin/endpoints.h"
#include "proxy/upstream/builtin/reply.h"

namespace larder::builtin {
namespace {

constexpr std::int64_t kMaxChoices = 8;

// One answer, ready to be rendered in either form.
struct Chat {
  std::string id;
  Echo echo;
  std::size_t choices = 1;
  std::size_t prompt_tokens = 0;
  bool wants_usage = false;  // of a stream

  std::string_view finish_reason() const { return echo.is_cut ? "length" : "stop"; }
};

Result<std::optional<std::int64_t>> MaxWords(JsonElement request) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  LARDER_ASSIGN_OR_RETURN(auto newer, IntBetween(request, "max_completion_tokens", 1, kMost));
  LARDER_ASSIGN_OR_RETURN(auto older, IntBetween(request, "max_tokens", 1, kMost));
  return newer ? newer : older;
}

Result<Chat> ReadChat(JsonElement request) {
  LARDER_RETURN_IF_ERROR(RequireModel(request, kEchoModel));
  const auto member = Member(request, "messages");
  JsonArray messages;
  if (!member || member->get(messages) != simdjson::SUCCESS || messages.size() == 0) {
    return InvalidArgument("messages must be an array with at least one message", "messages");
  }
  LARDER_ASSIGN_OR_RETURN(const Conversation heard, ReadConversation(messages, "messages"));
  LARDER_ASSIGN_OR_RETURN(const auto max_words, MaxWords(request));
  LARDER_ASSIGN_OR_RETURN(const auto choices, IntBetween(request, "n", 1, kMaxChoices));
  Chat chat;
  chat.id = "chatcmpl-" + RequestHash(request);
  chat.echo = EchoOf(heard.last_user_text, max_words);
  chat.choices = static_cast<std::size_t>(choices.value_or(1));
  chat.prompt_tokens = heard.tokens;
  chat.wants_usage = WantsUsage(request);
  return chat;
}

void BeginChat(const Chat& chat, std::string_view object, JsonWriter& json) {
  json.BeginObject().Member("id", chat.id).Member("object", object).Member("created", kCreated);
  json.Member("model", kEchoModel).Member("service_tier", "default");
  json.Member("system_fingerprint", "fp_larder_builtin");
}

void AppendUsage(const Chat& chat, JsonWriter& json) {
  const std::size_t completion_tokens = chat.choices * chat.echo.words();
  json.Key("usage").BeginObject();
  json.Member("prompt_tokens", chat.prompt_tokens);
  json.Member("completion_tokens", completion_tokens);
  json.Member("total_tokens", chat.prompt_tokens + completion_tokens);
  json.Key("prompt_tokens_details").Raw(R"({"cached_tokens":0,"audio_tokens":0})");
  json.Key("completion_tokens_details")
      .Raw(R"({"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,)"
           R"("rejected_prediction_tokens":0})");
  json.EndObject();
}

std::string WholeChat(const Chat& chat) {
  JsonWriter json;
  BeginChat(chat, "chat.completion", json);
  json.Key("choices").BeginArray();
  for (std::size_t i = 0; i < chat.choices; ++i) {
    json.BeginObject().Member("index", i).Key("message").BeginObject();
    json.Member("role", "assistant").Member("content", chat.echo.text).Key("refusal").Null();
    json.EndObject().Key("logprobs").Null().Member("finish_reason", chat.finish_reason());
    json.EndObject();
  }
  json.EndArray();
  AppendUsage(chat, json);
  json.EndObject();
  return json.Take();
}

enum class Delta { kRole, kWord, kFinish };

std::string Chunk(const Chat& chat, std::size_t choice, Delta delta, std::string_view word) {
  JsonWriter json;
  BeginChat(chat, "chat.completion.chunk", json);
  json.Key("choices").BeginArray().BeginObject().Member("index", choice);
  json.Key("delta").BeginObject();
  if (delta == Delta::kRole) {
    json.Member("role", "assistant").Member("content", "").Key("refusal").Null();
  } else if (delta == Delta::kWord) {
    json.Member("content", word);
  }
  json.EndObject().Key("logprobs").Null().Key("finish_reason");
  delta == Delta::kFinish ? json.String(chat.finish_reason()) : json.Null();
  json.EndObject().EndArray();
  if (chat.wants_usage) json.Key("usage").Null();
  json.EndObject();
  return DataEvent(json.str());
}

std::string UsageChunk(const Chat& chat) {
  JsonWriter json;
  BeginChat(chat, "chat.completion.chunk", json);
  json.Key("choices").BeginArray().EndArray();
  AppendUsage(chat, json);
  json.EndObject();
  return DataEvent(json.str());
}

// Rounds over all choices: their roles, then word after word, then how they finished.
std::size_t CountEvents(const Chat& chat) {
  return chat.choices * (chat.echo.words() + 2) + (chat.wants_usage ? 1 : 0) + 1;
}

std::string RenderEvent(const Chat& chat, std::size_t event) {
  const std::size_t round = event / chat.choices;
  const std::size_t choice = event % chat.choices;
  const std::size_t words = chat.echo.words();
  if (round == 0) return Chunk(chat, choice, Delta::kRole, "");
  if (round <= words) return Chunk(chat, choice, Delta::kWord, chat.echo.Word(round - 1));
  if (round == words + 1) return Chunk(chat, choice, Delta::kFinish, "");
  return event + 1 == CountEvents(chat) ? DataEvent("[DONE]") : UsageChunk(chat);
}

}  // namespace

Result<UpstreamReply> AnswerChat(JsonElement request, const BuiltinOptions& options) {
  LARDER_ASSIGN_OR_RETURN(Chat chat, ReadChat(request));
  LARDER_ASSIGN_OR_RETURN(const bool streamed, BoolOr(request, "stream", false));
  if (!streamed) return JsonReply(200, WholeChat(chat));
  const std::size_t events = CountEvents(chat);
  return StreamReply(
      events, [chat = std::move(chat)](std::size_t event) { return RenderEvent(chat, event); },
      options);
}

}  // namespace larder::builtin
