// Every row of the table of requests over a real socket: what must be refused is, no handler sees
// it, and nothing that stands in or behind it becomes a request.
#include <gmock/gmock.h>

#include <set>

#include "tests/proxy/http_front_fixture.h"
#include "tests/support/request_rows.h"

namespace larder {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Not;

class FrontRows : public FrontTest, public testing::WithParamInterface<RequestRow> {
 protected:
  const RequestRow& row() const { return GetParam(); }
  // A served row's answer says that the connection ends.
  bool closes() const { return row().head.find(" HTTP/1.0\r\n") != std::string::npos; }

  // Reads the row's answer and, where the connection goes on, that of `next`, which stands behind
  // the row; then nothing is left to come.
  void ExpectAnswers(RawClient& client, const std::string& next) {
    const RawMessage answer = client.ReadResponse();
    ASSERT_EQ(answer.status(), row().right.front()) << answer.body;
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.Field("connection"), row().served() && !closes() ? "keep-alive" : "close");
    if (row().served()) {
      EXPECT_TRUE(answer.body.ends_with(" " + row().content)) << answer.body;
    } else {
      EXPECT_TRUE(answer.body.starts_with("front error: ")) << answer.body;
    }
    if (row().served() && !closes()) {
      EXPECT_EQ(client.ReadResponse().body, "GET " + next + " ");
      client.FinishSending();
    }
    EXPECT_EQ(client.ReadToEnd(), "");
  }
  // How many requests the handler may have seen, besides `before`.
  void ExpectSeen(std::size_t before) {
    const std::vector<std::string> seen = handler_.seen();
    const std::size_t own = row().served() ? (closes() ? 1 : 2) : 0;
    EXPECT_EQ(seen.size(), before + own);
    EXPECT_THAT(seen, Each(Not(HasSubstr("smuggled"))));
  }
};

TEST_P(FrontRows, HaveTheExpectedAnswerAlone) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(row().bytes());
  if (row().served()) client.Send(Get("/after"));
  ExpectAnswers(client, "/after");
  ExpectSeen(0);
}

TEST_P(FrontRows, AreAnsweredInTheirTurnBetweenGoodRequests) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/before") + row().bytes() + Get("/after"));
  EXPECT_EQ(client.ReadResponse().body, "GET /before ");
  ExpectAnswers(client, "/after");
  ExpectSeen(1);
  EXPECT_EQ(handler_.seen().front(), "GET /before");
}

TEST_P(FrontRows, AreTheSameInSmallPieces) {
  const auto running = Start();
  RawClient client = Connect();
  const std::string bytes = row().bytes();
  const std::size_t step = bytes.size() / 1000 + 1;  // one byte, for all but the longest
  for (std::size_t at = 0; at < bytes.size(); at += step) client.Send(bytes.substr(at, step));
  client.Send(Get("/after"));
  ExpectAnswers(client, "/after");
  ExpectSeen(0);
}

INSTANTIATE_TEST_SUITE_P(, FrontRows, testing::ValuesIn(RequestRows()),
                         [](const auto& row) { return row.param.name; });

std::vector<RequestRow> RefusedRows() {
  std::vector<RequestRow> rows = RequestRows();
  std::erase_if(rows, [](const RequestRow& row) { return row.served(); });
  return rows;
}

class RefusedFrontRows : public FrontRows {};

TEST_P(RefusedFrontRows, LetNothingBehindThemThrough) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(row().bytes());
  // In a piece of its own, and again behind what would end a body that is still expected.
  client.Send(kSmuggled);
  client.Send("\r\n0\r\n\r\n" + std::string(kSmuggled));
  ExpectAnswers(client, "");
  ExpectSeen(0);
}

INSTANTIATE_TEST_SUITE_P(, RefusedFrontRows, testing::ValuesIn(RefusedRows()),
                         [](const auto& row) { return row.param.name; });

TEST(RequestRowsTest, ThereAreMoreThan200WithNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const RequestRow& row : RequestRows()) names.insert(row.name);
  EXPECT_EQ(names.size(), RequestRows().size());
  EXPECT_GT(names.size(), 200U);
}

}  // namespace
}  // namespace larder
