#include "bench/strict_probe.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "tests/support/raw_client.h"

namespace larder::bench {
namespace {

using std::chrono::milliseconds;

// Instead of a status.
constexpr int kClosed = 0;
constexpr int kSilent = -1;
constexpr int kNoHttp = -2;

constexpr milliseconds kPatience{1000};
// From an answer at the client to what else its bytes set off at the stand-in.
constexpr milliseconds kAftermath{10};

std::string Good(const std::string& query) {
  return "GET /v1/echo?" + query + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

struct Answer {
  int status = kClosed;
  std::string body;
};

Answer ReadAnswer(RawClient& client) {
  if (client.StaysSilent(kPatience)) return {kSilent, ""};
  const RawMessage message = client.ReadResponse();
  if (message.status() > 0) return {message.status(), message.body};
  return {client.ReadToEnd().empty() && message.head.empty() ? kClosed : kNoHttp, ""};
}

std::string NameOf(int status) {
  if (status == kClosed) return "closed";
  if (status == kSilent) return "silent";
  return status == kNoHttp ? "no HTTP" : std::to_string(status);
}

bool MayBe(const RequestRow& row, int status) {
  return std::find(row.right.begin(), row.right.end(), status) != row.right.end();
}

// 404 and 405 are a server's own word on a target that it has understood.
bool IsServed(int status) {
  return (status >= 200 && status < 300) || status == 404 || status == 405;
}

bool IsRight(const RequestRow& row, int status) {
  const bool may_be_refused = row.right.size() > 1 || row.right.front() != kServed;
  return MayBe(row, status) || (IsServed(status) && MayBe(row, kServed)) ||
         (status == kClosed && may_be_refused);
}

// Whether the answer to a good request came next, or the connection has ended.
bool IsInStep(RawClient& client, bool may_end) {
  const int status = ReadAnswer(client).status;
  return status == 200 || (may_end && status == kClosed);
}

}  // namespace

std::uint64_t StrictProbe::Smuggled() const {
  std::this_thread::sleep_for(kAftermath);
  RawClient client(provider_);
  client.Send("GET /count HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string body = client.ReadResponse().body;
  const std::size_t at = body.find("\"smuggled\":");
  return at == std::string::npos ? 0 : std::strtoull(body.c_str() + at + 11, nullptr, 10);
}

Verdict StrictProbe::Judge(const RequestRow& row) {
  Verdict verdict{.what = "", .right = true};
  const auto wrong = [&](const std::string& what) {
    verdict.right = false;
    verdict.what += ", " + what;
  };
  const std::uint64_t before = Smuggled();
  RawClient alone(server_);
  alone.Send(row.bytes());
  const Answer answer = ReadAnswer(alone);
  verdict.what = NameOf(answer.status);
  if (!IsRight(row, answer.status)) wrong("wrong");
  if (answer.status == 200 && row.served() && answer.body != row.content) wrong("another body");
  if (answer.status > 0) {
    alone.Send(Good("after"));
    if (!IsInStep(alone, true)) wrong("out of step");
  }
  alone.Close();

  RawClient between(server_);
  between.Send(Good("before") + row.bytes() + Good("after"));
  if (!IsInStep(between, false)) wrong("lost what stood before");
  const int status = ReadAnswer(between).status;
  if (!IsRight(row, status)) wrong(NameOf(status) + " when pipelined");
  if (status > 0 && !IsInStep(between, true)) wrong("out of step when pipelined");
  between.Close();
  verdict.smuggled = Smuggled() > before;

  if (row.right.size() > 1 || !row.served()) {
    const std::uint64_t by_itself = Smuggled();
    RawClient behind(server_);
    behind.Send(row.bytes());
    behind.Send(kSmuggled);
    const bool served = IsServed(ReadAnswer(behind).status);
    ReadAnswer(behind);  // of what stands behind, if it is taken for a request, or the end
    // To a server that has taken the row, what is behind it is the next request.
    if (Smuggled() > by_itself && !served) verdict.smuggled = true;
  }
  if (verdict.smuggled) wrong("smuggled");
  return verdict;
}

}  // namespace larder::bench
