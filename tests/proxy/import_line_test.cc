#include <gmock/gmock.h>

#include "proxy/admin/entry_line.h"
#include "proxy/json/json_edit.h"
#include "tests/cache/entries.h"

namespace larder {
namespace {

std::string EmbeddingLine() {
  const NewEmbedding added = MakeEmbedding(1);
  CatalogEntry entry;
  entry.key = added.key;
  entry.stamp = added.entry->stamp;
  entry.input = added.input;
  entry.embedding = *added.entry;
  std::string line = RenderEntryLine(entry);
  line.pop_back();
  return line;
}

std::string AnswerLine(std::string body = "the body") {
  CatalogEntry entry;
  entry.layer = EntryLayer::kResponses;
  entry.key = KeyOf(2);
  entry.response = *MakeResponse(std::move(body));
  entry.response.path = "chat";
  entry.stamp = entry.response.stamp;
  std::string line = RenderEntryLine(entry);
  line.pop_back();
  return line;
}

TEST(ImportLineTest, AnEmbeddingComesBackAsItWas) {
  const auto parsed = ParseImportLine(EmbeddingLine());
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const auto& added = std::get<NewEmbedding>(*parsed);
  const NewEmbedding original = MakeEmbedding(1);
  EXPECT_EQ(added.key, original.key);
  EXPECT_EQ(EncodeEmbedding(*added.entry), EncodeEmbedding(*original.entry));
  EXPECT_EQ(EncodeInput(added.input, added.entry->stamp),
            EncodeInput(original.input, original.entry->stamp));
}

TEST(ImportLineTest, AnAnswerComesBackAsItWasWhateverBytesItHas) {
  for (const std::string& body :
       {std::string("text"), std::string("\xff\x00\x80", 3), std::string()}) {
    const auto parsed = ParseImportLine(AnswerLine(body));
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    ResponseEntry original = *MakeResponse(body);
    original.path = "chat";
    const auto& answer = std::get<StoredAnswer>(*parsed);
    EXPECT_EQ(answer.key, KeyOf(2));
    EXPECT_EQ(EncodeResponse(*answer.entry), EncodeResponse(original));
  }
}

TEST(ImportLineTest, TheEndOfAnExportIsNoEntry) {
  const auto parsed = ParseImportLine(R"({"entries":7,"finished":true})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(std::holds_alternative<EndOfExport>(*parsed));
}

struct Row {
  const char* member;
  const char* value;  // JSON
};

void ExpectRefused(const std::string& line, const std::vector<Row>& rows) {
  ASSERT_TRUE(ParseImportLine(line).ok());
  for (const Row& row : rows) {
    const auto changed = ReplaceMember(line, row.member, row.value);
    ASSERT_TRUE(changed) << row.member;
    const auto parsed = ParseImportLine(*changed);
    ASSERT_FALSE(parsed.ok()) << row.member << " " << row.value;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(parsed.error().param, row.member) << row.value;
  }
}

TEST(ImportLineTest, RefusesAnEmbeddingWithAnythingWrong) {
  const std::string line = EmbeddingLine();
  ExpectRefused(line, {
                          {"layer", "\"other\""},
                          {"layer", "1"},
                          {"key", "\"12\""},
                          {"key", "null"},
                          {"partition", "7"},
                          {"partition", "null"},
                          {"upstream", "null"},
                          {"model", "[]"},
                          {"upstream_model", "null"},
                          {"kind", "\"words\""},
                          {"input", "\"\""},
                          {"input", "[1]"},
                          {"dim", "4"},
                          {"dim", "0"},
                          {"dim", "65537"},
                          {"type", "\"int8\""},
                          {"embedding", "\"AAAA\""},
                          {"embedding", "\"\""},
                          {"embedding", "\"AADAfwAAAAAAAAAA\""},  // no number
                          {"embedding", "\"AACAfwAAAAAAAAAA\""},  // infinite
                          {"embedding", "[1,2,3]"},
                          {"shortest_form", "1"},
                          {"query_only", "\"no\""},
                          {"prompt_tokens", "-1"},
                          {"total_tokens", "1.5"},
                          {"stored_at_ms", "-1"},
                          {"stored_at_ms", "null"},
                          {"lifetime_s", "4294967296"},
                      });
  const std::string long_namespace = "\"" + std::string(257, 'n') + "\"";
  EXPECT_FALSE(ParseImportLine(*ReplaceMember(line, "namespace", long_namespace)).ok());
  EXPECT_EQ(ParseImportLine(line.substr(0, line.size() - 1) + ",\"more\":1}").error().param,
            "more");
}

TEST(ImportLineTest, RefusesAnAnswerWithAnythingWrong) {
  ExpectRefused(AnswerLine(), {
                                  {"endpoint", "\"embeddings\""},
                                  {"endpoint", "\"/v1/chat\""},
                                  {"status", "500"},
                                  {"status", "\"200\""},
                                  {"fields", "{}"},
                                  {"fields", "[[\"a\"]]"},
                                  {"fields", "[[\"a b\",\"c\"]]"},
                                  {"fields", "[[\"a\",\"b\\r\\nset-cookie: x\"]]"},
                                  {"fields", "[[\"a\",1]]"},
                                  {"stream", "0"},
                                  {"body", "null"},
                                  {"prompt_tokens", "\"3\""},
                                  {"lifetime_s", "-1"},
                              });
  const std::string line = AnswerLine();
  EXPECT_FALSE(ParseImportLine(line.substr(0, line.size() - 1) + ",\"body_base64\":\"\"}").ok());
}

TEST(ImportLineTest, RefusesAVectorOfOnesOwnWithAnythingWrong) {
  const std::string line = R"({"input":"a","model":"m","embedding":[1,2],"dimensions":2})";
  ExpectRefused(line, {
                          {"input", "\"\""},
                          {"input", "null"},
                          {"input", "[]"},
                          {"input", "[-1]"},
                          {"input", "[1.5]"},
                          {"model", "\"\""},
                          {"model", "1"},
                          {"embedding", "[]"},
                          {"embedding", "[1,\"2\"]"},
                          {"embedding", "\"AAA\""},
                          {"embedding", "null"},
                          {"dimensions", "3"},
                          {"dimensions", "0"},
                      });
}

TEST(ImportLineTest, RefusesWhatIsNoObject) {
  for (const char* line : {"", "[]", "1", "null", "{", "{}", "{\"input\":\"a\"}", "\xff",
                           R"({"input":"a","input":"b","model":"m","embedding":[1]})",
                           R"({"finished":true,"more":1})"}) {
    EXPECT_FALSE(ParseImportLine(line).ok()) << line;
  }
}

}  // namespace
}  // namespace larder
