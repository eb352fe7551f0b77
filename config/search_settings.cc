#include "config/setting_rows.h"

namespace larder {
namespace {

// By the number of their Storage.
constexpr std::array<std::string_view, 3> kStorages = {"float32", "bf16", "int8"};

constexpr Setting kRows[] = {
    PlainRow<LARDER_AT(indexer.index_cached_inputs)>(
        "search.index_cached_inputs", "Make every embedded text findable by search."),
    BytesRow<LARDER_AT(spaces.memory_bytes)>(
        "search.memory_bytes", kMiB, kMostMemory,
        "Memory for all vector indexes together; beyond it new texts are not indexed."),
    NumberRow<void, LARDER_AT(spaces.space.exact_below)>(
        "search.exact_below", 0, 10'000'000, "vectors",
        "Up to this many vectors a space is searched exactly; beyond it by an HNSW graph."),
    NumberRow<void, LARDER_AT(spaces.space.m)>(
        "search.m", 2, 1024, "links",
        "HNSW's M: links per vector. More: better recall, more memory."),
    NumberRow<void, LARDER_AT(spaces.space.ef_construction)>(
        "search.ef_construction", 1, 100'000, "candidates",
        "HNSW's ef_construction. More: better recall, slower indexing."),
    NumberRow<void, LARDER_AT(spaces.space.ef_search)>(
        "search.ef_search", 1, 100'000, "candidates",
        "HNSW's ef_search, where a request names none. More: better recall, slower search."),
    ChoiceRow<kStorages, LARDER_AT(spaces.space.storage)>(
        "search.storage",
        "Form of a vector in the graph. Smaller: less memory, faster; scores are exact in each."),
    NumberRow<void, LARDER_AT(spaces.space.tail)>(
        "search.tail", 0, 1'000'000, "vectors",
        "New vectors that may stand in front of the graph, searched exactly, before who adds more "
        "helps to link them."),
    SecondsRow<LARDER_AT(indexer.snapshot_interval)>(
        "search.snapshot_interval_s", 1, kDay,
        "How often changed indexes are saved, so that a restart need not build them anew."),
    SecondsRow<LARDER_AT(indexer.sweep_interval)>(
        "search.sweep_interval_s", 1, 30 * kDay,
        "How often texts that have expired are taken out of the indexes."),
    NumberRow<void, LARDER_AT(indexer.queue_limit)>(
        "search.queue_limit", 1, 100'000'000, "embeddings",
        "Embeddings that may wait to be indexed; the next are indexed at the next start."),
};

}  // namespace

std::span<const Setting> SearchSettings() {
  return kRows;
}

}  // namespace larder
