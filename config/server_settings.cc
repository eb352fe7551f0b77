#include "config/address.h"
#include "config/setting_rows.h"
#include "config/text_checks.h"

namespace larder {
namespace {

Result<std::string> NormaliseListen(std::string_view text) {
  LARDER_ASSIGN_OR_RETURN(const ListenAddress ignored, ParseListenAddress(text));
  static_cast<void>(ignored);
  return std::string(text);
}

void SetListen(Config& config, std::size_t, const SettingValue& value) {
  config.listen = std::get<std::string>(value);
  if (auto address = ParseListenAddress(config.listen); address.ok()) {
    config.front.host = std::move(address->host);
    config.front.port = address->port;
  }
}

constexpr Setting kRows[] = {
    PlainRow<LARDER_AT(data_dir)>(
        "data_dir",
        "Directory of everything that is kept; made with mode 0700 when missing, and given it when "
        "it is the user's own and holds nothing else. It holds prompts.")
        .Normalised(&NonEmptyText)
        .Environment("LARDER_DATA_DIR")
        .Flag("--data-dir"),

    PlainRow<LARDER_AT(listen)>(
        "server.listen",
        "Where to listen: HOST:PORT or [IPV6]:PORT; port 0 takes any free one. An address other "
        "machines can reach needs an admin token.")
        .Normalised(&NormaliseListen)
        .SetBy(&SetListen)
        .Environment("LARDER_LISTEN")
        .Flag("--listen"),
    PlainRow<LARDER_AT(front.tls.certificate_file)>(
        "server.tls_certificate_file",
        "PEM file with the certificate, then those between it and the root: makes the address "
        "speak "
        "HTTPS. Read again on SIGHUP."),
    PlainRow<LARDER_AT(front.tls.key_file)>(
        "server.tls_key_file", "PEM file with the certificate's private key, without passphrase."),
    NumberRow<void, LARDER_AT(front.loops)>("server.loops", 0, 256, "event loops",
                                            "Threads that read and write connections; 0 = one per "
                                            "core."),
    NumberRow<void, LARDER_AT(front.max_connections)>(
        "server.max_connections", 1, 1'000'000, "connections",
        "Client connections open at the same time, idle ones included."),
    NumberRow<void, LARDER_AT(front.max_requests)>(
        "server.max_requests", 1, 1'000'000, "requests",
        "Requests under way at a time, beside those on worker threads; the next is answered 503 at "
        "once."),
    NumberRow<void, LARDER_AT(front.workers.max_threads)>(
        "server.worker_threads", 1, 4096, "threads",
        "Most threads for requests that compute, say a search or a large batch; made when needed."),
    NumberRow<void, LARDER_AT(front.workers.queue_limit)>(
        "server.worker_queue", 1, 1'000'000, "requests",
        "Requests that may wait for a worker thread; the next is answered 503 at once."),
    BytesRow<LARDER_AT(max_request_bytes)>(
        "server.max_body_bytes", kKiB, 4 * kGiB,
        "Largest request body on cached endpoints; a larger one is answered 413. Bodies passed "
        "through are not limited."),
    BytesRow<LARDER_AT(front.connection.head.head_bytes)>(
        "server.max_head_bytes", kKiB, 16 * kMiB,
        "Largest request head: request line and header fields together."),
    BytesRow<LARDER_AT(front.connection.head.line_bytes)>(
        "server.max_request_line_bytes", 256, 16 * kMiB,
        "Longest request line: method, path and query."),
    NumberRow<void, LARDER_AT(front.connection.head.fields)>("server.max_header_fields", 1, 10'000,
                                                             "header fields",
                                                             "Most header fields of one request."),
    SecondsRow<LARDER_AT(front.connection.head_timeout)>(
        "server.head_timeout_s", 1, kDay,
        "Longest time from the first byte of a request head to "
        "its last."),
    SecondsRow<LARDER_AT(front.connection.body_timeout)>(
        "server.body_timeout_s", 1, kDay, "Longest pause between two pieces of a request body."),
    SecondsRow<LARDER_AT(front.connection.idle_timeout)>(
        "server.idle_timeout_s", 1, kDay, "Longest pause between two requests of a connection."),
    SecondsRow<LARDER_AT(front.connection.write_timeout)>(
        "server.write_timeout_s", 1, kDay,
        "Longest time that a client may go without taking a byte of its answer."),
    SecondsRow<LARDER_AT(front.connection.tunnel_idle_timeout)>(
        "server.tunnel_idle_timeout_s", 1, 7 * kDay,
        "Longest time that a websocket may go without a byte in either direction."),
    BytesRow<LARDER_AT(front.connection.write_window_bytes)>(
        "server.write_window_bytes", 16 * kKiB, kGiB,
        "Unsent bytes of a streamed answer held per connection before its source has to wait."),
    BytesRow<LARDER_AT(front.connection.upload_window_bytes)>(
        "server.upload_window_bytes", 16 * kKiB, kGiB,
        "Received bytes of a streamed request body held per connection before the client has to "
        "wait."),
    PlainRow<LARDER_AT(cors_origins)>(
        "server.cors_origins",
        "Origins whose pages may call the API from a browser: scheme://host[:port] as the browser "
        "sends it, without a path, or \"*\" for every page.")
        .Normalised(&NormaliseOrigin),
    SecondsRow<LARDER_AT(preflight_max_age)>(
        "server.preflight_max_age_s", 0, kDay,
        "How long a browser may remember the answer to a preflight request; 0 = not at all."),
    SecondsRow<LARDER_AT(drain_timeout)>(
        "server.drain_timeout_s", 0, 3600,
        "At the end, how long requests in flight may take to finish."),
    PlainRow<LARDER_AT(core_dumps)>(
        "server.core_dumps",
        "Whether the system may write the server's memory to a file when it crashes, and debuggers "
        "of the same user may look into it: it holds prompts and keys."),
};

}  // namespace

std::span<const Setting> ServerSettings() {
  return kRows;
}

}  // namespace larder
