#include "config/settings.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <type_traits>
#include <utility>

#include "config/address.h"
#include "config/text_checks.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kGiB = 1024 * kMiB;
constexpr std::int64_t kMostMemory = 16'384 * kGiB;
constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kTenYears = 3650 * kDay;

constexpr std::array<std::string_view, 2> kLogFormats = {"text", "json"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 2> kShares = {"tenant", "all"};
static_assert(static_cast<int>(LogFormat::kJson) == 1 && static_cast<int>(LogLevel::kError) == 3);

// The place in a Config, const or not, that a row reads and writes.
#define LARDER_AT(path)       \
  [](auto& config) -> auto& { \
    return config.path;       \
  }

// `Unit` is the duration that the key's suffix names, or void for a plain number.
template <typename Unit, auto kField>
constexpr Setting Number(std::string_view key, std::int64_t min, std::int64_t max,
                         std::string_view unit, std::string_view description) {
  using Field = std::remove_cvref_t<decltype(kField(std::declval<Config&>()))>;
  Setting setting{key, SettingKind::kInteger, description, nullptr, nullptr, min, max, unit};
  if constexpr (std::is_void_v<Unit>) {
    static_assert(std::is_integral_v<Field>);
    setting.read = [](const Config& config) -> SettingValue {
      return static_cast<std::int64_t>(kField(config));
    };
    setting.write = [](Config& config, const SettingValue& value) {
      kField(config) = static_cast<Field>(std::get<std::int64_t>(value));
    };
  } else {
    setting.read = [](const Config& config) -> SettingValue {
      return std::int64_t{std::chrono::duration_cast<Unit>(kField(config)).count()};
    };
    setting.write = [](Config& config, const SettingValue& value) {
      kField(config) = Unit{std::get<std::int64_t>(value)};
    };
  }
  return setting;
}

template <auto kField>
constexpr Setting Bytes(std::string_view key, std::int64_t min, std::int64_t max,
                        std::string_view description) {
  return Number<void, kField>(key, min, max, "bytes", description);
}

template <auto kField>
constexpr Setting Seconds(std::string_view key, std::int64_t min, std::int64_t max,
                          std::string_view description) {
  return Number<seconds, kField>(key, min, max, "seconds", description);
}

// A field whose type is a setting's own: bool, std::string, std::vector<std::string>.
template <SettingKind kKind, auto kField>
constexpr Setting Plain(std::string_view key, std::string_view description) {
  using Field = std::remove_cvref_t<decltype(kField(std::declval<Config&>()))>;
  return {
      key, kKind, description, [](const Config& config) -> SettingValue { return kField(config); },
      [](Config& config, const SettingValue& value) { kField(config) = std::get<Field>(value); }};
}

// An enum or a bool whose values stand in `kNames` by their number.
template <const auto& kNames, auto kField>
constexpr Setting Choice(std::string_view key, std::string_view description) {
  using Field = std::remove_cvref_t<decltype(kField(std::declval<Config&>()))>;
  Setting setting{key, SettingKind::kChoice, description, nullptr, nullptr};
  setting.choices = kNames;
  setting.read = [](const Config& config) -> SettingValue {
    return std::string(kNames.at(static_cast<std::size_t>(kField(config))));
  };
  setting.write = [](Config& config, const SettingValue& value) {
    const auto found = std::find(kNames.begin(), kNames.end(), std::get<std::string>(value));
    kField(config) = static_cast<Field>(found - kNames.begin());
  };
  return setting;
}

constexpr auto kBoolean = SettingKind::kBoolean;
constexpr auto kString = SettingKind::kString;

Result<std::string> NormaliseListen(std::string_view text) {
  LARDER_ASSIGN_OR_RETURN(const ListenAddress ignored, ParseListenAddress(text));
  static_cast<void>(ignored);
  return std::string(text);
}

void WriteListen(Config& config, const SettingValue& value) {
  config.listen = std::get<std::string>(value);
  if (auto address = ParseListenAddress(config.listen); address.ok()) {
    config.front.host = std::move(address->host);
    config.front.port = address->port;
  }
}

void WriteUpstreamTimeout(Config& config, const SettingValue& value) {
  config.upstream_timeout = seconds{std::get<std::int64_t>(value)};
  config.embeddings.upstream_timeout = config.upstream_timeout;
  config.responses.upstream_timeout = config.upstream_timeout;
}

constexpr Setting kSettings[] = {
    Plain<kString, LARDER_AT(data_dir)>(
        "data_dir",
        "Directory of everything that is kept; made with mode 0700 when missing. It holds prompts.")
        .Normalised(&NonEmptyText)
        .Environment("LARDER_DATA_DIR")
        .Flag("--data-dir"),

    Plain<kString, LARDER_AT(listen)>(
        "server.listen",
        "Where to listen: HOST:PORT or [IPV6]:PORT; port 0 takes any free one. An address other "
        "machines can reach needs an admin token.")
        .Normalised(&NormaliseListen)
        .WrittenBy(&WriteListen)
        .Environment("LARDER_LISTEN")
        .Flag("--listen"),
    Number<void, LARDER_AT(front.loops)>("server.loops", 0, 256, "event loops",
                                         "Threads that read and write connections; 0 = one per "
                                         "core."),
    Number<void, LARDER_AT(front.max_connections)>(
        "server.max_connections", 1, 1'000'000, "connections",
        "Client connections open at the same time, idle ones included."),
    Number<void, LARDER_AT(front.workers.max_threads)>(
        "server.worker_threads", 1, 4096, "threads",
        "Most threads for requests that wait, say for upstream; made when needed."),
    Number<void, LARDER_AT(front.workers.queue_limit)>(
        "server.worker_queue", 1, 1'000'000, "requests",
        "Requests that may wait for a worker thread; the next is answered 503 at once."),
    Bytes<LARDER_AT(max_request_bytes)>(
        "server.max_body_bytes", kKiB, 4 * kGiB,
        "Largest request body on cached endpoints; a larger one is answered 413. Bodies passed "
        "through are not limited."),
    Bytes<LARDER_AT(front.connection.head.head_bytes)>(
        "server.max_head_bytes", kKiB, 16 * kMiB,
        "Largest request head: request line and header fields together."),
    Bytes<LARDER_AT(front.connection.head.line_bytes)>(
        "server.max_request_line_bytes", 256, 16 * kMiB,
        "Longest request line: method, path and query."),
    Number<void, LARDER_AT(front.connection.head.fields)>("server.max_header_fields", 1, 10'000,
                                                          "header fields",
                                                          "Most header fields of one request."),
    Seconds<LARDER_AT(front.connection.head_timeout)>(
        "server.head_timeout_s", 1, kDay,
        "Longest time from the first byte of a request head to "
        "its last."),
    Seconds<LARDER_AT(front.connection.body_timeout)>(
        "server.body_timeout_s", 1, kDay, "Longest pause between two pieces of a request body."),
    Seconds<LARDER_AT(front.connection.idle_timeout)>(
        "server.idle_timeout_s", 1, kDay, "Longest pause between two requests of a connection."),
    Seconds<LARDER_AT(front.connection.write_timeout)>(
        "server.write_timeout_s", 1, kDay,
        "Longest time that a client may go without taking a byte of its answer."),
    Bytes<LARDER_AT(front.connection.write_window_bytes)>(
        "server.write_window_bytes", 16 * kKiB, kGiB,
        "Unsent bytes of a streamed answer held per connection before its source has to wait."),
    Bytes<LARDER_AT(front.connection.upload_window_bytes)>(
        "server.upload_window_bytes", 16 * kKiB, kGiB,
        "Received bytes of a streamed request body held per connection before the client has to "
        "wait."),
    Seconds<LARDER_AT(drain_timeout)>(
        "server.drain_timeout_s", 0, 3600,
        "At the end, how long requests in flight may take to finish."),

    Plain<kString, LARDER_AT(upstream)>(
        "upstream.url",
        "Base URL of the provider, or \"builtin\" for the offline stand-in. While it is not set "
        "anywhere and the environment has OPENAI_API_KEY, it is https://api.openai.com/v1. "
        "OPENAI_BASE_URL is not read: clients point it at Larder.")
        .Normalised(&NormaliseUpstream)
        .Environment("LARDER_UPSTREAM")
        .Flag("--upstream"),
    Number<void, LARDER_AT(http.max_connections)>(
        "upstream.max_connections", 1, 65'535, "connections",
        "Connections to the provider; further requests wait their turn."),
    Number<milliseconds, LARDER_AT(http.connect_timeout)>("upstream.connect_timeout_ms", 1, 600'000,
                                                          "milliseconds",
                                                          "Longest time to connect, TLS included."),
    Seconds<LARDER_AT(upstream_timeout)>(
        "upstream.timeout_s", 1, kDay,
        "Longest wait for the head of an answer, and between two pieces of its body.")
        .WrittenBy(&WriteUpstreamTimeout),
    Bytes<LARDER_AT(http.body_window_bytes)>(
        "upstream.body_window_bytes", 16 * kKiB, kGiB,
        "Bytes of one answer received and not yet read before the provider has to wait."),
    Plain<kString, LARDER_AT(http.ca_file)>(
        "upstream.ca_file",
        "File of PEM certificates that the provider's certificate is verified with; empty = the "
        "system's.")
        .Normalised(&PlainText),

    Seconds<LARDER_AT(embedding_cache.lifetime)>("cache.embeddings.lifetime_s", 1, kTenYears,
                                                 "Freshness lifetime of an embedding."),
    Bytes<LARDER_AT(embedding_cache.memory_bytes)>(
        "cache.embeddings.memory_bytes", 0, kMostMemory,
        "Memory for hot embeddings, in front of the store; 0 = none."),
    Plain<kBoolean, LARDER_AT(embedding_cache.store_inputs)>(
        "cache.embeddings.store_inputs",
        "Keep the input text beside its vector; search results show it."),
    Choice<kShares, LARDER_AT(embeddings.share_all)>(
        "cache.embeddings.share",
        "Who may share an embedding: \"tenant\" = those who use the same credential or tenant, "
        "\"all\" = everybody."),
    Number<void, LARDER_AT(embeddings.max_upstream_batch)>(
        "cache.embeddings.max_upstream_batch", 1, kMaxEmbeddingInputs, "inputs",
        "Most inputs in one call to the provider; more misses go in several calls."),
    Bytes<LARDER_AT(embeddings.max_reply_bytes)>(
        "cache.embeddings.max_reply_bytes", 64 * kKiB, 4 * kGiB,
        "Largest answer of the provider to one embeddings call; a larger one is refused."),

    Seconds<LARDER_AT(responses.policy.lifetime)>(
        "cache.responses.lifetime_s", 1, kTenYears,
        "Freshness lifetime of chat and other whole answers."),
    Seconds<LARDER_AT(responses.policy.models_lifetime)>(
        "cache.responses.models_lifetime_s", 1, kTenYears,
        "Freshness lifetime of the list of models."),
    Bytes<LARDER_AT(response_cache.memory_bytes)>(
        "cache.responses.memory_bytes", 0, kMostMemory,
        "Memory for hot answers, in front of the store; 0 = none."),
    Bytes<LARDER_AT(responses.max_body_bytes)>(
        "cache.responses.max_body_bytes", 0, kGiB,
        "Largest answer that is stored; a larger one is relayed only."),
    Plain<kBoolean, LARDER_AT(responses.policy.sampled)>(
        "cache.responses.sampled", "Store answers that were sampled at a temperature above 0."),
    Bytes<LARDER_AT(responses.stream_window_bytes)>(
        "cache.responses.stream_window_bytes", 16 * kKiB, kGiB,
        "Once a stream is too large to store: how far it may run ahead of its slowest reader."),

    Bytes<LARDER_AT(store.block_cache_bytes)>(
        "cache.store.block_cache_bytes", kMiB, kMostMemory,
        "Memory for the store's blocks, indexes and filters."),
    Bytes<LARDER_AT(store.write_buffer_bytes)>(
        "cache.store.write_buffer_bytes", kMiB, 64 * kGiB,
        "Memory for writes that are not on disk in sorted form yet."),
    Seconds<LARDER_AT(store.keep_past_lifetime)>(
        "cache.store.keep_past_lifetime_s", 0, kTenYears,
        "How long an expired entry stays on disk, for stale answers."),
    Bytes<LARDER_AT(store.min_free_bytes)>(
        "cache.store.min_free_bytes", 0, kMostMemory,
        "While the disk has less room than this, nothing new is stored."),

    Plain<kBoolean, LARDER_AT(indexer.index_cached_inputs)>(
        "search.index_cached_inputs", "Make every embedded text findable by search."),
    Bytes<LARDER_AT(spaces.memory_bytes)>(
        "search.memory_bytes", kMiB, kMostMemory,
        "Memory for all vector indexes together; beyond it new texts are not indexed."),
    Number<void, LARDER_AT(spaces.crossover)>(
        "search.exact_below", 0, 10'000'000, "vectors",
        "Up to this many vectors a space is searched exactly; beyond it by an HNSW graph."),
    Number<void, LARDER_AT(spaces.hnsw.m)>(
        "search.m", 2, 1024, "links",
        "HNSW's M: links per vector. More: better recall, more memory."),
    Number<void, LARDER_AT(spaces.hnsw.ef_construction)>(
        "search.ef_construction", 1, 100'000, "candidates",
        "HNSW's ef_construction. More: better recall, slower indexing."),
    Number<void, LARDER_AT(spaces.hnsw.ef_search)>(
        "search.ef_search", 1, 100'000, "candidates",
        "HNSW's ef_search, where a request names none. More: better recall, slower search."),
    Number<void, LARDER_AT(indexer.queue_limit)>(
        "search.queue_limit", 1, 100'000'000, "embeddings",
        "Embeddings that may wait to be indexed; the next are indexed at the next start."),

    Plain<kString, LARDER_AT(admin.token)>(
        "admin.token",
        "The admin token, which opens the admin API and the dashboard. A secret, never in this "
        "file: set LARDER_ADMIN_TOKEN, or name a file with token_file.")
        .Normalised(&NormaliseToken)
        .Environment("LARDER_ADMIN_TOKEN")
        .Secret(),
    Plain<kString, LARDER_AT(admin_token_file)>(
        "admin.token_file",
        "File that holds the admin token; LARDER_ADMIN_TOKEN goes before it. Empty = none: admin "
        "API and dashboard are then open, which is allowed on loopback only.")
        .Normalised(&PlainText)
        .Environment("LARDER_ADMIN_TOKEN_FILE"),
    Plain<SettingKind::kStrings, LARDER_AT(admin.allowed_hosts)>(
        "admin.allowed_hosts",
        "Host names under which browsers may reach admin API and dashboard, besides localhost, "
        "loopback and the listening address; without scheme and port.")
        .Normalised(&NormaliseHost)
        .Environment("LARDER_ADMIN_ALLOWED_HOSTS"),

    Choice<kLogFormats, LARDER_AT(log_format)>(
        "log.format", "Log lines (on stderr) as text for people or JSON for machines.")
        .Environment("LARDER_LOG_FORMAT")
        .Flag("--log-format"),
    Choice<kLogLevels, LARDER_AT(log_level)>("log.level", "Log lines below this level are dropped.")
        .Environment("LARDER_LOG_LEVEL"),
    Plain<kBoolean, LARDER_AT(log_requests)>("log.requests",
                                             "Log a line for every finished request."),
};

#undef LARDER_AT

}  // namespace

std::span<const Setting> Settings() {
  return kSettings;
}

const Setting* FindSetting(std::string_view key) {
  for (const Setting& setting : kSettings) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

}  // namespace larder
