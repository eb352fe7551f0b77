#include "config/address.h"
#include "config/setting_rows.h"
#include "config/text_checks.h"

namespace larder {
namespace {

constexpr Setting kRows[] = {
    PlainRow<LARDER_AT(upstream.url)>(
        "upstream.url",
        "Base URL of the provider, or \"builtin\" for the offline stand-in. While it is not set "
        "anywhere and the environment has OPENAI_API_KEY, it is https://api.openai.com/v1. "
        "OPENAI_BASE_URL is not read: clients point it at Larder.")
        .Normalised(&NormaliseUpstream)
        .Environment("LARDER_UPSTREAM")
        .Flag("--upstream"),

    PlainRow<LARDER_AT(upstream.api_key)>(
        "upstream.api_key",
        "The key that goes to the provider in place of the client's own. A secret, never in this "
        "file: name a variable that holds it with api_key_env, or a file with api_key_file. "
        "Neither: the client's own key goes through.")
        .Secret(),
    PlainRow<LARDER_AT(upstream.api_key_env)>(
        "upstream.api_key_env",
        "Name of the environment variable that holds the provider's key; empty = none.")
        .Normalised(&NormaliseVariableName),
    PlainRow<LARDER_AT(upstream.api_key_file)>("upstream.api_key_file",
                                               "File that holds the provider's key; empty = none.")
        .Normalised(&PlainText),
    PlainRow<LARDER_AT(upstream.api_key_header)>(
        "upstream.api_key_header",
        "Header field that carries the provider's key: \"authorization\" (as a Bearer token), "
        "\"api-key\", \"x-api-key\", \"x-goog-api-key\", or the provider's own.")
        .Normalised(&NormaliseKeyHeader),

    NumberRow<void, LARDER_AT(upstream.http.max_connections)>(
        "upstream.max_connections", 1, 65'535, "connections",
        "Connections to the provider; further requests wait their turn."),
    NumberRow<void, LARDER_AT(upstream.http.max_tunnels)>(
        "upstream.max_tunnels", 0, 65'535, "websockets",
        "Websockets to the provider open at a time, beside its connections."),
    NumberRow<void, LARDER_AT(upstream.http.max_queue)>(
        "upstream.max_queue", 0, 1'000'000, "requests",
        "Requests that may wait for a connection; the next is answered 503 at once."),
    MillisecondsRow<LARDER_AT(upstream.http.queue_timeout)>(
        "upstream.queue_timeout_ms", 1, 600'000, "Longest wait for a connection to come free."),
    MillisecondsRow<LARDER_AT(upstream.http.connect_timeout)>(
        "upstream.connect_timeout_ms", 1, 600'000, "Longest time to connect, TLS included."),
    SecondsRow<LARDER_AT(upstream.first_byte_timeout)>("upstream.first_byte_timeout_s", 1, kDay,
                                                       "Longest wait for the head of an answer."),
    SecondsRow<LARDER_AT(upstream.idle_timeout)>("upstream.idle_timeout_s", 1, kDay,
                                                 "Longest pause between two pieces of an answer."),
    SecondsRow<LARDER_AT(upstream.total_timeout)>("upstream.total_timeout_s", 0, kDay,
                                                  "Longest time for a whole answer; 0 = no limit."),
    NumberRow<void, LARDER_AT(upstream.retry.max_retries)>(
        "upstream.max_retries", 0, 10, "repetitions",
        "How often a request is repeated that failed before the first byte of its answer; 0 = "
        "never, the client repeats it."),
    MillisecondsRow<LARDER_AT(upstream.retry.backoff)>(
        "upstream.retry_backoff_ms", 1, 60'000,
        "Pause before the first repetition; each further one is twice as long, less a random "
        "part."),
    MillisecondsRow<LARDER_AT(upstream.retry.max_backoff)>(
        "upstream.retry_max_backoff_ms", 1, 600'000, "Longest pause between two repetitions."),
    SecondsRow<LARDER_AT(upstream.retry.max_retry_after)>(
        "upstream.retry_max_after_s", 0, 3600,
        "Longest pause that is kept when the provider asks for one by Retry-After; an answer that "
        "asks for a longer one is passed on."),
    NumberRow<void, LARDER_AT(upstream.breaker.failures)>(
        "upstream.breaker_failures", 0, 1000, "failures",
        "Failures in a row after which the provider is not asked for a while; 0 = it is always "
        "asked. A failure is no answer, a broken one, or status 500, 502, 503, 504."),
    SecondsRow<LARDER_AT(upstream.breaker.open)>("upstream.breaker_open_s", 1, 3600,
                                                 "How long the provider is not asked then."),
    BytesRow<LARDER_AT(upstream.http.body_window_bytes)>(
        "upstream.body_window_bytes", 16 * kKiB, kGiB,
        "Bytes of one answer received and not yet read before the provider has to wait."),
    PlainRow<LARDER_AT(upstream.http.ca_file)>(
        "upstream.ca_file",
        "File of PEM certificates that the provider's certificate is verified with; empty = the "
        "system's.")
        .Normalised(&PlainText),
};

}  // namespace

std::span<const Setting> UpstreamSettings() {
  return kRows;
}

}  // namespace larder
