#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <sstream>

namespace larder {
namespace {

constexpr int kBadUsage = 2;

constexpr const char* kAbout =
    "Larder: a caching proxy for AI APIs. Point an OpenAI client's base URL at it.";

// `flag` as CLI11 knows it. Values are kept by the row itself.
void AddFlag(CLI::App& app, const Flag& flag) {
  const auto keep = [&flag](const std::string& text) {
    if (const auto problem = flag.keep(text)) {
      throw CLI::ValidationError(flag.long_name(), *problem + ", got '" + text + "'");
    }
  };
  if (flag.is_switch()) {
    std::string name = flag.name;
    app.add_flag_function(
        name, [keep](std::int64_t) { keep(""); }, flag.help);
    return;
  }
  CLI::Option* option = nullptr;
  if (flag.is_operand()) {
    option = app.add_option_function<std::string>(flag.name, keep, flag.help);
  } else {
    option = app.add_option_function<std::vector<std::string>>(
        flag.name,
        [keep](const std::vector<std::string>& values) {
          for (const std::string& value : values) keep(value);
        },
        flag.help);
    option->expected(1)->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  option->type_name(flag.is_operand() ? "" : flag.value);
  if (flag.required) option->required();
}

ParsedCommandLine BadUsage(const std::string& message) {
  return {nullptr, {}, message, kBadUsage};
}

// The text of `larder --help`.
std::string Overview() {
  std::ostringstream out;
  out << kAbout << "\nUsage: larder [VERB] [OPTIONS]\n\nVerbs:\n";
  for (const VerbRow& verb : Verbs()) {
    out << "  " << verb.name << std::string(14 - verb.name.size(), ' ') << verb.summary << "\n";
  }
  out << "\nlarder VERB --help tells a verb's options, with examples. Without a verb: serve.\n";
  return out.str();
}

}  // namespace

ParsedCommandLine ParseCommandLine(std::vector<std::string> arguments) {
  std::string name = "serve";
  if (!arguments.empty()) {
    const std::string& first = arguments[0];
    if (first == "--help" || first == "-h" || first == "help") return {nullptr, {}, Overview(), 0};
    if (first == "--version") {
      name = "version";
      arguments.erase(arguments.begin());
    } else if (!first.starts_with('-')) {
      name = first;
      arguments.erase(arguments.begin());
    }
  }
  const VerbRow* row = FindVerb(name);
  if (row == nullptr) return BadUsage("larder: there is no verb " + name + "; see larder --help\n");

  ParsedCommandLine parsed{row->make(), name, {}, 0};
  FlagTable table;
  parsed.verb->Declare(table);
  CLI::App app("larder " + name + ": " + std::string(row->summary), "larder " + name);
  if (!row->examples.empty()) app.footer("\nExamples:\n" + std::string(row->examples));
  for (const Flag& flag : table.flags()) AddFlag(app, flag);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream problem;
    const int code = app.exit(error, out, problem);
    if (code == 0) return {nullptr, name, out.str(), 0};
    return BadUsage("larder " + name + ": " + error.what() + "; see larder " + name + " --help\n");
  }
  return parsed;
}

}  // namespace larder
