#include "cache/embedding_record.h"

#include "base/bytes.h"

namespace larder {
namespace {

enum class ElementType : std::uint8_t { kFloat32 = 0, kFloat64 = 1, kFloat32Shortest = 2 };
// Set in the element type's and the input kind's byte of what was embedded only to search with.
constexpr std::uint8_t kQueryOnlyBit = 0x80;

std::uint8_t WithFlag(std::uint8_t byte, bool query_only) {
  return static_cast<std::uint8_t>(byte | (query_only ? kQueryOnlyBit : 0));
}

template <typename T>
std::string_view BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <typename T>
std::vector<T> ValuesOf(std::string_view bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Error Corrupt() {
  return StoreError(ErrorCode::kCorruption, "stored record: payload is not whole");
}

}  // namespace

std::vector<float> EmbeddingEntry::AsFloat32() const {
  return float64.empty() ? float32 : std::vector<float>(float64.begin(), float64.end());
}

std::string EncodeEmbedding(const EmbeddingEntry& entry) {
  const bool wide = !entry.float64.empty();
  std::string payload;
  ByteWriter writer(payload);
  const ElementType type = wide                  ? ElementType::kFloat64
                           : entry.shortest_form ? ElementType::kFloat32Shortest
                                                 : ElementType::kFloat32;
  writer.Fixed(WithFlag(static_cast<std::uint8_t>(type), entry.query_only));
  writer.Fixed(static_cast<std::uint32_t>(entry.dim()));
  writer.Fixed(entry.prompt_tokens);
  writer.Fixed(entry.total_tokens);
  writer.Prefixed(entry.model);
  writer.Raw(wide ? BytesOf(entry.float64) : BytesOf(entry.float32));
  return SealRecord(RecordKind::kEmbedding, entry.stamp, payload);
}

Result<EmbeddingEntry> DecodeEmbedding(std::string_view bytes) {
  LARDER_ASSIGN_OR_RETURN(const OpenedRecord opened, OpenRecord(RecordKind::kEmbedding, bytes));
  ByteReader reader(opened.payload);
  EmbeddingEntry entry;
  entry.stamp = opened.stamp;
  const auto flagged_type = reader.Fixed<std::uint8_t>();
  entry.query_only = (flagged_type & kQueryOnlyBit) != 0;
  const auto type = static_cast<ElementType>(flagged_type & ~kQueryOnlyBit);
  const std::size_t dim = reader.Fixed<std::uint32_t>();
  entry.prompt_tokens = reader.Fixed<std::int64_t>();
  entry.total_tokens = reader.Fixed<std::int64_t>();
  entry.model = reader.Prefixed();
  if (!reader.ok() || dim == 0) return Corrupt();
  if (type == ElementType::kFloat32 || type == ElementType::kFloat32Shortest) {
    if (reader.remaining() != dim * sizeof(float)) return Corrupt();
    entry.float32 = ValuesOf<float>(reader.Raw(reader.remaining()));
    entry.shortest_form = type == ElementType::kFloat32Shortest;
  } else if (type == ElementType::kFloat64) {
    if (reader.remaining() != dim * sizeof(double)) return Corrupt();
    entry.float64 = ValuesOf<double>(reader.Raw(reader.remaining()));
  } else {
    return Corrupt();
  }
  return entry;
}

std::string EncodeInput(const InputRecord& record, const RecordStamp& stamp) {
  std::string payload;
  ByteWriter writer(payload);
  writer.Prefixed(record.partition);
  writer.Prefixed(record.name_space);
  writer.Prefixed(record.upstream);
  writer.Prefixed(record.model);
  writer.Fixed(record.dim);
  writer.Fixed(WithFlag(static_cast<std::uint8_t>(record.kind), record.query_only));
  writer.Prefixed(record.input);
  return SealRecord(RecordKind::kInput, stamp, payload);
}

Result<DecodedInput> DecodeInput(std::string_view bytes) {
  LARDER_ASSIGN_OR_RETURN(const OpenedRecord opened, OpenRecord(RecordKind::kInput, bytes));
  ByteReader reader(opened.payload);
  DecodedInput decoded;
  decoded.stamp = opened.stamp;
  InputRecord& record = decoded.record;
  record.partition = reader.Prefixed();
  record.name_space = reader.Prefixed();
  record.upstream = reader.Prefixed();
  record.model = reader.Prefixed();
  record.dim = reader.Fixed<std::uint32_t>();
  const auto flagged_kind = reader.Fixed<std::uint8_t>();
  record.query_only = (flagged_kind & kQueryOnlyBit) != 0;
  record.kind = static_cast<InputKind>(flagged_kind & ~kQueryOnlyBit);
  record.input = reader.Prefixed();
  if (!reader.ok() || reader.remaining() != 0 || record.kind > InputKind::kTokens) return Corrupt();
  return decoded;
}

}  // namespace larder
