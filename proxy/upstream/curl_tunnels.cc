#include "proxy/upstream/curl_tunnels.h"

#include <utility>
#include <vector>

#include "proxy/upstream/curl_tunnel.h"

namespace larder {
namespace {

Error ShuttingDown() {
  return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "the server is shutting down"};
}

// The bytes that come down a tunnel: when their reader lets go, the tunnel ends.
class TunnelBody final : public BodySource {
 public:
  explicit TunnelBody(std::shared_ptr<CurlTunnel> tunnel) : tunnel_(std::move(tunnel)) {}
  ~TunnelBody() override {
    tunnel_->body()->Leave();
    tunnel_->Cancel();
  }
  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    return tunnel_->body()->TryRead(max_bytes, out);
  }
  void SetWaker(std::function<void()> waker) override {
    tunnel_->body()->SetWaker(std::move(waker));
  }
  Error error() const override { return tunnel_->body()->error(); }

 private:
  const std::shared_ptr<CurlTunnel> tunnel_;  // shared with the loop that fills it
};

}  // namespace

CurlTunnels::CurlTunnels(CurlEngineOptions options, std::shared_ptr<EventLoop> loop,
                         const Clock& clock)
    : options_(std::move(options)), loop_(std::move(loop)), clock_(clock) {}

Status CurlTunnels::Add(const std::shared_ptr<CurlTunnel>& tunnel) {
  MutexLock lock(mutex_);
  if (closed_) return ShuttingDown();
  if (tunnels_.size() >= options_.max_tunnels) {
    return UpstreamError(ErrorCode::kOverloaded,
                         "upstream: there are as many websockets open as are allowed; close some");
  }
  tunnels_.insert(tunnel);
  return {};
}

void CurlTunnels::Remove(const std::shared_ptr<CurlTunnel>& tunnel) {
  MutexLock lock(mutex_);
  tunnels_.erase(tunnel);
}

Result<UpstreamReply> CurlTunnels::Open(const std::string& url, UpstreamRequest request) {
  const auto tunnel = std::make_shared<CurlTunnel>(
      url, std::move(request), options_.body_window_bytes, loop_, clock_,
      [this](const std::shared_ptr<CurlTunnel>& ended) { Remove(ended); });
  LARDER_RETURN_IF_ERROR(tunnel->Prepare(options_));
  LARDER_RETURN_IF_ERROR(Add(tunnel));
  if (const Status connected = tunnel->Connect(aborted_); !connected.ok()) {
    Remove(tunnel);
    return connected.error();
  }
  loop_->Post([tunnel] { tunnel->Begin(); });
  auto reply = tunnel->WaitForHead();
  if (!reply.ok()) return reply.error();
  if (reply->status == 101) reply->body = std::make_shared<TunnelBody>(tunnel);
  return reply;
}

void CurlTunnels::OnTick() {
  std::vector<std::shared_ptr<CurlTunnel>> tunnels;
  {
    MutexLock lock(mutex_);
    tunnels.assign(tunnels_.begin(), tunnels_.end());
  }
  const MonoTime now = clock_.Monotonic();
  for (const auto& tunnel : tunnels) tunnel->OnTick(now);
}

void CurlTunnels::Abort() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  aborted_ = true;
  loop_->Post([this] { EndAll(); });
}

void CurlTunnels::Stop() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  aborted_ = true;
  EndAll();
}

void CurlTunnels::EndAll() {
  Set tunnels;
  {
    MutexLock lock(mutex_);
    tunnels.swap(tunnels_);
  }
  for (const auto& tunnel : tunnels) tunnel->End(ShuttingDown());
}

}  // namespace larder
