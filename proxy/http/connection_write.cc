#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "proxy/http/connection.h"
#include "proxy/http/connection_lane.h"

// The writing half of a connection: answers, streams, the socket. The reading half is
// connection.cc.

namespace larder {

void Connection::OnResponse(Response response) {
  response_ = std::move(response);
  state_ = State::kResponding;
  body_sent_ = 0;
  first_byte_ = context_.clock.Monotonic();
  framing_ = plan_.tunnel && response_.status == 101 && response_.stream != nullptr
                 ? BodyFraming::kTunnel
                 : DecideResponseFraming(response_, method_, minor_version_);
  // A request body that was not read to its end would be taken for the next request, and so would
  // what a client sent into a tunnel that was refused.
  close_after_ = close_after_ || !keep_alive_ || response_.close || decoder_.has_value() ||
                 plan_.tunnel || framing_ == BodyFraming::kUntilClose || context_.draining() ||
                 (read_closed_ && in_.empty());
  if (framing_ == BodyFraming::kNone || response_.stream == nullptr) {
    const std::string_view body =
        framing_ == BodyFraming::kNone ? std::string_view() : response_.body;
    body_sent_ = body.size();
    lane_.head_bytes.clear();
    AppendResponseHead(response_, framing_, !close_after_, Date(), lane_.head_bytes);
    if (!SendWhole(lane_.head_bytes, body)) {
      Close();
      return;
    }
    SetProgressDeadline();
    FinishResponse(true);
    return;
  }
  AppendResponseHead(response_, framing_, !close_after_, Date(), out_);
  SetProgressDeadline();
  response_.stream->SetWaker([&loop = loop_, weak = weak_from_this()] { PostPump(loop, weak); });
  if (read_closed_) {
    Close();
    return;
  }
  if (tunnelling()) FeedTunnel();  // what came before the 101
  PumpStream();
}

void Connection::PostPump(EventLoop& loop, std::weak_ptr<Connection> connection) {
  loop.Post([connection = std::move(connection)] {
    if (const auto self = connection.lock();
        self != nullptr && self->state_ == State::kResponding) {
      self->PumpStream();
      self->Advance();
    }
  });
}

void Connection::PumpStream() {
  constexpr std::size_t kStep = 32 * 1024;
  constexpr std::size_t kTurn = 1024 * 1024;  // then the loop's other connections get theirs
  const auto self = shared_from_this();
  std::size_t pumped = 0;
  while (state_ == State::kResponding && response_.stream != nullptr) {
    if (unsent() >= context_.options.write_window_bytes || pumped >= kTurn) {
      Flush();
      // When it is full, the socket says when it has room again.
      if (unsent() >= context_.options.write_window_bytes) return;
      if (pumped >= kTurn) {
        PostPump(loop_, weak_from_this());
        return;
      }
      continue;
    }
    std::string piece;
    const ReadState read = response_.stream->TryRead(kStep, piece);
    // More than Content-Length said would be read as the next answer.
    const bool too_long =
        response_.stream_size && body_sent_ + piece.size() > *response_.stream_size;
    if (read == ReadState::kData && !too_long) {
      if (framing_ == BodyFraming::kChunked) {
        AppendChunk(piece, out_);
      } else {
        out_ += piece;
      }
      body_sent_ += piece.size();
      pumped += piece.size();
      continue;
    }
    if (read == ReadState::kWait) break;
    const bool short_of_length = response_.stream_size && body_sent_ != *response_.stream_size;
    if (read == ReadState::kFailed || too_long || short_of_length) {
      // Cut: what has arrived is sent, then the connection ends without a proper end of the body.
      close_after_ = true;
      reset_after_ = framing_ == BodyFraming::kUntilClose;
      FinishResponse(false);
      return;
    }
    if (framing_ == BodyFraming::kChunked) out_ += "0\r\n\r\n";
    FinishResponse(true);
    return;
  }
  Flush();
}

void Connection::FinishResponse(bool complete) {
  const auto self = shared_from_this();
  if (response_.stream != nullptr) response_.stream->SetWaker({});
  Response done = std::move(response_);
  response_ = {};
  if (upload_ != nullptr) {
    upload_->SetRoomWaker({});
    upload_->Close(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "the answer came first"});
    upload_ = nullptr;
  }
  decoder_.reset();
  upload_stalled_ = false;
  state_ = close_after_ ? State::kClosing : State::kHead;
  if (in_.empty() && in_.capacity() > kKeptBuffer) in_ = std::string();
  if (done.on_sent) {
    written_.push_back(
        {flushed_ + unsent(), {body_sent_, complete, first_byte_}, std::move(done.on_sent)});
  }
  Flush();
  if (state_ == State::kHead && unsent() == 0) SetDeadline(context_.options.idle_timeout);
}

void Connection::TellSent() {
  while (!written_.empty() && written_.front().end <= flushed_) {
    const Written answer = std::move(written_.front());
    written_.pop_front();
    answer.on_sent(answer.outcome);
  }
}

void Connection::AnswerAndClose(int status, std::string_view message) {
  close_after_ = true;
  in_.clear();
  if (method_.empty()) method_ = "GET";
  OnResponse(context_.handler.RenderFrontError(status, message));
}

// With one call and without a copy, when nothing stands before it; the socket's room decides how
// much of it. Through TLS one record is cheaper than two.
bool Connection::SendWhole(std::string_view head, std::string_view body) {
  std::size_t taken = 0;
  if (unsent() == 0 && tls_ == nullptr) {
    std::array<iovec, 2> pieces = {{{const_cast<char*>(head.data()), head.size()},
                                    {const_cast<char*>(body.data()), body.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    ssize_t sent = 0;
    do {
      sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return false;
    if (sent > 0) taken = static_cast<std::size_t>(sent);
    flushed_ += taken;
  }
  out_.append(head.substr(std::min(taken, head.size())));
  out_.append(body.substr(taken > head.size() ? taken - head.size() : 0));
  return true;
}

ssize_t Connection::Send(const char* bytes, std::size_t size) {
  return tls_ == nullptr ? ::send(fd_, bytes, size, MSG_NOSIGNAL) : tls_->Send(bytes, size);
}

void Connection::Flush() {
  if (state_ == State::kClosed) return;
  if (out_position_ == 0 && !out_.empty() && (interest_ & EPOLLOUT) == 0) SetProgressDeadline();
  while (unsent() > 0) {
    const ssize_t size = Send(out_.data() + out_position_, out_.size() - out_position_);
    if (size < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        Close();
        return;
      }
      break;
    }
    out_position_ += static_cast<std::size_t>(size);
    flushed_ += static_cast<std::uint64_t>(size);
    if (state_ == State::kResponding || state_ == State::kClosing || state_ == State::kHead) {
      SetProgressDeadline();
    }
  }
  TellSent();
  if (out_position_ > unsent() && unsent() > 0) {
    // A reader that is always behind must not make what it has taken pile up.
    out_.erase(0, out_position_);
    out_position_ = 0;
  }
  if (unsent() == 0) {
    out_.clear();
    if (out_.capacity() > kKeptBuffer) out_ = std::string();
    out_position_ = 0;
    if (state_ == State::kHead) SetDeadline(context_.options.idle_timeout);
    if (state_ == State::kClosing) {
      if (reset_after_) {
        const linger reset{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
      }
      if (read_closed_ || reset_after_) {
        Close();
        return;
      }
      // The answer is out: say so, and let the client close, so that it is not reset unread.
      if (tls_ != nullptr) tls_->Finish();
      ::shutdown(fd_, SHUT_WR);
      SetDeadline(std::chrono::milliseconds(2000));
    }
  }
  UpdateInterest();
}

bool Connection::reading_wanted() const {
  if (read_closed_) return false;
  switch (state_) {
    case State::kHead:
      return in_.size() <= context_.options.head.head_bytes;
    case State::kWholeBody:
    case State::kClosing:
      return true;
    case State::kHandling:
    case State::kResponding:
      return decoder_ || tunnelling() ? !upload_stalled_ : in_.size() < kMaxPipelined;
    case State::kClosed:
      return false;
  }
  return false;
}

void Connection::UpdateInterest() {
  std::uint32_t wanted = 0;
  if (reading_wanted()) wanted |= EPOLLIN | EPOLLRDHUP;
  if (unsent() > 0 || (tls_ != nullptr && tls_->wants_write())) wanted |= EPOLLOUT;
  ReadPendingSoon();
  if (wanted == interest_) return;
  interest_ = wanted;
  loop_.Rewatch(fd_, wanted);
}

std::string_view Connection::Date() {
  // One rendering a second and thread.
  thread_local std::int64_t second = 0;
  thread_local std::string text;
  const WallTime now = context_.clock.Now();
  if (const std::int64_t current = ToUnixMillis(now) / 1000; current != second) {
    second = current;
    text = HttpDate(now);
  }
  return text;
}

}  // namespace larder
