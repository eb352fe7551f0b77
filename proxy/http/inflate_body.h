// InflateBody: a body without its content coding, gzip or deflate, decoded while it is read.
// Source: RFC 1952 (gzip), RFC 1950 and 1951 (deflate), RFC 9110, section 8.4.1. Over zlib.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "proxy/http/body.h"

namespace larder {

enum class ContentCoding {
  kGzip,     // one or more members
  kDeflate,  // a zlib stream, or the bare deflate data that some servers send under this name
};

// Holds at most a window of 32 KiB and a piece of input, however much it decodes to: a reader that
// stops reading has met no more of a bomb than it asked for.
// Thread-safety: as BodySource.
class InflateBody final : public BodySource {
 public:
  InflateBody(std::shared_ptr<BodySource> coded, ContentCoding coding);
  ~InflateBody() override;

  // kEnd only when `coded` has ended and its data were whole to their checksum, with nothing behind
  // them. An empty body stays empty. Past a mebibyte, data that expand more than 200 times fail.
  ReadState TryRead(std::size_t max_bytes, std::string& out) override;
  void SetWaker(std::function<void()> waker) override { coded_->SetWaker(std::move(waker)); }
  // `coded`'s own; kInvalidReply when the data are damaged, broken off, or followed by others;
  // kOverloaded when there is no memory for the window.
  Error error() const override;

 private:
  struct Inflater;

  // Input for the inflater; nullopt when there is some, else what to return.
  std::optional<ReadState> Refill();
  // Chooses the decoder by the first bytes. False when it cannot be made.
  bool Start();
  ReadState Fail(Error error);

  const std::shared_ptr<BodySource> coded_;  // shared with whoever feeds it
  const ContentCoding coding_;
  std::string input_;
  std::uint64_t coded_bytes_ = 0;  // that the inflater was given
  std::uint64_t decoded_bytes_ = 0;
  std::unique_ptr<Inflater> inflater_;  // null until the first bytes are there
  bool whole_ = false;                  // a member has just ended
  std::optional<ReadState> ended_;
  std::optional<Error> error_;
};

}  // namespace larder
