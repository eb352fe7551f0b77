#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "proxy/upstream/builtin/echo.h"
#include "proxy/upstream/builtin/endpoints.h"
#include "proxy/upstream/builtin/reply.h"

namespace larder::builtin {
namespace {

constexpr std::int64_t kMaxChoices = 8;
constexpr std::size_t kMaxPrompts = 128;

struct Completion {
  std::string id;
  std::vector<Echo> echoes;  // one for each prompt
  std::size_t choices = 1;   // of each prompt; choice c answers prompt c / choices
  std::size_t prompt_tokens = 0;
  std::vector<std::size_t> starts;  // the first event of each choice in a stream, and their end
  bool wants_usage = false;

  const Echo& EchoAt(std::size_t choice) const { return echoes[choice / choices]; }
};

std::string_view FinishReason(const Echo& echo) {
  return echo.is_cut ? "length" : "stop";
}

Result<std::vector<std::string_view>> ReadPrompts(JsonElement request) {
  const auto bad = [] {
    return InvalidArgument("prompt must be a string or an array of 1 to " +
                               std::to_string(kMaxPrompts) +
                               " strings; the built-in stand-in cannot read token arrays",
                           "prompt");
  };
  const auto member = Member(request, "prompt");
  std::string_view text;
  if (!member) return bad();
  if (member->get(text) == simdjson::SUCCESS) return std::vector{text};
  JsonArray array;
  if (member->get(array) != simdjson::SUCCESS || array.size() == 0 || array.size() > kMaxPrompts) {
    return bad();
  }
  std::vector<std::string_view> prompts;
  for (const JsonElement element : array) {
    if (element.get(text) != simdjson::SUCCESS) return bad();
    prompts.push_back(text);
  }
  return prompts;
}

Result<Completion> ReadCompletion(JsonElement request) {
  LARDER_RETURN_IF_ERROR(RequireModel(request, kEchoModel));
  LARDER_ASSIGN_OR_RETURN(const auto prompts, ReadPrompts(request));
  LARDER_ASSIGN_OR_RETURN(const auto choices, IntBetween(request, "n", 1, kMaxChoices));
  LARDER_ASSIGN_OR_RETURN(
      const auto max_words,
      IntBetween(request, "max_tokens", 1, std::numeric_limits<std::int64_t>::max()));
  Completion completion;
  completion.id = "cmpl-" + RequestHash(request);
  completion.choices = static_cast<std::size_t>(choices.value_or(1));
  completion.wants_usage = WantsUsage(request);
  completion.starts.push_back(0);
  for (const std::string_view prompt : prompts) {
    completion.prompt_tokens += CountTokens(prompt);
    completion.echoes.push_back(EchoOf(prompt, max_words));
    for (std::size_t i = 0; i < completion.choices; ++i) {
      completion.starts.push_back(completion.starts.back() + completion.echoes.back().words() + 1);
    }
  }
  return completion;
}

void BeginCompletion(const Completion& completion, JsonWriter& json) {
  json.BeginObject().Member("id", completion.id).Member("object", "text_completion");
  json.Member("created", kCreated).Member("model", kEchoModel);
  json.Member("system_fingerprint", "fp_larder_builtin").Key("choices").BeginArray();
}

void AppendChoice(std::size_t index, std::string_view text, std::string_view finish_reason,
                  JsonWriter& json) {
  json.BeginObject().Member("text", text).Member("index", index).Key("logprobs").Null();
  json.Key("finish_reason");
  finish_reason.empty() ? json.Null() : json.String(finish_reason);
  json.EndObject();
}

void AppendUsage(const Completion& completion, JsonWriter& json) {
  const std::size_t choices = completion.starts.size() - 1;
  const std::size_t completion_tokens = completion.starts.back() - choices;
  json.Key("usage").BeginObject();
  json.Member("prompt_tokens", completion.prompt_tokens);
  json.Member("completion_tokens", completion_tokens);
  json.Member("total_tokens", completion.prompt_tokens + completion_tokens).EndObject();
}

std::string WholeCompletion(const Completion& completion) {
  JsonWriter json;
  BeginCompletion(completion, json);
  for (std::size_t i = 0; i + 1 < completion.starts.size(); ++i) {
    const Echo& echo = completion.EchoAt(i);
    AppendChoice(i, echo.text, FinishReason(echo), json);
  }
  json.EndArray();
  AppendUsage(completion, json);
  json.EndObject();
  return json.Take();
}

// The events of a stream: each choice's words and how it finished, then the usage, then the end.
std::string RenderEvent(const Completion& completion, std::size_t event) {
  const std::size_t tail = completion.starts.back();
  if (event == tail + (completion.wants_usage ? 1 : 0)) return DataEvent("[DONE]");
  JsonWriter json;
  BeginCompletion(completion, json);
  if (event < tail) {
    std::size_t choice = 0;
    while (completion.starts[choice + 1] <= event) ++choice;
    const Echo& echo = completion.EchoAt(choice);
    const std::size_t word = event - completion.starts[choice];
    const bool is_finish = word == echo.words();
    AppendChoice(choice, is_finish ? "" : echo.Word(word), is_finish ? FinishReason(echo) : "",
                 json);
    json.EndArray();
    if (completion.wants_usage) json.Key("usage").Null();
  } else {
    json.EndArray();
    AppendUsage(completion, json);
  }
  json.EndObject();
  return DataEvent(json.str());
}

}  // namespace

Result<UpstreamReply> AnswerCompletions(JsonElement request, const BuiltinOptions& options) {
  LARDER_ASSIGN_OR_RETURN(Completion completion, ReadCompletion(request));
  LARDER_ASSIGN_OR_RETURN(const bool streamed, BoolOr(request, "stream", false));
  if (!streamed) return JsonReply(200, WholeCompletion(completion));
  const std::size_t events = completion.starts.back() + (completion.wants_usage ? 2 : 1);
  return StreamReply(
      events,
      [completion = std::move(completion)](std::size_t event) {
        return RenderEvent(completion, event);
      },
      options);
}

}  // namespace larder::builtin
