// Twenty callers who all ask for the same things at random, and what each must get: nothing but
// what was answered, stored or found for itself. Upstream writes into each answer whom it is for,
// so that one that crosses shows. For tests/proxy/tenants_test.cc. Thread-safety: Ask from any
// thread, the rest from one.
#pragma once

#include <atomic>
#include <map>
#include <random>
#include <set>

#include "tests/support/collection_fixture.h"

namespace larder {

// Who asks: a credential, and whom it belongs to. Keys of one tenant share, nothing else does.
struct Caller {
  std::string owner;
  Headers headers;
  std::string query;  // "?key=..."
};

class TenantsTest : public CollectionTest {
 public:
  TenantsTest() {
    upstream().ComputeAlways([this](const FakeCall& call) { return AnswerOf(call); });
    world().indexer().Start();
    const char* kTenants[] = {"acme",   "acme",    "acme",     "globex",
                              "globex", "initech", "umbrella", "umbrella"};
    for (const char* tenant : kTenants) {
      const std::string key = world().client_keys().Create("k", tenant, std::nullopt)->secret;
      callers_.push_back(
          {std::string("tenant-") + tenant, {{"authorization", "Bearer " + key}}, ""});
      partitions_[callers_.back().owner] = partitioner_.OfTenant(tenant).id();
    }
    AddCaller({{"authorization", "Bearer sk-1"}});
    AddCaller({{"authorization", "Bearer sk-2"}});
    AddCaller({{"authorization", "bearer sk-1"}});
    AddCaller({{"authorization", "sk-1"}});
    AddCaller({{"authorization", "Bearer acme"}});
    AddCaller({{"authorization", "Bearer tenant:acme"}});
    AddCaller({{"x-api-key", "sk-1"}});
    AddCaller({{"x-api-key", "Bearer sk-1"}});
    AddCaller({{"api-key", "sk-1"}});
    AddCaller({{"helicone-auth", "Bearer sk-1"}});
    AddCaller({{"cookie", "session=1"}});
    AddCaller({}, "?key=sk-1");
  }
  void AddCaller(Headers headers, std::string query = "") {
    const Partition partition = partitioner_.Of(headers, query.empty() ? query : query.substr(1));
    const std::string owner = "caller-" + std::to_string(callers_.size());
    callers_.push_back({owner, std::move(headers), std::move(query)});
    partitions_[owner] = partition.id();
  }

  std::size_t Pick(std::size_t count) { return random_() % count; }
  std::string Text(std::size_t count) { return std::to_string(Pick(count)); }

  // --- Upstream ---
  // "%" stands for whom it is for in what it answers.
  Result<UpstreamReply> AnswerOf(const FakeCall& call) {
    const std::string who(call.headers.Find("x-for").value_or("nobody"));
    if (call.path_and_query.starts_with("/embeddings")) {
      FakeCall theirs = call;
      std::string data;
      const auto inputs = InputsOf(call);
      for (const std::string& input : inputs) {
        data += (data.empty() ? "" : ",") + (R"({"embedding":[)" + VectorText(who, input) + "]}");
      }
      const std::string tokens = std::to_string(inputs.size());
      return upstream().Make({.body = R"({"data":[)" + data + R"(],"usage":{"prompt_tokens":)" +
                                      tokens + R"(,"total_tokens":)" + tokens + "}}"});
    }
    if (call.path_and_query.starts_with("/responses") && call.method == "POST") {
      return upstream().Make({.body = R"({"id":"resp_)" + std::to_string(++responses_) +
                                      R"(","status":"completed","output":[{"type":"message",)"
                                      R"("content":[{"type":"output_text","text":"said to )" +
                                      who + R"(."}]}]})"});
    }
    if (call.body.find("\"stream\":true") != std::string::npos) {
      return upstream().Make(
          {.headers = {{"content-type", "text/event-stream"}},
           .body = R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"said to )" + who +
                   ".\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"});
    }
    return upstream().Make({.body = R"({"id":"c","choices":[{"index":0,"message":{"content":)"
                                    R"("said to )" +
                                    who + R"(."},"finish_reason":"stop"}]})"});
  }
  static std::string VectorText(const std::string& who, const std::string& input) {
    std::string text;
    for (const float value : VectorFor(who + "|" + input)) {
      text += (text.empty() ? "" : ",") + std::to_string(value);
    }
    return text;
  }

  // --- One caller in one namespace ---
  struct Who {
    const Caller& caller;
    std::string name_space;
    std::string id() const { return caller.owner + "/" + name_space; }
  };
  Who Anybody() {
    return {callers_[Pick(callers_.size())], std::vector<std::string>{"", "", "a", "b"}[Pick(4)]};
  }
  Answer Ask(const Who& who, const std::string& method, const std::string& path,
             const std::string& body = {}, Headers more = {}) {
    Request request;
    request.method = method;
    request.target = path + who.caller.query;
    request.headers = who.caller.headers;
    request.headers.Add("host", "localhost");
    request.headers.Add("x-for", who.id());
    request.headers.Add("content-type", "application/json");
    if (!who.name_space.empty()) request.headers.Add("x-larder-namespace", who.name_space);
    for (const auto& [name, value] : more.fields()) request.headers.Add(name, value);
    request.body = body;
    request.peer = "127.0.0.1:1";
    Answer answer = world().Ask(std::move(request));
    EXPECT_LT(answer.status, 500) << answer.body;
    ExpectOwn(who, answer);
    return answer;
  }
  // Whatever names somebody names the one who asks.
  static void ExpectOwn(const Who& who, const Answer& answer) {
    for (const std::string mark : {"said to ", "\"of\":\""}) {
      const char end = mark == "said to " ? '.' : '"';
      for (std::size_t at = 0; (at = answer.body.find(mark, at)) != std::string::npos;) {
        at += mark.size();
        EXPECT_EQ(answer.body.substr(at, answer.body.find(end, at) - at), who.id());
      }
    }
  }
  // What was never asked for in a partition cannot have been answered from memory, nor shared.
  void ExpectNew(const Answer& answer) {
    EXPECT_FALSE(answer.hit());
    EXPECT_FALSE(answer.headers.Has("age"));
    for (const char* word : {"; hit", "collapsed", "stale"}) {
      EXPECT_EQ(answer.cache_status().find(word), std::string::npos) << answer.cache_status();
    }
  }
  void ExpectHitIff(bool asked_before, const Answer& answer) {
    if (!asked_before) ExpectNew(answer);
    EXPECT_EQ(answer.hit(), asked_before) << answer.cache_status();
    hits_ += answer.hit() ? 1 : 0;
  }

  void EmbedSome(const Who& who);
  void ChatSome(const Who& who);
  void RespondSome(const Who& who);
  void DeleteSome(const Who& who);
  void SearchSome(const Who& who);
  void CollectSome(const Who& who);
  void VectorStoreSome(const Who& who);
  void VectorizeSome(const Who& who);

  const Partitioner partitioner_{"a partition secret of 32 bytes...."};  // the world's
  std::vector<Caller> callers_;
  std::map<std::string, std::string> partitions_;  // by owner
  std::mt19937 random_{20260101};
  // What each has asked for, by Who::id.
  std::map<std::string, std::set<std::string>> embedded_;
  std::map<std::string, std::set<std::string>> asked_;
  std::map<std::string, std::set<std::string>> made_;
  std::map<std::string, std::pair<std::string, std::string>> asked_by_id_;  // who, and what
  std::map<std::string, std::string> kept_;  // the id of the answer that is kept, by who and what
  std::atomic<int> responses_{0};            // that upstream has given an id
  std::size_t hits_ = 0;
  std::size_t found_ = 0;
};

}  // namespace larder
