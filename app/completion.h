// Shell completion, made from the table of verbs (app/verbs.h). Thread-safety: pure.
#pragma once

#include <string>

#include "app/flags.h"

namespace larder {

// The script for "bash", "zsh" or "fish"; empty for another shell.
std::string RenderCompletion(const std::string& shell);

// completion: prints the script.
struct CompletionCommand {
  static constexpr const char* kSummary = "print a completion script for a shell";
  static constexpr const char* kExamples =
      "  eval \"$(larder completion bash)\"               # in ~/.bashrc\n"
      "  larder completion zsh > ~/.zfunc/_larder       # a directory of $fpath\n"
      "  larder completion fish > ~/.config/fish/completions/larder.fish";

  std::string shell;

  void Declare(FlagTable& flags);
};
int RunCommand(const CompletionCommand& command);

}  // namespace larder
