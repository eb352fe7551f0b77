#include "proxy/relay/transcript.h"

#include <limits>

namespace larder {
namespace {

constexpr std::size_t kPullStep = 32 * 1024;

}  // namespace

class Transcript::Reader final : public BodySource {
 public:
  explicit Reader(std::shared_ptr<Transcript> transcript) : transcript_(std::move(transcript)) {}
  ~Reader() override { transcript_->Forget(*this); }

  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    return transcript_->Read(*this, max_bytes, out);
  }
  void SetWaker(std::function<void()> waker) override {
    MutexLock lock(transcript_->wakers_mutex_);
    if (waker) {
      transcript_->wakers_[this] = std::move(waker);
    } else {
      transcript_->wakers_.erase(this);
    }
  }
  Error error() const override {
    MutexLock lock(transcript_->mutex_);
    return transcript_->error_.value_or(InternalError("the stream did not break off"));
  }

 private:
  std::shared_ptr<Transcript> transcript_;  // shared by its readers: the last one out ends it
};

Transcript::Transcript(std::shared_ptr<BodySource> source, Options options, OnBytes on_bytes,
                       OnEnd on_end)
    : options_(options),
      source_(std::move(source)),
      on_bytes_(std::move(on_bytes)),
      on_end_(std::move(on_end)) {
  // `this` is safe: the destructor removes the waker, which waits for a running one.
  source_->SetWaker([this] { WakeReaders(nullptr); });
}

Transcript::~Transcript() {
  source_->SetWaker({});
}

std::shared_ptr<BodySource> Transcript::NewReader() {
  auto reader = std::make_shared<Reader>(shared_from_this());
  MutexLock lock(mutex_);
  if (base_ > 0) return nullptr;
  positions_[reader.get()] = 0;
  return reader;
}

void Transcript::Forget(Reader& reader) {
  {
    MutexLock lock(wakers_mutex_);
    wakers_.erase(&reader);
  }
  bool others = false;
  {
    MutexLock lock(mutex_);
    positions_.erase(&reader);
    TrimBehindReaders();
    others = !positions_.empty();
  }
  if (others) WakeReaders(&reader);  // one that waited for the slowest may go on
}

void Transcript::WakeReaders(const Reader* but) {
  MutexLock lock(wakers_mutex_);
  for (const auto& [reader, waker] : wakers_) {
    if (reader != but) waker();
  }
}

bool Transcript::WindowIsFull() const {
  if (recording_) return false;
  std::uint64_t slowest = std::numeric_limits<std::uint64_t>::max();
  for (const auto& [reader, position] : positions_) slowest = std::min(slowest, position);
  return base_ + bytes_.size() - slowest >= options_.window_bytes;
}

void Transcript::TrimBehindReaders() {
  if (recording_ || positions_.empty()) return;
  std::uint64_t slowest = std::numeric_limits<std::uint64_t>::max();
  for (const auto& [reader, position] : positions_) slowest = std::min(slowest, position);
  if (slowest - base_ < kPullStep) return;
  bytes_.erase(0, static_cast<std::size_t>(slowest - base_));
  base_ = slowest;
}

ReadState Transcript::Pull() {
  const std::size_t before = bytes_.size();
  const ReadState pulled = source_->TryRead(kPullStep, bytes_);
  if (pulled == ReadState::kData) {
    if (on_bytes_) on_bytes_(std::string_view(bytes_).substr(before));
    if (recording_ && bytes_.size() > options_.record_limit_bytes) recording_ = false;
  } else if (pulled != ReadState::kWait) {
    state_ = pulled;
    if (pulled == ReadState::kFailed) error_ = source_->error();
    if (on_end_) {
      const bool whole = pulled == ReadState::kEnd && recording_;
      on_end_(whole ? std::optional<std::string_view>(bytes_) : std::nullopt);
    }
  }
  return pulled;
}

ReadState Transcript::Read(Reader& reader, std::size_t max_bytes, std::string& out) {
  bool wake_others = false;
  ReadState state = ReadState::kData;
  {
    MutexLock lock(mutex_);
    std::uint64_t& position = positions_[&reader];
    if (position == base_ + bytes_.size()) {
      if (state_ != ReadState::kWait) return state_;
      state = WindowIsFull() ? ReadState::kWait : Pull();
      wake_others = state != ReadState::kWait && positions_.size() > 1;
    }
    if (state == ReadState::kData) {
      const auto offset = static_cast<std::size_t>(position - base_);
      const std::size_t size = std::min(max_bytes, bytes_.size() - offset);
      out.append(bytes_, offset, size);
      position += size;
      if (!recording_) {
        TrimBehindReaders();
        wake_others = positions_.size() > 1;
      }
    }
  }
  if (wake_others) WakeReaders(&reader);
  return state;
}

}  // namespace larder
