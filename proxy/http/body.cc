#include "proxy/http/body.h"

#include <utility>

#include "base/mutex.h"

namespace larder {
namespace {

// Wakes a blocked reader; shared by the reader and a waker that may still be running.
class Signal {
 public:
  void Set() {
    MutexLock lock(mutex_);
    set_ = true;
    changed_.NotifyAll();
  }
  bool WaitUntil(MonoTime deadline) {
    MutexLock lock(mutex_);
    while (!set_) {
      if (!changed_.WaitUntil(mutex_, deadline) && !set_) return false;
    }
    set_ = false;
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool set_ LARDER_GUARDED_BY(mutex_) = false;
};

Error TooLarge(std::size_t limit_bytes) {
  return Error{ErrorCode::kTooLarge, ErrorOrigin::kSelf,
               "the body is larger than the limit of " + std::to_string(limit_bytes) + " bytes"};
}

}  // namespace

ReadState StringBody::TryRead(std::size_t max_bytes, std::string& out) {
  if (position_ == bytes_.size()) return ReadState::kEnd;
  const std::size_t size = std::min(max_bytes, bytes_.size() - position_);
  out.append(bytes_, position_, size);
  position_ += size;
  return ReadState::kData;
}

std::optional<std::string> StringBody::TakeWhole() {
  if (position_ > 0) return std::nullopt;
  return std::exchange(bytes_, {});
}

Result<ReadState> ReadSome(BodySource& source, std::size_t max_bytes, std::string& out,
                           MonoTime deadline) {
  ReadState state = source.TryRead(max_bytes, out);
  if (state != ReadState::kWait) return state;
  // Owned by this call and by the waker, which may be running while the call returns.
  const auto signal = std::make_shared<Signal>();
  source.SetWaker([signal] { signal->Set(); });
  while ((state = source.TryRead(max_bytes, out)) == ReadState::kWait) {
    if (!signal->WaitUntil(deadline)) break;
  }
  source.SetWaker({});
  if (state == ReadState::kWait) {
    return Error{ErrorCode::kDeadlineExceeded, ErrorOrigin::kSelf,
                 "the body did not arrive in time"};
  }
  return state;
}

Result<std::string> ReadWhole(BodySource& source, std::size_t limit_bytes, MonoTime deadline) {
  constexpr std::size_t kStep = 64 * 1024;
  std::string bytes;
  if (auto whole = source.TakeWhole()) {
    if (whole->size() > limit_bytes) return TooLarge(limit_bytes);
    return *std::move(whole);
  }
  while (true) {
    LARDER_ASSIGN_OR_RETURN(const ReadState state, ReadSome(source, kStep, bytes, deadline));
    if (state == ReadState::kEnd) return bytes;
    if (state == ReadState::kFailed) return source.error();
    if (bytes.size() > limit_bytes) return TooLarge(limit_bytes);
  }
}

}  // namespace larder
