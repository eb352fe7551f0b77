// What tests of the cache's admin endpoints have in common.
#pragma once

#include "proxy/json/json.h"
#include "tests/support/proxy_fixture.h"

namespace larder {

class CacheAdminTest : public ProxyTest {
 protected:
  CacheAdminTest() { UseEmbeddings(); }

  Answer Admin(const std::string& method, const std::string& path, std::string body = {},
               Headers headers = {}) {
    return world().Ask(
        MakeRequest(method, "/admin/v1/" + path, std::move(body), std::move(headers)));
  }
  Answer Purge(std::string body) { return Admin("POST", "purge", std::move(body)); }
  // Embeds the text for the client; true when it was cached already.
  bool EmbedHits(const std::string& text, Headers headers = {}) {
    const Answer answer = Embed(R"({"model":"m","input":")" + text + "\"}", std::move(headers));
    EXPECT_EQ(answer.status, 200);
    return answer.hit();
  }
  void UseChat(const std::string& words = "hello") {
    upstream().ReplyAlways(
        {.body = R"({"id":"c1","object":"chat.completion","choices":[{"index":0,"message":)"
                 R"({"role":"assistant","content":")" +
                 words +
                 R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,)"
                 R"("completion_tokens":2,"total_tokens":5}})"});
  }
  bool ChatHits(const std::string& words, Headers headers = {}) {
    const Answer answer =
        Chat(R"({"model":"gpt","messages":[{"role":"user","content":")" + words + "\"}]}",
             std::move(headers));
    EXPECT_EQ(answer.status, 200);
    return answer.hit();
  }
  // The keys of a page of entries, in its order.
  static std::vector<std::string> KeysOf(const Answer& answer) {
    std::vector<std::string> keys;
    const auto document = JsonDocument::Parse(answer.body);
    EXPECT_TRUE(document.ok()) << answer.body;
    if (!document.ok()) return keys;
    JsonArray data;
    const auto list = Member(document->root(), "data");
    EXPECT_TRUE(list && list->get(data) == simdjson::SUCCESS) << answer.body;
    for (const JsonElement entry : data) keys.emplace_back(StringMember(entry, "key").value_or(""));
    return keys;
  }
  // The lines of an NDJSON answer, without their ends.
  static std::vector<std::string> LinesOf(const std::string& body) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < body.size();) {
      const std::size_t end = std::min(body.find('\n', begin), body.size());
      lines.push_back(body.substr(begin, end - begin));
      begin = end + 1;
    }
    return lines;
  }
};

}  // namespace larder
