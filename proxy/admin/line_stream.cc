#include "proxy/admin/line_stream.h"

namespace larder {

class LineStream::Reader final : public BodySource {
 public:
  explicit Reader(std::shared_ptr<ByteChannel> channel) : channel_(std::move(channel)) {}
  ~Reader() override { channel_->Leave(); }
  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    return channel_->TryRead(max_bytes, out);
  }
  void SetWaker(std::function<void()> waker) override { channel_->SetWaker(std::move(waker)); }
  Error error() const override { return channel_->error(); }

 private:
  const std::shared_ptr<ByteChannel> channel_;
};

LineStream::LineStream(std::size_t capacity_bytes)
    : channel_(std::make_shared<ByteChannel>(capacity_bytes)), room_(std::make_shared<Room>()) {
  channel_->SetRoomWaker([room = room_] {
    MutexLock lock(room->mutex);
    room->free = true;
    room->changed.NotifyAll();
  });
}

LineStream::~LineStream() {
  channel_->SetRoomWaker({});
  channel_->Close(Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "the work was broken off"});
}

std::shared_ptr<BodySource> LineStream::NewReader() {
  return std::make_shared<Reader>(channel_);
}

bool LineStream::gone() const {
  if (channel_->reader_left()) return true;
  MutexLock lock(room_->mutex);
  return room_->abandoned;
}

bool LineStream::Write(std::string_view bytes) {
  if (gone()) return false;
  {
    MutexLock lock(room_->mutex);
    room_->free = false;
  }
  if (channel_->Write(bytes)) {
    MutexLock lock(room_->mutex);
    room_->free = true;
    return !room_->abandoned;
  }
  {
    MutexLock lock(room_->mutex);
    while (!room_->free && !room_->abandoned) room_->changed.Wait(room_->mutex);
  }
  return !gone();
}

void LineStream::TryWrite(std::string_view bytes) {
  {
    MutexLock lock(room_->mutex);
    if (!room_->free || room_->abandoned) return;
    room_->free = false;
  }
  if (!channel_->Write(bytes)) return;
  MutexLock lock(room_->mutex);
  room_->free = true;
}

void LineStream::Finish() {
  channel_->Close(std::nullopt);
}

void LineStream::Abandon() {
  MutexLock lock(room_->mutex);
  room_->abandoned = true;
  room_->changed.NotifyAll();
}

}  // namespace larder
