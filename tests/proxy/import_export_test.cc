// GET /admin/v1/export and POST /admin/v1/import, through the whole proxy.
#include <gmock/gmock.h>

#include "base/base64.h"
#include "tests/proxy/entries_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

class ImportExportTest : public CacheAdminTest {
 protected:
  std::string Export(const std::string& query = {}) {
    const Answer answer = Admin("GET", "export" + query);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.Field("content-type"), "application/x-ndjson");
    EXPECT_TRUE(answer.whole);
    return answer.body;
  }
  // The last line of what an import answers.
  std::string Import(std::string lines, Headers headers = {}) {
    headers.Set("content-type", "application/x-ndjson");
    Request request = MakeRequest("POST", "/admin/v1/import", {}, std::move(headers));
    request.body_source = std::make_shared<StringBody>(std::move(lines));
    const Answer answer = Receive(world().Begin(std::move(request)));
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.whole);
    return LinesOf(answer.body).back();
  }
  // A new process on a store without anything.
  void StartAnew(ProxyWorldOptions options = {}) {
    for (const Family family :
         {Family::kEmbeddings, Family::kInputs, Family::kResponses, Family::kResponseIds}) {
      EXPECT_TRUE(memory_.Clear(family).ok());
    }
    Restart(std::move(options));
  }
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  Pairs Stored(Family family) const {
    Pairs pairs;
    EXPECT_TRUE(memory_
                    .ForEach(family, {},
                             [&](std::string_view key, std::string_view value) {
                               pairs.emplace_back(key, value);
                               return true;
                             })
                    .ok());
    return pairs;
  }
  static std::string OwnLine(const std::string& text, const std::string& more = {}) {
    return R"({"input":")" + text + R"(","model":"m","embedding":[0.1,0.25,-1])" + more + "}\n";
  }
};

TEST_F(ImportExportTest, WhatIsRestoredIsBitForBitWhatWasExported) {
  EmbedHits("one");
  EmbedHits("two", {{"x-larder-namespace", "n"}});
  ASSERT_EQ(Embed(R"({"model":"m","input":[1,2,3]})").status, 200);
  upstream().Reply({.body = R"({"data":[{"index":0,"embedding":[0.1,0.123456789012345678]}],)"
                            R"("model":"wide"})"});
  EmbedHits("float64");
  upstream().Reply({.body = R"({"data":[{"index":0,"embedding":[0.1,0.2]}],"model":"short"})"});
  EmbedHits("shortest form");
  ASSERT_EQ(Post("/v1/search", R"({"model":"m","query":"only searched with"})").status, 200);
  UseChat("whole \\u0000 answer");
  ChatHits("hi");
  upstream().Reply(
      {.headers = {{"content-type", "text/event-stream"}},
       .body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n"
               "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
               "data: [DONE]\n\n"});
  const char* kStream =
      R"({"model":"gpt","stream":true,"messages":[{"role":"user","content":"s"}]})";
  const Answer streamed = Chat(kStream);
  upstream().Reply({.body = R"({"id":"resp_1","object":"response","status":"completed",)"
                            R"("output":[{"type":"message","content":[{"type":"output_text",)"
                            R"("text":"x"}]}]})"});
  ASSERT_EQ(Post("/v1/responses", R"({"model":"gpt","input":"a"})").status, 200);
  const Answer before = Embed(R"({"model":"m","input":["float64"],"encoding_format":"float"})");

  constexpr Family kFamilies[] = {Family::kEmbeddings, Family::kInputs, Family::kResponses,
                                  Family::kResponseIds};
  std::vector<Pairs> original;
  for (const Family family : kFamilies) original.push_back(Stored(family));
  EXPECT_EQ(original[0].size(), 6U);
  EXPECT_EQ(original[2].size(), 3U);
  const std::string exported = Export();
  EXPECT_EQ(LinesOf(exported).size(), 10U);
  EXPECT_EQ(NumberIn(LinesOf(exported).back(), "entries"), 9);
  EXPECT_THAT(LinesOf(exported).back(), HasSubstr("\"finished\":true"));

  StartAnew();
  const std::string imported = Import(exported);
  EXPECT_EQ(NumberIn(imported, "imported"), 9) << imported;
  EXPECT_EQ(NumberIn(imported, "lines"), 10);
  EXPECT_THAT(imported, HasSubstr("\"finished\":true"));
  for (std::size_t i = 0; i < original.size(); ++i) {
    EXPECT_TRUE(Stored(kFamilies[i]) == original[i]) << FamilyName(kFamilies[i]);
  }
  EXPECT_EQ(Export(), exported);
  const Answer after = Embed(R"({"model":"m","input":["float64"],"encoding_format":"float"})");
  EXPECT_TRUE(after.hit());
  EXPECT_EQ(after.body, before.body);
  EXPECT_TRUE(ChatHits("hi"));
  const Answer replayed = Chat(kStream);
  EXPECT_TRUE(replayed.hit());
  EXPECT_EQ(replayed.body, streamed.body);
}

TEST_F(ImportExportTest, AnExportHasWhatItsConditionsMeanAndIsFresh) {
  EmbedHits("one");
  EmbedHits("two", {{"x-larder-namespace", "n"}});
  UseChat();
  ChatHits("hi");
  EXPECT_EQ(LinesOf(Export("?layer=embeddings")).size(), 3U);
  EXPECT_EQ(LinesOf(Export("?layer=responses&format=jsonl")).size(), 2U);
  EXPECT_EQ(LinesOf(Export("?namespace=n")).size(), 2U);
  EXPECT_EQ(LinesOf(Export("?model=gpt")).size(), 2U);
  clock_.Advance(std::chrono::hours(2));  // the answer has expired
  EXPECT_EQ(LinesOf(Export()).size(), 3U);
  for (const char* query : {"?format=csv", "?layer=x", "?q=a", "?partition=x"}) {
    EXPECT_EQ(Admin("GET", std::string("export") + query).status, 400) << query;
  }
}

TEST_F(ImportExportTest, AnExportOfAStoreThatFailsIsNotFinished) {
  EmbedHits("one");
  world().store().FailReads(true);
  const auto lines = LinesOf(Export());
  EXPECT_THAT(lines.back(), HasSubstr("\"error\":{"));
  EXPECT_THAT(lines.back(), Not(HasSubstr("finished")));
}

TEST_F(ImportExportTest, WhatHasExpiredOrIsOlderIsPassedOver) {
  EmbedHits("one");
  EmbedHits("two");
  const std::string old = Export();
  EXPECT_EQ(NumberIn(Import(old), "skipped"), 2);  // what is there is no older
  clock_.Advance(std::chrono::hours(1));
  ASSERT_EQ(Purge(R"({"input":"one"})").status, 200);
  EmbedHits("one");  // newer than the export's
  const std::string newer = Export("?layer=embeddings");
  const std::string result = Import(old);
  EXPECT_EQ(NumberIn(result, "imported"), 0);
  EXPECT_EQ(NumberIn(result, "skipped"), 2);
  EXPECT_EQ(Export("?layer=embeddings"), newer);
  // A later line of one key takes the place of an earlier one.
  StartAnew();
  const std::string both = Import(old + newer);
  EXPECT_EQ(NumberIn(both, "imported"), 3) << both;
  EXPECT_EQ(Export("?layer=embeddings"), newer);
  StartAnew();
  clock_.Advance(std::chrono::hours(24 * 31));
  EXPECT_EQ(NumberIn(Import(old), "skipped"), 2);
  EXPECT_TRUE(Stored(Family::kInputs).empty());
}

TEST_F(ImportExportTest, AVectorOfOnesOwnIsAHitForTheClientItIsKeptFor) {
  const Headers acting = {{"authorization", "Bearer admin"},
                          {"x-larder-authorization", "Bearer key-a"}};
  EXPECT_EQ(NumberIn(Import(OwnLine("one"), acting), "imported"), 1);
  const Answer hit = Embed(R"({"model":"m","input":"one","encoding_format":"float"})");
  EXPECT_TRUE(hit.hit());
  EXPECT_THAT(hit.body, HasSubstr("[0.1,0.25,-1]"));
  EXPECT_TRUE(EmbedHits("one", {{"authorization", "Bearer key-a"}}));
  EXPECT_FALSE(EmbedHits("one", {{"authorization", "Bearer key-b"}}));
  EXPECT_FALSE(EmbedHits("one", {{"x-larder-namespace", "n"}}));

  Headers in_namespace = acting;
  in_namespace.Add("x-larder-namespace", "other");
  Import(OwnLine("two", R"(,"dimensions":3)"), in_namespace);
  EXPECT_TRUE(
      Embed(R"({"model":"m","input":"two","dimensions":3})", {{"x-larder-namespace", "other"}})
          .hit());
  Import(R"({"input":[1,2],"model":"m","embedding":"AACAPwAAAEA="})", acting);
  const Answer tokens = Embed(R"({"model":"m","input":[1,2]})");
  EXPECT_TRUE(tokens.hit());
  EXPECT_EQ(VectorsOf(tokens.body).at(0), (std::vector<double>{1, 2}));
}

TEST_F(ImportExportTest, WithoutACredentialAVectorIsKeptForRequestsThatHaveNone) {
  Import(OwnLine("one"));
  Request request = MakeRequest("POST", "/v1/embeddings", R"({"model":"m","input":"one"})");
  request.headers.Remove("authorization");
  EXPECT_TRUE(world().Ask(request).hit());
}

TEST_F(ImportExportTest, AnAliasAndKeyedHeadersCountInAnOwnVectorsKey) {
  ProxyWorldOptions options;
  options.default_upstream.aliases = {{"short", "the-models-long-name"}};
  options.embeddings.key_headers = {"x-tenant"};
  StartAnew(options);
  const Headers acting = {
      {"x-larder-authorization", "Bearer key-a"}, {"x-tenant", "t"}, {"openai-organization", "o"}};
  Import(R"({"input":"one","model":"short","embedding":[1,2]})", acting);
  const Headers client = {{"x-tenant", "t"}, {"openai-organization", "o"}};
  EXPECT_TRUE(Embed(R"({"model":"short","input":"one"})", client).hit());
  EXPECT_FALSE(Embed(R"({"model":"short","input":"one"})").hit());
}

TEST_F(ImportExportTest, ImportedTextsAreFoundBySearches) {
  world().indexer().Start();
  const Headers acting = {{"x-larder-authorization", "Bearer key-a"}};
  Import(OwnLine("one") + OwnLine("two"), acting);
  EXPECT_TRUE(world().WaitUntilIndexed(2));
}

TEST_F(ImportExportTest, AWrongLineEndsItAndWhatCameBeforeIsKept) {
  const Headers acting = {{"x-larder-authorization", "Bearer key-a"}};
  const std::string result = Import(
      OwnLine("one") + "\n" + OwnLine("two") + "{\"input\":\"x\"}\n" + OwnLine("three"), acting);
  EXPECT_THAT(*StringIn(result, "error.message"), HasSubstr("line 4: "));
  EXPECT_EQ(NumberIn(result, "lines"), 3);
  EXPECT_EQ(NumberIn(result, "imported"), 2);
  EXPECT_THAT(result, Not(HasSubstr("finished")));
  EXPECT_TRUE(EmbedHits("one"));
  EXPECT_TRUE(EmbedHits("two"));
  EXPECT_FALSE(EmbedHits("three"));
}

TEST_F(ImportExportTest, ALineThatIsTooLongIsRefused) {
  ProxyWorldOptions options;
  options.cache_admin.import_line_bytes = 200;
  StartAnew(options);
  const std::string within = OwnLine(std::string(130, 'x'));
  EXPECT_EQ(NumberIn(Import(within), "imported"), 1);
  for (const char* end : {"\n", ""}) {
    std::string beyond = OwnLine(std::string(200, 'y'));
    beyond.pop_back();
    const std::string result = Import(within + beyond + end);
    EXPECT_THAT(*StringIn(result, "error.message"),
                HasSubstr("line 2: is longer than admin.import_line_bytes"));
  }
}

TEST_F(ImportExportTest, ABodyThatBreaksOffIsAnErrorAndWhatCameIsKept) {
  const auto body = std::make_shared<ByteChannel>(1 << 20);
  body->Write(OwnLine("one") + "{\"input\":\"tw");
  body->Close(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "the client left"});
  Request request = MakeRequest("POST", "/admin/v1/import");
  request.headers.Add("content-type", "application/x-ndjson");
  request.headers.Add("x-larder-authorization", "Bearer key-a");
  request.body_source = body;
  const auto lines = LinesOf(Receive(world().Begin(std::move(request))).body);
  EXPECT_THAT(*StringIn(lines.back(), "error.message"), HasSubstr("line 2: the client left"));
  EXPECT_EQ(NumberIn(lines.back(), "imported"), 1);
  EXPECT_TRUE(EmbedHits("one"));
}

TEST_F(ImportExportTest, AStoreThatFailsEndsAnImport) {
  world().store().FailWrites(true);
  const std::string result = Import(OwnLine("one"));
  EXPECT_THAT(*StringIn(result, "error.message"), HasSubstr("line 1: "));
  EXPECT_EQ(NumberIn(result, "imported"), 0);
  world().store().FailReads(true);
  EXPECT_EQ(NumberIn(Import(OwnLine("one")), "imported"), 0);
}

TEST_F(ImportExportTest, WhoStopsReadingAnExportEndsIt) {
  for (int i = 0; i < 50; ++i) EmbedHits("text " + std::string(20'000, 'x') + std::to_string(i));
  Response response = world().Begin(MakeRequest("GET", "/admin/v1/export"));
  std::string some;
  const MonoTime deadline = SystemClock().Monotonic() + FakeUpstream::kWait;
  ASSERT_TRUE(ReadSome(*response.stream, 1000, some, deadline).ok());
  response = {};                 // the client leaves
  world().cache_admin().Stop();  // waits for the job, which must not wait for the client
}

TEST_F(ImportExportTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(Admin("POST", "import?layer=x").status, 400);
  Request too_long = MakeRequest("POST", "/admin/v1/import");
  too_long.headers.Add("x-larder-namespace", std::string(257, 'n'));
  EXPECT_EQ(world().Ask(too_long).status, 400);
  EXPECT_EQ(Admin("GET", "import").status, 405);
  EXPECT_EQ(Admin("POST", "export").status, 405);
}

}  // namespace
}  // namespace larder
