#include "proxy/openai/embeddings_request.h"

#include <array>

#include "base/bytes.h"
#include "proxy/json/canonical_json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

// Known to Larder and not among EmbeddingsRequest::extra: in the key by themselves, or without
// effect on the vectors.
constexpr auto kNotExtra = [] {
  std::array<std::string_view, 3 + kNotInEmbeddingKey.size()> names = {"model", "input",
                                                                       "dimensions"};
  std::copy(kNotInEmbeddingKey.begin(), kNotInEmbeddingKey.end(), names.begin() + 3);
  return names;
}();

Result<EmbeddingInput> TextInput(std::string_view text, std::string param) {
  if (text.empty()) {
    return InvalidArgument("an input must not be an empty string", std::move(param));
  }
  EmbeddingInput input;
  input.kind = InputKind::kText;
  input.key_bytes = text;
  AppendJsonString(text, input.json);
  input.weight = text.size();
  return input;
}

Result<EmbeddingInput> TokenInput(JsonArray tokens, std::string param) {
  EmbeddingInput input;
  input.kind = InputKind::kTokens;
  ByteWriter writer(input.key_bytes);
  input.json = "[";
  std::size_t count = 0;
  for (const JsonElement element : tokens) {
    std::int64_t token = 0;
    if (element.get(token) != simdjson::SUCCESS || token < 0) {
      return InvalidArgument("a token array must hold whole numbers of at least 0",
                             std::move(param));
    }
    if (count++ > 0) input.json += ',';
    input.json += std::to_string(token);
    writer.Fixed(token);
  }
  if (count == 0) return InvalidArgument("a token array must not be empty", std::move(param));
  input.json += ']';
  input.weight = count;
  return input;
}

Status ParseInputs(JsonElement value, std::vector<EmbeddingInput>& inputs) {
  static constexpr const char* kForms =
      "input must be a string, an array of strings, a token array, or an array of token arrays";
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    LARDER_ASSIGN_OR_RETURN(auto input, TextInput(text, "input"));
    inputs.push_back(std::move(input));
    return {};
  }
  JsonArray array;
  if (value.get(array) != simdjson::SUCCESS) return InvalidArgument(kForms, "input");
  if (array.begin() == array.end()) return InvalidArgument("input must not be empty", "input");
  if ((*array.begin()).is_number()) {
    LARDER_ASSIGN_OR_RETURN(auto input, TokenInput(array, "input"));
    inputs.push_back(std::move(input));
    return {};
  }
  const bool texts = (*array.begin()).is_string();
  for (const JsonElement element : array) {
    const std::string param = "input[" + std::to_string(inputs.size()) + "]";
    if (inputs.size() == kMaxEmbeddingInputs) {
      return InvalidArgument("input must have at most 2048 elements", "input");
    }
    JsonArray tokens;
    if (texts && element.get(text) == simdjson::SUCCESS) {
      LARDER_ASSIGN_OR_RETURN(auto input, TextInput(text, param));
      inputs.push_back(std::move(input));
    } else if (!texts && element.get(tokens) == simdjson::SUCCESS) {
      LARDER_ASSIGN_OR_RETURN(auto input, TokenInput(tokens, param));
      inputs.push_back(std::move(input));
    } else {
      return InvalidArgument(kForms, param);
    }
  }
  return {};
}

Status ParseKnownFields(JsonElement root, std::string_view model_in_path,
                        EmbeddingsRequest& request) {
  const auto model = StringMember(root, "model");
  request.model =
      model_in_path.empty() ? std::string(model.value_or("")) : std::string(model_in_path);
  if (request.model.empty()) {
    return InvalidArgument("model must be given as a non-empty string", "model");
  }
  if (const auto dimensions = Member(root, "dimensions"); dimensions && !dimensions->is_null()) {
    const auto count = IntMember(root, "dimensions");
    if (!count || *count < 1) {
      return InvalidArgument("dimensions must be a whole number of at least 1", "dimensions");
    }
    request.dimensions = std::to_string(*count);
  }
  if (const auto format = Member(root, "encoding_format"); format && !format->is_null()) {
    const auto name = StringMember(root, "encoding_format");
    if (name != "float" && name != "base64") {
      return InvalidArgument("encoding_format must be \"float\" or \"base64\"", "encoding_format");
    }
    request.encoding = name == "base64" ? EncodingFormat::kBase64 : EncodingFormat::kFloat;
  }
  return {};
}

}  // namespace

Result<EmbeddingsRequest> ParseEmbeddingsRequest(std::string_view body,
                                                 std::string_view model_in_path) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(body));
  const JsonElement root = document.root();
  if (!root.is_object()) return InvalidArgument("the body must be a JSON object");
  if (const auto twice = DuplicateMember(root)) {
    return InvalidArgument("the member occurs twice", std::string(*twice));
  }
  EmbeddingsRequest request;
  LARDER_RETURN_IF_ERROR(ParseKnownFields(root, model_in_path, request));
  const auto input = Member(root, "input");
  if (!input) return InvalidArgument("input must be given", "input");
  LARDER_RETURN_IF_ERROR(ParseInputs(*input, request.inputs));
  request.extra = ExtraOf(root);
  if (const auto model = StringMember(root, "model")) request.body_model.emplace(*model);
  constexpr std::array<std::string_view, 2> kApart = {"input", "model"};
  const std::string members = CanonicalJson(root, kApart);
  request.forwarded_members = members.substr(1, members.size() - 2);
  return request;
}

std::string ExtraOf(JsonElement root) {
  return CanonicalJson(root, kNotExtra);
}

EmbeddingsRequest WithModel(const EmbeddingsRequest& request, const std::string& model) {
  EmbeddingsRequest renamed = request;
  renamed.model = model;
  if (renamed.body_model) renamed.body_model = model;
  return renamed;
}

std::string RenderUpstreamEmbeddings(const EmbeddingsRequest& request,
                                     const std::vector<std::size_t>& positions) {
  std::string body = "{\"input\":[";
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (i > 0) body += ',';
    body += request.inputs[positions[i]].json;
  }
  body += ']';
  if (request.body_model) {
    body += ",\"model\":";
    AppendJsonString(*request.body_model, body);
  }
  if (!request.forwarded_members.empty()) {
    body += ',';
    body += request.forwarded_members;
  }
  body += '}';
  return body;
}

}  // namespace larder
