#include "app/module_options.h"

#include <algorithm>
#include <set>

namespace larder {
namespace {

// In alphabetical order, each once: the order in which they stand in a file is no part of a key.
std::vector<std::string> KeyHeadersOf(const Config& config) {
  const std::set<std::string> names(config.key_headers.begin(), config.key_headers.end());
  return {names.begin(), names.end()};
}

}  // namespace

EmbeddingsServiceOptions EmbeddingsOptionsOf(const Config& config) {
  EmbeddingsServiceOptions options = config.embeddings;
  options.key_headers = KeyHeadersOf(config);
  options.lifetimes = LifetimeRules(config.lifetimes);
  return options;
}

ResponsesOptions ResponsesOptionsOf(const Config& config) {
  ResponsesOptions options = config.responses;
  options.key_headers = KeyHeadersOf(config);
  options.lifetimes = LifetimeRules(config.lifetimes);
  return options;
}

std::chrono::seconds LongestEmbeddingLifetime(const Config& config) {
  std::chrono::seconds longest = config.embedding_cache.lifetime;
  for (const LifetimeRule& rule : config.lifetimes) longest = std::max(longest, rule.lifetime);
  return longest;
}

TelemetryOptions TelemetryOptionsOf(const Config& config) {
  TelemetryOptions options = config.telemetry;
  options.prices = config.prices;
  return options;
}

LimiterOptions LimiterOptionsOf(const Config& config) {
  LimiterOptions options = config.limiter;
  options.rules = config.limits;
  return options;
}

SpaceSet::Options SpacesOptionsOf(const Config& config, const SecretKeys* keys) {
  SpaceSet::Options options = config.spaces;
  options.directory = config.data_dir + "/index/texts";
  options.space.keys = keys;
  return options;
}

CollectionsOptions CollectionsOptionsOf(const Config& config, const SecretKeys* keys) {
  CollectionsOptions options = config.collections;
  options.directory = config.data_dir + "/index/collections";
  options.keys = keys;
  const VectorSpace::Options& space = config.spaces.space;
  options.m = space.m;
  options.ef_construction = space.ef_construction;
  options.ef_search = space.ef_search;
  options.exact_below = space.exact_below;
  options.tail = space.tail;
  return options;
}

CacheAdminOptions CacheAdminOptionsOf(const Config& config) {
  CacheAdminOptions options = config.cache_admin;
  options.mode = config.cache_mode;
  options.upstream = config.upstream.url;
  return options;
}

std::vector<UpstreamOptions> UpstreamsOf(const Config& config) {
  std::vector<UpstreamOptions> upstreams = config.upstreams;
  upstreams.push_back(config.upstream);
  return upstreams;
}

}  // namespace larder
