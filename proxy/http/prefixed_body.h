// A body whose beginning has been read already: the prefix first, then the rest. One reader.
#pragma once

#include "proxy/http/body.h"

namespace larder {

class PrefixedBody final : public BodySource {
 public:
  PrefixedBody(std::string prefix, std::shared_ptr<BodySource> rest)
      : prefix_(std::move(prefix)), rest_(std::move(rest)) {}

  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    if (prefix_.TryRead(max_bytes, out) == ReadState::kData) return ReadState::kData;
    return rest_->TryRead(max_bytes, out);
  }
  void SetWaker(std::function<void()> waker) override { rest_->SetWaker(std::move(waker)); }
  Error error() const override { return rest_->error(); }

 private:
  StringBody prefix_;
  std::shared_ptr<BodySource> rest_;
};

}  // namespace larder
