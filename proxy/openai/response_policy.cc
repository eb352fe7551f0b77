#include "proxy/openai/response_policy.h"

#include <algorithm>
#include <array>

#include "proxy/json/canonical_json.h"
#include "proxy/openai/usage.h"
#include "proxy/pattern.h"

namespace larder {
namespace {

// Models that search by themselves, whatever snapshot of them is named.
constexpr std::array<std::string_view, 4> kSearchingModels = {"*-search-preview*", "*-search-api*",
                                                              "*deep-research*", "*:online"};

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

bool IsNothing(JsonElement value) {
  std::string_view text;
  JsonArray list;
  JsonObject object;
  if (value.get(text) == simdjson::SUCCESS) return text.empty();
  if (value.get(list) == simdjson::SUCCESS) return list.begin() == list.end();
  if (value.get(object) == simdjson::SUCCESS) return object.begin() == object.end();
  return value.is_null();
}

bool HasContent(JsonElement root, std::string_view key) {
  const auto member = Member(root, key);
  return member && !IsNothing(*member);
}

// A search, or a server's tools, that are turned on without an entry in "tools".
bool LooksOutside(JsonElement root) {
  const std::string_view model = StringMember(root, "model").value_or("");
  for (const std::string_view pattern : kSearchingModels) {
    if (MatchesPattern(pattern, model)) return true;
  }
  const auto xai_search = Member(root, "search_parameters");
  if (xai_search && !xai_search->is_null() && StringMember(*xai_search, "mode") != "off")
    return true;
  return IsSet(root, "web_search_options") || HasContent(root, "mcp_servers") ||
         HasContent(root, "plugins") || BoolMember(root, "enable_search") == true;
}

std::string WhyUncacheable(Endpoint endpoint, JsonElement root,
                           const ResponsePolicyOptions& options) {
  if (IsSet(root, "conversation")) return "conversation";
  if (BoolMember(root, "background") == true) return "background";
  // A stored template, which may change behind its id and may bring tools of its own.
  if (endpoint == Endpoint::kResponses && IsSet(root, "prompt")) return "prompt-template";
  if (IsSet(root, "container")) return "container";  // a machine that keeps files between calls
  if (HasBuiltInTool(root) || LooksOutside(root)) return "built-in-tool";
  if (!options.sampled && endpoint != Endpoint::kModerations &&
      NumberMember(root, "temperature").value_or(1.0) > 0) {
    return "sampled";
  }
  return {};
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

// Whether one of the elements of `root`'s array `key` is as `is_meant` says.
template <typename Predicate>
bool AnyOf(JsonElement root, std::string_view key, Predicate is_meant) {
  const auto member = Member(root, key);
  JsonArray list;
  if (!member || member->get(list) != simdjson::SUCCESS) return false;
  return std::any_of(list.begin(), list.end(), is_meant);
}

// An item of a response's output: a call, reasoning, or a message with something in it.
bool ItemSaysSomething(JsonElement item) {
  return StringMember(item, "type") != "message" || AnyOf(item, "content", PartSaysSomething);
}

bool IsWholeMessage(JsonElement root) {
  const auto stop_reason = StringMember(root, "stop_reason");
  return StringMember(root, "type") == "message" && stop_reason && *stop_reason != "pause_turn" &&
         AnyOf(root, "content", PartSaysSomething);
}

// Other options of a stream than include_usage change how it is padded, not what it says.
AnswerForm StreamFormOf(Endpoint endpoint, JsonElement root) {
  if (endpoint != Endpoint::kChat && endpoint != Endpoint::kCompletions) return AnswerForm::kStream;
  const auto options = Member(root, "stream_options");
  const bool usage = options && BoolMember(*options, "include_usage") == true;
  return usage ? AnswerForm::kStreamWithUsage : AnswerForm::kStream;
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
    case Endpoint::kMessages:
      return "messages";
    case Endpoint::kModels:
      return "models";
    case Endpoint::kOther:
      return "other";
  }
  return "other";
}

std::string_view AnswerFormName(AnswerForm form) {
  switch (form) {
    case AnswerForm::kFull:
      return "full";
    case AnswerForm::kStream:
      return "stream";
    case AnswerForm::kStreamWithUsage:
      return "stream+usage";
  }
  return "full";
}

Endpoint EndpointOf(std::string_view method, std::string_view path) {
  if (method == "POST") {
    if (path == "/embeddings") return Endpoint::kEmbeddings;
    if (path == "/chat/completions") return Endpoint::kChat;
    if (path == "/completions") return Endpoint::kCompletions;
    if (path == "/moderations") return Endpoint::kModerations;
    if (path == "/responses") return Endpoint::kResponses;
    if (path == "/messages") return Endpoint::kMessages;
  }
  if (method == "GET" && (path == "/models" || path.starts_with("/models/")))
    return Endpoint::kModels;
  return Endpoint::kOther;
}

Result<ResponseRequest> ParseResponseRequest(Endpoint endpoint, std::string_view body,
                                             const ResponsePolicyOptions& options) {
  if (endpoint == Endpoint::kModels) return ResponseRequest();
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(body));
  return ParseResponseRequest(endpoint, document.root(), options);
}

Result<ResponseRequest> ParseResponseRequest(Endpoint endpoint, JsonElement root,
                                             const ResponsePolicyOptions& options) {
  ResponseRequest request;
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
  if (request.stream) request.form = StreamFormOf(endpoint, root);
  request.uncacheable = WhyUncacheable(endpoint, root, options);
  request.canonical_body = CanonicalJson(root, kNotInResponseKey);
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

bool PartSaysSomething(JsonElement part) {
  const std::string_view type = StringMember(part, "type").value_or("");
  if (type.starts_with("text") || type == "output_text") return HasContent(part, "text");
  if (type == "refusal") return HasContent(part, "refusal");
  return part.is_object();
}

bool IsAnswer(Endpoint endpoint, JsonElement root) {
  switch (endpoint) {
    case Endpoint::kChat:
    case Endpoint::kCompletions:
      return HasChoices(root);
    case Endpoint::kModerations:
      return AnyOf(root, "results", [](JsonElement) { return true; });
    case Endpoint::kResponses:
      return StringMember(root, "status").value_or("completed") == "completed" &&
             AnyOf(root, "output", ItemSaysSomething);
    case Endpoint::kMessages:
      return IsWholeMessage(root);
    case Endpoint::kModels:
      return root.is_object() && !IsNothing(root);
    default:
      return false;
  }
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
