// CollectionTest: a ProxyTest with the requests that collections are made and searched by.
#pragma once

#include <string>
#include <vector>

#include "proxy/json/json.h"
#include "tests/support/proxy_fixture.h"

namespace larder {

class CollectionTest : public ProxyTest {
 protected:
  // Upstream embeds a text as the vector that its name says ("1,0" is [1,0]); any other as [1,1].
  CollectionTest() {
    upstream().ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
      std::string data;
      const auto inputs = InputsOf(call);
      for (const std::string& input : inputs) {
        const bool is_vector = input.find_first_not_of("\"0123456789.,-") == std::string::npos;
        const std::string vector = is_vector ? input.substr(1, input.size() - 2) : "1,1";
        data += (data.empty() ? "" : ",") + (R"({"embedding":[)" + vector + "]}");
      }
      const std::string tokens = std::to_string(inputs.size());
      return upstream().Make({.body = R"({"model":"m-1","data":[)" + data +
                                      R"(],"usage":{"prompt_tokens":)" + tokens +
                                      R"(,"total_tokens":)" + tokens + "}}"});
    });
  }

  Answer Ask(const std::string& method, const std::string& target, std::string body = {},
             Headers headers = {}) {
    return world().Ask(MakeRequest(method, target, std::move(body), std::move(headers)));
  }
  void Make(const std::string& name, const std::string& spec) {
    const Answer answer = Ask("PUT", "/v1/collections/" + name, spec);
    EXPECT_EQ(answer.status, 201) << answer.body;
  }
  Answer Upsert(const std::string& name, std::string body, Headers headers = {}) {
    return Post("/v1/collections/" + name + "/upsert", std::move(body), std::move(headers));
  }
  void Fill(const std::string& name, std::string body) {
    const Answer answer = Upsert(name, std::move(body));
    EXPECT_EQ(answer.status, 200) << answer.body;
  }

  // The member of each item of the list at `list` ("data", "result.matches"), as minified JSON; a
  // text without its quotation marks.
  static std::vector<std::string> Each(const Answer& answer, std::string_view list,
                                       std::string_view member) {
    const auto document = JsonDocument::Parse(answer.body);
    if (!document.ok()) return {"no JSON: " + answer.body};
    std::optional<JsonElement> at = document->root();
    while (at && !list.empty()) {
      const std::size_t dot = list.find('.');
      at = Member(*at, list.substr(0, dot));
      list = dot == std::string_view::npos ? "" : list.substr(dot + 1);
    }
    JsonArray items;
    if (!at || at->get(items) != simdjson::SUCCESS) return {"no list: " + answer.body};
    std::vector<std::string> values;
    for (const JsonElement item : items) {
      const auto value = member.empty() ? std::optional(item) : Member(item, member);
      std::string_view text;
      if (!value) {
        values.emplace_back("absent");
      } else if (value->get(text) == simdjson::SUCCESS) {
        values.emplace_back(text);
      } else {
        values.push_back(simdjson::minify(*value));
      }
    }
    return values;
  }
};

}  // namespace larder
