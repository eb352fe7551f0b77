#include "proxy/upstream/plain_loop.h"

#include <algorithm>
#include <utility>

namespace larder {

PlainLoop::PlainLoop(EventLoop& events, std::shared_ptr<PlainShared> shared,
                     std::function<void(PlainLoop&)> on_shut)
    : events_(events),
      shared_(std::move(shared)),
      on_shut_(std::move(on_shut)),
      link_(std::make_shared<LoopLink>(events)),
      // The task runs on this loop, or not at all: this is there then.
      seat_(shared_->permits.Join([this, link = link_] { link->Post([this] { OnWake(); }); })),
      about_now_(shared_->clock.Monotonic()),
      buffer_(kReceiveBytes) {}

PlainLoop::~PlainLoop() {
  Shut();
}

void PlainLoop::Shut() {
  if (std::exchange(shut_, true)) return;
  for (const auto& exchange : std::exchange(waiting_, {})) {
    exchange->Fail(PlainShared::ShuttingDown());
  }
  idle_.clear();
  for (const auto& [raw, connection] : std::exchange(connections_, {})) {
    connection->Close(PlainShared::ShuttingDown());
  }
  shared_->permits.Leave(*seat_);
  link_->Cut();
  on_shut_(*this);
}

void PlainLoop::Begin(std::shared_ptr<PlainExchange> exchange) {
  if (shut_) {
    exchange->Fail(PlainShared::ShuttingDown());
    return;
  }
  exchange->SetLink(link_);
  if (waiting_.empty() && TryStart(exchange)) return;
  if (!shared_->permits.BeginWaiting(*seat_)) {
    exchange->Fail(
        UpstreamError(ErrorCode::kOverloaded,
                      "upstream: too many requests wait for a connection; raise max_queue"));
    return;
  }
  waiting_.push_back(std::move(exchange));
}

bool PlainLoop::TryStart(const std::shared_ptr<PlainExchange>& exchange) {
  const std::string& authority = exchange->rendered().authority;
  if (PlainConnection* const idle = TakeIdle(authority); idle != nullptr) {
    idle->Serve(exchange);
    return true;
  }
  if (!shared_->permits.TakePermit(*seat_)) {
    if (idle_.empty()) return false;
    CloseOldestIdle();  // to another authority; its permit serves this one
  }
  const auto connection = std::make_shared<PlainConnection>(*this, authority);
  connections_.emplace(connection.get(), connection);
  connection->Open(exchange);
  return true;
}

PlainConnection* PlainLoop::TakeIdle(const std::string& authority) {
  for (auto at = idle_.rbegin(); at != idle_.rend(); ++at) {
    if ((*at)->authority() != authority) continue;
    PlainConnection* const connection = *at;
    idle_.erase(std::next(at).base());
    seat_->SetIdle(idle_.size());
    return connection;
  }
  return nullptr;
}

void PlainLoop::CloseOldestIdle() {
  const auto connection = connections_.extract(idle_.front()).mapped();
  idle_.erase(idle_.begin());
  seat_->SetIdle(idle_.size());
  connection->Close(PlainShared::ShuttingDown());
}

void PlainLoop::Pump() {
  if (std::exchange(pumping_, true)) return;  // the loop below goes on
  while (!waiting_.empty() && TryStart(waiting_.front())) {
    waiting_.pop_front();
    shared_->permits.EndWaiting(*seat_);
  }
  pumping_ = false;
}

void PlainLoop::OnWake() {
  if (shut_) return;
  Pump();
  while (!idle_.empty() && shared_->permits.IsWantedElsewhere(*seat_)) {
    CloseOldestIdle();
    shared_->permits.GivePermit(*seat_);
  }
}

void PlainLoop::OnFree(PlainConnection& connection) {
  idle_.push_back(&connection);
  seat_->SetIdle(idle_.size());
  if (shared_->permits.IsWantedElsewhere(*seat_)) {
    CloseOldestIdle();
    shared_->permits.GivePermit(*seat_);
  }
  if (!waiting_.empty()) Pump();
}

void PlainLoop::OnClosed(PlainConnection& connection) {
  if (connections_.erase(&connection) == 0) return;
  shared_->permits.GivePermit(*seat_);
  if (!waiting_.empty()) Pump();
}

void PlainLoop::OnIdleLost(PlainConnection& connection) {
  std::erase(idle_, &connection);
  seat_->SetIdle(idle_.size());
  connection.Close(PlainShared::ShuttingDown());
  OnClosed(connection);
}

void PlainLoop::OnTick() {
  if (shut_) return;
  about_now_ = shared_->clock.Monotonic();
  std::erase_if(waiting_, [&](const std::shared_ptr<PlainExchange>& exchange) {
    const auto error = exchange->OverdueInQueue(about_now_);
    if (!error) return false;
    exchange->Fail(*error);
    shared_->permits.EndWaiting(*seat_);
    return true;
  });
  std::vector<std::shared_ptr<PlainConnection>> connections;
  connections.reserve(connections_.size());
  for (const auto& [raw, connection] : connections_) connections.push_back(connection);
  for (const auto& connection : connections) {
    if (connections_.contains(connection.get())) connection->OnTick(about_now_);
  }
  OnWake();
}

}  // namespace larder
