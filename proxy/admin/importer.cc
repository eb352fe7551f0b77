#include "proxy/admin/importer.h"

#include "cache/freshness.h"
#include "proxy/forwarding.h"

namespace larder {
namespace {

constexpr std::size_t kBatchEntries = 256;
constexpr std::size_t kBatchBytes = 4U << 20;

}  // namespace

bool Importer::IsExpired(const RecordStamp& stamp, std::chrono::seconds configured) const {
  return FreshnessOf(stamp, clock_.Now(), {configured}) == Freshness::kStale;
}

// As EmbeddingsService keeps what upstream answers.
NewEmbedding Importer::FromOwn(OwnVector own) const {
  const EmbeddingsServiceOptions& options = service_.options();
  const EmbeddingsService::Home home = service_.HomeOf(own.model);
  const Partition partition = options.share_all ? Partition("all") : acting_for_.partition;
  const Digest scope =
      DeriveEmbeddingScope({KeyScope{partition, acting_for_.name_space, home.upstream,
                                     KeyedHeaders(acting_for_.headers, options.key_headers)},
                            home.model, own.dimensions, "{}"});
  NewEmbedding added;
  added.key = DeriveEmbeddingKey(scope, own.kind, own.input);
  own.entry.model = home.model;
  own.entry.stamp = {clock_.Now(), lifetimes_.OfEmbedding(own.model)};
  InputRecord& input = added.input;
  input.partition = partition.id();
  input.name_space = acting_for_.name_space;
  input.upstream = home.upstream;
  input.model = home.model;
  input.dim = static_cast<std::uint32_t>(own.entry.dim());
  input.kind = own.kind;
  input.input = std::move(own.input);
  added.entry = std::make_shared<const EmbeddingEntry>(std::move(own.entry));
  return added;
}

Status Importer::Take(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
    ++taken_lines_;
    return {};
  }
  LARDER_ASSIGN_OR_RETURN(ImportLine parsed, ParseImportLine(line));
  if (auto* const own = std::get_if<OwnVector>(&parsed)) parsed = FromOwn(std::move(*own));
  if (auto* const embedding = std::get_if<NewEmbedding>(&parsed)) {
    LARDER_RETURN_IF_ERROR(MakeRoomFor(embedding->key));
    embeddings_.push_back(std::move(*embedding));
  } else if (auto* const answer = std::get_if<StoredAnswer>(&parsed)) {
    LARDER_RETURN_IF_ERROR(MakeRoomFor(answer->key));
    answers_.push_back(std::move(*answer));
  }
  ++taken_lines_;
  taken_bytes_ += line.size();
  if (embeddings_.size() + answers_.size() < kBatchEntries && taken_bytes_ < kBatchBytes) return {};
  return Flush();
}

// Of two with one key the later is held against the earlier.
Status Importer::MakeRoomFor(const CacheKey& key) {
  if (keys_.contains(key)) LARDER_RETURN_IF_ERROR(Flush());
  keys_.insert(key);
  return {};
}

Status Importer::Flush() {
  LARDER_RETURN_IF_ERROR(FlushEmbeddings());
  LARDER_RETURN_IF_ERROR(FlushAnswers());
  keys_.clear();
  taken_bytes_ = 0;
  counts_.lines += std::exchange(taken_lines_, 0);
  return {};
}

Status Importer::FlushEmbeddings() {
  if (embeddings_.empty()) return {};
  EmbeddingCache& cache = service_.cache();
  const auto begun = cache.purges().Now();
  std::vector<CacheKey> keys;
  for (const NewEmbedding& added : embeddings_) keys.push_back(added.key);
  LARDER_ASSIGN_OR_RETURN(const auto stamps, cache.StampsOf(keys));
  std::vector<NewEmbedding> kept;
  for (std::size_t i = 0; i < embeddings_.size(); ++i) {
    const RecordStamp& stamp = embeddings_[i].entry->stamp;
    const bool newer = stamps[i] && stamps[i]->stored_at >= stamp.stored_at;
    if (newer || IsExpired(stamp, lifetimes_.OfEmbedding(embeddings_[i].input.model))) continue;
    kept.push_back(std::move(embeddings_[i]));
  }
  if (!kept.empty()) LARDER_RETURN_IF_ERROR(cache.Put(kept, begun));
  counts_.imported += kept.size();
  counts_.skipped += keys.size() - kept.size();
  embeddings_.clear();
  return {};
}

Status Importer::FlushAnswers() {
  if (answers_.empty()) return {};
  const auto begun = responses_.purges().Now();
  std::vector<CacheKey> keys;
  for (const StoredAnswer& answer : answers_) keys.push_back(answer.key);
  LARDER_ASSIGN_OR_RETURN(const auto stamps, responses_.StampsOf(keys));
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    const ResponseEntry& entry = *answers_[i].entry;
    const bool newer = stamps[i] && stamps[i]->stored_at >= entry.stamp.stored_at;
    if (newer || IsExpired(entry.stamp, lifetimes_.OfResponse(entry.model, entry.path))) {
      ++counts_.skipped;
      continue;
    }
    LARDER_RETURN_IF_ERROR(responses_.Put(answers_[i].key, answers_[i].entry, begun));
    ++counts_.imported;
  }
  answers_.clear();
  return {};
}

}  // namespace larder
