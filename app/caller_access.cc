#include "app/caller_access.h"

#include "app/module_options.h"

namespace larder {

CallerAccess::CallerAccess(Store& store, const Partitioner& partitioner, const Clock& clock,
                           Log& log, const Config& config)
    : log_(log),
      prices_(config.prices, config.telemetry.currency),
      keys_(store, clock),
      limiter_(clock, prices_, LimiterOptionsOf(config)),
      callers_(partitioner, keys_, limiter_, config.callers),
      saver_(store, keys_, limiter_) {}

void CallerAccess::LoadLate() {
  if (keys_loaded_) return;
  const auto unreadable = keys_.Load();
  keys_loaded_ = unreadable.ok();
  if (!unreadable.ok()) {
    log_.Error("the client keys could not be read: each is refused",
               {{"reason", unreadable.error().message}});
  } else if (*unreadable > 0) {
    log_.Error("client keys are damaged: they are refused",
               {{"keys", static_cast<std::uint64_t>(*unreadable)}});
  }
}

void CallerAccess::Load(const Config& config) {
  LoadLate();
  keys_.SetConfigured(config.keys);
  const auto lost = saver_.Load();
  if (!lost.ok()) {
    log_.Error("what callers used of their limits could not be read: they begin anew",
               {{"reason", lost.error().message}});
  } else if (*lost > 0) {
    log_.Error("what some callers used of their limits is damaged: they begin anew",
               {{"callers", static_cast<std::uint64_t>(*lost)}});
  }
}

void CallerAccess::Flush() {
  const Status status = saver_.Flush();
  if (status.ok() == saved_) return;
  saved_ = status.ok();
  if (saved_) {
    log_.Info("what callers use of their limits is saved again");
  } else {
    log_.Error("what callers use of their limits could not be saved: a restart would forget it",
               {{"reason", status.error().message}});
  }
}

void CallerAccess::Reload(const Config& config) {
  keys_.SetConfigured(config.keys);
  limiter_.SetRules(config.limits);
}

}  // namespace larder
