// ByteChannel: a body in flight between one writer and one reader, bounded, so that a slow reader
// slows the writer instead of filling memory.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "proxy/http/body.h"

namespace larder {

// Thread-safety: one writer thread and one reader thread; the wakers run on the other side's
// thread.
class ByteChannel final : public BodySource {
 public:
  explicit ByteChannel(std::size_t capacity_bytes) : capacity_(capacity_bytes) {}

  // Writer: appends all of `bytes`. False when the channel now holds its capacity or more: write no
  // more until the room waker has been called. Bytes after Close or after the reader left are
  // dropped.
  bool Write(std::string_view bytes);
  // Writer: no more bytes; nullopt for a whole body, an error for one that broke off.
  void Close(std::optional<Error> error);
  // Writer: called when a full channel has room again, and when the reader leaves. Must be quick
  // and must not call the channel. After SetRoomWaker({}) returns, no earlier waker runs.
  void SetRoomWaker(std::function<void()> waker);

  // Reader: nothing more will be read.
  void Leave();
  bool reader_left() const;

  ReadState TryRead(std::size_t max_bytes, std::string& out) override;
  void SetWaker(std::function<void()> waker) override;
  Error error() const override;

 private:
  // Held while a waker runs, so that replacing one waits for it; taken alone or before mutex_'s
  // users.
  struct Waker {
    Mutex mutex;
    std::function<void()> call;
    void Wake() {
      MutexLock lock(mutex);
      if (call) call();
    }
    void Set(std::function<void()> waker) {
      MutexLock lock(mutex);
      call = std::move(waker);
    }
  };

  const std::size_t capacity_;
  mutable Mutex mutex_;
  std::string bytes_ LARDER_GUARDED_BY(mutex_);
  std::size_t position_ LARDER_GUARDED_BY(mutex_) = 0;
  bool closed_ LARDER_GUARDED_BY(mutex_) = false;
  bool left_ LARDER_GUARDED_BY(mutex_) = false;
  bool writer_waits_ LARDER_GUARDED_BY(mutex_) = false;
  std::optional<Error> error_ LARDER_GUARDED_BY(mutex_);
  Waker data_waker_;
  Waker room_waker_;
};

}  // namespace larder
