// Any line of an import: refused, or an entry that is written and read back as the same.

#include <cstdint>
#include <cstdlib>

#include "proxy/admin/entry_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace larder;
  const auto parsed = ParseImportLine({reinterpret_cast<const char*>(data), size});
  if (!parsed.ok()) return 0;
  CatalogEntry entry;
  if (const auto* embedding = std::get_if<NewEmbedding>(&*parsed)) {
    entry.key = embedding->key;
    entry.stamp = embedding->entry->stamp;
    entry.input = embedding->input;
    entry.embedding = *embedding->entry;
  } else if (const auto* answer = std::get_if<StoredAnswer>(&*parsed)) {
    entry.layer = EntryLayer::kResponses;
    entry.key = answer->key;
    entry.response = *answer->entry;
    entry.stamp = answer->entry->stamp;
  } else if (const auto* own = std::get_if<OwnVector>(&*parsed)) {
    if (own->entry.dim() == 0 || own->input.empty()) std::abort();
    return 0;
  } else {
    return 0;
  }
  std::string line = RenderEntryLine(entry);
  line.pop_back();
  const auto again = ParseImportLine(line);
  if (!again.ok() || again->index() != parsed->index()) std::abort();
  if (const auto* embedding = std::get_if<NewEmbedding>(&*again)) {
    if (EncodeEmbedding(*embedding->entry) != EncodeEmbedding(*entry.embedding)) std::abort();
  } else if (EncodeResponse(*std::get<StoredAnswer>(*again).entry) !=
             EncodeResponse(entry.response)) {
    std::abort();
  }
  return 0;
}
