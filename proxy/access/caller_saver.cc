#include "proxy/access/caller_saver.h"

namespace larder {

Result<std::size_t> CallerSaver::Load() {
  LARDER_RETURN_IF_ERROR(keys_.LoadUse());
  return limiter_.Load(store_, [this](const std::string& id) { return keys_.Has(id); });
}

Status CallerSaver::Flush() {
  WriteBatch batch;
  keys_.CollectUse(batch, all_next_);
  limiter_.Collect(batch);
  if (batch.empty()) return {};
  const Status written = store_.ApplyOwned(std::move(batch));
  all_next_ = !written.ok();
  if (all_next_) limiter_.CollectAllNext();
  return written;
}

}  // namespace larder
