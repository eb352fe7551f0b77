// What each Transport makes of answers that are broken, late, or never come. A broken body must
// never look whole: it could be stored.
#include "tests/proxy/http_transport_fixture.h"

namespace larder {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

struct FaultRow {
  std::string name;
  std::string bytes;
  // The error of Send, or nullopt when a head arrives; then the body ends in `state`.
  std::optional<ErrorCode> error;
  ReadState state = ReadState::kFailed;
};

std::ostream& operator<<(std::ostream& out, const FaultRow& row) {
  return out << row.name;
}

const std::string kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

FaultRow Head(const std::string& name, const std::string& fields, ErrorCode code) {
  return {name, "HTTP/1.1 200 OK\r\n" + fields + "\r\nhello", code};
}

FaultRow Chunks(const std::string& name, const std::string& bytes,
                ReadState state = ReadState::kFailed) {
  return {name, kChunkedHead + bytes, std::nullopt, state};
}

std::vector<FaultRow> FaultRows() {
  const auto invalid = ErrorCode::kInvalidReply;
  const auto lost = ErrorCode::kUnavailable;
  return {
      // No head.
      {"Nothing", "", lost},
      {"HalfAStatusLine", "HTTP/1.1 20", lost},
      {"HalfAHead", "HTTP/1.1 200 OK\r\nContent-Le", lost},
      {"HeadWithoutEmptyLine", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", lost},
      {"OnlyAnInterimAnswer", "HTTP/1.1 100 Continue\r\n\r\n", lost},
      {"NotHttp", "SSH-2.0-OpenSSH_9.2\r\n", invalid},
      {"Http09", "<html>hello</html>", invalid},
      {"StatusNotANumber", "HTTP/1.1 abc OK\r\n\r\n", invalid},
      {"StatusOfTwoDigits", "HTTP/1.1 20 OK\r\n\r\n", invalid},
      {"SwitchingProtocols",
       "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi", invalid},
      // Heads that two readers could understand differently.
      Head("LengthNotANumber", "Content-Length: five\r\n", invalid),
      Head("LengthNegative", "Content-Length: -5\r\n", invalid),
      Head("LengthWithPlus", "Content-Length: +5\r\n", invalid),
      Head("LengthWithLetters", "Content-Length: 5abc\r\n", invalid),
      Head("LengthHexadecimal", "Content-Length: 0x5\r\n", invalid),
      Head("LengthEmpty", "Content-Length:\r\n", invalid),
      Head("LengthBeyondUint64", "Content-Length: 99999999999999999999\r\n", invalid),
      Head("LengthList", "Content-Length: 5, 5\r\n", invalid),
      Head("LengthsThatDiffer", "Content-Length: 5\r\nContent-Length: 3\r\n", invalid),
      Head("CodingUnknown", "Transfer-Encoding: frob\r\n", invalid),
      Head("CodingIdentity", "Transfer-Encoding: identity\r\n", invalid),
      Head("CodingGzipChunked", "Transfer-Encoding: gzip, chunked\r\n", invalid),
      Head("CodingChunkedGzip", "Transfer-Encoding: chunked, gzip\r\n", invalid),
      Head("FieldWithoutColon", "Content-Length: 5\r\nhello\r\n", invalid),
      Head("FieldWithoutName", "Content-Length: 5\r\n: x\r\n", invalid),
      Head("FieldWithSpaceInName", "Content-Length: 5\r\nA B: x\r\n", invalid),
      Head("FieldWithNul", "Content-Length: 5\r\nA: b\0c\r\n"s, invalid),
      Head("FieldWithBareCr", "Content-Length: 5\r\nA: b\rSet-Cookie: x\r\n", invalid),
      Head("FieldWithEscape", "Content-Length: 5\r\nA: \x1b[0m\r\n", invalid),
      Head("FoldedFirst", " A: b\r\nContent-Length: 5\r\n", invalid),
      // Bodies that break off.
      {"ShortOfItsLength", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", std::nullopt},
      {"NothingOfItsLength", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", std::nullopt},
      Chunks("ChunkedWithoutLastChunk", "5\r\nhello\r\n"),
      Chunks("ChunkedWithoutEnd", "5\r\nhello\r\n0\r\n"),
      Chunks("ChunkedCutInData", "5\r\nhel"),
      Chunks("ChunkedCutInSize", "5\r\nhello\r\n5"),
      Chunks("ChunkedWithNothing", ""),
      Chunks("ChunkSizeNotHex", "5\r\nhello\r\nzz\r\n0\r\n\r\n"),
      Chunks("ChunkSizeNegative", "5\r\nhello\r\n-1\r\n0\r\n\r\n"),
      Chunks("ChunkSizeHuge", "5\r\nhello\r\nffffffffffffffffffff\r\n0\r\n\r\n"),
      Chunks("ChunkWithoutCrlf", "5\r\nhello0\r\n\r\n"),
      Chunks("ChunkLongerThanItsSize", "4\r\nhello\r\n0\r\n\r\n"),
      // What looks odd and is right.
      Chunks("ChunkedWithExtensionsAndTrailer", "5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
             ReadState::kEnd),
      {"LongerThanItsLength",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 500 No\r\n\r\n", std::nullopt,
       ReadState::kEnd},
      {"LengthTwiceTheSame",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", std::nullopt,
       ReadState::kEnd},
      {"BareLfHead", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", std::nullopt, ReadState::kEnd},
  };
}

class HttpTransportFaultTable
    : public HttpTransport,
      public testing::WithParamInterface<std::tuple<FaultRow, TransportKind>> {
 protected:
  HttpTransportFaultTable() : HttpTransport(std::get<TransportKind>(GetParam())) {}
};

TEST_P(HttpTransportFaultTable, IsToldAsWhatItIs) {
  const auto& row = std::get<FaultRow>(GetParam());
  RawServer server(RawServer::AnsweringOnce(row.bytes));
  const auto reply = Send(server, Get());
  if (row.error) {
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.error().code, *row.error) << reply.error().message;
    EXPECT_EQ(reply.error().origin, ErrorOrigin::kUpstream);
    return;
  }
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  const Got got = ReadAll(*reply->body);
  EXPECT_EQ(got.first, row.state) << got.second;
  if (row.state == ReadState::kEnd) {
    EXPECT_EQ(got.second, "hello");
  } else {
    EXPECT_EQ(reply->body->error().origin, ErrorOrigin::kUpstream);
  }
}

INSTANTIATE_TEST_SUITE_P(, HttpTransportFaultTable,
                         testing::Combine(testing::ValuesIn(FaultRows()), kTransportKinds),
                         [](const auto& row) {
                           return std::get<FaultRow>(row.param).name +
                                  TransportKindName(std::get<TransportKind>(row.param));
                         });

TEST_P(HttpTransportTest, LengthBesideChunkedIsNotPassedOnAndTheBodyNotTrusted) {
  RawServer server(
      RawServer::AnsweringOnce("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: "
                               "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  const auto reply = Send(server, Get());
  ASSERT_TRUE(reply.ok());
  EXPECT_FALSE(reply->headers.Has("content-length"));
  EXPECT_FALSE(reply->framed);
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "hello"));
}

TEST_P(HttpTransportTest, FoldedLinesAndSpaceBeforeAColonAreMadeRight) {
  RawServer server(RawServer::AnsweringOnce(
      "HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\td: e\r\nX-Space : y\r\nContent-Length: 0\r\n\r\n"));
  const auto reply = Send(server, Get());
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->headers.Find("a"), "b c d: e");
  EXPECT_EQ(reply->headers.Find("x-space"), "y");
}

TEST_P(HttpTransportTest, AResetBeforeOrInTheHeadIsUnavailableAndInTheBodyBreaksItOff) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  for (const std::string& bytes : {std::string(), head.substr(0, 20), head + "hello"}) {
    RawServer server([&](RawClient& peer) {
      peer.ReadRequest();
      peer.Send(bytes);
      if (bytes.size() > head.size()) {
        peer.StaysSilent(milliseconds(50));  // so that the reset does not overtake the head
      }
      peer.Reset();
    });
    const auto reply = Send(server, Get());
    ASSERT_EQ(reply.ok(), bytes.size() > head.size());
    if (!reply.ok()) {
      EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
    } else {
      EXPECT_EQ(ReadAll(*reply->body).first, ReadState::kFailed);
      EXPECT_EQ(reply->body->error().code, ErrorCode::kUnavailable);
    }
  }
}

TEST_P(HttpTransportTest, ARefusedConnectionIsUnavailableAtOnce) {
  HttpUpstream upstream("http://127.0.0.1:" + std::to_string(RawServer::UnusedPort()), *engine_);
  const MonoTime before = clock_.Monotonic();
  const auto reply = upstream.Send(Get());
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
  EXPECT_LT(clock_.Monotonic() - before, std::chrono::seconds(5));
}

TEST_P(HttpTransportTest, AnUnknownHostIsUnavailable) {
  HttpUpstream upstream("http://host.invalid", *engine_);
  EXPECT_EQ(upstream.Send(Get()).error().code, ErrorCode::kUnavailable);
}

TEST_P(HttpTransportTest, NoAnswerWithinTheFirstByteTimeoutIsDeadlineExceeded) {
  for (const std::string bytes : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    RawServer server([&](RawClient& peer) {
      peer.ReadRequest();
      peer.Send(bytes);
      peer.WaitForEnd();
    });
    UpstreamRequest request = Get();
    request.first_byte_timeout = milliseconds(150);
    const MonoTime before = clock_.Monotonic();
    EXPECT_EQ(SendFails(server, std::move(request)), ErrorCode::kDeadlineExceeded);
    EXPECT_GE(clock_.Monotonic() - before, milliseconds(150));
    EXPECT_LT(clock_.Monotonic() - before, std::chrono::seconds(10));
  }
}

TEST_P(HttpTransportTest, ABodyThatStandsStillForTheIdleTimeoutBreaksOff) {
  RawServer server([](RawClient& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    EXPECT_TRUE(peer.WaitForEnd());
  });
  UpstreamRequest request = Get();
  request.idle_timeout = milliseconds(150);
  const auto reply = Send(server, std::move(request));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kFailed, "hello"));
  EXPECT_EQ(reply->body->error().code, ErrorCode::kDeadlineExceeded);
}

TEST_P(HttpTransportTest, ABodyThatDripsWithinTheIdleTimeoutMayTakeLonger) {
  RawServer server([](RawClient& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n");
    for (int i = 0; i < 8; ++i) {
      peer.StaysSilent(milliseconds(100));
      peer.Send("x");
    }
  });
  UpstreamRequest request = Get();
  request.idle_timeout = milliseconds(500);
  const auto reply = Send(server, std::move(request));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "xxxxxxxx"));
}

TEST_P(HttpTransportTest, AnUploadThatMovesIsNotHeldAgainstTheFirstByteTimeout) {
  RawServer server(RawServer::Answering(Ok("done")));
  auto channel = std::make_shared<ByteChannel>(1 << 20);
  UpstreamRequest request = Post("");
  request.body_source = channel;
  request.first_byte_timeout = milliseconds(1000);
  std::promise<void> never;
  const auto paced = never.get_future().share();
  std::thread writer([&] {
    for (int i = 0; i < 13; ++i) {
      channel->Write("x");
      paced.wait_for(milliseconds(100));
    }
    channel->Close(std::nullopt);
  });
  const auto reply = Send(server, std::move(request));
  writer.join();
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "done"));
}

}  // namespace
}  // namespace larder
