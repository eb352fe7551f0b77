// A TokenSource over a token endpoint that a test scripts, with flights that it can wait for.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/memory_store.h"
#include "proxy/http/worker_pool.h"
#include "proxy/upstream/token_source.h"
#include "tests/support/fake_transport.h"
#include "tests/support/manual_clock.h"

namespace larder {

class TokenFixture : public testing::Test {
 protected:
  using milliseconds = std::chrono::milliseconds;
  using seconds = std::chrono::seconds;
  static constexpr milliseconds kWait{10'000};

  TokenFixture() {
    options_.token_url = "https://login.example/token";
    options_.client_id = "id";
    options_.client_secret = "client-secret";
    MakeSource();
  }
  ~TokenFixture() override {
    source_->Stop();
    endpoint().Release();
    pool_.Stop();
  }
  // Anew, as after a restart, with options_ as they stand.
  void MakeSource() {
    if (source_ != nullptr) WaitForFlights(begun_);
    token_endpoint_ = std::move(TokenEndpoint::Create(options_, transport_, clock_)).value();
    source_ = std::make_unique<TokenSource>(
        "azure", options_,
        TokenSource::Parts{*token_endpoint_, clock_,
                           [this](std::function<void()> work) { return Run(std::move(work)); },
                           [] { return 0.0; }});
    source_->Keep(kept_);
    source_->set_observer([this](const std::string&, const Status& status) {
      MutexLock lock(mutex_);
      news_.push_back(status.ok() ? "well" : status.error().message);
    });
  }

  // The token endpoint as an upstream: its scripts and calls.
  FakeUpstream& endpoint() { return transport_.upstream; }
  void NextToken(const std::string& token, int expires_in = 3600) {
    endpoint().Reply({.body = R"({"access_token":")" + token +
                              R"(","token_type":"Bearer","expires_in":)" +
                              std::to_string(expires_in) + "}"});
  }
  // The token, or "" for an error.
  std::string Get() {
    const auto token = source_->Get(kWait);
    return token.ok() ? token->text : "";
  }
  Error Failure() {
    const auto token = source_->Get(kWait);
    return token.ok() ? InternalError("there is a token") : token.error();
  }
  // Flights that were begun have landed and told of it.
  void WaitForFlights(std::size_t count) {
    MutexLock lock(mutex_);
    while (landed_ < count) flights_.Wait(mutex_);
  }
  std::vector<std::string> News() {
    MutexLock lock(mutex_);
    return news_;
  }

  ManualClock clock_;
  FakeTransport transport_;
  MemoryStore store_;
  TokenStore kept_{store_, DeriveSecret("master", "larder upstream tokens")};
  OAuthOptions options_;
  WorkerPool pool_{{.max_threads = 4, .queue_limit = 16}};
  std::unique_ptr<TokenEndpoint> token_endpoint_;
  std::unique_ptr<TokenSource> source_;

 private:
  bool Run(std::function<void()> work) {
    {
      MutexLock lock(mutex_);
      ++begun_;
    }
    return pool_.Submit([this, work = std::move(work)] {
      work();
      MutexLock lock(mutex_);
      ++landed_;
      flights_.NotifyAll();
    });
  }

  Mutex mutex_;
  CondVar flights_;
  std::size_t begun_ = 0;
  std::size_t landed_ LARDER_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> news_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
