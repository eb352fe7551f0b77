// The command line as data. `larder [serve]` and the other verbs; see `larder --help`.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace larder {

enum class Verb { kServe, kCheckConfig, kPrintConfig, kStats, kWarm, kSearch, kVersion };

struct CommandLine {
  Verb verb = Verb::kServe;
  // Settings given as flags, by their key ("server.listen"), in the order given.
  std::vector<std::pair<std::string, std::string>> settings;
  std::optional<std::string> config_file;
  bool once = false;                  // serve --once
  bool json = false;                  // stats, warm, search: for machines
  std::optional<std::string> server;  // stats, warm, search: http://HOST:PORT
  std::string window;                 // stats
  std::string texts_file;             // warm: a file of lines; "-" = standard input
  int batch = 256;                    // warm: texts per request
  std::string query;                  // search
  std::string model;                  // warm, search
  int top_k = 10;                     // search
  std::string collection;             // search: empty = the texts embedded so far
  std::string filter;                 // search: a JSON object
  std::optional<double> min_score;    // search
  int ef_search = 0;                  // search: 0 = the server's default
  bool exact = false;                 // search
  bool compare_exact = false;         // search
};

struct ParsedCommandLine {
  std::optional<CommandLine> command;  // absent: print `message` and exit with `status`
  std::string message;                 // help, or what is wrong and what to do
  int status = 0;                      // 0 for help, 2 for bad usage
};

// `arguments` without the program's name. Thread-safety: pure.
ParsedCommandLine ParseCommandLine(std::vector<std::string> arguments);

}  // namespace larder
