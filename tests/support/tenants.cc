#include "tests/support/tenants.h"

#include <gmock/gmock.h>

namespace larder {

using testing::HasSubstr;
using testing::Not;

void TenantsTest::EmbedSome(const Who& who) {
  std::string list;
  std::vector<std::string> texts;
  bool asked = true;
  const std::size_t count = 1 + Pick(3);
  for (std::size_t i = 0; i < count; ++i) {
    texts.push_back("text " + Text(25));
    list += (i == 0 ? "\"" : ",\"") + texts.back() + "\"";
    asked = asked && embedded_[who.id()].contains(texts.back());
  }
  const char* form = Pick(2) == 0 ? R"(,"encoding_format":"base64")" : "";
  const Answer answer =
      Ask(who, "POST", "/v1/embeddings", R"({"model":"m","input":[)" + list + "]" + form + "}");
  ExpectHitIff(asked, answer);
  embedded_[who.id()].insert(texts.begin(), texts.end());
  const auto vectors = VectorsOf(answer.body);
  ASSERT_EQ(vectors.size(), texts.size()) << answer.body;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto expected = VectorFor(who.id() + "|\"" + texts[i] + "\"");
    for (std::size_t d = 0; d < expected.size(); ++d) {
      EXPECT_NEAR(vectors[i][d], expected[d], 1e-5) << who.id();
    }
  }
}

void TenantsTest::ChatSome(const Who& who) {
  std::string asked = "chat " + Text(10);
  const bool stream = Pick(2) == 0;
  Headers more;
  std::string body = R"({"model":"m","messages":[{"role":"user","content":")" + asked + "\"}]";
  if (Pick(4) == 0) {
    asked = "named " + Text(4);
    more.Add("cf-aig-cache-key", asked);
  }
  const Answer answer = Ask(who, "POST", "/v1/chat/completions",
                            body + (stream ? ",\"stream\":true}" : "}"), std::move(more));
  EXPECT_THAT(answer.body, HasSubstr("said to " + who.id() + "."));
  if (!asked_[who.id()].contains(asked)) ExpectNew(answer);
  asked_[who.id()].insert(asked);
  hits_ += answer.hit() ? 1 : 0;
}

void TenantsTest::RespondSome(const Who& who) {
  const std::string body = R"({"model":"m","input":"question )" + Text(8) + "\"}";
  const Answer answer = Ask(who, "POST", "/v1/responses", body);
  ExpectHitIff(asked_[who.id()].contains(body), answer);
  asked_[who.id()].insert(body);
  const std::string id = StringIn(answer.body, "id").value_or("");
  kept_[who.id() + body] = id;
  const auto given = asked_by_id_.emplace(id, std::pair(who.id(), body)).first;
  EXPECT_EQ(given->second, std::pair(who.id(), body)) << id;
}

// Of one's own, or of somebody else's, who keeps it.
void TenantsTest::DeleteSome(const Who& who) {
  if (asked_by_id_.empty()) return;
  auto chosen = asked_by_id_.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(Pick(asked_by_id_.size())));
  Ask(who, "DELETE", "/v1/responses/" + chosen->first);
  const auto& [whose, body] = chosen->second;
  // Upstream has had many of that answer, one after another; the last one is the one kept.
  if (whose.starts_with(who.caller.owner + "/") && kept_[whose + body] == chosen->first) {
    asked_[whose].erase(body);
  }
}

void TenantsTest::SearchSome(const Who& who) {
  const Answer answer =
      Ask(who, "POST", "/v1/search", R"({"model":"m","top_k":5,"query":"query )" + Text(5) + "\"}");
  ASSERT_EQ(answer.status, 200) << answer.body;
  for (const std::string& text : Each(answer, "data", "text")) {
    EXPECT_TRUE(embedded_[who.id()].contains(text)) << text << " is not " << who.id() << "'s";
    ++found_;
  }
}

void TenantsTest::CollectSome(const Who& who) {
  const std::string name = "c" + Text(3);
  const std::string path = "/v1/collections/" + name;
  std::set<std::string>& made = made_[who.id()];
  const bool is_there = made.contains(name);
  const std::string of = R"("metadata":{"of":")" + who.id() + "\"}";
  switch (Pick(5)) {
    case 0:
      EXPECT_EQ(Ask(who, "PUT", path, R"({"dimensions":4,"metric":"cosine","model":"m"})").status,
                is_there ? 200 : 201);
      made.insert(name);
      return;
    case 1: {
      const std::string vector = VectorText(who.id(), name);
      EXPECT_EQ(Ask(who, "POST", path + "/upsert",
                    R"([{"id":"p)" + Text(6) + R"(","values":[)" + vector + "]," + of + "}]")
                    .status,
                is_there ? 200 : 404);
      return;
    }
    case 2:
      EXPECT_EQ(Ask(who, "POST", path + "/get", R"({"ids":["p0","p1","p2"]})").status,
                is_there ? 200 : 404);
      return;
    case 3: {
      const Answer list = Ask(who, "GET", "/v1/collections");
      const auto names = Each(list, "data", "name");
      EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), made);
      return;
    }
    default: {
      const Answer found =
          Ask(who, "POST", "/v1/search",
              R"({"collection":")" + name + R"(","query":"query )" + Text(5) + "\"}");
      EXPECT_EQ(found.status, is_there ? 200 : 404);
      if (is_there) found_ += Each(found, "data", "id").size();
    }
  }
}

// Upstream has every store that is no collection here.
void TenantsTest::VectorStoreSome(const Who& who) {
  const std::string name = "c" + Text(3);
  const Answer answer = Ask(who, "POST", "/v1/vector_stores/" + name + "/search",
                            R"({"query":"query )" + Text(5) + "\"}");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const bool is_there = made_[who.id()].contains(name);
  EXPECT_EQ(answer.body.find("vector_store.search_results") != std::string::npos, is_there);
}

void TenantsTest::VectorizeSome(const Who& who) {
  const std::string path = "/client/v4/accounts/0/vectorize/v2/indexes";
  if (Pick(2) == 0) {
    const auto names = Each(Ask(who, "GET", path), "result", "name");
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), made_[who.id()]);
    return;
  }
  const std::string name = "c" + Text(3);
  const Answer answer = Ask(who, "POST", path + "/" + name + "/query",
                            R"({"vector":[1,0,0,0],"topK":5,"returnMetadata":"all"})");
  EXPECT_EQ(answer.status, made_[who.id()].contains(name) ? 200 : 404) << answer.body;
}

}  // namespace larder
