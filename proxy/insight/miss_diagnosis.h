// MissDiagnosis: why a request was not a hit. It remembers, since the start and within a bound,
// which keys were stored and what became of them, and what stored requests looked like. Nothing of
// a request is kept but hashes and the names of its fields. Thread-safe.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "proxy/insight/key_memory.h"
#include "proxy/insight/near_table.h"
#include "proxy/insight/request_shape.h"
#include "proxy/miss_reason.h"

namespace larder {

struct MissDiagnosisOptions {
  std::size_t memory_bytes = 16U << 20;  // 0: off, and every miss counts as cold
};

class MissDiagnosis {
 public:
  explicit MissDiagnosis(MissDiagnosisOptions options);

  // Embeddings and responses do not push out each other's.
  enum class Kind : std::uint8_t { kEmbedding, kResponse };

  struct Diagnosis {
    MissReason why = MissReason::kCold;
    std::optional<NearTable::Near> near = std::nullopt;  // of kChanged
  };
  // Of a request for which nothing is cached under `key`. Cost: a look-up for each field.
  Diagnosis Judge(Kind kind, const CacheKey& key, const RequestShape& shape) const;

  void NoteStored(Kind kind, const CacheKey& key, const RequestShape& shape);
  // `why` is kEvicted or kPurged.
  void NoteGone(Kind kind, std::span<const CacheKey> keys, MissReason why);
  // Forgets what the requests looked like whose entries were purged; that they were stays known.
  void ForgetPurged();
  // Everything of the kind was purged.
  void NoteAllPurged(Kind kind);

  // Whether shapes are of any use: making one costs a pass over the request.
  bool enabled() const { return parts_ != nullptr; }

 private:
  struct Parts {
    explicit Parts(std::size_t bytes);
    KeyMemory keys;
    NearTable stored;
  };
  const Parts& PartsOf(Kind kind) const { return (*parts_)[static_cast<std::size_t>(kind)]; }
  Parts& PartsOf(Kind kind) { return (*parts_)[static_cast<std::size_t>(kind)]; }

  const std::unique_ptr<std::array<Parts, 2>> parts_;
};

}  // namespace larder
