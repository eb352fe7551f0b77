#include "proxy/admin/entry_lifetimes.h"

#include "cache/freshness.h"

namespace larder {
namespace {

// Below /v1; "" for what is no endpoint whose answers are kept.
std::string_view PathOf(std::string_view endpoint) {
  if (endpoint == "chat") return "/chat/completions";
  if (endpoint == "completions") return "/completions";
  if (endpoint == "moderations") return "/moderations";
  if (endpoint == "responses") return "/responses";
  if (endpoint == "messages") return "/messages";
  if (endpoint == "models") return "/models";
  return {};
}

}  // namespace

std::chrono::seconds EntryLifetimes::OfEmbedding(std::string_view model) const {
  return rules_.Match(model, "/embeddings").value_or(embeddings_);
}

std::chrono::seconds EntryLifetimes::OfResponse(std::string_view model,
                                                std::string_view endpoint) const {
  const Endpoint kind = endpoint == "models" ? Endpoint::kModels : Endpoint::kChat;
  return rules_.Match(model, PathOf(endpoint)).value_or(LifetimeOf(kind, responses_));
}

std::chrono::seconds EntryLifetimes::Of(const CatalogEntry& entry) const {
  return entry.layer == EntryLayer::kEmbeddings
             ? OfEmbedding(entry.input.model)
             : OfResponse(entry.response.model, entry.response.path);
}

bool EntryLifetimes::IsFresh(const CatalogEntry& entry, WallTime now) const {
  return FreshnessOf(entry.stamp, now, {Of(entry)}) == Freshness::kFresh;
}

}  // namespace larder
