#include "proxy/upstream/plain_connection.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <utility>

#include "proxy/upstream/plain_loop.h"

namespace larder {
namespace {

// As libcurl: a connection that has been idle for longer is not worth its descriptor.
constexpr std::chrono::seconds kMaxIdle{118};

}  // namespace

PlainConnection::~PlainConnection() {
  if (dial_ != nullptr) dial_->Stop();
  CloseSocket();
}

void PlainConnection::CloseSocket() {
  if (fd_ < 0) return;
  if (std::exchange(interest_, 0U) != 0) loop_.events().Unwatch(fd_);
  ::close(std::exchange(fd_, -1));
}

void PlainConnection::Open(std::shared_ptr<PlainExchange> exchange) {
  exchange_ = std::move(exchange);
  exchange_->SetConnection(this);
  exchange_->Touch();
  Dial();
}

void PlainConnection::Dial() {
  const RenderedRequest& to = exchange_->rendered();
  PlainShared& shared = loop_.shared();
  dial_ = std::make_shared<TcpDial>(loop_.events(), loop_.link(), shared.resolver, shared.clock);
  const auto dial = dial_;  // it may be done within the call
  dial->Start(to.host, to.port, shared.options.connect_timeout,
              [this](const Result<int>& fd) { OnDialed(fd); });
}

void PlainConnection::OnDialed(Result<int> fd) {
  const auto self = shared_from_this();
  dial_ = nullptr;
  if (!fd.ok()) {
    Fail(fd.error());
    return;
  }
  fd_ = *fd;
  BeginExchange();
}

void PlainConnection::Serve(std::shared_ptr<PlainExchange> exchange) {
  exchange_ = std::move(exchange);
  exchange_->SetConnection(this);
  exchange_->Touch();
  BeginExchange();
}

void PlainConnection::BeginExchange() {
  const auto self = shared_from_this();
  head_sent_ = 0;
  body_sent_ = 0;
  upload_.clear();
  upload_left_ = exchange_->request().body_size.value_or(0);
  upload_ended_ = upload_waits_ = send_blocked_ = send_over_ = sent_whole_ = false;
  received_ = streaming_ = receive_paused_ = answered_ = surplus_ = keep_alive_ = false;
  reader_.emplace(exchange_->request().method == "HEAD");
  decoder_.reset();
  Send();
}

void PlainConnection::UpdateInterest() {
  const std::uint32_t wanted = (receive_paused_ ? 0U : EPOLLIN) | (send_blocked_ ? EPOLLOUT : 0U);
  if (wanted == interest_) return;
  const std::uint32_t before = std::exchange(interest_, wanted);
  if (wanted == 0) {
    // Not watched at all: the end of a connection would be told again and again.
    loop_.events().Unwatch(fd_);
  } else if (before != 0) {
    loop_.events().Rewatch(fd_, wanted);
  } else {
    const Status watched =
        loop_.events().Watch(fd_, wanted, [this](std::uint32_t events) { OnEvents(events); });
    if (watched.ok()) return;
    interest_ = 0;
    Fail(watched.error());
  }
}

void PlainConnection::OnEvents(std::uint32_t events) {
  const auto self = shared_from_this();  // the loop may let go of it on the way
  if (exchange_ == nullptr) {            // idle: its end, or bytes that nobody asked for
    loop_.OnIdleLost(*this);
    return;
  }
  if (receive_paused_) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) StopSending();
    UpdateInterest();  // more is there than the reader has room for
  }
  if ((events & EPOLLOUT) != 0 && send_blocked_) {
    exchange_->Touch();
    Send();
  }
  if (fd_ >= 0 && exchange_ != nullptr && !receive_paused_ && (events & ~EPOLLOUT) != 0) Receive();
}

void PlainConnection::OnRoom() {
  if (!std::exchange(receive_paused_, false)) return;
  exchange_->Touch();
  UpdateInterest();
}

void PlainConnection::OnUploadReady() {
  if (!std::exchange(upload_waits_, false)) return;
  const auto self = shared_from_this();
  exchange_->Touch();
  Send();
}

void PlainConnection::Cancel() {
  Fail(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "nobody reads the answer"});
}

void PlainConnection::Fail(const Error& error) {
  const auto self = shared_from_this();
  Close(error);
  loop_.OnClosed(*this);
}

void PlainConnection::Close(const Error& error) {
  if (dial_ != nullptr) std::exchange(dial_, nullptr)->Stop();
  CloseSocket();
  if (exchange_ == nullptr) return;
  const auto exchange = std::exchange(exchange_, nullptr);
  exchange->SetConnection(nullptr);
  exchange->Fail(error);
}

void PlainConnection::OnTick(MonoTime now) {
  const auto self = shared_from_this();
  if (exchange_ == nullptr) {
    if (now - idle_since_ > kMaxIdle) loop_.OnIdleLost(*this);
    return;
  }
  const bool standing = !receive_paused_ && !upload_waits_;
  if (const auto error = exchange_->Overdue(now, standing)) {
    Fail(*error);
  } else if (const auto dial = dial_) {
    dial->OnTick(now);
  }
}

}  // namespace larder
