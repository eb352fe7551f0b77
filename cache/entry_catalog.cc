#include "cache/entry_catalog.h"

#include <algorithm>
#include <cstring>

namespace larder {
namespace {

constexpr std::uint64_t kCountedAtMost = 100'000;

// Where the pairs of a layer stand that say where an entry belongs.
Family ScannedFamily(EntryLayer layer) {
  return layer == EntryLayer::kEmbeddings ? Family::kInputs : Family::kResponses;
}

// False when it is damaged.
bool Decode(EntryLayer layer, std::string_view key, std::string_view value, CatalogEntry& entry) {
  if (key.size() != entry.key.size()) return false;
  entry.layer = layer;
  std::memcpy(entry.key.data(), key.data(), key.size());
  entry.bytes = key.size() + value.size();
  if (layer == EntryLayer::kEmbeddings) {
    auto decoded = DecodeInput(value);
    if (!decoded.ok()) return false;
    entry.stamp = decoded->stamp;
    entry.input = std::move(decoded->record);
    return true;
  }
  auto decoded = DecodeResponse(value);
  if (!decoded.ok()) return false;
  entry.response = std::move(decoded).value();
  entry.stamp = entry.response.stamp;
  return true;
}

// The first key that can stand behind `after`: keys have one length.
std::string Behind(const std::optional<CacheKey>& after) {
  return after ? std::string(AsBytes(*after)) + '\0' : std::string();
}

}  // namespace

EntryFacts CatalogEntry::Facts() const {
  return layer == EntryLayer::kEmbeddings ? FactsOf(key, input, stamp) : FactsOf(key, response);
}

Result<EntryCatalog::Page> EntryCatalog::Scan(
    EntryLayer layer, const std::optional<CacheKey>& after, const Bounds& bounds,
    const std::function<bool(const CatalogEntry&)>& wanted) const {
  Page page;
  std::optional<CacheKey> last;
  bool more = false;
  std::size_t bytes = 0;
  const MonoTime deadline = clock_.Monotonic() + bounds.time;
  LARDER_RETURN_IF_ERROR(store_.ForEach(
      ScannedFamily(layer), Behind(after), [&](std::string_view key, std::string_view value) {
        if (page.scanned > 0 &&
            (page.entries.size() >= bounds.entries || page.scanned >= bounds.scanned ||
             bytes >= bounds.bytes || clock_.Monotonic() >= deadline)) {
          more = true;
          return false;
        }
        ++page.scanned;
        CatalogEntry entry;
        if (key.size() == entry.key.size()) {
          last.emplace();
          std::memcpy(last->data(), key.data(), key.size());
        }
        if (!Decode(layer, key, value, entry) || !wanted(entry)) return true;
        // A vector is likely to be longer than its text.
        bytes += entry.bytes + entry.input.dim * sizeof(float);
        page.entries.push_back(std::move(entry));
        return true;
      }));
  if (more) page.last = last;
  if (layer == EntryLayer::kEmbeddings) {
    LARDER_RETURN_IF_ERROR(AddVectors(page.entries, bounds.with_vectors));
  }
  return page;
}

// Without a vector nothing answers: what the inputs alone have is on its way out.
Status EntryCatalog::AddVectors(std::vector<CatalogEntry>& entries, bool keep) const {
  if (!keep) return {};
  std::vector<std::string_view> keys;
  keys.reserve(entries.size());
  for (const CatalogEntry& entry : entries) keys.push_back(AsBytes(entry.key));
  LARDER_ASSIGN_OR_RETURN(const auto values, store_.MultiGet(Family::kEmbeddings, keys));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!values[i]) continue;
    auto decoded = DecodeEmbedding(*values[i]);
    if (!decoded.ok()) continue;
    entries[i].bytes += sizeof(CacheKey) + values[i]->size();
    entries[i].embedding = std::move(decoded).value();
  }
  std::erase_if(entries, [](const CatalogEntry& entry) { return !entry.embedding; });
  return {};
}

Result<std::optional<CatalogEntry>> EntryCatalog::Find(EntryLayer layer,
                                                       const CacheKey& key) const {
  std::vector<CatalogEntry> found;
  // Not a MultiGet, which passes over what still waits to be written.
  LARDER_RETURN_IF_ERROR(store_.ForEach(ScannedFamily(layer), AsBytes(key),
                                        [&](std::string_view at, std::string_view value) {
                                          CatalogEntry entry;
                                          if (at == AsBytes(key) && Decode(layer, at, value, entry))
                                            found.push_back(std::move(entry));
                                          return false;
                                        }));
  if (layer == EntryLayer::kEmbeddings) LARDER_RETURN_IF_ERROR(AddVectors(found, true));
  if (found.empty()) return std::optional<CatalogEntry>();
  return std::optional<CatalogEntry>(std::move(found.front()));
}

Result<bool> EntryCatalog::HasKeyWith(EntryLayer layer, std::string_view digits) const {
  const auto least = DigestFromHex(std::string(digits) + std::string(64 - digits.size(), '0'));
  if (!least) return false;
  bool found = false;
  LARDER_RETURN_IF_ERROR(store_.ForEach(
      ScannedFamily(layer), AsBytes(*least), [&](std::string_view at, std::string_view /*value*/) {
        CacheKey key{};
        std::memcpy(key.data(), at.data(), std::min(at.size(), key.size()));
        found = KeyBeginsWith(key, digits);
        return false;
      }));
  return found;
}

std::uint64_t EntryCatalog::CountOf(EntryLayer layer) const {
  const std::uint64_t estimated = store_.SizeOf(ScannedFamily(layer)).entries;
  if (estimated > kCountedAtMost) return estimated;
  std::uint64_t counted = 0;
  const Status scanned =
      store_.ForEach(ScannedFamily(layer), {},
                     [&](auto /*key*/, auto /*value*/) { return ++counted <= 2 * kCountedAtMost; });
  return scanned.ok() ? counted : estimated;
}

}  // namespace larder
