// Loading the index of a collection at start: its snapshot, then every point that it does not hold
// as it is stored. Without a snapshot that can be used, all of them. Thread-safety: one thread.
#pragma once

#include <functional>

#include "proxy/search/collection.h"

namespace larder {

// Loads it and lets it be searched, or says to its searchers why it cannot be. Logs what was found.
// Stops early, and leaves it loading, once `stopping` returns true.
void LoadCollection(Collection& collection, const CollectionContext& context,
                    const std::function<bool()>& stopping);

// Makes the index of a collection that has no points yet. Errors: kIo, kOverloaded.
Status BeginCollection(Collection& collection);

}  // namespace larder
