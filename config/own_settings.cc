#include "config/address.h"
#include "config/setting_rows.h"
#include "config/text_checks.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 2> kLogFormats = {"text", "json"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warning", "error"};
static_assert(static_cast<int>(LogFormat::kJson) == 1 && static_cast<int>(LogLevel::kError) == 3);

constexpr Setting kRows[] = {
    PlainRow<LARDER_AT(admin.token)>(
        "admin.token",
        "The admin token, which opens the admin API and the dashboard. A secret, never in this "
        "file: set LARDER_ADMIN_TOKEN, or name a file with token_file.")
        .Normalised(&NormaliseToken)
        .Environment("LARDER_ADMIN_TOKEN")
        .Secret(),
    PlainRow<LARDER_AT(admin_token_file)>(
        "admin.token_file",
        "File that holds the admin token; LARDER_ADMIN_TOKEN goes before it. Empty = none: admin "
        "API and dashboard are then open, which is allowed on loopback only.")
        .Normalised(&PlainText)
        .Environment("LARDER_ADMIN_TOKEN_FILE"),
    PlainRow<LARDER_AT(admin.allowed_hosts)>(
        "admin.allowed_hosts",
        "Host names under which browsers may reach admin API and dashboard, besides localhost, "
        "loopback and the listening address; without scheme and port.")
        .Normalised(&NormaliseHost)
        .Environment("LARDER_ADMIN_ALLOWED_HOSTS")
        .Live(),
    PlainRow<LARDER_AT(callers.require_key)>(
        "admin.require_client_key",
        "Only keys that this server gave out (larder keys create) may call the API; else whoever "
        "reaches it may, with a credential of the provider's."),
    NumberRow<void, LARDER_AT(telemetry.max_event_streams)>(
        "admin.max_event_streams", 0, 10'000, "streams",
        "Live tails of requests (/admin/v1/events) open at a time; the next is answered 503."),
    NumberRow<void, LARDER_AT(cache_admin.max_jobs)>(
        "admin.max_jobs", 1, 64, "jobs",
        "Most purges, exports, imports and warmings at once; one more is refused."),
    BytesRow<LARDER_AT(cache_admin.import_line_bytes)>(
        "admin.import_line_bytes", 64 * kKiB, kGiB,
        "Longest line of an import; a longer one ends it."),

    ChoiceRow<kLogFormats, LARDER_AT(log_format)>(
        "log.format", "Log lines as text for people or JSON for machines.")
        .Environment("LARDER_LOG_FORMAT")
        .Flag("--log-format"),
    ChoiceRow<kLogLevels, LARDER_AT(log_level)>("log.level",
                                                "Log lines below this level are dropped.")
        .Environment("LARDER_LOG_LEVEL")
        .Live(),
    PlainRow<LARDER_AT(log_file)>(
        "log.file",
        "File that log lines are appended to, made with mode 0640 when missing and opened anew on "
        "SIGHUP and SIGUSR1; empty = stderr.")
        .Normalised(&PlainText)
        .Environment("LARDER_LOG_FILE")
        .Live(),
    PlainRow<LARDER_AT(log_requests)>("log.requests", "Log a line for every finished request.")
        .Live(),
};

}  // namespace

std::span<const Setting> OwnSettings() {
  return kRows;
}

}  // namespace larder
