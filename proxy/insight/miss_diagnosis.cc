#include "proxy/insight/miss_diagnosis.h"

namespace larder {

MissDiagnosis::Parts::Parts(std::size_t bytes) : keys(bytes / 4), stored(bytes * 3 / 4) {}

MissDiagnosis::MissDiagnosis(MissDiagnosisOptions options)
    : parts_(options.memory_bytes == 0
                 ? nullptr
                 : new std::array<Parts, 2>{Parts(options.memory_bytes / 2),
                                            Parts(options.memory_bytes / 2)}) {}

MissDiagnosis::Diagnosis MissDiagnosis::Judge(Kind kind, const CacheKey& key,
                                              const RequestShape& shape) const {
  if (parts_ == nullptr) return {};
  const Parts& parts = PartsOf(kind);
  if (const auto fate = parts.keys.Of(key)) {
    switch (*fate) {
      case KeyMemory::Fate::kEvicted:
        return {MissReason::kEvicted};
      case KeyMemory::Fate::kPurged:
        return {MissReason::kPurged};
      case KeyMemory::Fate::kStored:  // and gone without a word: its time was up
        return {MissReason::kExpired};
    }
  }
  auto near = parts.stored.Find(shape, key);
  if (!near) return {};
  return {MissReason::kChanged, std::move(near)};
}

void MissDiagnosis::NoteStored(Kind kind, const CacheKey& key, const RequestShape& shape) {
  if (parts_ == nullptr) return;
  Parts& parts = PartsOf(kind);
  parts.keys.Note(key, KeyMemory::Fate::kStored);
  parts.stored.Remember(shape, key);
}

void MissDiagnosis::NoteGone(Kind kind, std::span<const CacheKey> keys, MissReason why) {
  if (parts_ == nullptr) return;
  const auto fate =
      why == MissReason::kPurged ? KeyMemory::Fate::kPurged : KeyMemory::Fate::kEvicted;
  for (const CacheKey& key : keys) PartsOf(kind).keys.Note(key, fate);
}

void MissDiagnosis::ForgetPurged() {
  if (parts_ == nullptr) return;
  for (Parts& parts : *parts_) {
    parts.stored.Forget(
        [&](const CacheKey& key) { return parts.keys.Of(key) == KeyMemory::Fate::kPurged; });
  }
}

void MissDiagnosis::NoteAllPurged(Kind kind) {
  if (parts_ != nullptr) PartsOf(kind).keys.NoteAll(KeyMemory::Fate::kPurged);
}

}  // namespace larder
