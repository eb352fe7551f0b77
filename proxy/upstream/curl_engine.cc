#include "proxy/upstream/curl_engine.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <unordered_set>

#include "proxy/upstream/curl_exchange.h"
#include "proxy/upstream/curl_tunnels.h"

namespace larder {
namespace {

constexpr int kTickMillis = 100;

}  // namespace

class CurlEngine::Impl : public std::enable_shared_from_this<CurlEngine::Impl> {
 public:
  Impl(CurlEngineOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  ~Impl() {
    Stop();
    if (multi_ != nullptr) curl_multi_cleanup(multi_);
    if (timer_fd_ >= 0) ::close(timer_fd_);
  }

  Status Start() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    LARDER_ASSIGN_OR_RETURN(loop_, EventLoop::Create());
    tunnels_ = std::make_unique<CurlTunnels>(options_, loop_, clock_);
    multi_ = curl_multi_init();
    timer_fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (multi_ == nullptr || timer_fd_ < 0) return InternalError("libcurl could not be started");
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(options_.max_connections));
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.max_connections));
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Impl::OnSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Impl::OnTimer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    LARDER_RETURN_IF_ERROR(loop_->Watch(timer_fd_, EPOLLIN, [this](std::uint32_t) {
      std::uint64_t expirations = 0;
      (void)!::read(timer_fd_, &expirations, sizeof(expirations));
      Act(CURL_SOCKET_TIMEOUT, 0);
    }));
    loop_->Start(
        [this] {
          CutOverdue();
          tunnels_->OnTick();
        },
        kTickMillis);
    return {};
  }

  // Ends the loop, then everything on it, what had not begun included.
  void Stop() {
    if (loop_ == nullptr) return;
    loop_->Stop();
    tunnels_->Stop();
    for (const auto& exchange : Close()) {
      curl_multi_remove_handle(multi_, exchange->easy());
      exchange->Fail(ShuttingDown());
    }
  }

  Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request);

  CurlTunnels& tunnels() { return *tunnels_; }

  std::size_t queued() const {
    MutexLock lock(mutex_);
    return Queued();
  }

  void Abort() {
    tunnels_->Abort();
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    loop_->Post([this] {
      for (const auto& exchange : Close()) {
        curl_multi_remove_handle(multi_, exchange->easy());
        exchange->Fail(ShuttingDown());
      }
    });
  }

  void Cancel(const std::shared_ptr<CurlExchange>& exchange) {
    loop_->Post([this, exchange] {
      if (!Drop(exchange)) return;
      exchange->Fail(
          Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "nobody reads the answer"});
    });
  }

 private:
  static int OnSocket(CURL* /*easy*/, curl_socket_t fd, int what, void* self, void* watched) {
    auto* impl = static_cast<Impl*>(self);
    if (what == CURL_POLL_REMOVE) {
      impl->loop_->Unwatch(fd);
      return 0;
    }
    std::uint32_t events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
    if (watched != nullptr) {
      impl->loop_->Rewatch(fd, events);
      return 0;
    }
    curl_multi_assign(impl->multi_, fd, impl);
    const Status status = impl->loop_->Watch(fd, events, [impl, fd](std::uint32_t ready) {
      int action = 0;
      if ((ready & EPOLLIN) != 0) action |= CURL_CSELECT_IN;
      if ((ready & EPOLLOUT) != 0) action |= CURL_CSELECT_OUT;
      if ((ready & (EPOLLERR | EPOLLHUP)) != 0) action |= CURL_CSELECT_ERR;
      impl->Act(fd, action);
    });
    return status.ok() ? 0 : -1;
  }

  static int OnTimer(CURLM* /*multi*/, long millis, void* self) {
    itimerspec when{};
    if (millis > 0) {
      when.it_value.tv_sec = millis / 1000;
      when.it_value.tv_nsec = (millis % 1000) * 1'000'000;
    } else if (millis == 0) {
      when.it_value.tv_nsec = 1;  // at once, but not from inside this call
    }
    ::timerfd_settime(static_cast<Impl*>(self)->timer_fd_, 0, &when, nullptr);
    return 0;
  }

  void Act(curl_socket_t fd, int action) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, action, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      void* raw = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &raw);
      const CURLcode code = message->data.result;
      const auto exchange = static_cast<CurlExchange*>(raw)->shared_from_this();
      if (Drop(exchange)) exchange->Finish(code);
    }
  }

  static Error ShuttingDown() {
    return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "the server is shutting down"};
  }

  // False when it had been dropped before.
  bool Drop(const std::shared_ptr<CurlExchange>& exchange) {
    {
      MutexLock lock(mutex_);
      if (exchanges_.erase(exchange) == 0) return false;
    }
    curl_multi_remove_handle(multi_, exchange->easy());  // nothing, when it was not added yet
    return true;
  }

  // Takes no more exchanges; those that were under way.
  std::unordered_set<std::shared_ptr<CurlExchange>> Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    return std::exchange(exchanges_, {});
  }

  // Whether one more exchange may wait. Exact for HTTP/1: those under way may be as many as there
  // are connections and places in the queue, so that a burst is not refused while connections are
  // free. Over HTTP/2 more share a connection than there are connections, and do not wait.
  bool HasRoom() const LARDER_REQUIRES(mutex_) {
    return exchanges_.size() < options_.max_connections + options_.max_queue ||
           (Queued() < options_.max_queue &&
            exchanges_.size() - Queued() >= options_.max_connections);
  }

  std::size_t Queued() const LARDER_REQUIRES(mutex_) {
    return static_cast<std::size_t>(
        std::count_if(exchanges_.begin(), exchanges_.end(),
                      [](const auto& exchange) { return exchange->waiting(); }));
  }

  void CutOverdue() {
    const MonoTime now = clock_.Monotonic();
    std::vector<std::pair<std::shared_ptr<CurlExchange>, Error>> overdue;
    {
      MutexLock lock(mutex_);
      for (const auto& exchange : exchanges_) {
        if (auto error = exchange->Overdue(now)) overdue.emplace_back(exchange, *std::move(error));
      }
    }
    for (auto& [exchange, error] : overdue) {
      if (Drop(exchange)) exchange->Fail(std::move(error));
    }
  }

  const CurlEngineOptions options_;
  const Clock& clock_;
  std::shared_ptr<EventLoop> loop_;  // shared with tunnels whose wakers may still run
  std::unique_ptr<CurlTunnels> tunnels_;
  CURLM* multi_ = nullptr;
  int timer_fd_ = -1;
  mutable Mutex mutex_;
  bool closed_ LARDER_GUARDED_BY(mutex_) = false;
  // Those that somebody waits for or reads; shared with the callers of Send and the bodies handed
  // out.
  std::unordered_set<std::shared_ptr<CurlExchange>> exchanges_ LARDER_GUARDED_BY(mutex_);
};

namespace {

// The body of a reply: when its reader lets go before the end, the exchange is cancelled.
template <typename Engine>
class ExchangeBody final : public BodySource {
 public:
  ExchangeBody(std::weak_ptr<Engine> engine, std::shared_ptr<CurlExchange> exchange)
      : engine_(std::move(engine)), exchange_(std::move(exchange)) {}
  ~ExchangeBody() override {
    exchange_->body()->SetRoomWaker({});
    exchange_->body()->Leave();
    if (ended_) return;
    if (const auto engine = engine_.lock()) engine->Cancel(exchange_);
  }
  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    const ReadState state = exchange_->body()->TryRead(max_bytes, out);
    if (state == ReadState::kEnd || state == ReadState::kFailed) ended_ = true;
    return state;
  }
  void SetWaker(std::function<void()> waker) override {
    exchange_->body()->SetWaker(std::move(waker));
  }
  Error error() const override { return exchange_->body()->error(); }

 private:
  std::weak_ptr<Engine> engine_;
  std::shared_ptr<CurlExchange> exchange_;
  bool ended_ = false;
};

}  // namespace

Result<UpstreamReply> CurlEngine::Impl::Send(const std::string& url, UpstreamRequest request) {
  auto exchange =
      std::make_shared<CurlExchange>(url, std::move(request), options_.body_window_bytes);
  LARDER_RETURN_IF_ERROR(exchange->Prepare(
      options_,
      [weak = weak_from_this()](std::function<void()> task) {
        if (const auto self = weak.lock()) self->loop_->Post(std::move(task));
      },
      clock_));
  {
    MutexLock lock(mutex_);
    if (closed_) return ShuttingDown();
    if (!HasRoom()) {
      return UpstreamError(ErrorCode::kOverloaded,
                           "upstream: too many requests wait for a connection; raise max_queue");
    }
    exchanges_.insert(exchange);
  }
  loop_->Post([this, exchange] {
    bool wanted = false;
    {
      MutexLock lock(mutex_);
      wanted = exchanges_.contains(exchange);
    }
    if (wanted) curl_multi_add_handle(multi_, exchange->easy());
  });
  auto head = exchange->WaitForHead();
  if (!head.ok()) return head.error();
  head->body = std::make_shared<ExchangeBody<Impl>>(weak_from_this(), std::move(exchange));
  return std::move(head).value();
}

Result<std::unique_ptr<CurlEngine>> CurlEngine::Start(CurlEngineOptions options,
                                                      const Clock& clock) {
  auto impl = std::make_shared<Impl>(std::move(options), clock);
  LARDER_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<CurlEngine>(new CurlEngine(std::move(impl)));
}

CurlEngine::~CurlEngine() {
  impl_->Stop();
}

Result<UpstreamReply> CurlEngine::Send(const std::string& url, UpstreamRequest request) {
  return impl_->Send(url, std::move(request));
}

Result<UpstreamReply> CurlEngine::OpenTunnel(const std::string& url, UpstreamRequest request) {
  return impl_->tunnels().Open(url, std::move(request));
}

std::size_t CurlEngine::queued() const {
  return impl_->queued();
}

void CurlEngine::Abort() {
  impl_->Abort();
}

}  // namespace larder
