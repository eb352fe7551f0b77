#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <array>
#include <sstream>

namespace larder {
namespace {

constexpr int kBadUsage = 2;

// In the order of Verb.
constexpr std::array<std::string_view, 7> kVerbs = {
    "serve", "check-config", "print-config", "stats", "warm", "search", "version"};

// The flags that are settings: the same for every verb that reads the configuration.
struct SettingFlag {
  const char* flag;
  const char* key;
  const char* help;
};
constexpr std::array<SettingFlag, 6> kSettingFlags = {{
    {"--listen", "server.listen",
     "HOST:PORT to listen on; port 0 = any free (default 127.0.0.1:8787)"},
    {"--data-dir", "data_dir", "directory of everything that is kept (default ./larder-data)"},
    {"--upstream", "upstream.url",
     "the model provider's base URL, or 'builtin' (default https://api.openai.com/v1 when "
     "OPENAI_API_KEY "
     "is set, else builtin)"},
    {"--mode", "cache.mode",
     "how much the cache takes part: on, record, replay, read-only or off (default on)"},
    {"--log-format", "log.format", "text or json (default text)"},
    {"--log-level", "log.level", "debug, info, warning or error (default info)"},
}};

void AddSettings(CLI::App* verb, CommandLine& command) {
  verb->add_option("--config", command.config_file,
                   "TOML file; config/larder.toml documents every key")
      ->type_name("FILE");
  for (const SettingFlag& flag : kSettingFlags) {
    verb->add_option_function<std::string>(
            flag.flag,
            [&command, key = flag.key](const std::string& value) {
              command.settings.emplace_back(key, value);
            },
            flag.help)
        ->type_name("VALUE");
  }
}

void AddClient(CLI::App* verb, CommandLine& command) {
  verb->add_option("--server", command.server,
                   "the running server (default: where the config listens)")
      ->type_name("URL");
  verb->add_flag("--json", command.json, "print JSON");
}

}  // namespace

ParsedCommandLine ParseCommandLine(std::vector<std::string> arguments) {
  const bool top_level =
      !arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h" ||
                             arguments[0] == "--version" || !arguments[0].starts_with('-'));
  if (!top_level) arguments.insert(arguments.begin(), "serve");
  if (arguments[0] == "--version") arguments[0] = "version";
  if (!arguments[0].starts_with('-') &&
      std::find(kVerbs.begin(), kVerbs.end(), arguments[0]) == kVerbs.end()) {
    return {std::nullopt, "larder: there is no verb " + arguments[0] + "; see larder --help\n",
            kBadUsage};
  }

  CommandLine command;
  CLI::App app("Larder: a caching proxy for AI APIs. Point an OpenAI client's base URL at it.",
               "larder");
  app.require_subcommand(1);
  auto* serve = app.add_subcommand("serve", "run the server (the default)");
  AddSettings(serve, command);
  serve->add_flag("--once", command.once,
                  "check itself: start, a miss, a hit, a search; then exit");
  auto* check =
      app.add_subcommand("check-config", "read the configuration and report every problem");
  AddSettings(check, command);
  auto* print =
      app.add_subcommand("print-config", "print the effective settings and where each came from");
  AddSettings(print, command);
  auto* stats = app.add_subcommand("stats", "print a running server's hit rates and sizes");
  AddSettings(stats, command);
  AddClient(stats, command);
  stats->add_option("--window", command.window,
                    "the last 15m, 1h, 24h, ...; since the start when absent");
  auto* warm =
      app.add_subcommand("warm", "embed texts ahead of time, one a line, through a running server");
  AddSettings(warm, command);
  AddClient(warm, command);
  warm->add_option("texts", command.texts_file, "a file of lines, or - for standard input")
      ->default_val("-");
  warm->add_option("--model", command.model, "the embedding model")->default_val("larder-hash-384");
  warm->add_option("--batch", command.batch, "texts per request")
      ->default_val(256)
      ->check(CLI::Range(1, 2048));
  auto* search =
      app.add_subcommand("search", "search the texts that a running server has embedded");
  AddSettings(search, command);
  AddClient(search, command);
  search->add_option("query", command.query, "the text to search for")->required();
  search->add_option("--model", command.model, "the embedding model")
      ->default_val("larder-hash-384");
  search->add_option("--top-k", command.top_k, "results")
      ->default_val(10)
      ->check(CLI::Range(1, 1000));
  search->add_option("--collection", command.collection,
                     "a collection's points instead of the texts embedded so far");
  search->add_option("--filter", command.filter,
                     "JSON condition on the points' metadata, say '{\"lang\": \"en\"}'");
  search->add_option("--min-score", command.min_score, "leave out what scores less");
  search->add_option("--ef-search", command.ef_search, "candidates of the graph's walk")
      ->check(CLI::Range(1, 10'000));
  search->add_flag("--exact", command.exact, "compare with every vector");
  search->add_flag("--compare-exact", command.compare_exact,
                   "search both ways: shows the recall and what was passed over");
  app.add_subcommand("version", "print the version");

  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream problem;
    const int code = app.exit(error, out, problem);
    if (code == 0) return {std::nullopt, out.str(), 0};
    return {std::nullopt, problem.str(), kBadUsage};
  }
  const std::string name = app.get_subcommands().front()->get_name();
  command.verb = static_cast<Verb>(std::find(kVerbs.begin(), kVerbs.end(), name) - kVerbs.begin());
  return {std::move(command), {}, 0};
}

}  // namespace larder
