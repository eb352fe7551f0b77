// The way in of a PlainConnection: one receive, and what of an answer it completes.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "proxy/upstream/plain_loop.h"

namespace larder {
namespace {

using Framing = ReplyReader::Framing;

Error BrokenChunks() {
  return UpstreamError(ErrorCode::kInvalidReply, "upstream: the answer's chunks are broken");
}

}  // namespace

void PlainConnection::Receive() {
  std::vector<char>& buffer = loop_.buffer();
  const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (answered_) {  // while the request still goes out
    if (size > 0) {
      surplus_ = true;
    } else if (size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
      StopSending();
      Finish();
    }
  } else if (size > 0) {
    received_ = true;
    Take({buffer.data(), static_cast<std::size_t>(size)});
  } else if (size == 0) {
    if (streaming_ && framing_ == Framing::kClose) {
      StopSending();
      EndAnswer(false);
    } else {
      Lose("the connection ended before an answer");
    }
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    Lose(std::string("the connection was lost: ") + std::strerror(errno));
  }
}

void PlainConnection::Lose(std::string reason) {
  if (served_ && !received_ && exchange_->repeatable()) {
    served_ = upload_waits_ = send_blocked_ = false;
    CloseSocket();
    exchange_->Touch();
    Dial();
    return;
  }
  if (streaming_) reason = "the answer broke off before its end";
  Fail(UpstreamError(ErrorCode::kUnavailable, "upstream: " + reason));
}

void PlainConnection::Take(std::string_view bytes) {
  if (streaming_) {
    TakeBody(bytes);
    return;
  }
  std::size_t consumed = 0;
  switch (reader_->Read(bytes, consumed)) {
    case ReplyReader::State::kMore:
      break;
    case ReplyReader::State::kRefused:
      Fail(UpstreamError(ErrorCode::kInvalidReply, "upstream: " + std::string(reader_->reason())));
      break;
    case ReplyReader::State::kHead:
      TakeHead(bytes.substr(consumed));
      break;
  }
}

void PlainConnection::TakeHead(std::string_view bytes) {
  ReplyReader::Head head = std::move(reader_->head());
  framing_ = head.framing;
  keep_alive_ = head.keep_alive;
  length_left_ = head.length;
  // A refusal in the middle of the request: the rest of it will not be read.
  if (head.status >= 400 && !send_over_) {
    StopSending();
    UpdateInterest();
  }
  bool whole = false;
  bool broken = false;
  std::string decoded;
  if (framing_ == Framing::kNone) {
    whole = true;
  } else if (framing_ == Framing::kLength && bytes.size() >= length_left_) {
    whole = true;
    decoded = bytes.substr(0, length_left_);
    bytes.remove_prefix(length_left_);
  } else if (framing_ == Framing::kChunked) {
    decoder_.emplace(BodyDecoder::Chunked());
    std::size_t consumed = 0;
    const auto state =
        decoder_->Decode(bytes, std::numeric_limits<std::size_t>::max(), consumed, decoded);
    bytes.remove_prefix(consumed);
    whole = state == BodyDecoder::State::kEnd;
    broken = state == BodyDecoder::State::kRefused;
  }
  if (whole && send_over_) {
    exchange_->DeliverWhole(std::move(head), std::move(decoded));
    EndAnswer(!bytes.empty());
    return;
  }
  streaming_ = true;
  exchange_->DeliverStream(std::move(head), decoded, loop_.shared().options.body_window_bytes);
  if (whole) {
    EndAnswer(!bytes.empty());
  } else if (broken) {
    Fail(BrokenChunks());
  } else if (framing_ != Framing::kChunked && !bytes.empty()) {
    TakeBody(bytes);
  }
}

void PlainConnection::TakeBody(std::string_view bytes) {
  std::string_view piece = bytes;
  bool whole = false;
  bool broken = false;
  if (framing_ == Framing::kLength) {
    piece = bytes.substr(0, length_left_);
    length_left_ -= piece.size();
    bytes.remove_prefix(piece.size());
    whole = length_left_ == 0;
  } else if (framing_ == Framing::kChunked) {
    std::string& decoded = loop_.decoded();
    decoded.clear();
    std::size_t consumed = 0;
    const auto state =
        decoder_->Decode(bytes, std::numeric_limits<std::size_t>::max(), consumed, decoded);
    piece = decoded;
    bytes.remove_prefix(consumed);
    whole = state == BodyDecoder::State::kEnd;
    broken = state == BodyDecoder::State::kRefused;
  }
  const bool has_room = piece.empty() || exchange_->Write(piece);
  if (whole) {
    EndAnswer(!bytes.empty());
  } else if (broken) {
    Fail(BrokenChunks());
  } else {
    exchange_->Touch();
    receive_paused_ = !has_room;  // watched on until more is there than fits
  }
}

void PlainConnection::EndAnswer(bool surplus) {
  answered_ = true;
  surplus_ = surplus;
  if (send_over_) Finish();
}

void PlainConnection::Finish() {
  const auto self = shared_from_this();
  const auto exchange = std::exchange(exchange_, nullptr);
  exchange->SetConnection(nullptr);
  if (streaming_) exchange->EndStream();
  if (keep_alive_ && sent_whole_ && !surplus_ && !exchange->rendered().close) {
    served_ = true;
    idle_since_ = loop_.about_now();
    loop_.OnFree(*this);
  } else {
    CloseSocket();
    loop_.OnClosed(*this);
  }
}

}  // namespace larder
