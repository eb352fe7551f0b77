// FakeTransport: a Transport that answers as a FakeUpstream is told to, and remembers the URLs.
// Thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "proxy/upstream/transport.h"
#include "tests/support/fake_upstream.h"

namespace larder {

class FakeTransport final : public Transport {
 public:
  FakeUpstream upstream;

  Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request) override {
    {
      MutexLock lock(mutex_);
      urls_.push_back(url);
    }
    return upstream.Send(std::move(request));
  }
  std::size_t queued() const override { return 0; }
  void Abort() override {}

  std::vector<std::string> urls() const {
    MutexLock lock(mutex_);
    return urls_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> urls_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
