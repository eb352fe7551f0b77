#include "proxy/upstream/plain_exchange.h"

#include <algorithm>
#include <utility>

#include "proxy/upstream/plain_connection.h"

namespace larder {

// The body of a reply that was still arriving: when its reader lets go before the end, the exchange
// is cancelled.
class PlainExchange::Body final : public BodySource {
 public:
  explicit Body(std::shared_ptr<PlainExchange> exchange)
      : exchange_(std::move(exchange)), bytes_(exchange_->body_) {}
  ~Body() override {
    bytes_->SetRoomWaker({});
    bytes_->Leave();
    if (!exchange_->ended_) exchange_->OnConnection(&PlainConnection::Cancel);
  }
  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    return bytes_->TryRead(max_bytes, out);
  }
  void SetWaker(std::function<void()> waker) override { bytes_->SetWaker(std::move(waker)); }
  Error error() const override { return bytes_->error(); }

 private:
  const std::shared_ptr<PlainExchange> exchange_;
  const std::shared_ptr<ByteChannel> bytes_;
};

PlainExchange::PlainExchange(RenderedRequest rendered, UpstreamRequest request,
                             std::chrono::milliseconds queue_timeout, const Clock& clock)
    : rendered_(std::move(rendered)),
      request_(std::move(request)),
      clock_(clock),
      queue_timeout_(std::min(queue_timeout, request_.first_byte_timeout)),
      sent_(clock.Monotonic()),
      last_activity_(sent_) {}

Result<UpstreamReply> PlainExchange::WaitForHead() {
  MutexLock lock(mutex_);
  while (!head_) head_changed_.Wait(mutex_);
  return *std::move(head_);
}

void PlainExchange::OnConnection(void (PlainConnection::*task)()) {
  link_->Post([weak = weak_from_this(), task] {
    const auto self = weak.lock();
    if (self != nullptr && self->connection_ != nullptr) (self->connection_->*task)();
  });
}

void PlainExchange::WatchUpload() {
  if (std::exchange(upload_watched_, true)) return;
  request_.body_source->SetWaker([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnConnection(&PlainConnection::OnUploadReady);
  });
}

void PlainExchange::LeaveUpload() {
  if (std::exchange(upload_watched_, false)) request_.body_source->SetWaker({});
}

UpstreamReply PlainExchange::ReplyOf(ReplyReader::Head head) {
  UpstreamReply reply;
  reply.status = head.status;
  reply.headers = std::move(head.headers);
  reply.framed = head.framed;
  return reply;
}

void PlainExchange::Deliver(Result<UpstreamReply> reply) {
  delivered_ = true;
  MutexLock lock(mutex_);
  head_ = std::move(reply);
  head_changed_.NotifyAll();
}

void PlainExchange::DeliverWhole(ReplyReader::Head head, std::string body) {
  ended_ = true;
  LeaveUpload();
  UpstreamReply reply = ReplyOf(std::move(head));
  reply.body = std::make_shared<StringBody>(std::move(body));
  Deliver(std::move(reply));
}

void PlainExchange::DeliverStream(ReplyReader::Head head, std::string_view beginning,
                                  std::size_t window_bytes) {
  body_ = std::make_shared<ByteChannel>(window_bytes);
  body_->SetRoomWaker([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnConnection(&PlainConnection::OnRoom);
  });
  if (!beginning.empty()) body_->Write(beginning);
  UpstreamReply reply = ReplyOf(std::move(head));
  reply.body = std::make_shared<Body>(shared_from_this());
  last_activity_ = clock_.Monotonic();
  Deliver(std::move(reply));
}

void PlainExchange::EndStream() {
  ended_ = true;
  LeaveUpload();
  body_->Close(std::nullopt);
}

void PlainExchange::Fail(Error error) {
  if (ended_.exchange(true)) return;
  LeaveUpload();
  if (!delivered_) {
    Deliver(std::move(error));
  } else if (body_ != nullptr) {
    body_->Close(std::move(error));
  }
}

std::optional<Error> PlainExchange::OverdueInQueue(MonoTime now) const {
  if (auto error = Overdue(now, false)) return error;
  if (now - sent_ <= queue_timeout_) return std::nullopt;
  return UpstreamError(ErrorCode::kOverloaded,
                       "upstream: no connection came free in time; raise max_connections");
}

std::optional<Error> PlainExchange::Overdue(MonoTime now, bool standing) const {
  if (request_.total_timeout.count() > 0 && now - sent_ > request_.total_timeout) {
    return UpstreamError(ErrorCode::kDeadlineExceeded,
                         "upstream: the answer did not end within the total timeout");
  }
  if (!standing) return std::nullopt;
  const MonoTime::duration still = now - last_activity_;
  if (!delivered_ && still > request_.first_byte_timeout) {
    return UpstreamError(ErrorCode::kDeadlineExceeded,
                         "upstream: no answer began within the first-byte timeout");
  }
  if (delivered_ && still > request_.idle_timeout) {
    return UpstreamError(ErrorCode::kDeadlineExceeded,
                         "upstream: the answer stood still for the idle timeout");
  }
  return std::nullopt;
}

}  // namespace larder
