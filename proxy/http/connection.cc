#include "proxy/http/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>

#include "proxy/http/connection_lane.h"

// A connection's life and the reading of heads. Bodies are read in connection_body.cc, the lanes
// that requests take are in connection_dispatch.cc, writing is in connection_write.cc; what is a
// tunnel's own is in connection_tunnel.cc.

namespace larder {

Connection::Lane& Connection::LaneOf(EventLoop& loop, ConnectionContext& context) {
  return static_cast<Lane&>(loop.ResidentOf(&context, [&] {
    return std::make_unique<Lane>(context.handler.NewFastLane(), context.clock.Monotonic());
  }));
}

Connection::Connection(int fd, std::string peer, EventLoop& loop, ConnectionContext& context,
                       std::function<void(int fd)> on_closed)
    : fd_(fd),
      loop_(loop),
      context_(context),
      lane_(LaneOf(loop, context)),
      on_closed_(std::move(on_closed)),
      peer_(std::move(peer)) {}

Connection::~Connection() {
  if (state_ != State::kClosed) ::close(fd_);
}

void Connection::Start() {
  if (context_.tls != nullptr) tls_ = context_.tls->NewSession(fd_);
  const bool lacks_tls = context_.tls != nullptr && tls_ == nullptr;
  // A handshake is a head as far as patience goes.
  SetDeadline(tls_ != nullptr ? context_.options.head_timeout : context_.options.idle_timeout);
  interest_ = EPOLLIN | EPOLLRDHUP;
  const Status watched =
      loop_.Watch(fd_, interest_,
                  [self = shared_from_this()](std::uint32_t events) { self->OnEvents(events); });
  if (!watched.ok() || lacks_tls) Close();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  const bool was_responding = state_ == State::kResponding;
  state_ = State::kClosed;
  const auto self = shared_from_this();  // the table and the loop are about to let go
  loop_.Unwatch(fd_);
  ::close(fd_);
  if (upload_ != nullptr) {
    upload_->SetRoomWaker({});
    upload_->Close(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "the client left"});
  }
  if (response_.stream != nullptr) response_.stream->SetWaker({});
  if (was_responding && response_.on_sent) {
    written_.push_back({flushed_ + unsent(), {body_sent_, false, first_byte_}, response_.on_sent});
  }
  for (const Written& answer : std::exchange(written_, {})) {
    // At most what of it is still unsent did not reach the socket.
    const std::uint64_t lost = answer.end - std::min(answer.end, flushed_);
    SendOutcome outcome = answer.outcome;
    outcome.body_bytes -= std::min(outcome.body_bytes, lost);
    outcome.complete = false;
    answer.on_sent(outcome);
  }
  response_ = {};
  if (on_closed_) on_closed_(fd_);
}

void Connection::SetDeadline(std::chrono::milliseconds from_now) {
  SetDeadlineAt(context_.clock.Monotonic() + from_now);
}

void Connection::SetDeadlineAt(MonoTime when) {
  deadline_ = when;
  // A deadline that moves on is found when the timer of the earlier one comes up.
  if (when < timer_) {
    timer_ = when;
    lane_.timers.Add(weak_from_this(), when);
  }
}

void Connection::CheckDeadlines(EventLoop& loop, ConnectionContext& context, MonoTime now) {
  LaneOf(loop, context).timers.Advance(now, [now](Connection& connection, MonoTime when) {
    connection.OnTimer(now, when);
  });
}

void Connection::OnTimer(MonoTime now, MonoTime when) {
  if (when != timer_ || state_ == State::kClosed) return;  // another one has taken its place
  OnTick(now);
  if (state_ == State::kClosed) return;
  // One that has passed without an end (a handler has its own patience) is looked at again.
  timer_ = std::max(deadline_, now + std::chrono::seconds(1));
  lane_.timers.Add(weak_from_this(), timer_);
}

void Connection::OnTick(MonoTime now) {
  if (state_ == State::kClosed) return;
  if (idle() && context_.draining()) {
    Close();
    return;
  }
  if (tunnelling()) {
    OnTunnelTick(now);
    return;
  }
  if (now < deadline_) return;
  switch (state_) {
    case State::kHead:
      if (in_.empty() || unsent() > 0) {
        Close();
      } else {
        method_.clear();
        AnswerAndClose(408, "the request head did not arrive in time");
      }
      break;
    case State::kWholeBody:
      AnswerAndClose(408, "the request body did not arrive in time");
      break;
    case State::kResponding:
      if (unsent() > 0) {
        Close();  // the client does not read
        break;
      }
      [[fallthrough]];
    case State::kHandling:
      // The handler has its own deadlines; a stalled upload is the client's fault.
      if (upload_ != nullptr && decoder_ && !upload_stalled_) {
        upload_->Close(Error{ErrorCode::kDeadlineExceeded, ErrorOrigin::kDownstream,
                             "the request body did not arrive in time"});
      }
      break;
    case State::kClosing:
      Close();
      break;
    case State::kClosed:
      break;
  }
}

// Memory that is refused costs this connection, not the server.
void Connection::OnEvents(std::uint32_t events) {
  const auto self = shared_from_this();
  try {
    OnEventsInTurn(events);
  } catch (const std::bad_alloc&) {
    Close();
  }
}

void Connection::OnEventsInTurn(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    Close();
    return;
  }
  // A handshake may have to write before it can read on.
  const bool readable = (events & (EPOLLIN | EPOLLRDHUP)) != 0;
  if (readable || (tls_ != nullptr && tls_->wants_write())) OnReadable();
  if (state_ != State::kClosed && (events & EPOLLOUT) != 0) {
    Flush();
    if (state_ == State::kResponding) PumpStream();
    if (state_ == State::kHead) Advance();
  }
}

ssize_t Connection::Receive(char* bytes, std::size_t size) {
  return tls_ == nullptr ? ::recv(fd_, bytes, size, 0) : tls_->Receive(bytes, size);
}

void Connection::OnReadable() {
  ReadOnce();
  ReadPendingSoon();
}

// No event tells of what TLS has taken from the socket already. The loop's other connections get
// their turn first.
void Connection::ReadPendingSoon() {
  if (tls_ == nullptr || read_posted_ || state_ == State::kClosed || !tls_->HasPending() ||
      !reading_wanted()) {
    return;
  }
  read_posted_ = true;
  loop_.Post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->state_ == State::kClosed) return;
    self->read_posted_ = false;
    self->OnReadable();
  });
}

void Connection::OnTlsFailure() {
  const bool plain_http = tls_->got_plain_http();
  tls_ = nullptr;
  if (plain_http && state_ == State::kHead) {
    in_.clear();
    AnswerAndClose(400, "this address speaks HTTPS: use https://");
  } else {
    Close();
  }
}

void Connection::ReadOnce() {
  std::array<char, kReadStep> bytes;
  const bool was_established = tls_ == nullptr || tls_->established();
  const ssize_t size = Receive(bytes.data(), bytes.size());
  if (!was_established && tls_->established() && size < 0) {
    SetDeadline(context_.options.idle_timeout);  // the handshake is over, a head has not begun
  }
  if (size < 0) {
    if (errno == EPROTO && tls_ != nullptr) {
      OnTlsFailure();
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      Close();
    } else if (tls_ != nullptr) {
      UpdateInterest();
    }
    return;
  }
  if (size == 0) {
    read_closed_ = true;
    Advance();
    return;
  }
  if (state_ == State::kClosing) return;  // read and dropped, so that the last answer is not reset
  if (state_ == State::kHead && in_.empty()) {
    received_ = context_.clock.Monotonic();
    SetDeadlineAt(received_ + context_.options.head_timeout);
  }
  if (state_ == State::kWholeBody) SetDeadline(context_.options.body_timeout);
  std::string_view read(bytes.data(), static_cast<std::size_t>(size));
  // What is answered at once never needs a buffer of this connection's.
  if (state_ == State::kHead && in_.empty() && lane_.fast != nullptr) {
    read.remove_prefix(AnswerFast(read));
    if (state_ == State::kClosed) return;
    if (read.empty()) {
      UpdateInterest();
      return;
    }
  }
  in_.append(read);
  Advance();
}

void Connection::Advance() {
  bool more = true;
  while (more) {
    switch (state_) {
      case State::kHead:
        // A client that pipelines without reading gets its next answer when it has taken the last.
        more = !in_.empty() && unsent() < context_.options.write_window_bytes && ReadHead();
        break;
      case State::kWholeBody:
        more = ReadWholeBody();
        break;
      case State::kHandling:
      case State::kResponding:  // an answer may come while its request's body is still arriving
        tunnelling() ? FeedTunnel() : FeedUpload();
        more = false;
        break;
      default:
        more = false;
    }
  }
  if (read_closed_) EndInput();
  if (state_ != State::kClosed) UpdateInterest();
}

void Connection::EndInput() {
  switch (state_) {
    case State::kHead:
      // A whole head may stand behind an answer that the client has yet to take.
      if (!in_.empty() && unsent() >= context_.options.write_window_bytes) return;
      [[fallthrough]];
    case State::kWholeBody:
    case State::kClosing:
      // A half-closed client still gets the answers that are on their way.
      state_ = State::kClosing;
      if (unsent() == 0) Close();
      break;
    case State::kHandling:
      if (upload_ != nullptr && !upload_stalled_ && (decoder_ || plan_.tunnel)) {
        upload_->Close(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "the client left"});
        decoder_.reset();
      }
      break;
    case State::kResponding:
      if (tunnelling()) {
        EndTunnelInput();
      } else {
        Close();  // nobody is left to read a stream
      }
      break;
    case State::kClosed:
      break;
  }
}

bool Connection::ReadHead() {
  const HeadViewParse parse = ParseRequestHead(in_, context_.options.head, scanned_, lane_.head);
  if (parse.state == HeadViewParse::State::kIncomplete) return false;
  if (parse.state == HeadViewParse::State::kRefused) {
    method_.clear();
    AnswerAndClose(parse.status, parse.reason);
    return false;
  }
  std::size_t consumed = 0;
  const bool declined = std::exchange(fast_declined_, false);
  if (!declined) lane_asked_ = false;
  if (!declined && TryFastLane(in_, parse.consumed, consumed)) {
    in_.erase(0, consumed);
    scanned_ = 0;
    if (in_.empty() && in_.capacity() > kKeptBuffer) in_ = std::string();
    return state_ == State::kHead;
  }
  RequestHead head = CopyHead(lane_.head);
  in_.erase(0, parse.consumed);
  scanned_ = 0;
  BeginBody(std::move(head));
  return state_ == State::kHead || state_ == State::kWholeBody || state_ == State::kHandling;
}

}  // namespace larder
