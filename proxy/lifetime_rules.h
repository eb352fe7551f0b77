// Freshness lifetimes by model and path, as the configuration's [[cache.lifetimes]] gives them.
// Policy without I/O. Thread-safety: immutable.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder {

// Patterns as in proxy/pattern.h; a rule without patterns of a kind matches whatever stands there.
struct LifetimeRule {
  std::vector<std::string> models;
  std::vector<std::string> paths;    // of the path below /v1: "/chat/completions"
  std::chrono::seconds lifetime{0};  // 0 = never cached
};

class LifetimeRules {
 public:
  // No rules: nothing ever matches.
  LifetimeRules() = default;
  explicit LifetimeRules(std::vector<LifetimeRule> rules) : rules_(std::move(rules)) {}

  // The lifetime of the first rule, in the order given, that matches both; nullopt when none does.
  // `model` is as the client named it, empty when the request names none: only rules without model
  // patterns, or with "*", match that. `path` is below /v1, without query. Cost: linear in the
  // rules.
  std::optional<std::chrono::seconds> Match(std::string_view model, std::string_view path) const;

 private:
  std::vector<LifetimeRule> rules_;
};

}  // namespace larder
