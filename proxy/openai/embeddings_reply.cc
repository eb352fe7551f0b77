#include "proxy/openai/embeddings_reply.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <numeric>

#include "base/base64.h"
#include "base/bytes.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"
#include "proxy/openai/usage.h"

namespace larder {
namespace {

__extension__ using Wide = unsigned __int128;  // a product of two 64-bit numbers

Error Invalid(const std::string& what) {
  return UpstreamError(ErrorCode::kInvalidReply,
                       "upstream answered embeddings that cannot be used: " + what);
}

// Whether `value` is a float32 in full, as most servers write it.
bool IsFloat32(double value) {
  return static_cast<double>(static_cast<float>(value)) == value;
}

// Whether `value` was read from the shortest decimal of a float32 (0.1), as some servers write it.
bool IsShortestFloat32(double value) {
  const auto narrow = static_cast<float>(value);
  if (!std::isfinite(narrow)) return false;
  char text[48];
  const auto end = std::to_chars(text, text + sizeof(text), narrow).ptr;
  double read = 0;
  std::from_chars(text, end, read);
  return read == value;
}

// An exponent of ones alone is an infinity or no number; one added to it reaches the sign's bit.
bool AllFinite(const std::vector<float>& values) {
  std::uint32_t seen = 0;
  for (const float value : values) {
    seen |= (std::bit_cast<std::uint32_t>(value) & 0x7f800000U) + 0x00800000U;
  }
  return (seen & 0x80000000U) == 0;
}

Status ParseBase64(std::string_view text, EmbeddingEntry& entry) {
  const auto bytes = DecodeBase64(text);
  if (!bytes) return Invalid("a vector is not base64");
  if (bytes->empty() || bytes->size() % sizeof(float) != 0) {
    return Invalid("a base64 vector is not a whole number of float32 values");
  }
  entry.float32.resize(bytes->size() / sizeof(float));
  std::memcpy(entry.float32.data(), bytes->data(), bytes->size());
  if (!AllFinite(entry.float32)) return Invalid("a value is not a finite number");
  return {};
}

Status ParseItem(JsonElement item, EmbeddingEntry& entry) {
  const auto embedding = Member(item, "embedding");
  if (!embedding) return Invalid("an item has no embedding");
  JsonArray values;
  std::string_view text;
  if (embedding->get(values) == simdjson::SUCCESS) {
    auto parsed = ParseFloats(values);
    if (!parsed.ok()) return Invalid(parsed.error().message);
    entry = std::move(parsed).value();
    return {};
  }
  if (embedding->get(text) == simdjson::SUCCESS) return ParseBase64(text, entry);
  return Invalid("an embedding is neither a list of numbers nor base64");
}

Result<std::vector<EmbeddingEntry>> ParseItems(JsonArray data, std::size_t count) {
  std::vector<EmbeddingEntry> entries(count);
  std::vector<bool> seen(count, false);
  std::size_t place = 0;
  std::size_t indexed = 0;
  for (const JsonElement item : data) {
    if (place == count) return Invalid("it has more vectors than inputs were sent");
    std::size_t target = place++;
    if (Member(item, "index")) {
      ++indexed;
      const auto index = IntMember(item, "index");
      if (!index || *index < 0 || static_cast<std::size_t>(*index) >= count) {
        return Invalid("an index is out of range");
      }
      target = static_cast<std::size_t>(*index);
    }
    if (seen[target]) return Invalid("an index occurs twice");
    seen[target] = true;
    LARDER_RETURN_IF_ERROR(ParseItem(item, entries[target]));
  }
  if (place != count) return Invalid("it has fewer vectors than inputs were sent");
  if (indexed != 0 && indexed != count)
    return Invalid("some items have an index and some have none");
  for (const EmbeddingEntry& entry : entries) {
    if (entry.dim() != entries[0].dim()) return Invalid("its vectors differ in length");
  }
  return entries;
}

}  // namespace

Result<EmbeddingEntry> ParseFloats(JsonArray values) {
  EmbeddingEntry entry;
  std::vector<double> wide;
  wide.reserve(values.size());
  bool all_in_full = true;
  bool all_shortest = true;
  for (const JsonElement element : values) {
    double value = 0;
    if (element.get(value) != simdjson::SUCCESS || !std::isfinite(value)) {
      return InvalidArgument("a value is not a finite number", "embedding");
    }
    all_in_full = all_in_full && IsFloat32(value);
    all_shortest = all_shortest && IsShortestFloat32(value);
    wide.push_back(value);
  }
  if (wide.empty()) return InvalidArgument("a vector is empty", "embedding");
  if (all_in_full || all_shortest) {
    entry.float32.assign(wide.begin(), wide.end());
    entry.shortest_form = !all_in_full;
  } else {
    entry.float64 = std::move(wide);
  }
  return entry;
}

std::vector<std::int64_t> SplitExactly(std::int64_t total,
                                       const std::vector<std::size_t>& weights) {
  const auto sum = std::accumulate(weights.begin(), weights.end(), std::size_t{0});
  std::vector<std::int64_t> parts(weights.size());
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<Wide> remainders(weights.size());
  std::int64_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto product = static_cast<Wide>(total) * weights[i];
    parts[i] = static_cast<std::int64_t>(product / sum);
    remainders[i] = product % sum;
    given += parts[i];
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; given < total; ++i, ++given) ++parts[order[i]];
  return parts;
}

Result<ParsedEmbeddings> ParseEmbeddingsReply(std::string_view body,
                                              const std::vector<std::size_t>& weights) {
  const auto document = JsonDocument::Parse(body);
  if (!document.ok()) return Invalid("the body is not JSON");
  const JsonElement root = document->root();
  if (const auto error = Member(root, "error"); error && !error->is_null()) {
    return Invalid("it carries an error object beside status 200");
  }
  const auto data = Member(root, "data");
  JsonArray items;
  if (!data || data->get(items) != simdjson::SUCCESS) return Invalid("it has no data array");

  ParsedEmbeddings parsed;
  LARDER_ASSIGN_OR_RETURN(parsed.entries, ParseItems(items, weights.size()));
  parsed.model = StringMember(root, "model").value_or("");
  if (const auto usage = Member(root, "usage")) {
    // Embeddings have no other tokens than those of the inputs: either count stands for both.
    const std::int64_t prompt = TokenCount(*usage, "prompt_tokens");
    const std::int64_t total = TokenCount(*usage, "total_tokens");
    parsed.prompt_tokens = prompt >= 0 ? prompt : total;
    parsed.total_tokens = total >= 0 ? total : prompt;
  }
  const bool counted = parsed.total_tokens >= 0;
  const auto prompt_parts = SplitExactly(std::max<std::int64_t>(parsed.prompt_tokens, 0), weights);
  const auto total_parts = SplitExactly(std::max<std::int64_t>(parsed.total_tokens, 0), weights);
  for (std::size_t i = 0; i < parsed.entries.size(); ++i) {
    parsed.entries[i].model = parsed.model;
    if (counted) {
      parsed.entries[i].prompt_tokens = prompt_parts[i];
      parsed.entries[i].total_tokens = total_parts[i];
    }
  }
  return parsed;
}

std::string RenderEmbeddingsReply(const std::vector<EmbeddingPointer>& entries,
                                  EncodingFormat encoding) {
  std::string out;
  AppendEmbeddingsReply(entries, encoding, out);
  return out;
}

std::size_t EmbeddingsReplyBytes(const std::vector<EmbeddingPointer>& entries,
                                 EncodingFormat encoding) {
  const std::size_t value_bytes = encoding == EncodingFormat::kBase64 ? 6 : 14;
  return 192 + entries.size() * (64 + entries[0]->dim() * value_bytes);
}

void AppendFloats(const EmbeddingEntry& entry, std::string& out) {
  char separator = '[';
  const auto append = [&](const auto& values) {
    for (const auto value : values) {
      out += separator;
      AppendJsonNumber(value, out);
      separator = ',';
    }
  };
  // In full a value reads as the same number that a client makes of the base64 form.
  if (entry.shortest_form) {
    append(entry.float32);
  } else if (entry.float64.empty()) {
    append(std::vector<double>(entry.float32.begin(), entry.float32.end()));
  } else {
    append(entry.float64);
  }
  out += ']';
}

void AppendEmbeddingsReply(const std::vector<EmbeddingPointer>& entries, EncodingFormat encoding,
                           std::string& out) {
  out.reserve(out.size() + EmbeddingsReplyBytes(entries, encoding));
  out += "{\"object\":\"list\",\"data\":[";
  bool counted = false;
  std::int64_t prompt_tokens = 0;
  std::int64_t total_tokens = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const EmbeddingEntry& entry = *entries[i];
    if (i > 0) out += ',';
    out += "{\"object\":\"embedding\",\"index\":";
    out += std::to_string(i);
    out += ",\"embedding\":";
    if (encoding == EncodingFormat::kBase64) {
      const auto append = [&out](const std::vector<float>& values) {
        out += '"';
        AppendBase64({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)},
                     out);
        out += '"';
      };
      entry.float64.empty() ? append(entry.float32) : append(entry.AsFloat32());
    } else {
      const std::string* kept = entry.floats_json.Get();
      if (kept != nullptr) {
        out += *kept;
      } else {
        AppendFloats(entry, out);
      }
    }
    out += '}';
    counted = counted || entry.total_tokens >= 0;
    prompt_tokens += std::max<std::int64_t>(entry.prompt_tokens, 0);
    total_tokens += std::max<std::int64_t>(entry.total_tokens, 0);
  }
  out += "],\"model\":";
  AppendJsonString(entries[0]->model, out);
  if (counted) {
    out += ",\"usage\":{\"prompt_tokens\":" + std::to_string(prompt_tokens) +
           ",\"total_tokens\":" + std::to_string(total_tokens) + "}";
  }
  out += '}';
}

}  // namespace larder
