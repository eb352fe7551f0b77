// Any text: refused, or a filter and metadata that can be held against each other.

#include <cstdint>
#include <cstdlib>

#include "proxy/search/filter_json.h"
#include "proxy/search/metadata_json.h"
#include "vector/metadata_columns.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace larder;
  const auto document = JsonDocument::Parse({reinterpret_cast<const char*>(data), size});
  if (!document.ok()) return 0;
  const JsonElement root = document->root();
  const Metadata metadata = [&] {
    const auto fields = FlattenMetadata(Member(root, "metadata").value_or(root));
    return fields.ok() ? *fields : Metadata{};
  }();
  MetadataColumns columns;
  columns.Set(0, metadata);
  for (const auto parse : {ParseFilter, ParseVectorizeFilter, ParseOpenAiFilter}) {
    const auto filter = parse(Member(root, "filter").value_or(root));
    if (!filter.ok()) continue;
    if (columns.Matching(*filter, 1).Test(0) != filter->Matches(metadata)) std::abort();
  }
  return 0;
}
