#include "tests/support/upstream_faults.h"

#include <array>
#include <cstdio>

#include "tests/support/deflated.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using Answer = std::function<void(RawClient&, Way)>;

constexpr const char* kChunked = "Transfer-Encoding: chunked\r\n";
constexpr const char* kJson = "application/json";

std::string Chunk(const std::string& bytes) {
  std::array<char, 20> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  return size.data() + bytes + "\r\n";
}

std::string FirstHalf(Way way) {
  return GoodBody(way).substr(0, GoodBody(way).size() / 2);
}

// An answer that is computed for each way, then the end of the connection.
Answer Sending(std::function<std::string(Way)> bytes) {
  return [bytes = std::move(bytes)](RawClient& peer, Way way) { peer.Send(bytes(way)); };
}
Answer Sending(const std::string& bytes) {
  return Sending([bytes](Way) { return bytes; });
}
// The same, then silence until the peer has had enough.
Answer Hanging(std::function<std::string(Way)> bytes) {
  return [bytes = std::move(bytes)](RawClient& peer, Way way) {
    peer.Send(bytes(way));
    peer.WaitForEnd();
  };
}
// The same, then a reset, once there was time to read what came before it.
Answer Resetting(std::function<std::string(Way)> bytes) {
  return [bytes = std::move(bytes)](RawClient& peer, Way way) {
    peer.Send(bytes(way));
    peer.StaysSilent(milliseconds(50));
    peer.Reset();
  };
}
// A start, then `drop` again and again until the peer has had enough.
Answer Dripping(std::function<std::string(Way)> bytes, const std::string& drop) {
  return [bytes = std::move(bytes), drop](RawClient& peer, Way way) {
    peer.Send(bytes(way));
    while (peer.StaysSilent(milliseconds(100)) && peer.Send(drop)) {
    }
  };
}
// Status and JSON as of a provider that refuses.
Answer Refusing(int status, const std::string& fields = "") {
  const std::string body = R"({"error":{"message":"no","type":"t","param":null,"code":null}})";
  return Sending("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" +
                 fields + Length(body.size()) + "\r\n" + body);
}
// 200 with a body of that type on every way.
Answer Content(const std::string& type, const std::string& body) {
  return Sending("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n" + Length(body.size()) +
                 "\r\n" + body);
}

}  // namespace

std::string GoodBody(Way way) {
  switch (way) {
    case Way::kEmbeddings:
      return R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,0.25]}],)"
             R"("model":"m","usage":{"prompt_tokens":1,"total_tokens":1}})";
    case Way::kChat:
      return R"({"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
             R"("message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],)"
             R"("usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})";
    case Way::kChatStream:
      break;
  }
  const std::string head =
      R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":)";
  return head + R"([{"index":0,"delta":{"role":"assistant","content":"hello"}}]})" + "\n\n" + head +
         R"([{"index":0,"delta":{},"finish_reason":"stop"}]})" + "\n\ndata: [DONE]\n\n";
}

std::string Head(Way way, const std::string& fields) {
  return std::string("HTTP/1.1 200 OK\r\nContent-Type: ") +
         (way == Way::kChatStream ? "text/event-stream" : kJson) + "\r\n" + fields + "\r\n";
}

std::string Length(std::size_t size) {
  return "Content-Length: " + std::to_string(size) + "\r\n";
}

std::string Sized(Way way, const std::string& body, const std::string& fields) {
  return Head(way, fields + Length(body.size())) + body;
}

std::vector<Fault> FaultsOfConnections() {
  const auto head = [](Way way) { return Head(way, Length(GoodBody(way).size())); };
  const auto part = [=](Way way) { return head(way) + FirstHalf(way); };
  const auto nothing = [](Way) { return std::string(); };
  const auto half_a_head = [](Way) { return std::string("HTTP/1.1 200 OK\r\nContent-Le"); };
  return {
      {"Refused", nullptr, {502}, {502}, {502}},
      {"FinBeforeTheHead", Sending(nothing), {502}, {502}, {502}},
      {"FinInTheHead", Sending(half_a_head), {502}, {502}, {502}},
      {"FinAfterTheHead", Sending(head), {502}, {502}, Broken()},
      {"FinInTheBody", Sending(part), {502}, {502}, Broken()},
      {"FinAfterAnInterimAnswer", Sending("HTTP/1.1 100 Continue\r\n\r\n"), {502}, {502}, {502}},
      {"ResetBeforeTheHead", Resetting(nothing), {502}, {502}, {502}},
      {"ResetInTheHead", Resetting(half_a_head), {502}, {502}, {502}},
      {"ResetAfterTheHead", Resetting(head), {502}, {502}, Broken(502)},
      {"ResetInTheBody", Resetting(part), {502}, {502}, Broken(502)},
  };
}

std::vector<Fault> FaultsOfHeads() {
  const auto with = [](const std::string& fields) {
    return Sending([fields](Way way) { return Head(way, fields) + GoodBody(way); });
  };
  std::string interim;
  for (int i = 0; i < 20'000; ++i) interim += "HTTP/1.1 103 Early Hints\r\n\r\n";
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += "X: 1\r\n";
  std::string large;
  for (int i = 0; i < 10; ++i) large += "X: " + std::string(50'000, 'x') + "\r\n";
  return {
      {"Garbage", Sending("SSH-2.0-OpenSSH_9.2\r\n"), {502}, {502}, {502}},
      {"Http09", Sending(&GoodBody), {502}, {502}, {502}},
      {"StatusNotANumber", Sending("HTTP/1.1 abc OK\r\n\r\n"), {502}, {502}, {502}},
      {"SwitchesProtocolsUnasked",
       Sending("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi"),
       {502},
       {502},
       {502}},
      {"TwoLengths", with("Content-Length: 5\r\nContent-Length: 6\r\n"), {502}, {502}, {502}},
      {"LengthNotANumber", with("Content-Length: many\r\n"), {502}, {502}, {502}},
      {"CodingUnknown", with("Transfer-Encoding: frob\r\n"), {502}, {502}, {502}},
      {"InterimFlood",
       Sending([interim](Way way) { return interim + Sized(way, GoodBody(way)); }),
       {502},
       {502},
       {502}},
      {"TooManyFields", with(many), {502}, {502}, {502}},
      {"HeadTooLarge", with(large), {502}, {502}, {502}},
      {"FieldTooLarge", with("X: " + std::string(1U << 20, 'x') + "\r\n"), {502}, {502}, {502}},
      // Framed twice: right by RFC 9112, section 6.3, and not trusted enough to be kept.
      {"LengthBesideChunked",
       Sending([](Way way) {
         return Head(way, kChunked + Length(3)) + Chunk(GoodBody(way)) + "0\r\n\r\n";
       }),
       {200},
       {200},
       {200}},
      // Only the end of the connection tells the end of the body: what is whole looks like what is
      // cut.
      {"CloseDelimited", with(""), {200}, {200}, {200}},
      {"CloseDelimitedHttp10",
       Sending([](Way way) {
         std::string answer = Head(way, "") + GoodBody(way);
         answer[7] = '0';
         return answer;
       }),
       {200},
       {200},
       {200}},
  };
}

std::vector<Fault> FaultsOfBodies() {
  const auto chunks = [](const std::string& tail, bool whole = false) {
    return Sending([tail, whole](Way way) {
      return Head(way, kChunked) + Chunk(whole ? GoodBody(way) : FirstHalf(way)) + tail;
    });
  };
  return {
      {"ShortOfItsLength",
       Sending([](Way way) { return Head(way, Length(GoodBody(way).size() + 1)) + GoodBody(way); }),
       {502},
       {502},
       Broken()},
      {"LongerThanItsLength",
       Sending([](Way way) { return Head(way, Length(FirstHalf(way).size())) + GoodBody(way); }),
       {502},
       {200},
       {200}},
      {"ChunkedCutInData",
       Sending([](Way way) { return Head(way, kChunked) + "ffff\r\n" + GoodBody(way); }),
       {502},
       {502},
       Broken()},
      {"ChunkedCutBetweenChunks", chunks(""), {502}, {502}, Broken()},
      {"ChunkedWithoutLastChunk", chunks("", true), {502}, {502}, Broken()},
      {"ChunkedWithoutEnd", chunks("0\r\n", true), {502}, {502}, Broken()},
      {"ChunkSizeNotHex", chunks("zz\r\n0\r\n\r\n", true), {502}, {502}, Broken()},
      {"ChunkSizeHuge", chunks("ffffffffffffffffffff\r\n", true), {502}, {502}, Broken()},
      {"ChunkLongerThanItsSize",
       Sending(
           [](Way way) { return Head(way, kChunked) + "4\r\n" + GoodBody(way) + "\r\n0\r\n\r\n"; }),
       {502},
       {502},
       Broken()},
      {"HalfAnAnswerWhole",
       Sending([](Way way) { return Sized(way, FirstHalf(way)); }),
       {502},
       {200},
       {200}},
      {"Empty", Sending([](Way way) { return Sized(way, ""); }), {502}, {200}, {200}},
  };
}

std::vector<Fault> FaultsOfTime() {
  const milliseconds soon(300);
  const milliseconds never(20'000);
  const auto nothing = [](Way) { return std::string(); };
  const auto begun = [](Way way) { return Head(way, Length(1000)) + FirstHalf(way); };
  const auto chunked = [](Way way) { return Head(way, kChunked) + Chunk(FirstHalf(way)); };
  const auto status = [](Way) { return std::string("HTTP/1.1 200 OK\r\n"); };
  return {
      {"HangsBeforeTheHead", Hanging(nothing), {504}, {504}, {504}, soon},
      {"HangsInTheHead", Hanging(status), {504}, {504}, {504}, soon},
      {"HangsBeforeTheHeadForAllOfItsTime",
       Hanging(nothing),
       {504},
       {504},
       {504},
       never,
       never,
       soon},
      {"DripsItsHead", Dripping(status, "X: 1\r\n"), {504}, {504}, {504}, soon},
      {"DripsInterimAnswers",
       Dripping(nothing, "HTTP/1.1 103 Early Hints\r\n\r\n"),
       {504},
       {504},
       {504},
       soon},
      {"HangsInTheBody", Hanging(begun), {504}, {504}, Broken(), never, soon},
      {"HangsBetweenChunks", Hanging(chunked), {504}, {504}, Broken(), never, soon},
      {"DripsItsBody", Dripping(begun, "x"), {504}, {504}, Broken(504), never, never, soon},
      {"DripsChunks",
       Dripping(chunked, "1\r\nx\r\n"),
       {504},
       {504},
       Broken(504),
       never,
       never,
       soon},
      {"HangsAfterTheLastEvent",
       Hanging([](Way way) { return Head(way, kChunked) + Chunk(GoodBody(way)); }),
       {504},
       {504},
       Broken(),
       never,
       soon},
  };
}

std::vector<Fault> FaultsOfContent() {
  const std::string error = R"({"error":{"message":"no","type":"server_error","code":null}})";
  const std::string event = R"(data: {"choices":[{"index":0,"delta":{"content":"hel"}}]})"
                            "\n\n";
  const auto coded = [](const std::string& coding, std::function<std::string(Way)> body) {
    return Sending([coding, body = std::move(body)](Way way) {
      return Sized(way, body(way), "Content-Encoding: " + coding + "\r\n");
    });
  };
  const auto never = milliseconds(20'000);
  const std::string bomb = Deflate(std::string(8U << 20, ' '));
  return {
      {"Status500", Refusing(500), {500}, {500}, {500}},
      {"Status429", Refusing(429, "Retry-After: 7\r\n"), {429}, {429}, {429}},
      {"Storm503", Refusing(503), {503}, {503}, {503}, never, never, never, 2},
      {"Storm529", Refusing(529), {529}, {529}, {529}, never, never, never, 2},
      {"Status401", Refusing(401), {401}, {401}, {401}},
      {"Redirect", Refusing(301, "Location: http://127.0.0.1:1/v1/other\r\n"), {301}, {301}, {301}},
      {"NoContent", Sending("HTTP/1.1 204 No Content\r\n\r\n"), {204}, {204}, {204}},
      {"PartialContent",
       Sending([](Way way) {
         std::string answer = Sized(way, GoodBody(way), "Content-Range: bytes 0-9/20\r\n");
         return answer.replace(9, 3, "206");
       }),
       {206},
       {206},
       {206}},
      {"ErrorObject", Content(kJson, error), {502}, {200}, {200}},
      {"Html", Content("text/html", "<html>maintenance</html>"), {502}, {200}, {200}},
      {"EmptyObject", Content(kJson, "{}"), {502}, {200}, {200}},
      {"NotFinite",
       Content(kJson, R"({"data":[{"index":0,"embedding":[1e999]}]})"),
       {502},
       {200},
       {200}},
      {"EventsWithoutTheirEnd", Content("text/event-stream", event), {502}, {200}, {200}},
      {"EventsThatOnlyACloseEnds",
       Sending("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event),
       {502},
       {200},
       {200}},
      {"EventsWithAnError",
       Content("text/event-stream", event + "data: " + error + "\n\ndata: [DONE]\n\n"),
       {502},
       {200},
       {200}},
      {"EventsOfAnotherType", Content(kJson, GoodBody(Way::kChatStream)), {502}, {200}, {200}},
      {"GzipThatIsNone", coded("gzip", &GoodBody), {502}, {502}, Broken()},
      {"GzipCut",
       coded("gzip",
             [](Way way) {
               const std::string whole = Deflate(GoodBody(way));
               return whole.substr(0, whole.size() - 4);
             }),
       {502},
       {502},
       Broken()},
      {"GzipWithATail",
       coded("gzip", [](Way way) { return Deflate(GoodBody(way)) + "tail"; }),
       {502},
       {502},
       Broken()},
      {"GzipBomb", coded("gzip", [bomb](Way) { return bomb; }), {502}, Broken(), Broken()},
      {"CodingThatIsNotKnown",
       coded("br", [](Way) { return std::string("\x0b\x02\x80hi\x03"); }),
       {502},
       {200},
       {200}},
  };
}

}  // namespace larder
