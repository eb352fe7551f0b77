// An entry of the cache as the admin API shows it. Thread-safety: pure functions.
#pragma once

#include "base/clock.h"
#include "cache/entry_catalog.h"
#include "proxy/admin/entry_lifetimes.h"
#include "proxy/json/json_writer.h"

namespace larder {

// Appends the entry as one object, as a list has it: an input or answer is cut to
// kPreviewCharacters.
void AppendEntry(const CatalogEntry& entry, const EntryLifetimes& lifetimes, WallTime now,
                 JsonWriter& json);
// The whole entry. `vector`: with its values, of an embedding.
void AppendWholeEntry(const CatalogEntry& entry, const EntryLifetimes& lifetimes, WallTime now,
                      bool vector, JsonWriter& json);

// The member `name`; null for -1, which stands for none reported.
void AppendTokens(std::string_view name, std::int64_t tokens, JsonWriter& json);
// The member "body", or "body_base64" where the bytes are no UTF-8.
void AppendBody(std::string_view body, JsonWriter& json);
// The member "fields": [[name, value], ...], without those that are no UTF-8.
void AppendFields(const ResponseEntry& entry, JsonWriter& json);

}  // namespace larder
