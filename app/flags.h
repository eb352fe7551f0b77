// FlagTable: what a verb takes. One table is what the parser, --help, shell completion and the test
// of the man page read, so that none of them can know a flag that the others do not.
// Thread-safety: none; built and read by one thread.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct Flag {
  std::string name;   // "--model"; with a short form "--output,-o"; an operand's has no dashes
  std::string value;  // what stands for its value in help: "NAME"; empty: a switch, or an operand
  std::string help;   // with its default where it has one
  // Keeps a value. What is wrong with it ("must be ..."), nullopt when nothing is. A switch's gets
  // an empty text.
  std::function<std::optional<std::string>(const std::string&)> keep;
  std::vector<std::string> choices;  // all its values; empty: any
  bool required = false;
  bool is_path = false;  // completion offers files

  bool is_operand() const { return !name.starts_with('-'); }
  bool is_switch() const { return !is_operand() && value.empty(); }
  // "--output" of "--output,-o".
  std::string long_name() const { return name.substr(0, name.find(',')); }

  Flag& Required() {
    required = true;
    return *this;
  }
  Flag& Path() {
    is_path = true;
    return *this;
  }
};

class FlagTable {
 public:
  // Each adds one row; `target` outlives the table, and its value now is the default that help
  // tells. The reference lives until the next row.
  Flag& Switch(std::string name, bool& target, std::string help);
  Flag& Text(std::string name, std::string value, std::string& target, const std::string& help);
  Flag& Text(std::string name, std::string value, std::optional<std::string>& target,
             std::string help);
  Flag& Integer(std::string name, std::string value, int& target, int min, int max,
                const std::string& help);
  // Without a default.
  Flag& Integer(std::string name, std::string value, std::optional<int>& target, int min, int max,
                std::string help);
  Flag& Number(std::string name, std::string value, std::optional<double>& target, double min,
               std::string help);
  Flag& Choice(std::string name, std::string value, std::string& target,
               std::vector<std::string> choices, const std::string& help);
  // "90s", "15m", "1h", "7d".
  Flag& Duration(std::string name, std::optional<std::chrono::seconds>& target, std::string help);
  // May be given several times.
  Flag& Texts(std::string name, std::string value, std::vector<std::string>& target,
              std::string help);
  Flag& Add(Flag flag);

  const std::vector<Flag>& flags() const { return flags_; }

 private:
  std::vector<Flag> flags_;
};

}  // namespace larder
