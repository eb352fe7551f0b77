// FakeLarder: a server that answers as a test says, for what talks to a Larder over HTTP. It
// records what it was asked. Over cpp-httplib, on a free port of 127.0.0.1.
//
//   FakeLarder server;
//   server.Answer("GET", "/admin/v1/stats", {200, "application/json", R"({"version":"1"})"});
//   ... RunCommand({.server = server.url()}) ...
//   EXPECT_EQ(server.calls()[0].query, "window=1h");
//
// Thread-safety: every method may be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/http/headers.h"

namespace larder {

struct LarderCall {
  std::string method;
  std::string path;
  std::string query;  // as it came
  Headers headers;
  std::string body;
};

struct LarderReply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  // Sent one after another, chunked, when `body` is empty; the exchange breaks off behind them when
  // `broken`, and is left open (until the fake ends) when `open`.
  std::vector<std::string> pieces = {};
  bool broken = false;
  bool open = false;
  Headers headers = {};
};

class FakeLarder {
 public:
  using Compute = std::function<LarderReply(const LarderCall&)>;

  FakeLarder();
  ~FakeLarder();
  FakeLarder(const FakeLarder&) = delete;
  FakeLarder& operator=(const FakeLarder&) = delete;

  // "http://127.0.0.1:PORT".
  std::string url() const;

  // For every call of this method and path; 404 for what has no answer. `compute` runs on the
  // server's threads, maybe several at once.
  void Answer(const std::string& method, const std::string& path, LarderReply reply);
  void AnswerBy(const std::string& method, const std::string& path, Compute compute);

  // In the order in which they arrived.
  std::vector<LarderCall> calls() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace larder
