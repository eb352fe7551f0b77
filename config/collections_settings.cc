#include "config/setting_rows.h"

namespace larder {
namespace {

constexpr Setting kRows[] = {
    BytesRow<LARDER_AT(collections.memory_bytes)>(
        "collections.memory_bytes", kMiB, kMostMemory,
        "Memory for the indexes of all collections together; a write that needs more is refused. "
        "What is stored is always loaded."),
    NumberRow<void, LARDER_AT(collections.max_points_per_request)>(
        "collections.max_points_per_request", 1, 1'000'000, "points",
        "Most points that one request may write, delete or get by id."),
    NumberRow<void, LARDER_AT(collections.max_per_scope)>(
        "collections.max_per_scope", 1, 1'000'000, "collections",
        "Most collections of one partition and namespace."),
    SecondsRow<LARDER_AT(collections.snapshot_interval)>(
        "collections.snapshot_interval_s", 1, kDay,
        "How often the index of a collection that was changed is saved, so that a restart need not "
        "build it anew. Points are on disk when they are acknowledged, whatever this is."),
};

}  // namespace

std::span<const Setting> CollectionsSettings() {
  return kRows;
}

}  // namespace larder
