#include "vector/metadata_columns.h"

#include <cmath>
#include <utility>

#include "vector/metadata_column.h"

namespace larder {
namespace {

bool IsNan(const MetadataValue& value) {
  const double* number = std::get_if<double>(&value);
  return number != nullptr && std::isnan(*number);
}

}  // namespace

MetadataColumns::MetadataColumns() = default;
MetadataColumns::~MetadataColumns() = default;

void MetadataColumns::Set(std::uint32_t slot, const Metadata& metadata) {
  std::vector<std::pair<MetadataColumn*, std::uint32_t>> cells;
  cells.reserve(metadata.size());
  for (const MetadataField& field : metadata) {
    std::vector<MetadataValue> values;
    for (const MetadataValue& value : field.values) {
      if (!IsNan(value)) values.push_back(CopyOf(value));
    }
    if (values.empty()) continue;
    auto place = columns_.find(field.path);
    if (place == columns_.end()) {
      place = columns_.emplace(field.path, std::make_unique<MetadataColumn>()).first;
    }
    MetadataColumn& column = *place->second;
    column.Prepare(slot);
    cells.emplace_back(&column, column.Intern(values));
  }
  if (slot >= was_set_.size()) was_set_.resize(std::size_t{slot} + 1);
  if (was_set_[slot]) {
    for (const auto& [path, column] : columns_) column->Put(slot, MetadataColumn::kNoCell);
  }
  for (const auto& [column, cell] : cells) column->Put(slot, cell);
  was_set_[slot] = was_set_[slot] || !cells.empty();
}

Metadata MetadataColumns::Get(std::uint32_t slot) const {
  Metadata metadata;
  if (slot >= was_set_.size() || !was_set_[slot]) return metadata;
  for (const auto& [path, column] : columns_) {
    const auto values = column->ValuesOf(column->CellOf(slot));
    if (!values.empty()) metadata.push_back({path, CopyOf(values)});
  }
  return metadata;
}

SlotBitmap MetadataColumns::Matching(const Filter& filter, std::size_t slots) const {
  using Op = Filter::Op;
  if (filter.op() == Op::kAnd || filter.op() == Op::kOr) {
    const bool all = filter.op() == Op::kAnd;
    SlotBitmap matching(slots, all);
    for (const Filter& part : filter.parts()) {
      all ? matching.And(Matching(part, slots)) : matching.Or(Matching(part, slots));
    }
    return matching;
  }
  const bool negated = filter.op() == Op::kNe || filter.op() == Op::kNin;
  const Op op = negated ? (filter.op() == Op::kNe ? Op::kEq : Op::kIn) : filter.op();
  SlotBitmap matching(slots);
  if (const auto column = columns_.find(filter.path()); column != columns_.end()) {
    column->second->Match(op, filter.operands(), matching);
  }
  if (negated) matching.Invert();
  return matching;
}

std::size_t MetadataColumns::memory_bytes() const {
  constexpr std::size_t kNode = 48;  // of the map, beside the path and the column
  std::size_t bytes = sizeof(*this) + was_set_.capacity() / 8;
  for (const auto& [path, column] : columns_) {
    bytes += column->memory_bytes() + kNode + sizeof(std::string) + path.capacity();
  }
  return bytes + columns_.bucket_count() * sizeof(void*);
}

}  // namespace larder
