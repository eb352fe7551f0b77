#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "base/base64.h"
#include "base/bytes.h"
#include "proxy/admin/entry_line.h"
#include "proxy/http/headers.h"
#include "proxy/json/json.h"
#include "proxy/openai/embeddings_reply.h"
#include "proxy/openai/embeddings_request.h"
#include "proxy/openai/response_id.h"
#include "proxy/openai/response_policy.h"
#include "proxy/search/request_json.h"

// The reading half of entry_line.h.

namespace larder {
namespace {

constexpr std::array<std::string_view, 18> kEmbeddingFields = {
    "layer",          "key",           "partition",  "namespace",     "upstream",
    "model",          "kind",          "input",      "dim",           "embedding",
    "type",           "shortest_form", "query_only", "prompt_tokens", "total_tokens",
    "upstream_model", "stored_at_ms",  "lifetime_s"};
constexpr std::array<std::string_view, 16> kAnswerFields = {"layer",         "key",
                                                            "partition",     "namespace",
                                                            "upstream",      "model",
                                                            "endpoint",      "status",
                                                            "fields",        "stream",
                                                            "body",          "body_base64",
                                                            "prompt_tokens", "completion_tokens",
                                                            "stored_at_ms",  "lifetime_s"};
constexpr std::array<std::string_view, 4> kOwnFields = {"input", "embedding", "model",
                                                        "dimensions"};
constexpr std::array<std::string_view, 2> kEndFields = {"finished", "entries"};

constexpr std::size_t kMaxNameBytes = 2048;      // of an upstream or a model
constexpr std::size_t kMaxNamespaceBytes = 256;  // as x-larder-namespace
constexpr std::int64_t kMaxDim = 65'536;
constexpr std::size_t kMaxFields = 256;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 53;
constexpr std::int64_t kYear10000Ms = 253'402'300'800'000;

Status CheckFields(JsonElement root, std::span<const std::string_view> fields) {
  JsonObject members;
  if (root.get(members) != simdjson::SUCCESS) return InvalidArgument("is not a JSON object");
  for (const auto member : members) {
    if (std::find(fields.begin(), fields.end(), member.key) == fields.end()) {
      return InvalidArgument("there is no such field: " + std::string(member.key),
                             std::string(member.key));
    }
  }
  return {};
}

// A text that must be there, of at most so many bytes.
Result<std::string> NeededText(JsonElement root, const std::string& name, std::size_t most) {
  if (!GivenMember(root, name)) return InvalidArgument(name + " must be given", name);
  LARDER_ASSIGN_OR_RETURN(std::string text, TextMember(root, name));
  if (text.size() > most) {
    return InvalidArgument(name + " must have at most " + std::to_string(most) + " bytes", name);
  }
  return text;
}

Result<std::int64_t> NeededWhole(JsonElement root, const std::string& name, std::int64_t low,
                                 std::int64_t high) {
  if (!GivenMember(root, name)) return InvalidArgument(name + " must be given", name);
  return WholeMember(root, name, low, high, low);
}

Result<std::int64_t> TokensMember(JsonElement root, const std::string& name) {
  return WholeMember(root, name, 0, kMostTokens, -1);
}

Result<CacheKey> ParseKey(JsonElement root) {
  const auto key = DigestFromHex(StringMember(root, "key").value_or(""));
  if (!key) return InvalidArgument("key must be 64 hexadecimal digits", "key");
  return *key;
}

Result<RecordStamp> ParseStamp(JsonElement root) {
  LARDER_ASSIGN_OR_RETURN(const auto stored_at, NeededWhole(root, "stored_at_ms", 0, kYear10000Ms));
  LARDER_ASSIGN_OR_RETURN(
      const auto lifetime,
      NeededWhole(root, "lifetime_s", 0, std::numeric_limits<std::uint32_t>::max()));
  return RecordStamp{WallTime(std::chrono::milliseconds(stored_at)),
                     std::chrono::seconds(lifetime)};
}

// Where an entry belongs, into records of either layer.
template <typename Record>
Status ParseHome(JsonElement root, Record& record) {
  LARDER_ASSIGN_OR_RETURN(record.partition, NeededText(root, "partition", 64));
  LARDER_ASSIGN_OR_RETURN(record.name_space, NeededText(root, "namespace", kMaxNamespaceBytes));
  LARDER_ASSIGN_OR_RETURN(record.upstream, NeededText(root, "upstream", kMaxNameBytes));
  LARDER_ASSIGN_OR_RETURN(record.model, NeededText(root, "model", kMaxNameBytes));
  return {};
}

// The text, or the tokens as they stand in keys.
Result<std::string> ParseInput(JsonElement value, InputKind kind) {
  std::string_view text;
  if (kind == InputKind::kText) {
    if (value.get(text) != simdjson::SUCCESS || text.empty()) {
      return InvalidArgument("input must be a text that is not empty", "input");
    }
    return std::string(text);
  }
  JsonArray tokens;
  std::string bytes;
  ByteWriter writer(bytes);
  bool right = value.get(tokens) == simdjson::SUCCESS;
  if (right) {
    for (const JsonElement element : tokens) {
      std::int64_t token = 0;
      right = right && element.get(token) == simdjson::SUCCESS && token >= 0;
      writer.Fixed(token);
    }
  }
  if (!right || bytes.empty()) {
    return InvalidArgument("input must be a list of whole numbers of at least 0", "input");
  }
  return bytes;
}

template <typename T>
Result<std::vector<T>> ParseValues(std::string_view base64) {
  const auto bytes = DecodeBase64(base64);
  if (!bytes || bytes->empty() || bytes->size() % sizeof(T) != 0) {
    return InvalidArgument("embedding must be base64 of little-endian numbers", "embedding");
  }
  std::vector<T> values(bytes->size() / sizeof(T));
  std::memcpy(values.data(), bytes->data(), bytes->size());
  const bool finite =
      std::all_of(values.begin(), values.end(), [](T value) { return std::isfinite(value); });
  if (!finite) return InvalidArgument("embedding has a value that is not finite", "embedding");
  return values;
}

Status ParseVector(JsonElement root, EmbeddingEntry& entry) {
  const auto type = StringMember(root, "type").value_or("");
  const auto base64 = StringMember(root, "embedding").value_or("");
  if (type == "float32") {
    LARDER_ASSIGN_OR_RETURN(entry.float32, ParseValues<float>(base64));
  } else if (type == "float64") {
    LARDER_ASSIGN_OR_RETURN(entry.float64, ParseValues<double>(base64));
  } else {
    return InvalidArgument("type must be \"float32\" or \"float64\"", "type");
  }
  LARDER_ASSIGN_OR_RETURN(const auto dim, NeededWhole(root, "dim", 1, kMaxDim));
  if (entry.dim() != static_cast<std::size_t>(dim)) {
    return InvalidArgument("embedding must have as many values as dim says", "dim");
  }
  LARDER_ASSIGN_OR_RETURN(entry.shortest_form, FlagMember(root, "shortest_form", false));
  if (entry.shortest_form && type != "float32") {
    return InvalidArgument("shortest_form goes with float32", "shortest_form");
  }
  return {};
}

Result<ImportLine> ParseEmbedding(JsonElement root) {
  LARDER_RETURN_IF_ERROR(CheckFields(root, kEmbeddingFields));
  NewEmbedding added;
  LARDER_ASSIGN_OR_RETURN(added.key, ParseKey(root));
  EmbeddingEntry entry;
  LARDER_ASSIGN_OR_RETURN(entry.stamp, ParseStamp(root));
  LARDER_RETURN_IF_ERROR(ParseVector(root, entry));
  LARDER_ASSIGN_OR_RETURN(entry.query_only, FlagMember(root, "query_only", false));
  LARDER_ASSIGN_OR_RETURN(entry.prompt_tokens, TokensMember(root, "prompt_tokens"));
  LARDER_ASSIGN_OR_RETURN(entry.total_tokens, TokensMember(root, "total_tokens"));
  LARDER_ASSIGN_OR_RETURN(entry.model, NeededText(root, "upstream_model", kMaxNameBytes));
  InputRecord& input = added.input;
  LARDER_RETURN_IF_ERROR(ParseHome(root, input));
  const auto kind = StringMember(root, "kind").value_or("");
  if (kind != "text" && kind != "tokens") {
    return InvalidArgument("kind must be \"text\" or \"tokens\"", "kind");
  }
  input.kind = kind == "text" ? InputKind::kText : InputKind::kTokens;
  if (const auto given = GivenMember(root, "input")) {
    LARDER_ASSIGN_OR_RETURN(input.input, ParseInput(*given, input.kind));
  }
  input.dim = static_cast<std::uint32_t>(entry.dim());
  input.query_only = entry.query_only;
  added.entry = std::make_shared<const EmbeddingEntry>(std::move(entry));
  return ImportLine(std::move(added));
}

bool IsFieldValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
  });
}

Status ParseAnswerFields(JsonElement root, ResponseEntry& entry) {
  const auto wrong = [] {
    return InvalidArgument("fields must be a list of pairs of a header field's name and value",
                           "fields");
  };
  JsonArray list;
  const auto given = GivenMember(root, "fields");
  if (!given || given->get(list) != simdjson::SUCCESS) return wrong();
  for (const JsonElement item : list) {
    JsonArray pair;
    std::string_view name;
    std::string_view value;
    if (item.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
        pair.at(0).get(name) != simdjson::SUCCESS || pair.at(1).get(value) != simdjson::SUCCESS ||
        !IsToken(name) || !IsFieldValue(value) || entry.fields.size() == kMaxFields) {
      return wrong();
    }
    entry.fields.emplace_back(name, value);
  }
  return {};
}

Status ParseAnswerBody(JsonElement root, ResponseEntry& entry) {
  const auto base64 = StringMember(root, "body_base64");
  if (base64.has_value() == StringMember(root, "body").has_value()) {
    return InvalidArgument("one of body and body_base64 must be given", "body");
  }
  if (!base64) {
    entry.body = *StringMember(root, "body");
    return {};
  }
  auto decoded = DecodeBase64(*base64);
  if (!decoded) return InvalidArgument("body_base64 must be base64", "body_base64");
  entry.body = *std::move(decoded);
  return {};
}

bool IsAnswerEndpoint(std::string_view name) {
  constexpr std::array kEndpoints = {Endpoint::kChat,        Endpoint::kCompletions,
                                     Endpoint::kModerations, Endpoint::kResponses,
                                     Endpoint::kMessages,    Endpoint::kModels};
  return std::any_of(kEndpoints.begin(), kEndpoints.end(),
                     [&](Endpoint endpoint) { return EndpointName(endpoint) == name; });
}

Result<ImportLine> ParseAnswer(JsonElement root) {
  LARDER_RETURN_IF_ERROR(CheckFields(root, kAnswerFields));
  StoredAnswer answer;
  LARDER_ASSIGN_OR_RETURN(answer.key, ParseKey(root));
  ResponseEntry entry;
  LARDER_ASSIGN_OR_RETURN(entry.stamp, ParseStamp(root));
  LARDER_RETURN_IF_ERROR(ParseHome(root, entry));
  LARDER_ASSIGN_OR_RETURN(entry.path, NeededText(root, "endpoint", 64));
  if (!IsAnswerEndpoint(entry.path)) {
    return InvalidArgument("endpoint must be one whose answers are kept (\"chat\", ...)",
                           "endpoint");
  }
  // No other answer is ever kept.
  LARDER_ASSIGN_OR_RETURN(const auto status, NeededWhole(root, "status", 200, 200));
  entry.status = static_cast<int>(status);
  LARDER_RETURN_IF_ERROR(ParseAnswerFields(root, entry));
  LARDER_ASSIGN_OR_RETURN(entry.is_stream, FlagMember(root, "stream", false));
  LARDER_RETURN_IF_ERROR(ParseAnswerBody(root, entry));
  LARDER_ASSIGN_OR_RETURN(entry.prompt_tokens, TokensMember(root, "prompt_tokens"));
  LARDER_ASSIGN_OR_RETURN(entry.completion_tokens, TokensMember(root, "completion_tokens"));
  if (entry.path == EndpointName(Endpoint::kResponses)) {
    entry.response_id = ResponseIdOf(entry.body, entry.is_stream);
  }
  answer.entry = std::make_shared<const ResponseEntry>(std::move(entry));
  return ImportLine(std::move(answer));
}

Result<ImportLine> ParseOwn(JsonElement root) {
  LARDER_RETURN_IF_ERROR(CheckFields(root, kOwnFields));
  OwnVector own;
  LARDER_ASSIGN_OR_RETURN(own.model, NeededText(root, "model", kMaxNameBytes));
  if (own.model.empty()) return InvalidArgument("model must not be empty", "model");
  const auto input = GivenMember(root, "input");
  if (!input) return InvalidArgument("input must be given", "input");
  own.kind = input->is_array() ? InputKind::kTokens : InputKind::kText;
  LARDER_ASSIGN_OR_RETURN(own.input, ParseInput(*input, own.kind));
  const auto vector = GivenMember(root, "embedding");
  JsonArray numbers;
  if (vector && vector->get(numbers) == simdjson::SUCCESS) {
    LARDER_ASSIGN_OR_RETURN(own.entry, ParseFloats(numbers));
  } else {
    LARDER_ASSIGN_OR_RETURN(own.entry.float32,
                            ParseValues<float>(StringMember(root, "embedding").value_or("")));
  }
  if (own.entry.dim() > static_cast<std::size_t>(kMaxDim)) {
    return InvalidArgument("embedding must have at most " + std::to_string(kMaxDim) + " values",
                           "embedding");
  }
  LARDER_ASSIGN_OR_RETURN(const auto dimensions, WholeMember(root, "dimensions", 1, kMaxDim, 0));
  if (dimensions != 0 && own.entry.dim() != static_cast<std::size_t>(dimensions)) {
    return InvalidArgument("embedding must have as many values as dimensions says", "dimensions");
  }
  if (dimensions != 0) own.dimensions = std::to_string(dimensions);
  return ImportLine(std::move(own));
}

}  // namespace

Result<ImportLine> ParseImportLine(std::string_view line) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(line, {}));
  const JsonElement root = document.root();
  if (Member(root, "finished")) {
    LARDER_RETURN_IF_ERROR(CheckFields(root, kEndFields));
    return ImportLine(EndOfExport());
  }
  if (!Member(root, "layer") && !Member(root, "key")) return ParseOwn(root);
  const auto layer = StringMember(root, "layer").value_or("");
  if (layer == EntryLayerName(EntryLayer::kEmbeddings)) return ParseEmbedding(root);
  if (layer == EntryLayerName(EntryLayer::kResponses)) return ParseAnswer(root);
  return InvalidArgument("layer must be \"embeddings\" or \"responses\"", "layer");
}

}  // namespace larder
