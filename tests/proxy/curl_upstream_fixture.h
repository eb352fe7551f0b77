// What the tests of HttpUpstream and of what libcurl alone does share: an engine, and requests to a
// RawServer.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "proxy/http/byte_channel.h"
#include "proxy/upstream/http_upstream.h"
#include "tests/support/raw_server.h"

namespace larder {

class CurlUpstreamTest : public testing::Test {
 protected:
  using Got = std::pair<ReadState, std::string>;

  CurlUpstreamTest() { StartEngine(); }
  // The engine anew, with options_ as they stand.
  void StartEngine() { engine_ = std::move(CurlEngine::Start(options_, clock_)).value(); }

  static UpstreamRequest Get(const std::string& path = "/a") {
    UpstreamRequest request;
    request.method = "GET";
    request.path_and_query = path;
    request.first_byte_timeout = std::chrono::seconds(20);
    request.idle_timeout = std::chrono::seconds(20);
    return request;
  }
  static UpstreamRequest Post(std::string body) {
    UpstreamRequest request = Get();
    request.method = "POST";
    request.body = std::move(body);
    return request;
  }

  Result<UpstreamReply> Send(const RawServer& server, UpstreamRequest request) {
    return HttpUpstream(server.url() + "/v1", *engine_).Send(std::move(request));
  }
  // The error of a request that must fail.
  ErrorCode SendFails(const RawServer& server, UpstreamRequest request = Get()) {
    const auto reply = Send(server, std::move(request));
    EXPECT_FALSE(reply.ok());
    return reply.ok() ? ErrorCode::kInternal : reply.error().code;
  }
  MonoTime Soon() const { return clock_.Monotonic() + std::chrono::seconds(20); }
  // Reads a body to its end.
  Got ReadAll(BodySource& body) const {
    std::string bytes;
    while (true) {
      const auto state = ReadSome(body, 10'000, bytes, Soon());
      if (!state.ok()) return {ReadState::kWait, bytes};
      if (*state != ReadState::kData) return {*state, bytes};
    }
  }
  // Status, body and how it ended, for a server that answers `bytes` once and closes.
  Got Fetch(const std::string& bytes) {
    RawServer server(RawServer::AnsweringOnce(bytes));
    const auto reply = Send(server, Get());
    if (!reply.ok()) return {ReadState::kFailed, std::string(ErrorCodeName(reply.error().code))};
    return ReadAll(*reply->body);
  }

  SystemClock clock_;
  CurlEngineOptions options_;
  std::unique_ptr<CurlEngine> engine_;
};

inline std::string Ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace larder
