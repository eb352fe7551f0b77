#include "config/setting_rows.h"

namespace larder {
namespace {

constexpr Setting kRows[] = {
    PlainRow<LARDER_AT(indexer.index_cached_inputs)>(
        "search.index_cached_inputs", "Make every embedded text findable by search."),
    BytesRow<LARDER_AT(spaces.memory_bytes)>(
        "search.memory_bytes", kMiB, kMostMemory,
        "Memory for all vector indexes together; beyond it new texts are not indexed."),
    NumberRow<void, LARDER_AT(spaces.crossover)>(
        "search.exact_below", 0, 10'000'000, "vectors",
        "Up to this many vectors a space is searched exactly; beyond it by an HNSW graph."),
    NumberRow<void, LARDER_AT(spaces.hnsw.m)>(
        "search.m", 2, 1024, "links",
        "HNSW's M: links per vector. More: better recall, more memory."),
    NumberRow<void, LARDER_AT(spaces.hnsw.ef_construction)>(
        "search.ef_construction", 1, 100'000, "candidates",
        "HNSW's ef_construction. More: better recall, slower indexing."),
    NumberRow<void, LARDER_AT(spaces.hnsw.ef_search)>(
        "search.ef_search", 1, 100'000, "candidates",
        "HNSW's ef_search, where a request names none. More: better recall, slower search."),
    NumberRow<void, LARDER_AT(indexer.queue_limit)>(
        "search.queue_limit", 1, 100'000'000, "embeddings",
        "Embeddings that may wait to be indexed; the next are indexed at the next start."),
};

}  // namespace

std::span<const Setting> SearchSettings() {
  return kRows;
}

}  // namespace larder
