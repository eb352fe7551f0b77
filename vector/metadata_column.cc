#include "vector/metadata_column.h"

#include <algorithm>
#include <functional>

namespace larder {
namespace {

bool BySlot(const auto& entry, std::uint32_t slot) {
  return entry.slot < slot;
}

std::size_t OwnBytes(const MetadataValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr || text->size() < sizeof(std::string) / 2 ? 0 : text->size() + 17;
}

}  // namespace

std::size_t MetadataColumn::Hash::operator()(Values values) const {
  std::size_t hash = values.size();
  for (const MetadataValue& value : values) {
    hash = hash * 0x9E3779B97F4A7C15U + std::hash<MetadataValue>()(value);
  }
  return hash;
}

bool MetadataColumn::Equal::operator()(std::uint32_t cell, Values values) const {
  const Values own = column->ValuesOf(cell);
  return std::equal(own.begin(), own.end(), values.begin(), values.end());
}

MetadataColumn::MetadataColumn() : begins_{0, 0}, cells_(0, Hash{this}, Equal{this}) {}

std::span<const MetadataValue> MetadataColumn::ValuesOf(std::uint32_t cell) const {
  return Values(values_).subspan(begins_[cell], begins_[cell + 1] - begins_[cell]);
}

std::uint32_t MetadataColumn::Intern(std::span<const MetadataValue> values) {
  if (const auto known = cells_.find(values); known != cells_.end()) return *known;
  const auto cell = static_cast<std::uint32_t>(begins_.size() - 1);
  const std::size_t values_before = values_.size();
  try {
    for (const MetadataValue& value : values) values_.push_back(CopyOf(value));
    begins_.push_back(static_cast<std::uint32_t>(values_.size()));
    if (values.size() > 1) lists_.push_back(cell);
    cells_.insert(cell);
  } catch (...) {
    values_.resize(values_before);
    begins_.resize(cell + 1);
    std::erase(lists_, cell);
    throw;
  }
  for (const MetadataValue& value : values) text_bytes_ += OwnBytes(value);
  return cell;
}

void MetadataColumn::Prepare(std::uint32_t slot) {
  if (!chunked_) {
    const auto place = std::lower_bound(few_.begin(), few_.end(), slot, BySlot<Entry>);
    if (place != few_.end() && place->slot == slot) return;
    if (few_.size() < kFew) {
      few_.insert(place, {slot, kNoCell});
      return;
    }
    UseChunks();
  }
  const std::size_t chunk = slot / kChunk;
  if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
  if (chunks_[chunk] != nullptr) return;
  chunks_[chunk] = std::make_unique<Chunk>();
  ++chunk_count_;
}

void MetadataColumn::UseChunks() {
  std::vector<std::unique_ptr<Chunk>> chunks(few_.back().slot / kChunk + 1);
  std::size_t count = 0;
  for (const Entry& entry : few_) {
    auto& chunk = chunks[entry.slot / kChunk];
    if (chunk == nullptr) {
      chunk = std::make_unique<Chunk>();
      ++count;
    }
    (*chunk)[entry.slot % kChunk] = entry.cell;
  }
  chunks_ = std::move(chunks);
  chunk_count_ = count;
  few_ = {};
  chunked_ = true;
}

void MetadataColumn::Put(std::uint32_t slot, std::uint32_t cell) noexcept {
  if (chunked_) {
    const std::size_t chunk = slot / kChunk;
    if (chunk < chunks_.size() && chunks_[chunk] != nullptr)
      (*chunks_[chunk])[slot % kChunk] = cell;
    return;
  }
  const auto place = std::lower_bound(few_.begin(), few_.end(), slot, BySlot<Entry>);
  if (place != few_.end() && place->slot == slot) place->cell = cell;
}

std::uint32_t MetadataColumn::CellOf(std::uint32_t slot) const {
  if (chunked_) {
    const std::size_t chunk = slot / kChunk;
    if (chunk >= chunks_.size() || chunks_[chunk] == nullptr) return kNoCell;
    return (*chunks_[chunk])[slot % kChunk];
  }
  const auto place = std::lower_bound(few_.begin(), few_.end(), slot, BySlot<Entry>);
  return place != few_.end() && place->slot == slot ? place->cell : kNoCell;
}

std::vector<std::uint8_t> MetadataColumn::Satisfying(
    Filter::Op op, const std::vector<MetadataValue>& operands) const {
  std::vector<std::uint8_t> satisfying(begins_.size() - 1, 0);
  if (op == Filter::Op::kEq || op == Filter::Op::kIn) {
    // Single values are found in the dictionary, whatever its size.
    for (const MetadataValue& operand : operands) {
      if (const auto cell = cells_.find(Values(&operand, 1)); cell != cells_.end()) {
        satisfying[*cell] = 1;
      }
    }
    if (lists_.empty()) return satisfying;
    std::vector<MetadataValue> wanted = CopyOf(operands);
    std::sort(wanted.begin(), wanted.end());
    for (const std::uint32_t cell : lists_) {
      const Values values = ValuesOf(cell);
      satisfying[cell] = std::any_of(values.begin(), values.end(), [&](const MetadataValue& value) {
        return std::binary_search(wanted.begin(), wanted.end(), value);
      });
    }
    return satisfying;
  }
  const auto compare_each = [&](const auto& operand) {
    using Kind = std::decay_t<decltype(operand)>;
    const auto with = [&](const auto& compare) {
      for (std::uint32_t cell = 1; cell < satisfying.size(); ++cell) {
        for (std::uint32_t i = begins_[cell]; i < begins_[cell + 1]; ++i) {
          const Kind* value = std::get_if<Kind>(&values_[i]);
          satisfying[cell] |=
              static_cast<std::uint8_t>(value != nullptr && compare(*value, operand));
        }
      }
    };
    if (op == Filter::Op::kLt) with(std::less<Kind>());
    if (op == Filter::Op::kLte) with(std::less_equal<Kind>());
    if (op == Filter::Op::kGt) with(std::greater<Kind>());
    if (op == Filter::Op::kGte) with(std::greater_equal<Kind>());
  };
  for (const MetadataValue& operand : operands) std::visit(compare_each, operand);
  return satisfying;
}

void MetadataColumn::Match(Filter::Op op, const std::vector<MetadataValue>& operands,
                           SlotBitmap& out) const {
  const std::vector<std::uint8_t> table = Satisfying(op, operands);
  const std::uint8_t* const satisfies = table.data();
  for (const Entry& entry : few_) {
    if (entry.slot < out.slots() && satisfies[entry.cell] != 0) out.Set(entry.slot);
  }
  constexpr std::size_t kWords = kChunk / 64;
  std::vector<std::uint64_t>& words = out.words();
  for (std::size_t chunk = 0; chunk < chunks_.size() && chunk * kWords < words.size(); ++chunk) {
    if (chunks_[chunk] == nullptr) continue;
    const std::size_t first = chunk * kWords;
    const std::size_t count = std::min(kWords, words.size() - first);
    for (std::size_t w = 0; w < count; ++w) {
      const std::uint32_t* const cells = chunks_[chunk]->data() + w * 64;
      std::uint64_t word = 0;
      for (std::size_t i = 0; i < 64; ++i) word |= std::uint64_t{satisfies[cells[i]]} << i;
      words[first + w] |= word;
    }
  }
  if (out.slots() % 64 != 0) words.back() &= (std::uint64_t{1} << (out.slots() % 64)) - 1;
}

std::size_t MetadataColumn::memory_bytes() const {
  constexpr std::size_t kNode = 32;  // of the set: next, number and malloc's own
  return sizeof(*this) + values_.capacity() * sizeof(MetadataValue) + text_bytes_ +
         (begins_.capacity() + lists_.capacity()) * sizeof(std::uint32_t) +
         cells_.bucket_count() * sizeof(void*) + cells_.size() * kNode +
         few_.capacity() * sizeof(Entry) + chunks_.capacity() * sizeof(void*) +
         chunk_count_ * (sizeof(Chunk) + 16);
}

}  // namespace larder
