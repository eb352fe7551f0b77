// The whole server between a raw client and a raw upstream: what reaches upstream, and that nothing
// but whole requests does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/app.h"
#include "base/mutex.h"
#include "tests/support/raw_server.h"
#include "tests/support/request_rows.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kEmbed = R"({"model":"m","input":"a text"})";

class RelayTest : public testing::Test {
 protected:
  RelayTest() {
    config_.data_dir = dir_.path() + "/data";
    config_.front.port = 0;
    config_.log_requests = false;
    config_.upstream.url = upstream_.url() + "/v1";
    config_.max_request_bytes = 1000;
    auto app = App::Start(config_, log_);
    EXPECT_TRUE(app.ok()) << (app.ok() ? "" : app.error().message);
    app_ = std::move(app).value();
  }
  // The server goes first: upstream's script ends with its connections.
  ~RelayTest() override { app_.reset(); }

  RawClient Connect() const {
    return RawClient(static_cast<std::uint16_t>(
        std::stoi(app_->address().substr(app_->address().rfind(':') + 1))));
  }
  static std::string Head(const std::string& line, const std::string& fields) {
    return line + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
  }
  static std::string Get(const std::string& target) { return Head("GET " + target, ""); }
  static std::string Post(const std::string& target, const std::string& body,
                          const std::string& fields = "") {
    return Head("POST " + target,
                fields + "Content-Length: " + std::to_string(body.size()) + "\r\n") +
           body;
  }

  std::vector<RawMessage> received() {
    MutexLock lock(mutex_);
    return received_;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> lines;
    for (const RawMessage& request : received()) lines.push_back(request.start_line());
    return lines;
  }

  TempDir dir_;
  Config config_;
  Log log_{LogFormat::kText, LogLevel::kError};
  Mutex mutex_;
  std::vector<RawMessage> received_ LARDER_GUARDED_BY(mutex_);
  // Answers everything with an embedding.
  RawServer upstream_{[this](RawClient& peer) {
    const std::string body =
        R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,2]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}})";
    while (true) {
      RawMessage request = peer.ReadRequest();
      if (!request.complete) return;
      {
        MutexLock lock(mutex_);
        received_.push_back(std::move(request));
      }
      peer.Send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    }
  }};
  std::unique_ptr<App> app_;
};

TEST_F(RelayTest, FieldValuesAndKeysReachUpstreamByteForByte) {
  RawClient client = Connect();
  std::size_t sent = 0;
  for (const std::string& target : {std::string("/v1/echo"), std::string("/v1/embeddings")}) {
    for (const std::string& value :
         {std::string("Bearer sk-a%0d%0aX-Injected: 1"), std::string("Bearer sk-%41%zz%"),
          std::string("Bearer sk-%%%25"), std::string("Bearer a\tb  c"),
          std::string("Bearer \x80\xff\xc3\xa4"), std::string("Bearer \"q, \\\" t\";a=b"),
          std::string("Bearer sk\\r\\nX-Injected: 1")}) {
      client.Send(Post(target, kEmbed,
                       "Authorization: " + value + "\r\nX-Own: " + value +
                           "\r\nContent-Type: application/json\r\n"));
      ASSERT_EQ(client.ReadResponse().status(), 200) << value;
      ASSERT_EQ(received().size(), ++sent) << value;
      const RawMessage request = received().back();
      EXPECT_EQ(request.Field("authorization"), value);
      EXPECT_EQ(request.CountField("authorization"), 1U);
      EXPECT_EQ(request.CountField("x-injected"), 0U);
      if (target == "/v1/echo") {
        EXPECT_EQ(request.Field("x-own"), value);
      }
    }
  }
}

TEST_F(RelayTest, ATargetWithEscapesReachesUpstreamByteForByte) {
  RawClient client = Connect();
  for (const std::string target :
       {"/v1/echo?a=%0d%0aX-Injected:1", "/v1/files/a%2Fb%25?x=%zz%", "/v1/echo?%00%0a=+&&"}) {
    client.Send(Get(target));
    EXPECT_EQ(client.ReadResponse().status(), 200);
    EXPECT_EQ(received().back().start_line(), "GET " + target + " HTTP/1.1");
    EXPECT_EQ(received().back().CountField("x-injected"), 0U);
  }
}

TEST_F(RelayTest, AGetsBodyGoesWithItAndTheNextRequestIsTheNext) {
  RawClient client = Connect();
  const std::string body(kSmuggled);
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  client.Send(Head("GET /v1/echo?1", length) + body + Get("/v1/echo?2") +
              Head("GET /v1/echo?3", "Transfer-Encoding: chunked\r\n") + SmuggledInChunks() +
              Get("/v1/echo?4"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.ReadResponse().status(), 200);
  EXPECT_THAT(lines(), ElementsAre("GET /v1/echo?1 HTTP/1.1", "GET /v1/echo?2 HTTP/1.1",
                                   "GET /v1/echo?3 HTTP/1.1", "GET /v1/echo?4 HTTP/1.1"));
  EXPECT_EQ(received()[0].body, body);
  EXPECT_EQ(received()[2].body, body);
}

TEST_F(RelayTest, AnEarly4xxLeavesNoByteThatBecomesTheNextRequest) {
  std::string large;
  while (large.size() < 200'000) large += kSmuggled;
  for (const std::string& line : {std::string("POST /v1/embeddings"), std::string("POST /nowhere"),
                                  std::string("TRACE /v1/echo"), std::string("POST /livez")}) {
    for (const std::string& framing :
         {"Content-Length: " + std::to_string(large.size()) + "\r\n",
          "Content-Length: " + std::to_string(large.size()) + "\r\nExpect: 100-continue\r\n",
          std::string("Transfer-Encoding: chunked\r\n")}) {
      RawClient client = Connect();
      client.Send(Head(line, framing));
      if (framing.starts_with('T')) client.Send("fffff\r\n");
      client.Send(large);
      const RawMessage answer = client.ReadResponse();
      EXPECT_GE(answer.status(), 400) << line << " " << framing;
      EXPECT_LT(answer.status(), 500) << line << " " << framing;
      EXPECT_EQ(answer.Field("connection"), "close");
      client.FinishSending();
      EXPECT_EQ(client.ReadToEnd(), "") << line << " " << framing;
    }
  }
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(RelayTest, ARefusalOfABodyThatHadArrivedWholeKeepsTheConnectionInStep) {
  RawClient client = Connect();
  const std::string body(kSmuggled);
  for (const std::string& refused :
       {Post("/nowhere", body), Post("/v1/embeddings", body), Post("/v1/search", body),
        Head("POST /nowhere", "Transfer-Encoding: chunked\r\n") + SmuggledInChunks()}) {
    client.Send(refused + Get("/livez"));
    const RawMessage answer = client.ReadResponse();
    EXPECT_GE(answer.status(), 400);
    EXPECT_EQ(answer.Field("connection"), "keep-alive");
    EXPECT_EQ(client.ReadResponse().status(), 200);
  }
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(RelayTest, AHitKeepsItsConnectionInStepHoweverItsBodyIsFramed) {
  RawClient client = Connect();
  const std::string type = "Content-Type: application/json\r\n";
  const std::string size = std::to_string(std::string(kEmbed).size());
  client.Send(Post("/v1/embeddings", kEmbed, type));
  EXPECT_EQ(client.ReadResponse().status(), 200);
  const std::string in_chunks = "1e\r\n" + std::string(kEmbed) + "\r\n0\r\nX: y\r\n\r\n";
  for (const std::string& hit :
       {Post("/v1/embeddings", kEmbed, type),
        Post("/v1/embeddings", kEmbed, type + "Expect: 100-continue\r\n"),
        Head("POST /v1/embeddings", type + "Transfer-Encoding: chunked\r\n") + in_chunks}) {
    client.Send(hit + Get("/livez"));
    EXPECT_THAT(client.ReadResponse().Field("cache-status").value_or(""),
                testing::HasSubstr("hit"));
    EXPECT_EQ(client.ReadResponse().status(), 200);
  }
  EXPECT_EQ(received().size(), 1U);
}

}  // namespace
}  // namespace larder
