#include "proxy/search/indexer.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/within_memory.h"
#include "cache/freshness.h"

namespace larder {
namespace {

constexpr std::size_t kRebuildBatch = 256;
constexpr std::size_t kSweepBatch = 256;
constexpr std::size_t kWorkAtOnce = 32;  // inserts between two looks at the queue
constexpr int kBackgroundNice = 10;
constexpr std::chrono::milliseconds kIdle{1000};
// How often who waits for an erasure is asked whether to go on.
constexpr std::chrono::milliseconds kAskAgain{200};

// The name of a space without and with the length of its vectors, which ends it.
std::string ScopeOf(const SpaceKey& space) {
  return space.substr(0, space.size() - sizeof(std::uint32_t));
}
std::uint32_t DimOf(const SpaceKey& space) {
  ByteReader reader(std::string_view(space).substr(space.size() - sizeof(std::uint32_t)));
  return reader.Fixed<std::uint32_t>();
}
SpaceKey WithDim(SpaceKey scope, std::uint32_t dim) {
  ByteWriter(scope).Fixed(dim);
  return scope;
}

}  // namespace

Indexer::Indexer(Store& store, const Clock& clock, SpaceSet& spaces, std::chrono::seconds lifetime,
                 IndexerOptions options, Report report)
    : store_(store),
      clock_(clock),
      spaces_(spaces),
      lifetime_(lifetime),
      options_(options),
      report_(std::move(report)) {}

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
  return WithDim(std::move(name), static_cast<std::uint32_t>(dim));
}

CacheKey Indexer::KeyOf(std::string_view id) {
  CacheKey key{};
  std::copy_n(id.begin(), std::min(id.size(), key.size()), key.begin());
  return key;
}

void Indexer::Enqueue(const NewEmbedding& added) {
  const InputRecord& input = added.input;
  if (!options_.index_cached_inputs || input.kind != InputKind::kText || input.query_only) return;
  Item item{added.key,
            SpaceOf(input.partition, input.name_space, input.upstream, input.model, input.dim),
            added.entry, forgotten_};
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

double Indexer::progress() const {
  const std::uint64_t all = to_look_at_.load();
  if (ready() || all == 0) return ready() ? 1 : 0;
  // The store's count is an estimate.
  return std::min(0.99, static_cast<double>(looked_at_.load()) / static_cast<double>(all));
}

Result<std::optional<std::string>> Indexer::ReadInput(const Store& store, std::string_view key) {
  LARDER_ASSIGN_OR_RETURN(auto found, store.MultiGet(Family::kInputs, {&key, 1}));
  if (found[0]) return std::move(found[0]);
  std::optional<std::string> written;
  const Status read =
      store.ForEach(Family::kInputs, key, [&](std::string_view at, std::string_view value) {
        if (at == key) written = std::string(value);
        return false;
      });
  if (!read.ok()) return read.error();
  return written;
}

void Indexer::Forget(const SpaceKey& space, const CacheKey& key) {
  ++forgotten_;  // first: what is being indexed meanwhile looks whether it is still stored
  (void)spaces_.Remove(space, AsBytes(key));
}

void Indexer::ForgetAll() {
  ++forgotten_;
  for (const SpaceInfo& space : spaces_.List()) (void)spaces_.DropSpace(space.name);
}

void Indexer::Index(const CacheKey& key, const SpaceKey& space, const EmbeddingEntry& entry,
                    std::uint64_t forgotten) {
  // Forgotten while it waited: it would leave a trace.
  if (forgotten_ != forgotten && !IsStored(key)) return;
  const std::uint32_t dim = DimOf(space);
  auto& dims = dims_of_[ScopeOf(space)];
  for (const std::uint32_t other : dims) {
    // An earlier vector of this text, of another length.
    if (other != dim) (void)spaces_.Remove(WithDim(ScopeOf(space), other), AsBytes(key));
  }
  if (std::find(dims.begin(), dims.end(), dim) == dims.end()) dims.push_back(dim);
  // A refusal is counted by the set: the text is then cached and not found by searches.
  const auto upsert = [&](std::span<const float> vector) {
    (void)spaces_.Upsert(space, entry.dim(), {AsBytes(key), vector, nullptr}).ok();
  };
  if (entry.float64.empty()) {
    upsert(entry.float32);
  } else {
    upsert(entry.AsFloat32());
  }
  if (forgotten_ == forgotten) return;
  // It may be what was forgotten before it came here.
  if (!IsStored(key)) (void)spaces_.Remove(space, AsBytes(key));
}

// What cannot be read is not gone.
bool Indexer::IsStored(const CacheKey& key) const {
  const auto stored = ReadInput(store_, AsBytes(key));
  return !stored.ok() || stored->has_value();
}

std::optional<Indexer::Item> Indexer::TakeItem(MonoTime until) {
  MutexLock lock(queue_mutex_);
  while (queue_.empty() && !stopping() && erase_begun_ == erase_asked_) {
    if (!queue_changed_.WaitUntil(queue_mutex_, until)) break;
  }
  if (queue_.empty() || stopping()) return std::nullopt;
  Item item = std::move(queue_.front());
  queue_.pop_front();
  return item;
}

void Indexer::Run() {
  // Indexing yields to serving.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kBackgroundNice);
  LoadSnapshots();
  AddWhatIsMissing();
  ready_ = !stopping();
  MonoTime next_save = clock_.Monotonic() + options_.snapshot_interval;
  MonoTime next_sweep = clock_.Monotonic() + options_.sweep_interval;
  bool work_left = true;
  while (!stopping()) {
    const MonoTime idle = std::chrono::steady_clock::now() + kIdle;
    if (auto item = TakeItem(work_left ? MonoTime{} : idle)) {
      // What finds no memory is not found by searches; a look at the store finds it again.
      const Status indexed = WithinMemory([&]() -> Status {
        Index(item->key, item->space, *item->entry, item->forgotten);
        return {};
      });
      if (!indexed.ok()) ++dropped_;
      work_left = true;
      continue;
    }
    BeginErasing();
    work_left = !stopping() && spaces_.Work(kWorkAtOnce);
    FinishErasing();
    const MonoTime now = clock_.Monotonic();
    if (now >= next_sweep) {
      (void)Sweep();
      next_sweep = now + options_.sweep_interval;
    }
    if (look_again_.exchange(false)) {
      (void)WithinMemory([&]() -> Status {
        AddWhatIsMissing();
        return {};
      }).ok();
      work_left = true;
    }
    if (save_soon_.exchange(false) || now >= next_save) {
      (void)Save();
      next_save = clock_.Monotonic() + options_.snapshot_interval;
    }
  }
  // What was not looked at yet would be taken for indexed.
  if (ready()) (void)Save();
}

void Indexer::LookAgain() {
  look_again_ = true;
  MutexLock lock(queue_mutex_);
  queue_changed_.NotifyOne();
}

void Indexer::SaveSoon() {
  save_soon_ = true;
  MutexLock lock(queue_mutex_);
  queue_changed_.NotifyOne();
}

Status Indexer::EraseForgotten(const std::function<bool()>& goes_on) {
  if (!options_.index_cached_inputs) {
    spaces_.RemoveOtherFolders();  // of an earlier run
    return {};
  }
  const Error cancelled{ErrorCode::kCancelled, ErrorOrigin::kSelf,
                        "the search index still holds what was forgotten"};
  std::uint64_t mine = 0;
  while (true) {
    {
      MutexLock lock(queue_mutex_);
      if (mine == 0) mine = ++erase_asked_;
      queue_changed_.NotifyAll();
      const auto until = std::chrono::steady_clock::now() + kAskAgain;
      while (erased_ < mine && !stopping() && queue_changed_.WaitUntil(queue_mutex_, until)) {
      }
      if (erased_ >= mine) return erase_outcome_;
      if (stopping()) return cancelled;
    }
    if (!goes_on()) return cancelled;
  }
}

void Indexer::BeginErasing() {
  {
    MutexLock lock(queue_mutex_);
    if (erase_begun_ == erase_asked_) return;
    erase_begun_ = erase_asked_;
  }
  spaces_.EraseRemoved();
}

void Indexer::FinishErasing() {
  {
    MutexLock lock(queue_mutex_);
    if (erased_ == erase_begun_) return;
  }
  const auto finished = spaces_.FinishErasing();
  if (!finished) return;
  Status outcome = Save();
  spaces_.RemoveOtherFolders();
  if (!finished->ok()) outcome = *finished;
  MutexLock lock(queue_mutex_);
  erased_ = erase_begun_;
  erase_outcome_ = outcome;
  queue_changed_.NotifyAll();
}

Status Indexer::Save() {
  const WallTime started = clock_.Now();
  const MonoTime start = clock_.Monotonic();
  // Everything stored before is indexed, but for what waits.
  std::int64_t watermark = ToUnixMillis(clock_.Now());
  {
    MutexLock lock(queue_mutex_);
    for (const Item& item : queue_) {
      watermark = std::min(watermark, ToUnixMillis(item.entry->stamp.stored_at) - 1);
    }
  }
  const Status saved =
      spaces_.Save(static_cast<std::uint64_t>(std::max<std::int64_t>(watermark, 0)));
  if (!saved.ok() && report_) report_(saved.error().message);
  if (saved_) {
    saved_(started,
           std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Monotonic() - start),
           saved);
  }
  return saved;
}

void Indexer::LoadSnapshots() {
  const SpaceSet::Loaded loaded = spaces_.Load();
  for (const SpaceInfo& space : spaces_.List()) {
    dims_of_[ScopeOf(space.name)].push_back(DimOf(space.name));
  }
  if (!report_) return;
  for (const std::string& problem : loaded.problems) {
    report_(problem + "; the space is built anew from the cache");
  }
}

bool Indexer::IsIndexed(const SpaceKey& space, std::string_view key,
                        const RecordStamp& stamp) const {
  const auto watermark = spaces_.WatermarkOf(space);
  return watermark && ToUnixMillis(stamp.stored_at) <= static_cast<std::int64_t>(*watermark) &&
         spaces_.Contains(space, key);
}

void Indexer::AddWhatIsMissing() {
  struct Found {
    std::string key;
    SpaceKey space;
  };
  std::vector<Found> batch;
  const auto index_batch = [&] {
    std::vector<std::string_view> keys;
    for (const Found& found : batch) keys.emplace_back(found.key);
    const std::uint64_t forgotten = forgotten_;
    const auto values = store_.MultiGet(Family::kEmbeddings, keys);
    for (std::size_t i = 0; values.ok() && i < batch.size() && !stopping(); ++i) {
      if (!(*values)[i]) continue;
      if (const auto entry = DecodeEmbedding(*(*values)[i]); entry.ok()) {
        Index(KeyOf(batch[i].key), batch[i].space, *entry, forgotten);
      }
    }
    batch.clear();
  };
  to_look_at_ = store_.SizeOf(Family::kInputs).entries;
  const WallTime now = clock_.Now();
  const Status scanned =
      store_.ForEach(Family::kInputs, {}, [&](std::string_view key, std::string_view value) {
        if (stopping()) return false;
        ++looked_at_;
        const auto decoded = DecodeInput(value);
        if (!decoded.ok()) return true;
        const InputRecord& input = decoded->record;
        if (input.kind != InputKind::kText || input.query_only || input.input.empty() ||
            FreshnessOf(decoded->stamp, now, {lifetime_}) == Freshness::kStale) {
          return true;
        }
        SpaceKey space =
            SpaceOf(input.partition, input.name_space, input.upstream, input.model, input.dim);
        if (IsIndexed(space, key, decoded->stamp)) return true;
        batch.push_back({std::string(key), std::move(space)});
        if (batch.size() == kRebuildBatch) index_batch();
        return true;
      });
  if (scanned.ok() && !stopping()) index_batch();
}

std::size_t Indexer::Sweep() {
  std::size_t removed = 0;
  const WallTime now = clock_.Now();
  for (const SpaceInfo& info : spaces_.List()) {
    const auto space = spaces_.Find(info.name);
    const std::vector<std::string> ids =
        space == nullptr ? std::vector<std::string>() : space->Ids();
    for (std::size_t begin = 0; begin < ids.size() && !stopping(); begin += kSweepBatch) {
      const std::size_t count = std::min(kSweepBatch, ids.size() - begin);
      const std::vector<std::string_view> keys(
          ids.begin() + static_cast<std::ptrdiff_t>(begin),
          ids.begin() + static_cast<std::ptrdiff_t>(begin + count));
      const auto values = store_.MultiGet(Family::kInputs, keys);
      if (!values.ok()) return removed;  // what cannot be read is not gone
      for (std::size_t i = 0; i < count; ++i) {
        std::optional<std::string> value = (*values)[i];
        if (!value) {
          auto read = ReadInput(store_, keys[i]);
          if (!read.ok()) return removed;
          value = std::move(read).value();
        }
        const auto stamp = value ? PeekStamp(*value) : std::nullopt;
        if (stamp && FreshnessOf(*stamp, now, {lifetime_}) != Freshness::kStale) continue;
        if (spaces_.Remove(info.name, keys[i])) ++removed;
      }
    }
  }
  return removed;
}

}  // namespace larder
