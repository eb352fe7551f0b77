// Verbs: the one table of what `larder` can be told to do. Each verb's options, flags, help and
// examples stand beside its work, in <verb>_command.h and .cc; a verb exists when it has a row
// here.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "app/flags.h"

namespace larder {

// One call of a verb: its flags, then its work. Thread-safety: none.
class Verb {
 public:
  virtual ~Verb() = default;
  // Adds its flags; they keep their values in this object.
  virtual void Declare(FlagTable& flags) = 0;
  // Does it. The process's exit status: 0, 1 (it failed), 2 (bad usage or configuration), 130
  // (interrupted).
  virtual int Run() = 0;
};

// Of an options struct with Declare(FlagTable&), and a function RunCommand(const Options&).
template <typename Options>
class VerbOf final : public Verb {
 public:
  void Declare(FlagTable& flags) override { options.Declare(flags); }
  int Run() override { return RunCommand(options); }

  Options options;
};

struct VerbRow {
  std::string_view name;
  std::string_view summary;   // half a sentence
  std::string_view examples;  // lines of shell, with what they are for; no newline at the end
  std::unique_ptr<Verb> (*make)();
};

// In the order in which --help lists them.
std::span<const VerbRow> Verbs();
// nullptr when there is none of this name.
const VerbRow* FindVerb(std::string_view name);

}  // namespace larder
