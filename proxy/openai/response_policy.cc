#include "proxy/openai/response_policy.h"

#include <array>

#include "proxy/json/canonical_json.h"
#include "proxy/openai/usage.h"

namespace larder {
namespace {

// Fields without effect on the answer, or (stream) part of the form instead.
constexpr std::array<std::string_view, 6> kNotInKey = {
    "user", "safety_identifier", "metadata", "prompt_cache_key", "stream", "stream_options"};

bool IsSet(JsonElement root, std::string_view key) {
  const auto member = Member(root, key);
  return member && !member->is_null();
}

// A tool that upstream runs itself looks or acts outside; one that the caller runs is only
// described.
bool HasBuiltInTool(JsonElement root) {
  const auto tools = Member(root, "tools");
  JsonArray list;
  if (!tools || tools->get(list) != simdjson::SUCCESS) return false;
  for (const JsonElement tool : list) {
    const auto type = StringMember(tool, "type");
    const bool described = type ? *type == "function" || *type == "custom"
                                : IsSet(tool, "function") || IsSet(tool, "name");
    if (!described) return true;
  }
  return false;
}

std::string WhyUncacheable(Endpoint endpoint, JsonElement root,
                           const ResponsePolicyOptions& options) {
  if (IsSet(root, "conversation")) return "conversation";
  if (BoolMember(root, "background") == true) return "background";
  // A stored template, which may change behind its id and may bring tools of its own.
  if (endpoint == Endpoint::kResponses && IsSet(root, "prompt")) return "prompt-template";
  if (HasBuiltInTool(root) || IsSet(root, "web_search_options")) return "built-in-tool";
  if (!options.sampled && endpoint != Endpoint::kModerations &&
      NumberMember(root, "temperature").value_or(1.0) > 0) {
    return "sampled";
  }
  return {};
}

bool IsNothing(JsonElement value) {
  std::string_view text;
  JsonArray list;
  JsonObject object;
  if (value.get(text) == simdjson::SUCCESS) return text.empty();
  if (value.get(list) == simdjson::SUCCESS) return list.begin() == list.end();
  if (value.get(object) == simdjson::SUCCESS) return object.begin() == object.end();
  return value.is_null();
}

bool IsErrorFinish(JsonElement choice) {
  return StringMember(choice, "finish_reason") == "error";
}

bool HasChoices(JsonElement root) {
  const auto choices = Member(root, "choices");
  JsonArray list;
  if (!choices || choices->get(list) != simdjson::SUCCESS || list.begin() == list.end())
    return false;
  bool says_something = false;
  for (const JsonElement choice : list) {
    if (IsErrorFinish(choice)) return false;
    says_something = says_something || SaysSomething(choice);
  }
  return says_something;
}

bool IsNonEmptyArray(JsonElement root, std::string_view key) {
  const auto member = Member(root, key);
  JsonArray list;
  return member && member->get(list) == simdjson::SUCCESS && list.begin() != list.end();
}

bool IsAnswer(Endpoint endpoint, JsonElement root) {
  switch (endpoint) {
    case Endpoint::kChat:
    case Endpoint::kCompletions:
      return HasChoices(root);
    case Endpoint::kModerations:
      return IsNonEmptyArray(root, "results");
    case Endpoint::kResponses:
      return StringMember(root, "status").value_or("completed") == "completed" &&
             IsNonEmptyArray(root, "output");
    case Endpoint::kModels:
      return root.is_object();
    default:
      return false;
  }
}

}  // namespace

std::string_view EndpointName(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kEmbeddings:
      return "embeddings";
    case Endpoint::kChat:
      return "chat";
    case Endpoint::kCompletions:
      return "completions";
    case Endpoint::kModerations:
      return "moderations";
    case Endpoint::kResponses:
      return "responses";
    case Endpoint::kModels:
      return "models";
    case Endpoint::kOther:
      return "other";
  }
  return "other";
}

Endpoint EndpointOf(std::string_view method, std::string_view path) {
  if (method == "POST") {
    if (path == "/embeddings") return Endpoint::kEmbeddings;
    if (path == "/chat/completions") return Endpoint::kChat;
    if (path == "/completions") return Endpoint::kCompletions;
    if (path == "/moderations") return Endpoint::kModerations;
    if (path == "/responses") return Endpoint::kResponses;
  }
  if (method == "GET" && (path == "/models" || path.starts_with("/models/")))
    return Endpoint::kModels;
  return Endpoint::kOther;
}

Result<ResponseRequest> ParseResponseRequest(Endpoint endpoint, std::string_view body,
                                             const ResponsePolicyOptions& options) {
  ResponseRequest request;
  request.form = "full";
  if (endpoint == Endpoint::kModels) return request;
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(body));
  const JsonElement root = document.root();
  if (!root.is_object()) return InvalidArgument("the body must be a JSON object");
  if (const auto twice = DuplicateMember(root)) {
    return InvalidArgument("the member occurs twice", std::string(*twice));
  }
  request.model = StringMember(root, "model").value_or("");
  if (IsSet(root, "stream")) {
    const auto stream = BoolMember(root, "stream");
    if (!stream) return InvalidArgument("stream must be true or false", "stream");
    request.stream = *stream;
  }
  if (request.stream) {
    const auto stream_options = Member(root, "stream_options");
    const bool usage = stream_options && BoolMember(*stream_options, "include_usage") == true;
    request.form = usage ? "stream+usage" : "stream";
  }
  request.uncacheable = WhyUncacheable(endpoint, root, options);
  request.canonical_body = CanonicalJson(root, kNotInKey);
  if (const auto of_stream = Member(root, "stream_options"); request.stream && of_stream) {
    // Options besides include_usage (which is in the form) change the events.
    constexpr std::array<std::string_view, 1> kInForm = {"include_usage"};
    const std::string others = CanonicalJson(*of_stream, kInForm);
    if (others != "{}" && others != "null") request.canonical_body += others;
  }
  return request;
}

std::chrono::seconds LifetimeOf(Endpoint endpoint, const ResponsePolicyOptions& options) {
  return endpoint == Endpoint::kModels ? options.models_lifetime : options.lifetime;
}

bool SaysSomething(JsonElement choice) {
  // Around an answer, not part of it.
  constexpr std::array<std::string_view, 7> kAround = {"role",
                                                       "index",
                                                       "logprobs",
                                                       "finish_reason",
                                                       "stop_reason",
                                                       "matched_stop",
                                                       "content_filter_results"};
  const auto message = Member(choice, "message");
  const auto delta = Member(choice, "delta");
  JsonObject members;
  if ((message ? *message : delta ? *delta : choice).get(members) != simdjson::SUCCESS)
    return false;
  for (const auto member : members) {
    const bool around = std::find(kAround.begin(), kAround.end(), member.key) != kAround.end();
    if (!around && !IsNothing(member.value)) return true;
  }
  return false;
}

ReplyVerdict JudgeReply(Endpoint endpoint, std::string_view body) {
  ReplyVerdict verdict;
  const auto document = JsonDocument::Parse(body);
  if (!document.ok()) return verdict;
  const JsonElement root = document->root();
  if (IsSet(root, "error")) return verdict;
  verdict.storable = IsAnswer(endpoint, root);
  const TokenUsage usage = UsageOf(root);
  verdict.prompt_tokens = usage.prompt;
  verdict.completion_tokens = usage.completion;
  return verdict;
}

}  // namespace larder
