#include "proxy/http/byte_channel.h"

namespace larder {

bool ByteChannel::Write(std::string_view bytes) {
  bool has_room = true;
  {
    MutexLock lock(mutex_);
    if (closed_ || left_) return true;
    bytes_.append(bytes);
    has_room = bytes_.size() - position_ < capacity_;
    writer_waits_ = !has_room;
  }
  data_waker_.Wake();
  return has_room;
}

void ByteChannel::Close(std::optional<Error> error) {
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    error_ = std::move(error);
  }
  data_waker_.Wake();
}

void ByteChannel::Leave() {
  {
    MutexLock lock(mutex_);
    left_ = true;
    bytes_.clear();
    position_ = 0;
  }
  room_waker_.Wake();
}

bool ByteChannel::reader_left() const {
  MutexLock lock(mutex_);
  return left_;
}

ReadState ByteChannel::TryRead(std::size_t max_bytes, std::string& out) {
  bool wake_writer = false;
  {
    MutexLock lock(mutex_);
    const std::size_t size = std::min(max_bytes, bytes_.size() - position_);
    if (size == 0) {
      if (!closed_) return ReadState::kWait;
      return error_ ? ReadState::kFailed : ReadState::kEnd;
    }
    out.append(bytes_, position_, size);
    position_ += size;
    if (position_ == bytes_.size()) {
      bytes_.clear();
      position_ = 0;
    } else if (position_ > capacity_) {
      bytes_.erase(0, position_);
      position_ = 0;
    }
    if (writer_waits_ && bytes_.size() - position_ <= capacity_ / 2) {
      writer_waits_ = false;
      wake_writer = true;
    }
  }
  if (wake_writer) room_waker_.Wake();
  return ReadState::kData;
}

void ByteChannel::SetWaker(std::function<void()> waker) {
  data_waker_.Set(std::move(waker));
}
void ByteChannel::SetRoomWaker(std::function<void()> waker) {
  room_waker_.Set(std::move(waker));
}

Error ByteChannel::error() const {
  MutexLock lock(mutex_);
  return error_.value_or(InternalError("the body did not break off"));
}

}  // namespace larder
