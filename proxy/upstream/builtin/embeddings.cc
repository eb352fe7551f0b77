#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/bytes.h"
#include "proxy/upstream/builtin/echo.h"
#include "proxy/upstream/builtin/endpoints.h"
#include "proxy/upstream/builtin/hash_embedder.h"
#include "proxy/upstream/builtin/reply.h"

namespace larder::builtin {
namespace {

constexpr std::size_t kMaxInputs = 2048;

using Tokens = std::vector<std::int64_t>;

// Either a text or token ids, whichever is not empty.
struct Input {
  std::string_view text;  // a view into the request
  Tokens tokens;

  bool is_text() const { return tokens.empty(); }
};

Error BadInput(std::string message) {
  return InvalidArgument(std::move(message), "input");
}

Result<Tokens> ReadTokens(JsonArray array) {
  Tokens tokens;
  for (const JsonElement element : array) {
    std::int64_t token = 0;
    if (element.get(token) != simdjson::SUCCESS || token < 0) {
      return BadInput("a token array must hold whole numbers from 0 on only");
    }
    tokens.push_back(token);
  }
  if (tokens.empty()) return BadInput("a token array must not be empty");
  return tokens;
}

Result<Input> ReadOne(JsonElement element) {
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    if (text.empty()) return BadInput("input must not be an empty string");
    return Input{text, {}};
  }
  JsonArray array;
  if (element.get(array) != simdjson::SUCCESS) {
    return BadInput("input must be a string, a token array, or an array of either");
  }
  LARDER_ASSIGN_OR_RETURN(Tokens tokens, ReadTokens(array));
  return Input{{}, std::move(tokens)};
}

Result<std::vector<Input>> ReadInputs(JsonElement request) {
  const auto member = Member(request, "input");
  if (!member || member->is_null()) return BadInput("input is missing");
  JsonArray array;
  std::vector<Input> inputs;
  const bool is_list =
      member->get(array) == simdjson::SUCCESS && array.size() > 0 && !(*array.begin()).is_number();
  if (!is_list) {
    LARDER_ASSIGN_OR_RETURN(Input input, ReadOne(*member));
    inputs.push_back(std::move(input));
    return inputs;
  }
  for (const JsonElement element : array) {
    if (inputs.size() == kMaxInputs) {
      return BadInput("input must hold at most " + std::to_string(kMaxInputs) + " inputs");
    }
    LARDER_ASSIGN_OR_RETURN(Input input, ReadOne(element));
    if (!inputs.empty() && inputs.front().is_text() != input.is_text()) {
      return BadInput("input must not mix strings and token arrays");
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

Result<bool> WantsBase64(JsonElement request) {
  const auto member = Member(request, "encoding_format");
  if (!member || member->is_null()) return false;
  std::string_view format;
  if (member->get(format) != simdjson::SUCCESS || (format != "float" && format != "base64")) {
    return InvalidArgument("encoding_format must be \"float\" or \"base64\"", "encoding_format");
  }
  return format == "base64";
}

void AppendBase64Vector(std::span<const float> vector, JsonWriter& json) {
  std::string bytes;
  ByteWriter writer(bytes);
  for (const float value : vector) writer.Fixed(value);
  std::string encoded;
  AppendBase64(bytes, encoded);
  json.String(encoded);
}

void AppendFloatVector(std::span<const float> vector, JsonWriter& json) {
  std::string numbers = "[";
  for (const float value : vector) {
    if (numbers.size() > 1) numbers += ',';
    AppendJsonNumber(value, numbers);
  }
  json.Raw(numbers += ']');
}

}  // namespace

Result<UpstreamReply> AnswerEmbeddings(JsonElement request, const BuiltinOptions& /*options*/) {
  LARDER_RETURN_IF_ERROR(RequireModel(request, kHashModel));
  LARDER_ASSIGN_OR_RETURN(const std::vector<Input> inputs, ReadInputs(request));
  LARDER_ASSIGN_OR_RETURN(const bool as_base64, WantsBase64(request));
  LARDER_ASSIGN_OR_RETURN(const auto dimensions,
                          IntBetween(request, "dimensions", 1, HashEmbedder::kMaxDimensions));
  const HashEmbedder embedder(
      static_cast<std::size_t>(dimensions.value_or(HashEmbedder::kMaxDimensions)));
  std::size_t tokens = 0;
  JsonWriter json;
  json.BeginObject().Member("object", "list").Key("data").BeginArray();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Input& input = inputs[i];
    const std::vector<float> vector =
        input.is_text() ? embedder.Embed(input.text) : embedder.EmbedTokens(input.tokens);
    tokens += input.is_text() ? CountTokens(input.text) : input.tokens.size();
    json.BeginObject().Member("object", "embedding").Member("index", i).Key("embedding");
    as_base64 ? AppendBase64Vector(vector, json) : AppendFloatVector(vector, json);
    json.EndObject();
  }
  json.EndArray().Member("model", kHashModel).Key("usage").BeginObject();
  json.Member("prompt_tokens", tokens).Member("total_tokens", tokens).EndObject().EndObject();
  return JsonReply(200, json.Take());
}

}  // namespace larder::builtin
