#include "tests/support/proxy_fixture.h"

#include <cstring>

#include "base/base64.h"
#include "base/sha256.h"
#include "proxy/forwarding.h"
#include "proxy/http/reply_head.h"
#include "proxy/json/canonical_json.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

// Deadlines are made from the manual clock and kept by the real one: out of reach of both.
constexpr std::chrono::hours kNever{24 * 365 * 20};

}  // namespace

Answer Receive(Response response) {
  Answer answer;
  answer.status = response.status;
  answer.headers = response.headers;
  if (response.stream == nullptr) {
    answer.body = response.body;
  } else {
    answer.was_stream = true;
    const MonoTime deadline = SystemClock().Monotonic() + FakeUpstream::kWait;
    while (true) {
      const auto state = ReadSome(*response.stream, 4096, answer.body, deadline);
      if (state.ok() && *state == ReadState::kData) continue;
      EXPECT_TRUE(state.ok()) << "the body did not end in time";
      answer.whole = state.ok() && *state == ReadState::kEnd;
      break;
    }
    response.stream = nullptr;
  }
  if (response.on_sent) response.on_sent({answer.body.size(), answer.whole, MonoTime{}});
  return answer;
}

std::vector<float> VectorFor(std::string_view input_json, std::size_t dim) {
  const Digest digest = Sha256Of(input_json);
  std::vector<float> vector;
  for (std::size_t i = 0; i < dim; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, digest.data() + (2 * i) % 32, sizeof(bits));
    vector.push_back((static_cast<float>(bits) - 32767.0F) / 30011.0F);
  }
  return vector;
}

std::vector<std::string> InputsOf(const FakeCall& call) {
  std::vector<std::string> inputs;
  const auto document = JsonDocument::Parse(call.body);
  if (!document.ok()) return inputs;
  const auto input = Member(document->root(), "input");
  JsonArray list;
  if (!input || input->get(list) != simdjson::SUCCESS) return inputs;
  for (const JsonElement element : list) inputs.push_back(CanonicalJson(element));
  return inputs;
}

std::string EmbeddingsBodyFor(const FakeCall& call, std::size_t dim) {
  const auto inputs = InputsOf(call);
  JsonWriter json;
  json.BeginObject().Member("object", "list").Key("data").BeginArray();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    json.BeginObject()
        .Member("object", "embedding")
        .Member("index", i)
        .Key("embedding")
        .BeginArray();
    for (const float value : VectorFor(inputs[i], dim)) json.Number(value);
    json.EndArray().EndObject();
  }
  json.EndArray().Member("model", "m-0001").Key("usage").BeginObject();
  json.Member("prompt_tokens", inputs.size()).Member("total_tokens", inputs.size());
  json.EndObject().EndObject();
  return json.Take();
}

std::vector<std::vector<double>> VectorsOf(std::string_view body) {
  std::vector<std::vector<double>> vectors;
  const auto document = JsonDocument::Parse(body);
  if (!document.ok()) return vectors;
  const auto data = Member(document->root(), "data");
  JsonArray items;
  if (!data || data->get(items) != simdjson::SUCCESS) return vectors;
  for (const JsonElement item : items) {
    auto& vector = vectors.emplace_back();
    JsonArray values;
    if (Member(item, "embedding")->get(values) == simdjson::SUCCESS) {
      for (const JsonElement value : values) {
        double number = 0;
        EXPECT_EQ(value.get(number), simdjson::SUCCESS);
        vector.push_back(number);
      }
      continue;
    }
    const auto bytes = DecodeBase64(StringMember(item, "embedding").value_or("?"));
    EXPECT_TRUE(bytes && bytes->size() % sizeof(float) == 0);
    if (!bytes) continue;
    std::vector<float> floats(bytes->size() / sizeof(float));
    std::memcpy(floats.data(), bytes->data(), floats.size() * sizeof(float));
    vector.assign(floats.begin(), floats.end());
  }
  return vectors;
}

std::vector<std::int64_t> IndexesOf(std::string_view body) {
  std::vector<std::int64_t> indexes;
  const auto document = JsonDocument::Parse(body);
  if (!document.ok()) return indexes;
  const auto data = Member(document->root(), "data");
  JsonArray items;
  if (!data || data->get(items) != simdjson::SUCCESS) return indexes;
  for (const JsonElement item : items) indexes.push_back(IntMember(item, "index").value_or(-1));
  return indexes;
}

namespace {

// The value at a dotted path as T, kept as Kept (the document does not outlive the call).
template <typename T, typename Kept>
std::optional<Kept> ValueIn(std::string_view json, std::string_view path) {
  const auto document = JsonDocument::Parse(json);
  if (!document.ok()) return std::nullopt;
  std::optional<JsonElement> at = document->root();
  while (at && !path.empty()) {
    const std::size_t dot = path.find('.');
    at = Member(*at, path.substr(0, dot));
    path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  }
  T value{};
  if (!at || at->get(value) != simdjson::SUCCESS) return std::nullopt;
  return Kept(value);
}

}  // namespace

std::optional<double> NumberIn(std::string_view json, std::string_view path) {
  return ValueIn<double, double>(json, path);
}

std::optional<std::string> StringIn(std::string_view json, std::string_view path) {
  return ValueIn<std::string_view, std::string>(json, path);
}

ProxyWorld::ProxyWorld(Store& inner, ManualClock& clock, FakeUpstream& upstream,
                       ProxyWorldOptions options)
    : clock_(clock),
      store_(inner),
      embedding_cache_(store_, clock, options.embedding_cache),
      response_cache_(store_, options.response_cache),
      spaces_(SpaceSet::Options{}),
      client_keys_(data_store_, clock),
      prices_(options.prices, "USD"),
      limiter_(clock, prices_, options.limiter),
      callers_(partitioner_, client_keys_, limiter_, options.callers) {
  client_keys_.SetConfigured(options.keys);
  std::vector<UpstreamOptions> upstream_options;
  std::vector<Upstream*> upstreams;
  for (const auto& [one, borrowed] : options.upstreams) {
    upstream_options.push_back(one);
    upstreams.push_back(borrowed);
  }
  upstream_options.push_back(options.default_upstream);
  upstreams.push_back(&upstream);
  auto set = UpstreamSet::Over(std::move(upstream_options), std::move(upstreams));
  EXPECT_TRUE(set.ok());
  upstreams_ = std::move(set).value();
  options.embeddings.upstream_timeout = kNever;
  options.responses.upstream_timeout = kNever;
  const auto lifetime = options.embedding_cache.lifetime;
  indexer_ = std::make_unique<Indexer>(store_, clock, spaces_, lifetime, options.indexer);
  embedding_cache_.set_observer([this](const NewEmbedding& added) { indexer_->Enqueue(added); });
  embeddings_ = std::make_unique<EmbeddingsService>(embedding_cache_, *upstreams_, clock, kVia,
                                                    options.embeddings);
  embeddings_handler_ = std::make_unique<EmbeddingsHandler>(*embeddings_, clock, off_loop_);
  pass_through_ = std::make_unique<PassThroughHandler>(*upstreams_, clock, kVia);
  tunnel_ = std::make_unique<TunnelHandler>(*upstreams_, clock, kVia);
  responses_handler_ = std::make_unique<ResponsesHandler>(
      response_cache_, *upstreams_, clock, kVia, *pass_through_,
      [](const std::function<void()>& work) { work(); },
      [this, most = options.max_renewals](std::function<void()> work) {
        MutexLock lock(mutex_);
        if (renewals_.size() >= most) return false;
        renewals_.push_back(std::move(work));
        return true;
      },
      options.responses);
  collections_ = std::make_unique<Collections>(data_store_, clock, log_, options.collections);
  collections_->Start();
  embedder_ = std::make_unique<TextEmbedder>(*embeddings_);
  collection_search_ = std::make_unique<CollectionSearch>(*collections_, *embedder_, clock);
  search_ = std::make_unique<SearchHandler>(*embeddings_, *embedder_, *collection_search_,
                                            *indexer_, spaces_, store_, clock, lifetime);
  collection_handler_ = std::make_unique<CollectionHandler>(*collections_, *embedder_);
  vector_stores_ =
      std::make_unique<VectorStoreHandler>(*collections_, *collection_search_, *pass_through_);
  vectorize_ = std::make_unique<VectorizeHandler>(*collections_, *collection_search_);
  telemetry_ = std::make_unique<Telemetry>(
      store_, clock, TelemetryInfo{"1.2.3", upstream.name(), "/data"}, [] { return Gauges{}; });
  sessions_ = std::make_unique<AdminSessions>(faulty_data_store_, clock, options.admin,
                                              "a partition secret of 32 bytes....");
  EXPECT_TRUE(sessions_->Load().ok());
  access_ = std::make_unique<AdminAccess>(
      options.admin, AdminAccess::Place{options.listen_host, false}, *sessions_, clock);
  if (options.oidc != nullptr) {
    oidc_ = std::make_unique<OidcLogin>(options.admin.oidc, *options.oidc, clock);
  }
  login_ =
      std::make_unique<LoginHandler>(LoginHandler::Parts{*access_, *sessions_, oidc_.get(), log_},
                                     options.admin.login_limit, clock);
  admin_ = std::make_unique<AdminHandler>(*telemetry_, *access_, *login_, [this] {
    return AdminHandler::Health{ready, "\"index\":\"ready\""};
  });
  stats_ = std::make_unique<StatsEndpoint>(*telemetry_);
  timeseries_ = std::make_unique<TimeseriesEndpoint>(*telemetry_);
  admin_->Add("stats", *stats_);
  admin_->Add("timeseries", *timeseries_);
  session_ = std::make_unique<SessionEndpoint>(*access_, *sessions_);
  admin_->Add("session", *session_);
  const auto record = [this](const RequestRecord& finished) {
    MutexLock lock(mutex_);
    records_.push_back(finished);
  };
  options.cache_admin.mode = options.mode;
  options.cache_admin.upstream = upstream.name();
  cache_admin_ = std::make_unique<CacheAdmin>(
      CacheAdmin::Parts{store_, clock, *embeddings_, response_cache_, options.responses.policy,
                        *indexer_, callers_, log_},
      options.cache_admin, record);
  cache_admin_->AddTo(*admin_);
  proxy_ = std::make_unique<Proxy>(
      Proxy::Handlers{*embeddings_, *embeddings_handler_, *responses_handler_, *pass_through_,
                      *tunnel_, *search_, *collection_handler_, *vector_stores_, *vectorize_,
                      *admin_},
      callers_, clock,
      ProxyOptions{1 << 20, kVia, upstream.name(), options.mode, options.cors, options.surface},
      record);
  mode_ = options.mode;
  lane_ = std::make_unique<HitLane>(HitLane::Parts{*embeddings_, *responses_handler_, callers_,
                                                   clock, unobserved_, upstream.name(),
                                                   !options.cors.origins.empty()});
}

ProxyWorld::~ProxyWorld() {
  {
    MutexLock lock(mutex_);
    renewals_.clear();
  }
  indexer_->Stop();
}

std::size_t ProxyWorld::renewals() const {
  MutexLock lock(mutex_);
  return renewals_.size();
}

void ProxyWorld::RunRenewals() {
  std::vector<std::function<void()>> waiting;
  {
    MutexLock lock(mutex_);
    waiting.swap(renewals_);
  }
  for (const auto& renewal : waiting) renewal();
}

Response ProxyWorld::Begin(Request request) {
  request.received = clock_.Monotonic();
  return proxy_->Handle(std::move(request));
}

namespace {

// What differs from one answer to the next.
bool IsOfOneAnswer(std::string_view name) {
  return EqualsIgnoreCase(name, "x-request-id") || EqualsIgnoreCase(name, "server-timing");
}

// One field a line, without those.
std::string Comparable(const Headers& headers) {
  std::string lines;
  for (const auto& [name, value] : headers.fields()) {
    lines += name + ": " + (IsOfOneAnswer(name) ? "(differs)" : value) + "\n";
  }
  return lines;
}

// As a client would send it.
std::string HeadBytes(const Request& request) {
  std::string bytes = request.method + " " + request.target + " HTTP/1.1\r\n";
  if (!request.headers.Has("host")) bytes += "Host: larder\r\n";
  for (const auto& [name, value] : request.headers.fields()) {
    bytes += name + ": " + value + "\r\n";
  }
  if (!request.body.empty() && !request.headers.Has("content-length")) {
    bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return bytes + "\r\n";
}

}  // namespace

std::optional<Answer> ProxyWorld::AskFastLane(const Request& request) {
  if (mode_ != CacheMode::kOn || request.body_source != nullptr || request.tunnel) {
    return std::nullopt;
  }
  const std::string bytes = HeadBytes(request);
  RequestHeadView head;
  std::size_t scanned = 0;
  const auto parse = ParseRequestHead(bytes, HeadLimits(), scanned, head);
  if (parse.state != HeadViewParse::State::kComplete || head.chunked) return std::nullopt;
  MutexLock lock(lane_mutex_);
  FastAnswer fast;
  if (!lane_->Answer({head, request.body, clock_.Monotonic(), "a date"}, fast)) {
    return std::nullopt;
  }
  std::size_t reply_scanned = 0;
  const auto reply = ParseReplyHead(fast.head, HeadLimits(), reply_scanned);
  EXPECT_EQ(reply.state, ReplyHeadParse::State::kComplete) << reply.reason;
  EXPECT_EQ(reply.consumed, fast.head.size());
  EXPECT_EQ(reply.head.content_length, fast.body.size());
  Answer answer;
  answer.status = reply.head.status;
  answer.headers = reply.head.headers;
  for (const char* of_the_front : {"date", "content-length", "connection"}) {
    EXPECT_TRUE(answer.headers.Has(of_the_front));
    answer.headers.Remove(of_the_front);
  }
  answer.body = fast.body;
  lane_->OnSent({fast.body.size(), true, {}});
  return answer;
}

Answer ProxyWorld::Ask(Request request) {
  // Both lanes find the caller's limits as they are.
  const auto caller = callers_.Identify(CredentialOf(request.headers, request.query()));
  const auto account = caller.ok() ? limiter_.AccountOf(caller->key, caller->partition) : nullptr;
  const Moment now = MomentOf(clock_);
  const std::string before = account == nullptr ? std::string() : account->Save(now);
  const std::optional<Answer> fast = AskFastLane(request);
  EXPECT_TRUE(account == nullptr || account->Restore(before, std::chrono::milliseconds(0), now));
  const Answer answer = Receive(Begin(std::move(request)));
  if (fast) {
    EXPECT_EQ(fast->status, answer.status);
    EXPECT_EQ(Comparable(fast->headers), Comparable(answer.headers));
    EXPECT_EQ(fast->body, answer.body);
  }
  return answer;
}

std::vector<RequestRecord> ProxyWorld::records() const {
  MutexLock lock(mutex_);
  return records_;
}

bool ProxyWorld::WaitUntilIndexed(std::size_t count) {
  const MonoTime deadline = SystemClock().Monotonic() + FakeUpstream::kWait;
  while (!indexer_->ready() || indexer_->queued() > 0 || spaces_.size() != count) {
    if (SystemClock().Monotonic() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

void ProxyTest::Restart(ProxyWorldOptions options) {
  world_.reset();
  world_ = std::make_unique<ProxyWorld>(memory_, clock_, upstream_, std::move(options));
}

Request ProxyTest::MakeRequest(std::string method, std::string target, std::string body,
                               Headers headers) {
  Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers = std::move(headers);
  request.headers.Add("host", "localhost:8787");
  if (!body.empty()) request.headers.Add("content-type", "application/json");
  bool has_credential = false;
  for (const char* name : {"authorization", "api-key", "x-api-key"}) {
    has_credential = has_credential || request.headers.Has(name);
  }
  if (!has_credential) request.headers.Add("authorization", "Bearer key-a");
  request.body = std::move(body);
  request.peer = "127.0.0.1:50000";
  return request;
}

void ProxyTest::UseEmbeddings() {
  upstream_.ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
    return upstream_.Make({.body = EmbeddingsBodyFor(call)});
  });
}

std::vector<std::string> ProxyTest::Forwarded() const {
  std::vector<std::string> all;
  for (const FakeCall& call : upstream_.calls()) {
    for (std::string& input : InputsOf(call)) all.push_back(std::move(input));
  }
  return all;
}

}  // namespace larder
