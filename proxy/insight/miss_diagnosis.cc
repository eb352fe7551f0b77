#include "proxy/insight/miss_diagnosis.h"

namespace larder {

MissDiagnosis::Parts::Parts(std::size_t bytes)
    : keys(bytes / 4), embeddings(bytes * 3 / 8), responses(bytes * 3 / 8) {}

MissDiagnosis::MissDiagnosis(MissDiagnosisOptions options)
    : parts_(options.memory_bytes == 0 ? nullptr : std::make_unique<Parts>(options.memory_bytes)) {}

MissDiagnosis::Diagnosis MissDiagnosis::Judge(Kind kind, const CacheKey& key,
                                              const RequestShape& shape) const {
  if (parts_ == nullptr) return {};
  if (const auto fate = parts_->keys.Of(key)) {
    switch (*fate) {
      case KeyMemory::Fate::kEvicted:
        return {MissReason::kEvicted};
      case KeyMemory::Fate::kPurged:
        return {MissReason::kPurged};
      case KeyMemory::Fate::kStored:  // and gone without a word: its time was up
        return {MissReason::kExpired};
    }
  }
  const NearTable& table = kind == Kind::kEmbedding ? parts_->embeddings : parts_->responses;
  auto near = table.Find(shape, key);
  if (!near) return {};
  return {MissReason::kChanged, std::move(near)};
}

void MissDiagnosis::NoteStored(Kind kind, const CacheKey& key, const RequestShape& shape) {
  if (parts_ == nullptr) return;
  parts_->keys.Note(key, KeyMemory::Fate::kStored);
  (kind == Kind::kEmbedding ? parts_->embeddings : parts_->responses).Remember(shape, key);
}

void MissDiagnosis::NoteGone(std::span<const CacheKey> keys, MissReason why) {
  if (parts_ == nullptr) return;
  const auto fate =
      why == MissReason::kPurged ? KeyMemory::Fate::kPurged : KeyMemory::Fate::kEvicted;
  for (const CacheKey& key : keys) parts_->keys.Note(key, fate);
}

}  // namespace larder
