// LineStream: an answer that a job writes as it goes, read by a front at the client's pace.
#pragma once

#include <memory>
#include <string_view>

#include "proxy/http/byte_channel.h"

namespace larder {

// Thread-safety: one writer thread; Abandon and the reader from any.
class LineStream {
 public:
  explicit LineStream(std::size_t capacity_bytes = 256UL * 1024);
  // Ends the answer as one that broke off, unless it was finished.
  ~LineStream();
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

  // The body to answer with, to be called once: whoever lets go of it has left.
  std::shared_ptr<BodySource> NewReader();

  // Waits while a reader is slow. False when it has left, or after Abandon: there is nobody to
  // write for.
  bool Write(std::string_view bytes);
  // Drops the bytes while the reader is slow: for progress, which must not hold up the work.
  void TryWrite(std::string_view bytes);
  // The answer is whole.
  void Finish();
  // Nobody waits any more, and every Write is false.
  void Abandon();
  bool gone() const;

 private:
  class Reader;
  struct Room {
    Mutex mutex;
    CondVar changed;
    bool free LARDER_GUARDED_BY(mutex) = true;
    bool abandoned LARDER_GUARDED_BY(mutex) = false;
  };

  const std::shared_ptr<ByteChannel> channel_;  // owned by this and the reader
  const std::shared_ptr<Room> room_;            // owned by this and the channel's waker
};

}  // namespace larder
