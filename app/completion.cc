#include "app/completion.h"

#include <iostream>

#include "app/verbs.h"

namespace larder {
namespace {

struct VerbFlags {
  std::string name;
  std::string summary;
  std::vector<Flag> flags;  // --help too
};

std::vector<VerbFlags> AllVerbs() {
  std::vector<VerbFlags> verbs;
  for (const VerbRow& row : Verbs()) {
    const auto verb = row.make();
    FlagTable table;
    verb->Declare(table);
    verbs.push_back({std::string(row.name), std::string(row.summary), table.flags()});
    Flag help;
    help.name = "--help,-h";
    help.help = "tell what the verb takes";
    verbs.back().flags.push_back(std::move(help));
  }
  return verbs;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// "-o" of "--output,-o"; empty without one.
std::string ShortName(const Flag& flag) {
  const std::size_t comma = flag.name.find(',');
  return comma == std::string::npos ? std::string() : flag.name.substr(comma + 1);
}

// `text` with each of `special` behind a backslash.
std::string Escaped(const std::string& text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

// For a text in single quotes of a POSIX shell.
std::string Unquoted(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out;
}

std::string Bash() {
  std::string names;
  std::string values;
  std::string verbs;
  for (const VerbFlags& verb : AllVerbs()) {
    names += (names.empty() ? "" : " ") + verb.name;
    std::string flags;
    std::string operands = ":";
    std::string files;
    std::string free;
    for (const Flag& flag : verb.flags) {
      if (flag.is_operand()) {
        if (!flag.choices.empty()) operands = "_larder_words '" + Joined(flag.choices) + "'";
        if (flag.is_path) operands = "_larder_files";
        continue;
      }
      flags += (flags.empty() ? "" : " ") + flag.long_name();
      if (flag.is_switch()) continue;
      std::string pattern = "'" + verb.name + " " + flag.long_name() + "'";
      if (const std::string alias = ShortName(flag); !alias.empty()) {
        pattern += "|'" + verb.name + " " + alias + "'";
      }
      std::string& list = flag.is_path ? files : free;
      if (!flag.choices.empty()) {
        values += "    " + pattern + ") _larder_words '" + Joined(flag.choices) + "'; return ;;\n";
      } else {
        list += (list.empty() ? "" : "|") + pattern;
      }
    }
    if (!files.empty()) values += "    " + files + ") _larder_files; return ;;\n";
    if (!free.empty()) values += "    " + free + ") return ;;\n";
    verbs += "    " + verb.name + ") [[ $cur == -* ]] && _larder_words '" + flags + "' || " +
             operands + " ;;\n";
  }
  return "# bash completion for larder; made by: larder completion bash\n"
         "_larder_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
         "_larder_files() {\n"
         "  compopt -o filenames 2>/dev/null\n"
         "  mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
         "}\n"
         "_larder() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=serve\n"
         "  COMPREPLY=()\n"
         "  if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then\n"
         "    _larder_words '" +
         names +
         "'\n"
         "    return\n"
         "  fi\n"
         "  ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]] && verb=${COMP_WORDS[1]}\n"
         "  case \"$verb $prev\" in\n" +
         values +
         "  esac\n"
         "  case \"$verb\" in\n" +
         verbs +
         "  esac\n"
         "}\n"
         "complete -F _larder larder\n";
}

// What stands behind a flag's or an operand's description: ":NAME:action".
std::string ZshValue(const Flag& flag) {
  const std::string name = flag.value.empty() ? flag.name : flag.value;
  std::string action = flag.is_path ? "_files" : " ";
  if (!flag.choices.empty()) action = "(" + Joined(flag.choices) + ")";
  return ":" + Escaped(name, ":") + ":" + action;
}

std::string Zsh() {
  std::string names;
  std::string cases;
  for (const VerbFlags& verb : AllVerbs()) {
    names += "    '" + verb.name + ":" + Unquoted(Escaped(verb.summary, ":")) + "'\n";
    cases += "    " + verb.name + ")\n      _arguments";
    int operands = 0;
    for (const Flag& flag : verb.flags) {
      std::string row;
      const std::string help = "[" + Escaped(flag.help, "[]:\\") + "]";
      const std::string value = flag.is_switch() ? "" : ZshValue(flag);
      if (flag.is_operand()) {
        row = std::to_string(++operands) + (flag.required ? "" : ":") + value;
        cases += " \\\n        '" + Unquoted(row) + "'";
        continue;
      }
      for (const std::string& name : {flag.long_name(), ShortName(flag)}) {
        if (!name.empty()) cases += " \\\n        '*" + Unquoted(name + help + value) + "'";
      }
    }
    cases += "\n      ;;\n";
  }
  return "#compdef larder\n"
         "# zsh completion for larder; made by: larder completion zsh\n"
         "_larder() {\n"
         "  local -a verbs=(\n" +
         names +
         "  )\n"
         "  local verb=serve\n"
         "  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n"
         "    _describe verb verbs\n"
         "    return\n"
         "  fi\n"
         "  if [[ $words[2] != -* ]]; then\n"
         "    verb=$words[2]\n"
         "    shift words\n"
         "    ((CURRENT--))\n"
         "  fi\n"
         "  case $verb in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _larder ]]; then _larder \"$@\"; else compdef _larder larder; "
         "fi\n";
}

std::string Fish() {
  const auto quoted = [](const std::string& text) { return "'" + Escaped(text, "'\\") + "'"; };
  std::string out =
      "# fish completion for larder; made by: larder completion fish\n"
      "complete -c larder -f\n";
  for (const VerbFlags& verb : AllVerbs()) {
    out += "complete -c larder -n __fish_use_subcommand -a " + verb.name + " -d " +
           quoted(verb.summary) + "\n";
    const std::string row = "complete -c larder -n '__fish_seen_subcommand_from " + verb.name + "'";
    for (const Flag& flag : verb.flags) {
      out += row;
      if (!flag.is_operand()) {
        out += " -l " + flag.long_name().substr(2);
        if (const std::string alias = ShortName(flag); !alias.empty())
          out += " -s " + alias.substr(1);
        if (!flag.is_switch()) out += flag.is_path ? " -r -F" : " -x";
      } else if (flag.is_path) {
        out += " -F";
      }
      if (!flag.choices.empty()) out += " -a " + quoted(Joined(flag.choices));
      out += " -d " + quoted(flag.help) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string RenderCompletion(const std::string& shell) {
  if (shell == "bash") return Bash();
  if (shell == "zsh") return Zsh();
  return shell == "fish" ? Fish() : std::string();
}

void CompletionCommand::Declare(FlagTable& flags) {
  flags.Choice("SHELL", "", shell, {"bash", "zsh", "fish"}, "bash, zsh or fish").Required();
}

int RunCommand(const CompletionCommand& command) {
  std::cout << RenderCompletion(command.shell);
  return 0;
}

}  // namespace larder
