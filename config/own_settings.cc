#include "config/setting_rows.h"
#include "config/text_checks.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 2> kLogFormats = {"text", "json"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warning", "error"};
static_assert(static_cast<int>(LogFormat::kJson) == 1 && static_cast<int>(LogLevel::kError) == 3);

constexpr Setting kRows[] = {
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
