// The way out of a PlainConnection: head and body in one call where the socket takes them.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "proxy/upstream/plain_connection.h"

namespace larder {
namespace {

constexpr std::size_t kUploadBytes = 64UL * 1024;  // of a streamed body, with one send

void AppendChunk(const std::string& piece, std::string& out) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16).ptr;
  out.append(size.data(), end).append("\r\n").append(piece).append("\r\n");
}

iovec Piece(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace

void PlainConnection::Send() {
  using Body = RenderedRequest::Body;
  const RenderedRequest& rendered = exchange_->rendered();
  const bool is_upload = exchange_->is_upload();
  send_blocked_ = false;
  while (!send_over_) {
    if (is_upload && body_sent_ == upload_.size() && !upload_ended_ && !FillUpload()) return;
    const std::string_view head = std::string_view(rendered.head).substr(head_sent_);
    std::string_view body;
    if (is_upload) {
      body = upload_;
    } else if (rendered.body == Body::kString) {
      body = exchange_->request().body;
    }
    body.remove_prefix(body_sent_);
    if (head.empty() && body.empty()) {
      upload_waits_ = is_upload && !upload_ended_;
      send_over_ = sent_whole_ = !upload_waits_;
      break;
    }
    std::array<iovec, 2> pieces{Piece(head), Piece(body)};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      send_blocked_ = errno == EAGAIN || errno == EWOULDBLOCK;
      // An answer may have come before the connection broke; receiving tells.
      if (!send_blocked_) StopSending();
      break;
    }
    const std::size_t of_head = std::min(static_cast<std::size_t>(sent), head.size());
    head_sent_ += of_head;
    body_sent_ += static_cast<std::size_t>(sent) - of_head;
  }
  if (answered_ && send_over_) {
    Finish();
  } else {
    UpdateInterest();
  }
}

bool PlainConnection::FillUpload() {
  upload_.clear();
  body_sent_ = 0;
  exchange_->WatchUpload();
  BodySource& source = *exchange_->request().body_source;
  const bool sized = exchange_->rendered().body == RenderedRequest::Body::kSized;
  std::string piece;
  while (upload_.size() < kUploadBytes) {
    if (sized && upload_left_ == 0) {
      upload_ended_ = true;
      return true;
    }
    std::size_t most = kUploadBytes - upload_.size();
    if (sized) most = static_cast<std::size_t>(std::min<std::uint64_t>(most, upload_left_));
    piece.clear();
    switch (source.TryRead(most, piece)) {
      case ReadState::kData:
        exchange_->SetUploadBegun();
        if (sized) {
          upload_.append(piece);
          upload_left_ -= piece.size();
        } else {
          AppendChunk(piece, upload_);
        }
        break;
      case ReadState::kWait:
        return true;
      case ReadState::kEnd:
        if (sized) {
          Fail(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream,
                     "the request body ended before its length"});
          return false;
        }
        upload_.append("0\r\n\r\n");
        upload_ended_ = true;
        return true;
      case ReadState::kFailed:
        Fail(source.error());
        return false;
    }
  }
  return true;
}

void PlainConnection::StopSending() {
  send_over_ = true;
  send_blocked_ = upload_waits_ = false;
  exchange_->LeaveUpload();
}

}  // namespace larder
