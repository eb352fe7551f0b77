// What each module is told of the configuration, where that is more than its own options there.
// Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <vector>

#include "config/config.h"

namespace larder {

EmbeddingsServiceOptions EmbeddingsOptionsOf(const Config& config);
ResponsesOptions ResponsesOptionsOf(const Config& config);
// The longest that an embedding may live: what is indexed and shown is held against its own.
std::chrono::seconds LongestEmbeddingLifetime(const Config& config);
TelemetryOptions TelemetryOptionsOf(const Config& config);
LimiterOptions LimiterOptionsOf(const Config& config);
// `keys`: of the files of indexes, as Encryption::index_keys.
SpaceSet::Options SpacesOptionsOf(const Config& config, const SecretKeys* keys);
CollectionsOptions CollectionsOptionsOf(const Config& config, const SecretKeys* keys);
CacheAdminOptions CacheAdminOptionsOf(const Config& config);
// [[upstreams]] in their order, then [upstream], which takes what they do not.
std::vector<UpstreamOptions> UpstreamsOf(const Config& config);

}  // namespace larder
