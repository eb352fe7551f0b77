#include <algorithm>
#include <array>

#include "proxy/insight/shapes.h"
#include "proxy/openai/embeddings_job.h"

// Why inputs were not cached.

namespace larder {
namespace {

// Inputs of a batch that are looked at to say why they are missing: it tells why, not how often.
constexpr std::size_t kMostDiagnosed = 256;

}  // namespace

// Why the cache did not answer: what is true of most inputs that are missing.
void EmbeddingsService::Diagnose(Job& job) const {
  CacheStatus& status = job.context.status;
  if (status.outcome != CacheOutcome::kMiss) {
    status.why =
        status.outcome == CacheOutcome::kStale ? MissReason::kExpired : MissReason::kBypass;
    return;
  }
  if (diagnosis_ == nullptr || !diagnosis_->enabled()) return;
  const RequestShape scope = ShapeOf(ScopeOf(job));
  std::array<std::size_t, kAllMissReasons.size()> counts{};
  std::string changed;
  std::size_t judged = 0;
  for (std::size_t i = 0; i < job.keys.size() && judged < kMostDiagnosed; ++i) {
    if (job.entries[i] != nullptr) continue;
    ++judged;
    const auto diagnosis =
        diagnosis_->Judge(MissDiagnosis::Kind::kEmbedding, job.keys[i], job.ShapeAt(i, scope));
    ++counts[static_cast<std::size_t>(diagnosis.why)];
    if (diagnosis.near && changed.empty()) changed = diagnosis.near->field;
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  status.why = static_cast<MissReason>(most - counts.begin());
  if (status.why == MissReason::kChanged) status.changed_field = std::move(changed);
}

void EmbeddingsService::NoteStored(const Job& job, const std::vector<std::size_t>& unique) {
  if (diagnosis_ == nullptr || !diagnosis_->enabled()) return;
  const RequestShape scope = ShapeOf(ScopeOf(job));
  for (std::size_t i = 0; i < unique.size(); ++i) {
    diagnosis_->NoteStored(MissDiagnosis::Kind::kEmbedding, job.keys[unique[i]],
                           i < kMostDiagnosed ? job.ShapeAt(unique[i], scope) : RequestShape());
  }
}

}  // namespace larder
