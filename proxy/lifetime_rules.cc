#include "proxy/lifetime_rules.h"

#include "proxy/pattern.h"

namespace larder {

std::optional<std::chrono::seconds> LifetimeRules::Match(std::string_view model,
                                                         std::string_view path) const {
  for (const LifetimeRule& rule : rules_) {
    if (MatchesAny(rule.models, model) && MatchesAny(rule.paths, path)) return rule.lifetime;
  }
  return std::nullopt;
}

}  // namespace larder
