// A whole Proxy in this process, without a socket: a Request goes in, an Answer comes out. Beneath
// it are a MemoryStore (behind a FaultyStore), a FakeUpstream and a ManualClock; everything between
// is the product's own. For tests of handlers as a client sees them.
//
//   class EmbeddingsTest : public ProxyTest {};
//   TEST_F(EmbeddingsTest, ...) {
//     UseEmbeddings();                                   // upstream embeds whatever it is sent
//     const Answer answer = Post("/v1/embeddings", R"({"model":"m","input":"a"})");
//     EXPECT_EQ(answer.status, 200);
//     EXPECT_EQ(InputsOf(upstream().calls()[0]), ...);
//   }
//
// Thread-safety: a ProxyWorld may be asked from many threads at once, as a Proxy.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/memory_store.h"
#include "proxy/admin/cache_admin.h"
#include "proxy/admin/explain_endpoint.h"
#include "proxy/admin/session_endpoint.h"
#include "proxy/admin/stats_endpoint.h"
#include "proxy/proxy.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/faulty_store.h"
#include "tests/support/manual_clock.h"

namespace larder {

// A response as the client has received it.
struct Answer {
  int status = 0;
  Headers headers;
  std::string body;
  bool whole = true;                                // false: the body broke off
  bool was_stream = false;                          // it came as a stream, not as a string
  std::string Field(std::string_view name) const {  // "" when absent
    return std::string(headers.Find(name).value_or(""));
  }
  std::string cache_status() const { return Field("cache-status"); }
  bool hit() const { return Field("cf-aig-cache-status") == "HIT"; }
};

// Reads a response to its end, as a front would, and calls its on_sent.
Answer Receive(Response response);

// What upstream answers for an input, given as its JSON: the same vector for the same input.
std::vector<float> VectorFor(std::string_view input_json, std::size_t dim = 4);
// The inputs of a recorded embeddings call, each as minified JSON; empty when it has no input
// array.
std::vector<std::string> InputsOf(const FakeCall& call);
// Upstream's right answer to an embeddings call, and 1 token for each input.
std::string EmbeddingsBodyFor(const FakeCall& call, std::size_t dim = 4);

// The vectors of an embeddings answer, in order of place, whichever form they have.
std::vector<std::vector<double>> VectorsOf(std::string_view body);
// Their index members, in order of place.
std::vector<std::int64_t> IndexesOf(std::string_view body);
// The number at a dotted path ("usage.total_tokens"); nullopt when there is none.
std::optional<double> NumberIn(std::string_view json, std::string_view path);
// The string at a dotted path.
std::optional<std::string> StringIn(std::string_view json, std::string_view path);

struct ProxyWorldOptions {
  EmbeddingCacheOptions embedding_cache = {};
  ResponseCacheOptions response_cache = {};
  EmbeddingsServiceOptions embeddings = {};
  ResponsesOptions responses = {};
  IndexerOptions indexer = {};
  AdminOptions admin = {};
  CallersOptions callers = {};
  LimiterOptions limiter = {};
  std::vector<PriceRule> prices = {};  // in US dollars, before Larder's own
  std::vector<ConfiguredKey> keys = {};
  CacheAdminOptions cache_admin = {};
  CollectionsOptions collections = {};
  std::string listen_host = "127.0.0.1";
  CacheMode mode = CacheMode::kOn;
  CorsOptions cors = {};
  Surface surface = Surface::kAll;
  OidcProvider::Transports* oidc = nullptr;  // how the OpenID provider of `admin` is reached
  // Further upstreams in front of the world's own, which is "default" and takes what they do not.
  std::vector<std::pair<UpstreamOptions, Upstream*>> upstreams = {};
  UpstreamOptions default_upstream = {};  // of the world's own: fallbacks, aliases
  std::size_t max_renewals = 16;          // that wait for RunRenewals; a further one is refused
};

class ProxyWorld {
 public:
  // `inner` (the store), `clock` and `upstream` outlive the world.
  ProxyWorld(Store& inner, ManualClock& clock, FakeUpstream& upstream,
             ProxyWorldOptions options = {});
  ~ProxyWorld();

  // What the fast lane answers is compared with what the ordinary way does: every test that asks
  // through this tests both.
  Answer Ask(Request request);
  // The fast lane alone: nullopt when it declines. Nothing is recorded.
  std::optional<Answer> AskFastLane(const Request& request);
  // The response before its body is read.
  Response Begin(Request request);

  Proxy& proxy() { return *proxy_; }
  AdminHandler& admin() { return *admin_; }
  ClientKeys& client_keys() { return client_keys_; }
  AdminSessions& sessions() { return *sessions_; }
  FaultyStore& data_store() { return faulty_data_store_; }
  Limiter& limiter() { return limiter_; }
  ExplainEndpoint::Parts explain_parts() {
    return {*embeddings_, *responses_handler_, callers_, clock_, mode_};
  }
  FaultyStore& store() { return store_; }
  Indexer& indexer() { return *indexer_; }
  EmbeddingsService& embeddings() { return *embeddings_; }
  ResponseCache& response_cache() { return response_cache_; }
  CacheAdmin& cache_admin() { return *cache_admin_; }
  // The records of requests that were sent to their end.
  std::vector<RequestRecord> records() const;
  // From now on records say why a request missed.
  void UseDiagnosis() {
    embeddings_->set_diagnosis(diagnosis_);
    responses_handler_->set_diagnosis(diagnosis_);
  }
  // Waits until the indexer is ready, has an empty queue and holds `count` vectors; false after ten
  // seconds. Start it with indexer().Start() first.
  bool WaitUntilIndexed(std::size_t count);
  SpaceSet& spaces() { return spaces_; }
  bool ready = true;

  ResponsesHandler& responses() { return *responses_handler_; }
  // Renewals of stale entries that wait; they run when the test says so, on its thread.
  std::size_t renewals() const;
  void RunRenewals();

 private:
  ManualClock& clock_;
  FaultyStore store_;
  EmbeddingCache embedding_cache_;
  ResponseCache response_cache_;
  SpaceSet spaces_;
  std::unique_ptr<Indexer> indexer_;
  std::unique_ptr<UpstreamSet> upstreams_;
  MissDiagnosis diagnosis_{{1U << 20}};
  std::unique_ptr<EmbeddingsService> embeddings_;
  WorkerPool computing_{{2, 64}};
  OffLoop off_loop_{computing_};
  std::unique_ptr<EmbeddingsHandler> embeddings_handler_;
  std::unique_ptr<PassThroughHandler> pass_through_;
  std::unique_ptr<TunnelHandler> tunnel_;
  std::unique_ptr<ResponsesHandler> responses_handler_;
  Log log_{LogFormat::kText, LogLevel::kError};
  MemoryStore data_store_;
  FaultyStore faulty_data_store_{data_store_};
  std::unique_ptr<Collections> collections_;
  std::unique_ptr<TextEmbedder> embedder_;
  std::unique_ptr<CollectionSearch> collection_search_;
  std::unique_ptr<SearchHandler> search_;
  std::unique_ptr<CollectionHandler> collection_handler_;
  std::unique_ptr<VectorStoreHandler> vector_stores_;
  std::unique_ptr<VectorizeHandler> vectorize_;
  std::unique_ptr<Telemetry> telemetry_;
  std::unique_ptr<AdminSessions> sessions_;
  std::unique_ptr<AdminAccess> access_;
  std::unique_ptr<OidcLogin> oidc_;
  std::unique_ptr<LoginHandler> login_;
  std::unique_ptr<AdminHandler> admin_;
  std::unique_ptr<StatsEndpoint> stats_;
  std::unique_ptr<TimeseriesEndpoint> timeseries_;
  std::unique_ptr<SessionEndpoint> session_;
  Partitioner partitioner_{"a partition secret of 32 bytes...."};
  ClientKeys client_keys_;
  PriceTable prices_;
  Limiter limiter_;
  Callers callers_;
  std::unique_ptr<CacheAdmin> cache_admin_;
  std::unique_ptr<Proxy> proxy_;
  CacheMode mode_;
  const std::function<void(const RequestRecord&)> unobserved_;
  std::unique_ptr<HitLane> lane_;
  mutable Mutex lane_mutex_;
  mutable Mutex mutex_;
  std::vector<RequestRecord> records_ LARDER_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> renewals_ LARDER_GUARDED_BY(mutex_);
};

inline constexpr const char* kVia = "1.1 larder-0000beef";

class ProxyTest : public testing::Test {
 protected:
  explicit ProxyTest(ProxyWorldOptions options = {}) { Restart(std::move(options)); }

  // A new process on the same store, clock and upstream.
  void Restart(ProxyWorldOptions options = {});

  ProxyWorld& world() { return *world_; }
  FakeUpstream& upstream() { return upstream_; }

  // With "authorization: Bearer key-a" unless the headers have a credential of their own.
  static Request MakeRequest(std::string method, std::string target, std::string body = {},
                             Headers headers = {});
  Answer Post(std::string target, std::string body, Headers headers = {}) {
    return world_->Ask(MakeRequest("POST", std::move(target), std::move(body), std::move(headers)));
  }
  Answer Get(std::string target, Headers headers = {}) {
    return world_->Ask(MakeRequest("GET", std::move(target), {}, std::move(headers)));
  }
  Answer Embed(std::string body, Headers headers = {}) {
    return Post("/v1/embeddings", std::move(body), std::move(headers));
  }
  Answer Chat(std::string body, Headers headers = {}) {
    return Post("/v1/chat/completions", std::move(body), std::move(headers));
  }
  // Upstream embeds every call that has no script: VectorFor each input, 1 token each.
  void UseEmbeddings();
  // All inputs that went upstream so far, in order.
  std::vector<std::string> Forwarded() const;

  ManualClock clock_;
  MemoryStore memory_;
  FakeUpstream upstream_;
  std::unique_ptr<ProxyWorld> world_;
};

}  // namespace larder
