// UsageWatch: reads, of an answer that passes by, what upstream bills for it, and charges it to the
// caller once. What upstream does not tell (a stream without usage, one that its client left, an
// answer in a coding) is estimated: who must keep to a limit must not get round it by not listening
// to the end. MeteredBody is a body that is watched so. Thread-safety: none; one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proxy/access/limiter.h"
#include "proxy/http/body.h"
#include "proxy/openai/response_policy.h"
#include "proxy/openai/sse_scanner.h"

namespace larder {

class UsageWatch {
 public:
  // `model` as it was asked for; empty when that is not known: then what the answer says of it
  // counts. `request_bytes` of the request's body.
  UsageWatch(std::shared_ptr<Meter> meter, std::string model, Endpoint endpoint, bool event_stream,
             std::size_t request_bytes)
      : meter_(std::move(meter)),
        model_(std::move(model)),
        endpoint_(endpoint),
        event_stream_(event_stream),
        request_bytes_(request_bytes),
        scanner_(endpoint) {}
  // As Settle of one that was left before its end, unless it is settled.
  ~UsageWatch() { Settle(false); }
  UsageWatch(const UsageWatch&) = delete;
  UsageWatch& operator=(const UsageWatch&) = delete;

  void OnBytes(std::string_view bytes);
  // Charges, at the first call. `ended`: there was all of it.
  void Settle(bool ended);

 private:
  // Of an answer in one piece, or of a stream's events: more is not read, but estimated.
  static constexpr std::size_t kMostBytes = std::size_t{32} << 20;

  const std::shared_ptr<Meter> meter_;  // shared with the request
  std::string model_;
  const Endpoint endpoint_;
  const bool event_stream_;
  const std::size_t request_bytes_;
  SseScanner scanner_;  // of a stream
  std::string body_;    // of any other
  std::size_t seen_ = 0;
  bool settled_ = false;
};

// Whether the answer is a stream of events.
bool IsEventStream(const Headers& headers);

class MeteredBody final : public BodySource {
 public:
  MeteredBody(std::shared_ptr<BodySource> inner, std::unique_ptr<UsageWatch> watch)
      : inner_(std::move(inner)), watch_(std::move(watch)) {}

  ReadState TryRead(std::size_t max_bytes, std::string& out) override;
  void SetWaker(std::function<void()> waker) override { inner_->SetWaker(std::move(waker)); }
  std::optional<std::string> TakeWhole() override;
  Error error() const override { return inner_->error(); }

 private:
  const std::shared_ptr<BodySource> inner_;  // replies hand it out so
  const std::unique_ptr<UsageWatch> watch_;
};

}  // namespace larder
