// The lifetime that is configured for an entry, whatever it was given when it was stored: what
// answers is held against both. Thread-safety: immutable.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "cache/entry_catalog.h"
#include "proxy/lifetime_rules.h"
#include "proxy/openai/response_policy.h"

namespace larder {

class EntryLifetimes {
 public:
  // `embeddings` and `responses`: where no rule matches.
  EntryLifetimes(LifetimeRules rules, std::chrono::seconds embeddings,
                 ResponsePolicyOptions responses)
      : rules_(std::move(rules)), embeddings_(embeddings), responses_(responses) {}

  // Of an embedding, or of the answer of an endpoint ("chat"). `model` as the entry's record has
  // it: a rule for the name under which a client knows an aliased model is not found.
  std::chrono::seconds OfEmbedding(std::string_view model) const;
  std::chrono::seconds OfResponse(std::string_view model, std::string_view endpoint) const;
  std::chrono::seconds Of(const CatalogEntry& entry) const;
  bool IsFresh(const CatalogEntry& entry, WallTime now) const;

 private:
  const LifetimeRules rules_;
  const std::chrono::seconds embeddings_;
  const ResponsePolicyOptions responses_;
};

}  // namespace larder
