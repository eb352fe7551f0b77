#include "tests/support/fake_upstream.h"

#include <algorithm>

namespace larder {

struct FakeStream::State {
  mutable Mutex mutex;
  mutable CondVar changed;
  std::deque<std::string> pieces LARDER_GUARDED_BY(mutex);
  bool ended LARDER_GUARDED_BY(mutex) = false;
  bool dropped LARDER_GUARDED_BY(mutex) = false;
  std::optional<Error> error LARDER_GUARDED_BY(mutex);
  // Held while a waker runs, so that replacing one waits for it; never taken with `mutex`.
  Mutex waker_mutex;
  std::function<void()> waker LARDER_GUARDED_BY(waker_mutex);

  void Wake() {
    MutexLock lock(waker_mutex);
    if (waker) waker();
  }
};

class FakeStream::Body final : public BodySource {
 public:
  Body(std::shared_ptr<State> state, std::shared_ptr<std::atomic<std::size_t>> cancelled)
      : state_(std::move(state)), cancelled_(std::move(cancelled)) {}
  ~Body() override {
    if (!finished_) ++*cancelled_;
    MutexLock lock(state_->mutex);
    state_->dropped = true;
    state_->changed.NotifyAll();
  }

  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    MutexLock lock(state_->mutex);
    if (state_->pieces.empty()) {
      if (!state_->ended) return ReadState::kWait;
      finished_ = true;
      return state_->error ? ReadState::kFailed : ReadState::kEnd;
    }
    std::string& piece = state_->pieces.front();
    const std::size_t size = std::min(max_bytes, piece.size());
    out.append(piece, 0, size);
    piece.erase(0, size);
    if (piece.empty()) state_->pieces.pop_front();
    state_->changed.NotifyAll();
    return ReadState::kData;
  }
  void SetWaker(std::function<void()> waker) override {
    MutexLock lock(state_->waker_mutex);
    state_->waker = std::move(waker);
  }
  Error error() const override {
    MutexLock lock(state_->mutex);
    return state_->error.value_or(InternalError("the body did not break off"));
  }

 private:
  const std::shared_ptr<State> state_;                         // shared with the FakeStream
  const std::shared_ptr<std::atomic<std::size_t>> cancelled_;  // shared with the FakeUpstream
  bool finished_ = false;
};

FakeStream::FakeStream() : state_(std::make_shared<State>()) {}

void FakeStream::Push(std::string piece) {
  {
    MutexLock lock(state_->mutex);
    if (state_->ended || piece.empty()) return;
    state_->pieces.push_back(std::move(piece));
  }
  state_->Wake();
}

void FakeStream::Finish(std::optional<Error> error) {
  {
    MutexLock lock(state_->mutex);
    if (state_->ended) return;
    state_->ended = true;
    state_->error = std::move(error);
  }
  state_->Wake();
}

void FakeStream::End() {
  Finish(std::nullopt);
}
void FakeStream::Cut(Error error) {
  Finish(std::move(error));
}

std::size_t FakeStream::unread() const {
  MutexLock lock(state_->mutex);
  std::size_t bytes = 0;
  for (const std::string& piece : state_->pieces) bytes += piece.size();
  return bytes;
}

bool FakeStream::dropped() const {
  MutexLock lock(state_->mutex);
  return state_->dropped;
}

bool FakeStream::WaitUntilDropped(std::chrono::milliseconds wait) const {
  const MonoTime deadline = SystemClock().Monotonic() + wait;
  MutexLock lock(state_->mutex);
  while (!state_->dropped) {
    if (!state_->changed.WaitUntil(state_->mutex, deadline)) return state_->dropped;
  }
  return true;
}

bool FakeStream::WaitUntilRead(std::chrono::milliseconds wait) const {
  const MonoTime deadline = SystemClock().Monotonic() + wait;
  MutexLock lock(state_->mutex);
  while (!state_->pieces.empty()) {
    if (!state_->changed.WaitUntil(state_->mutex, deadline)) return state_->pieces.empty();
  }
  return true;
}

UpstreamReply FakeUpstream::Hand(FakeReply head, const FakeStream& stream) const {
  UpstreamReply reply;
  reply.status = head.status;
  reply.headers = std::move(head.headers);
  reply.framed = head.framed;
  reply.body = std::make_shared<FakeStream::Body>(stream.state_, cancelled_);
  return reply;
}

UpstreamReply FakeUpstream::Make(FakeReply reply) const {
  FakeStream stream;
  stream.Push(std::move(reply.body));
  for (std::string& piece : reply.pieces) stream.Push(std::move(piece));
  stream.Finish(std::move(reply.cut));
  return Hand(std::move(reply), stream);
}

void FakeUpstream::AddScript(Compute script) {
  MutexLock lock(mutex_);
  scripts_.push_back(std::move(script));
}

void FakeUpstream::Reply(FakeReply reply) {
  AddScript([this, reply = std::move(reply)](const FakeCall&) { return Make(reply); });
}

void FakeUpstream::Fail(Error error) {
  AddScript([error = std::move(error)](const FakeCall&) { return error; });
}

std::shared_ptr<FakeStream> FakeUpstream::Stream(FakeReply head) {
  const std::shared_ptr<FakeStream> stream(new FakeStream());
  AddScript(
      [this, stream, head = std::move(head)](const FakeCall&) { return Hand(head, *stream); });
  return stream;
}

void FakeUpstream::ReplyAlways(FakeReply reply) {
  ComputeAlways([this, reply = std::move(reply)](const FakeCall&) { return Make(reply); });
}

void FakeUpstream::ComputeAlways(Compute compute) {
  MutexLock lock(mutex_);
  always_ = std::move(compute);
}

void FakeUpstream::Hold() {
  MutexLock lock(mutex_);
  held_ = true;
}

void FakeUpstream::Release() {
  MutexLock lock(mutex_);
  held_ = false;
  changed_.NotifyAll();
}

std::vector<FakeCall> FakeUpstream::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

std::size_t FakeUpstream::call_count() const {
  MutexLock lock(mutex_);
  return calls_.size();
}

std::size_t FakeUpstream::most_at_once() const {
  MutexLock lock(mutex_);
  return most_at_once_;
}

bool FakeUpstream::WaitForCalls(std::size_t count, std::chrono::milliseconds wait) const {
  const MonoTime deadline = SystemClock().Monotonic() + wait;
  MutexLock lock(mutex_);
  while (calls_.size() < count) {
    if (!changed_.WaitUntil(mutex_, deadline)) return calls_.size() >= count;
  }
  return true;
}

Result<UpstreamReply> FakeUpstream::Send(UpstreamRequest request) {
  {
    MutexLock lock(mutex_);
    most_at_once_ = std::max(most_at_once_, ++inside_);
  }
  Result<UpstreamReply> reply = Answer(std::move(request), nullptr);
  MutexLock lock(mutex_);
  --inside_;
  return reply;
}

Result<UpstreamReply> FakeUpstream::OpenTunnel(UpstreamRequest request) {
  std::shared_ptr<BodySource> tunnel = std::move(request.body_source);
  return Answer(std::move(request), std::move(tunnel));
}

Result<UpstreamReply> FakeUpstream::Answer(UpstreamRequest request,
                                           std::shared_ptr<BodySource> tunnel) {
  constexpr std::size_t kNoLimit = std::size_t{1} << 40;
  const MonoTime deadline = SystemClock().Monotonic() + request.first_byte_timeout;
  FakeCall call{request.method,    request.path_and_query,  request.from_origin,
                request.headers,   std::move(request.body), request.body_source != nullptr,
                request.body_size, std::move(tunnel)};
  if (request.body_source != nullptr) {
    LARDER_ASSIGN_OR_RETURN(call.body, ReadWhole(*request.body_source, kNoLimit, deadline));
  }
  Compute script;
  {
    MutexLock lock(mutex_);
    calls_.push_back(call);
    changed_.NotifyAll();
    while (held_) {
      if (!changed_.WaitUntil(mutex_, deadline) && held_) {
        return UpstreamError(ErrorCode::kDeadlineExceeded, "FakeUpstream was held for too long");
      }
    }
    if (!scripts_.empty()) {
      script = std::move(scripts_.front());
      scripts_.pop_front();
    } else {
      script = always_;
    }
  }
  if (!script) return InternalError("FakeUpstream has no script for " + call.path_and_query);
  return script(call);
}

}  // namespace larder
