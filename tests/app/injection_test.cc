// The table of requests that try to be more than data, against the whole server between raw
// sockets: nothing of them is a field, a request or a credential before upstream, none chooses
// another upstream, none gets at another caller's answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/mutex.h"
#include "tests/support/injection_rows.h"
#include "tests/support/raw_server.h"
#include "tests/support/started_app.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

std::string Filled(std::string text, const std::string& mark, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += with.size()) {
    text.replace(at, mark.size(), with);
  }
  return text;
}

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// The names of a head's fields, in lower case.
std::vector<std::string> NamesIn(const std::string& head) {
  std::vector<std::string> names;
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size() && head.compare(at, 2, "\r\n") != 0) {
    const std::size_t end = head.find("\r\n", at);
    names.push_back(Lower(head.substr(at, std::min(head.find(':', at), end) - at)));
    at = end + 2;
  }
  return names;
}

// What the rows send that is data to upstream, and what Larder adds; nothing else may be there.
const std::set<std::string> kMayArrive = {"host",
                                          "x-row",
                                          "authorization",
                                          "content-type",
                                          "content-length",
                                          "transfer-encoding",
                                          "accept-encoding",
                                          "content-encoding",
                                          "via",
                                          "traceparent",
                                          "x-thing",
                                          "openai-project",
                                          "openai-organization",
                                          "x-forwarded-host",
                                          "x-forwarded-for",
                                          "x-forwarded-proto",
                                          "x-forwarded-server",
                                          "x-host",
                                          "x-original-url",
                                          "x-rewrite-url",
                                          "forwarded",
                                          "x-real-ip",
                                          "remote_addr",
                                          "x-upstream",
                                          "base-url",
                                          "x-http-method-override",
                                          "origin",
                                          "referer",
                                          "range",
                                          "if-none-match",
                                          "sec-websocket-protocol",
                                          "authorization_"};

class InjectionTest : public StartedAppTest {
 protected:
  InjectionTest() : StartedAppTest(LogFormat::kText, LogLevel::kError) {
    config_.upstream.url = upstream_.url() + "/base/v1";
    config_.upstream.api_key = "sk-held";
    UpstreamOptions other;
    other.name = "other";
    other.url = other_.url() + "/v1";
    other.models = {"vip-*"};
    UpstreamOptions by_path = other;
    by_path.name = "by-path";
    by_path.models.clear();
    by_path.paths = {"/vip/*"};
    config_.upstreams = {other, by_path};
    app_ = Started();
  }
  ~InjectionTest() override { app_.reset(); }

  std::uint16_t port() const {
    return static_cast<std::uint16_t>(
        std::stoi(app_->address().substr(app_->address().rfind(':') + 1)));
  }
  RawMessage Ask(const InjectionRow& row, const std::string& tag) const {
    RawClient client(port());
    const std::string other = "127.0.0.1:" + std::to_string(other_.port());
    std::string bytes = Filled(Filled(row.bytes, "%T", tag), "%B", other);
    const std::size_t body = std::min(bytes.size(), bytes.find("\r\n\r\n") + 4);
    client.Send(Filled(bytes, "%L", std::to_string(bytes.size() - body)));
    return client.ReadResponse();
  }
  // What upstream received under a tag, in order.
  std::vector<RawMessage> ReceivedFrom(const std::string& tag) {
    std::vector<RawMessage> received;
    MutexLock lock(mutex_);
    for (const RawMessage& request : received_) {
      if (request.Field("x-row") == tag) received.push_back(request);
    }
    return received;
  }
  void Answer(RawClient& peer) {
    while (true) {
      RawMessage request = peer.ReadRequest();
      if (request.head.empty()) return;
      // The first caller of all is the one whose answers nobody else may see.
      const bool victims = request.Field("x-row") == "victim";
      std::string body = victims ? R"({"choices":[{"message":{"content":"for the victim"}}]})"
                                 : R"({"choices":[{"message":{"content":"for others"}}]})";
      if (request.start_line().find("/embeddings") != std::string::npos) {
        body = std::string(R"({"data":[{"index":0,"embedding":[)") + (victims ? "0.4242" : "0.1") +
               R"(,1]}],"usage":{"prompt_tokens":1,"total_tokens":1}})";
      }
      {
        MutexLock lock(mutex_);
        received_.push_back(std::move(request));
      }
      peer.Send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    }
  }
  void ExpectOnlyData(const RawMessage& request) const {
    const auto names = NamesIn(request.head);
    const std::set<std::string> unique(names.begin(), names.end());
    EXPECT_THAT(kMayArrive, IsSupersetOf(unique));
    for (const char* once : {"host", "authorization", "x-row"}) {
      EXPECT_EQ(request.CountField(once), 1U) << once;
    }
    EXPECT_LE(request.CountField("content-length") + request.CountField("transfer-encoding"), 1U);
    EXPECT_EQ(request.Field("host"), "127.0.0.1:" + std::to_string(upstream_.port()));
    EXPECT_EQ(request.Field("authorization"), "Bearer sk-held");
    EXPECT_THAT(request.head, Not(HasSubstr("sk-client")));
    EXPECT_TRUE(request.complete);
  }

  Mutex mutex_;
  std::vector<RawMessage> received_ LARDER_GUARDED_BY(mutex_);
  RawServer upstream_{[this](RawClient& peer) { Answer(peer); }};
  RawServer other_{[](RawClient& peer) {
    if (peer.ReadRequest().complete) {
      peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}");
    }
  }};
  std::unique_ptr<App> app_;
};

TEST(InjectionRowsTest, ThereAreMoreThan200WithNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const InjectionRow& row : InjectionRows()) names.insert(row.name);
  EXPECT_EQ(names.size(), InjectionRows().size());
  EXPECT_GT(names.size(), 200U);
}

TEST_F(InjectionTest, NoneIsMoreThanDataChoosesAnUpstreamOrGetsAnothersAnswer) {
  // The victim has asked for what the rows ask for, and could have it again.
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Ask(PlainChat("m"), "victim").body, HasSubstr("for the victim"));
    EXPECT_THAT(Ask(PlainEmbed(), "victim").body, HasSubstr("0.4242"));
  }
  EXPECT_EQ(ReceivedFrom("victim").size(), 2U);
  const auto rows = InjectionRows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(rows[i].name);
    const std::string tag = std::to_string(i);
    const RawMessage answer = Ask(rows[i], tag);
    EXPECT_THAT(answer.body, Not(HasSubstr("for the victim")));
    EXPECT_THAT(answer.body, Not(HasSubstr("0.4242")));
    EXPECT_THAT(Lower(answer.head), Not(HasSubstr("\r\nx-injected")));
    const bool refused = rows[i].must == InjectionRow::Must::kBeRefused;
    EXPECT_GE(answer.status(), refused ? 400 : 200);
  }
  app_.reset();  // whatever was smuggled has arrived by now
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(rows[i].name);
    const auto received = ReceivedFrom(std::to_string(i));
    EXPECT_LE(received.size(), rows[i].must == InjectionRow::Must::kBeRefused ? 0U : 1U);
    for (const RawMessage& request : received) ExpectOnlyData(request);
    if (rows[i].must != InjectionRow::Must::kArrive) continue;
    ASSERT_EQ(received.size(), 1U);
    const std::string other = "127.0.0.1:" + std::to_string(other_.port());
    EXPECT_EQ(received[0].start_line(), Filled(rows[i].line, "%B", other));
  }
  EXPECT_EQ(other_.accepted(), 0U);
  MutexLock lock(mutex_);
  for (const RawMessage& request : received_) {
    EXPECT_TRUE(request.Field("x-row")) << request.head << ": this is nobody's";
  }
}

TEST_F(InjectionTest, WhatMeansAnotherUpstreamGoesThere) {
  EXPECT_EQ(Ask(PlainChat("vip-1"), "0").status(), 200);
  EXPECT_EQ(Ask(PlainChat(R"(\u0076ip-1)"), "1").status(), 200);
  EXPECT_EQ(Ask(PlainGet("/v1/vip/x"), "2").status(), 200);
  EXPECT_EQ(Ask(PlainGet("/v1/%76ip/x"), "3").status(), 200);
  EXPECT_EQ(Ask(PlainGet("/v1//vip//x"), "4").status(), 200);
  EXPECT_EQ(other_.accepted(), 5U);
}

}  // namespace
}  // namespace larder
