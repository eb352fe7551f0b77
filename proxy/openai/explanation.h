// What would become of a request, and why: the answer to "explain". Thread-safety: values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cache/key.h"
#include "cache/record.h"
#include "proxy/cache_status.h"
#include "proxy/insight/near_table.h"

namespace larder {

// Of one look-up: a response, or one input of an embeddings request.
struct LookupExplanation {
  CacheKey key{};
  CacheOutcome would = CacheOutcome::kMiss;
  MissReason why = MissReason::kNone;
  std::optional<NearTable::Near> near;  // of kChanged
  std::optional<RecordStamp> entry;     // what is cached under the key, fresh or not
};

struct ResponseExplanation {
  std::string model;     // as asked for
  std::string upstream;  // the label of the one that would be asked
  std::string reason;    // why it is never cached, in a word; then there is no key
  ResponseKeyParts parts{KeyScope{Partition(""), {}, {}, {}}, {}, {}, {}, {}};  // of the key
  std::chrono::seconds lifetime{0};
  std::string refused;  // why the caller's key may not ask for it, in a sentence; empty when it may
  LookupExplanation lookup;
};

struct EmbeddingExplanation {
  std::string upstream;
  std::string reason;
  EmbeddingScope scope{KeyScope{Partition(""), {}, {}, {}}, {}, {}, {}};
  std::chrono::seconds lifetime{0};
  std::string refused;                    // as of a response
  std::vector<LookupExplanation> inputs;  // in request order, doubled ones too
};

}  // namespace larder
