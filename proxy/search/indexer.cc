#include "proxy/search/indexer.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cache/freshness.h"

namespace larder {
namespace {

constexpr std::size_t kRebuildBatch = 256;
constexpr int kBackgroundNice = 10;

CacheKey KeyFromBytes(std::string_view bytes) {
  CacheKey key{};
  std::memcpy(key.data(), bytes.data(), std::min(bytes.size(), key.size()));
  return key;
}

}  // namespace

Indexer::Indexer(Store& store, const Clock& clock, SpaceSet& spaces, std::chrono::seconds lifetime,
                 IndexerOptions options)
    : store_(store), clock_(clock), spaces_(spaces), lifetime_(lifetime), options_(options) {}

Indexer::~Indexer() {
  Stop();
}

void Indexer::Start() {
  if (!options_.index_cached_inputs) {
    ready_ = true;
    return;
  }
  thread_ = std::thread([this] { Run(); });
}

void Indexer::Stop() {
  {
    MutexLock lock(queue_mutex_);
    stopping_ = true;
    queue_changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

SpaceKey Indexer::SpaceOf(const std::string& partition, const std::string& name_space,
                          const std::string& upstream, const std::string& model, std::size_t dim) {
  SpaceKey name;
  ByteWriter writer(name);
  for (const std::string* part : {&partition, &name_space, &upstream, &model})
    writer.Prefixed(*part);
  writer.Fixed(static_cast<std::uint32_t>(dim));
  return name;
}

void Indexer::Enqueue(const NewEmbedding& added) {
  const InputRecord& input = added.input;
  if (!options_.index_cached_inputs || input.kind != InputKind::kText || input.query_only) return;
  Item item{added.key,
            SpaceOf(input.partition, input.name_space, input.upstream, input.model, input.dim),
            added.entry};
  MutexLock lock(queue_mutex_);
  if (queue_.size() >= options_.queue_limit) {
    ++dropped_;
    return;
  }
  queue_.push_back(std::move(item));
  queue_changed_.NotifyOne();
}

std::size_t Indexer::queued() const {
  MutexLock lock(queue_mutex_);
  return queue_.size();
}

std::optional<CacheKey> Indexer::KeyOf(std::uint64_t label) const {
  MutexLock lock(labels_mutex_);
  if (label >= labels_.size() || labels_[label].space == nullptr) return std::nullopt;
  return labels_[label].key;
}

void Indexer::Forget(std::uint64_t label) {
  SpaceKey space;
  {
    MutexLock lock(labels_mutex_);
    if (label >= labels_.size() || labels_[label].space == nullptr) return;
    space = *labels_[label].space;
    labels_[label].space = nullptr;
    label_of_.erase(labels_[label].key);
  }
  (void)spaces_.Remove(space, label);
}

void Indexer::Index(const CacheKey& key, const SpaceKey& space, const EmbeddingEntry& entry) {
  std::uint64_t label = 0;
  std::optional<SpaceKey> left;  // the space of an earlier vector of this text, of another length
  {
    MutexLock lock(labels_mutex_);
    const auto [place, added] = label_of_.try_emplace(key, labels_.size());
    label = place->second;
    auto& name = space_names_[space];
    if (name == nullptr) name = std::make_unique<SpaceKey>(space);
    if (added) {
      labels_.push_back({key, name.get()});
    } else if (labels_[label].space != name.get()) {
      left = *std::exchange(labels_[label].space, name.get());
    }
  }
  if (left) (void)spaces_.Remove(*left, label);
  // A refusal is counted by the set: the text is then cached and not found by searches.
  const Status status = entry.float64.empty()
                            ? spaces_.Add(space, entry.dim(), label, entry.float32)
                            : spaces_.Add(space, entry.dim(), label, entry.AsFloat32());
  (void)status.ok();
}

void Indexer::Run() {
  // Indexing yields to serving.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kBackgroundNice);
  Rebuild();
  ready_ = true;
  while (true) {
    Item item;
    {
      MutexLock lock(queue_mutex_);
      while (queue_.empty() && !stopping()) queue_changed_.Wait(queue_mutex_);
      if (stopping()) return;
      item = std::move(queue_.front());
      queue_.pop_front();
    }
    Index(item.key, item.space, *item.entry);
  }
}

void Indexer::Rebuild() {
  struct Found {
    std::string key;
    SpaceKey space;
  };
  std::vector<Found> batch;
  const auto index_batch = [&] {
    std::vector<std::string_view> keys;
    for (const Found& found : batch) keys.emplace_back(found.key);
    const auto values = store_.MultiGet(Family::kEmbeddings, keys);
    for (std::size_t i = 0; values.ok() && i < batch.size() && !stopping(); ++i) {
      if (!(*values)[i]) continue;
      if (const auto entry = DecodeEmbedding(*(*values)[i]); entry.ok()) {
        Index(KeyFromBytes(batch[i].key), batch[i].space, *entry);
      }
    }
    batch.clear();
  };
  const WallTime now = clock_.Now();
  const Status scanned =
      store_.ForEach(Family::kInputs, {}, [&](std::string_view key, std::string_view value) {
        if (stopping()) return false;
        const auto decoded = DecodeInput(value);
        if (!decoded.ok()) return true;
        const InputRecord& input = decoded->record;
        if (input.kind != InputKind::kText || input.query_only || input.input.empty() ||
            FreshnessOf(decoded->stamp, now, {lifetime_}) == Freshness::kStale) {
          return true;
        }
        batch.push_back({std::string(key), SpaceOf(input.partition, input.name_space,
                                                   input.upstream, input.model, input.dim)});
        if (batch.size() == kRebuildBatch) index_batch();
        return true;
      });
  if (scanned.ok() && !stopping()) index_batch();
}

}  // namespace larder
