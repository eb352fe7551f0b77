// Entries as lines of an export, and lines of an import back as entries: nothing of an entry is
// lost on the way, so that one that was restored answers bit for bit as the original did.
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cache/embedding_cache.h"
#include "cache/entry_catalog.h"
#include "cache/response_cache.h"

namespace larder {

// One line with its end. Precondition: an embedding has its vector.
std::string RenderEntryLine(const CatalogEntry& entry);

// A vector of one's own, to be kept as if upstream had answered it.
struct OwnVector {
  std::string model;       // as a client asks for it
  std::string dimensions;  // decimal; empty when not given
  InputKind kind = InputKind::kText;
  std::string input;     // as EmbeddingInput::key_bytes
  EmbeddingEntry entry;  // without stamp and model
};
struct StoredAnswer {
  CacheKey key{};
  ResponsePointer entry;
};
// The line that ends an export.
struct EndOfExport {};
using ImportLine = std::variant<NewEmbedding, StoredAnswer, OwnVector, EndOfExport>;

// Errors: kInvalidArgument with the member at fault in `param`.
Result<ImportLine> ParseImportLine(std::string_view line);

}  // namespace larder
