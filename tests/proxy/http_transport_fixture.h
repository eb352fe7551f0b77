// What the tests of every Transport of http:// share: one of each kind, and requests to a
// RawServer through an HttpUpstream over it.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <ostream>
#include <string>

#include "proxy/http/byte_channel.h"
#include "proxy/upstream/curl_engine.h"
#include "proxy/upstream/http_upstream.h"
#include "proxy/upstream/plain_engine.h"
#include "tests/support/fiber_transport.h"
#include "tests/support/raw_server.h"

namespace larder {

enum class TransportKind { kCurl, kPlain, kPlainOnFibers };

inline std::string TransportKindName(TransportKind kind) {
  switch (kind) {
    case TransportKind::kCurl:
      return "Curl";
    case TransportKind::kPlain:
      return "Plain";
    case TransportKind::kPlainOnFibers:
      break;
  }
  return "PlainOnFibers";
}

inline std::ostream& operator<<(std::ostream& out, TransportKind kind) {
  return out << TransportKindName(kind);
}

inline const auto kTransportKinds =
    testing::Values(TransportKind::kCurl, TransportKind::kPlain, TransportKind::kPlainOnFibers);

inline PlainEngineOptions PlainOptionsOf(const CurlEngineOptions& options) {
  return {.max_connections = options.max_connections,
          .max_queue = options.max_queue,
          .queue_timeout = options.queue_timeout,
          .connect_timeout = options.connect_timeout,
          .body_window_bytes = options.body_window_bytes};
}

inline std::unique_ptr<Transport> MakeTransport(TransportKind kind,
                                                const CurlEngineOptions& options,
                                                const Clock& clock) {
  if (kind == TransportKind::kCurl) return std::move(CurlEngine::Start(options, clock)).value();
  auto plain = std::make_unique<PlainEngine>(PlainOptionsOf(options), clock);
  if (kind == TransportKind::kPlain) return plain;
  return std::make_unique<FiberTransport>(std::move(plain));
}

class HttpTransport : public testing::Test {
 protected:
  using Got = std::pair<ReadState, std::string>;

  explicit HttpTransport(TransportKind kind) : kind_(kind) { StartEngine(); }
  // The engine anew, with options_ as they stand.
  void StartEngine() { engine_ = MakeTransport(kind_, options_, clock_); }

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

  const TransportKind kind_;
  SystemClock clock_;
  CurlEngineOptions options_;
  std::unique_ptr<Transport> engine_;
};

// Every test of this suite runs once for each kind; http_transport_test.cc says so.
class HttpTransportTest : public HttpTransport, public testing::WithParamInterface<TransportKind> {
 protected:
  HttpTransportTest() : HttpTransport(GetParam()) {}
};

inline std::string Ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace larder
