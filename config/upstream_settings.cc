#include "config/address.h"
#include "config/credential_rows.h"
#include "config/route_checks.h"
#include "config/setting_rows.h"
#include "config/text_checks.h"

namespace larder {
namespace {

// Whose key and limits are meant: those of [upstream], or of one of [[upstreams]].
constexpr auto kDefault = [](auto& config, std::size_t) -> auto& {
  return config.upstream;
};
constexpr auto kElement = [](auto& config, std::size_t element) -> auto& {
  return config.upstreams[element];
};

template <KeyPart kTable, auto kUpstream>
constexpr std::array kKeyRows = {
    PlainRow<LARDER_WITHIN(kUpstream, api_key)>(
        kKey<kTable, "api_key">,
        "The key that goes to the provider in place of the client's own. A secret, never in this "
        "file: name a variable that holds it with api_key_env, or a file with api_key_file. "
        "Neither: the client's own key goes through.")
        .Secret(),
    PlainRow<LARDER_WITHIN(kUpstream, api_key_env)>(
        kKey<kTable, "api_key_env">,
        "Name of the environment variable that holds the provider's key; empty = none.")
        .Normalised(&NormaliseVariableName),
    PlainRow<LARDER_WITHIN(kUpstream, api_key_file)>(
        kKey<kTable, "api_key_file">, "File that holds the provider's key; empty = none.")
        .Normalised(&PlainText),
    PlainRow<LARDER_WITHIN(kUpstream, api_key_header)>(
        kKey<kTable, "api_key_header">,
        "Header field that carries the provider's key: \"authorization\" (as a Bearer token), "
        "\"api-key\", \"x-api-key\", \"x-goog-api-key\", or the provider's own.")
        .Normalised(&NormaliseKeyHeader)};

template <KeyPart kTable, auto kUpstream>
constexpr std::array kLimitRows = {
    NumberRow<void, LARDER_WITHIN(kUpstream, http.max_connections)>(
        kKey<kTable, "max_connections">, 1, 65'535, "connections",
        "Connections to the provider; further requests wait their turn."),
    NumberRow<void, LARDER_WITHIN(kUpstream, http.max_tunnels)>(
        kKey<kTable, "max_tunnels">, 0, 65'535, "websockets",
        "Websockets to the provider open at a time, beside its connections."),
    NumberRow<void, LARDER_WITHIN(kUpstream, http.max_queue)>(
        kKey<kTable, "max_queue">, 0, 1'000'000, "requests",
        "Requests that may wait for a connection; the next is answered 503 at once."),
    MillisecondsRow<LARDER_WITHIN(kUpstream, http.queue_timeout)>(
        kKey<kTable, "queue_timeout_ms">, 1, 600'000,
        "Longest wait for a connection to come free."),
    MillisecondsRow<LARDER_WITHIN(kUpstream, http.connect_timeout)>(
        kKey<kTable, "connect_timeout_ms">, 1, 600'000, "Longest time to connect, TLS included."),
    SecondsRow<LARDER_WITHIN(kUpstream, first_byte_timeout)>(
        kKey<kTable, "first_byte_timeout_s">, 1, kDay, "Longest wait for the head of an answer."),
    SecondsRow<LARDER_WITHIN(kUpstream, idle_timeout)>(
        kKey<kTable, "idle_timeout_s">, 1, kDay, "Longest pause between two pieces of an answer."),
    SecondsRow<LARDER_WITHIN(kUpstream, total_timeout)>(
        kKey<kTable, "total_timeout_s">, 0, kDay, "Longest time for a whole answer; 0 = no limit."),
    NumberRow<void, LARDER_WITHIN(kUpstream, retry.max_retries)>(
        kKey<kTable, "max_retries">, 0, 10, "repetitions",
        "How often a request is repeated that failed before the first byte of its answer; 0 = "
        "never, the client repeats it."),
    MillisecondsRow<LARDER_WITHIN(kUpstream, retry.backoff)>(
        kKey<kTable, "retry_backoff_ms">, 1, 60'000,
        "Pause before the first repetition; each further one is twice as long, less a random "
        "part."),
    MillisecondsRow<LARDER_WITHIN(kUpstream, retry.max_backoff)>(
        kKey<kTable, "retry_max_backoff_ms">, 1, 600'000, "Longest pause between two repetitions."),
    SecondsRow<LARDER_WITHIN(kUpstream, retry.max_retry_after)>(
        kKey<kTable, "retry_max_after_s">, 0, 3600,
        "Longest pause that is kept when the provider asks for one by Retry-After; an answer that "
        "asks for a longer one is passed on."),
    NumberRow<void, LARDER_WITHIN(kUpstream, breaker.failures)>(
        kKey<kTable, "breaker_failures">, 0, 1000, "failures",
        "Failures in a row after which the provider is not asked for a while; 0 = it is always "
        "asked. A failure is no answer, a broken one, or status 500, 502, 503, 504."),
    SecondsRow<LARDER_WITHIN(kUpstream, breaker.open)>(kKey<kTable, "breaker_open_s">, 1, 3600,
                                                       "How long the provider is not asked then."),
    BytesRow<LARDER_WITHIN(kUpstream, http.body_window_bytes)>(
        kKey<kTable, "body_window_bytes">, 16 * kKiB, kGiB,
        "Bytes of one answer received and not yet read before the provider has to wait."),
    PlainRow<LARDER_WITHIN(kUpstream, http.ca_file)>(
        kKey<kTable, "ca_file">,
        "File of PEM certificates that the provider's certificate is verified with; empty = the "
        "system's.")
        .Normalised(&PlainText)};

constexpr auto kKeys = kKeyRows<"upstream", kDefault>;
constexpr auto kOAuth = kOAuthRows<"upstream", kDefault>;
constexpr auto kLimits = kLimitRows<"upstream", kDefault>;
constexpr auto kElementKeys = kKeyRows<"upstreams", kElement>;
constexpr auto kElementOAuth = kOAuthRows<"upstreams", kElement>;

// Each limit may be given again; where it is not, [upstream]'s holds.
constexpr auto kElementLimits = [] {
  auto rows = kLimitRows<"upstreams", kElement>;
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].inherits = kLimits[i].key;
  return rows;
}();

constexpr std::array kUrl = {
    PlainRow<LARDER_AT(upstream.url)>(
        "upstream.url",
        "Base URL of the provider, or \"builtin\" for the offline stand-in. While it is not set "
        "anywhere and the environment has OPENAI_API_KEY, it is https://api.openai.com/v1. "
        "OPENAI_BASE_URL is not read: clients point it at Larder.")
        .Normalised(&NormaliseUpstream)
        .Environment("LARDER_UPSTREAM")
        .Flag("--upstream")};

constexpr Setting Aliases() {
  Setting setting{"upstreams.aliases", SettingKind::kStrings,
                  "Model names as clients ask for them and as this upstream knows them: "
                  "\"NAME=UPSTREAM'S NAME\".",
                  nullptr, nullptr};
  setting.get = [](const Config& config, std::size_t element) -> SettingValue {
    std::vector<std::string> items;
    for (const auto& [name, known_as] : config.upstreams[element].aliases) {
      items.push_back(name + "=" + known_as);
    }
    return items;
  };
  setting.set = [](Config& config, std::size_t element, const SettingValue& value) {
    auto& aliases = config.upstreams[element].aliases;
    aliases.clear();
    for (const std::string& item : std::get<std::vector<std::string>>(value)) {
      aliases.push_back(SplitAlias(item));
    }
  };
  return setting;
}

constexpr std::array kRouting = {
    PlainRow<LARDER_IN(upstreams, name)>(
        "upstreams.name",
        "Its name in metrics, in Cache-Status and among fallbacks: 1 to 32 characters from a-z, "
        "0-9, _ and -, and not \"default\".")
        .Normalised(&NormaliseUpstreamName)
        .Required()
        .Example(R"("anthropic")"),
    PlainRow<LARDER_IN(upstreams, url)>("upstreams.url",
                                        "Base URL of the provider, or \"builtin\".")
        .Normalised(&NormaliseUpstream)
        .Required()
        .Example(R"("https://api.anthropic.com/v1")"),
    PlainRow<LARDER_IN(upstreams, models)>(
        "upstreams.models",
        "The models that it takes, as clients ask for them: patterns in which * is any text; none "
        "= every model.")
        .Normalised(&NormaliseModelPattern)
        .Example(R"(["claude-*", "fast"])"),
    PlainRow<LARDER_IN(upstreams, paths)>(
        "upstreams.paths",
        "The paths below /v1 that it takes, as such patterns; none = every path.")
        .Normalised(&NormalisePathPattern)
        .Example(R"(["/messages"])"),
    Aliases().Normalised(&NormaliseAlias).Example(R"(["fast=claude-haiku-4-5"])"),
    PlainRow<LARDER_IN(upstreams, fallbacks)>(
        "upstreams.fallbacks",
        "Names of the upstreams that are asked, in order, when this one fails; \"default\" is "
        "[upstream].")
        .Normalised(&NormaliseFallback)
        .Example(R"(["default"])")};

constexpr auto kSettings = JoinRows(kUrl, kKeys, kOAuth, kLimits);
constexpr auto kElementRows = [] {
  auto rows = JoinRows(kRouting, kElementKeys, kElementOAuth, kElementLimits);
  for (Setting& row : rows) {
    if (row.key == "upstreams.api_key_env") row.example = R"("ANTHROPIC_API_KEY")";
    if (row.key == "upstreams.api_key_header") row.example = R"("x-api-key")";
  }
  return rows;
}();

}  // namespace

std::span<const Setting> UpstreamSettings() {
  return kSettings;
}

std::span<const Setting> UpstreamRows() {
  return kElementRows;
}

}  // namespace larder
