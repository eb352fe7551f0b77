#include "cache/off_loop_store.h"

#include "base/fiber.h"
#include "base/within_memory.h"

namespace larder {
namespace {

constexpr std::chrono::milliseconds kGatherTime{1};
constexpr std::size_t kReaders = 4;            // a disk serves several reads at once
constexpr std::size_t kGroupBytes = 4U << 20;  // of writes that go together

std::size_t BytesOf(const WriteBatch& batch) {
  std::size_t sum = 0;
  for (const auto& operation : batch.operations()) {
    sum += operation.key.size() + (operation.value ? operation.value->size() : 0) + 32;
  }
  return sum;
}

bool OnlyPuts(const WriteBatch& batch) {
  return std::all_of(batch.operations().begin(), batch.operations().end(),
                     [](const WriteBatch::Operation& operation) { return operation.value; });
}

}  // namespace

struct OffLoopStore::Read {
  Family family;
  std::span<const std::string_view> keys;
  std::optional<Result<std::vector<std::optional<std::string>>>> result;
};

OffLoopStore::OffLoopStore(Store& inner, Options options) : inner_(inner), options_(options) {
  writer_ = std::thread([this] { RunWriter(); });
  for (std::size_t i = 0; i < kReaders; ++i) readers_.emplace_back([this] { RunReader(); });
}

OffLoopStore::~OffLoopStore() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    to_write_.NotifyAll();
    to_read_.NotifyAll();
  }
  writer_.join();
  for (std::thread& reader : readers_) reader.join();
}

Result<std::vector<std::optional<std::string>>> OffLoopStore::MultiGet(
    Family family, std::span<const std::string_view> keys) const {
  if (Fiber::Current() == nullptr) return inner_.MultiGet(family, keys);
  if (auto values = inner_.TryMultiGet(family, keys)) return *std::move(values);
  Read read{family, keys, std::nullopt};
  MutexLock lock(mutex_);
  reads_.push_back(&read);
  to_read_.NotifyOne();
  while (!read.result) done_.Wait(mutex_);
  return *std::move(read.result);
}

Status OffLoopStore::ApplyOwned(WriteBatch batch) {
  if (batch.empty()) return {};
  const bool waits = Fiber::Current() == nullptr || !succeeding_.load(std::memory_order_relaxed) ||
                     !OnlyPuts(batch);
  const auto write = std::make_shared<Write>();
  write->bytes = BytesOf(batch);
  write->awaited = write->seen = waits;
  write->batch = std::move(batch);
  MutexLock lock(mutex_);
  while (queued_bytes_ >= options_.max_queued_bytes) done_.Wait(mutex_);
  queued_bytes_ += write->bytes;
  writes_.push_back(write);
  ++taken_;
  if (waits) ++awaited_;
  if (writer_idle_ || waits) to_write_.NotifyOne();
  if (!waits) return {};
  while (!write->outcome) done_.Wait(mutex_);
  return *write->outcome;
}

Status OffLoopStore::Clear(Family family) {
  WaitUntilWritten();
  return inner_.Clear(family);
}

Status OffLoopStore::ForEach(
    Family family, std::string_view start,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  WaitUntilWritten();
  return inner_.ForEach(family, start, visit);
}

Status OffLoopStore::Flush() {
  WaitUntilWritten();
  return inner_.Flush();
}

Status OffLoopStore::Sync() {
  WaitUntilWritten();
  return inner_.Sync();
}

std::size_t OffLoopStore::queued_bytes() const {
  MutexLock lock(mutex_);
  return queued_bytes_;
}

void OffLoopStore::WaitUntilWritten() const {
  MutexLock lock(mutex_);
  const std::uint64_t until = taken_;  // those that come later need not be waited for
  if (!writes_.empty() && !std::exchange(writes_.back()->awaited, true)) {
    ++awaited_;
    to_write_.NotifyOne();
  }
  while (finished_ < until) done_.Wait(mutex_);
}

void OffLoopStore::RunWriter() {
  std::chrono::steady_clock::time_point last_write{};
  while (true) {
    std::vector<std::shared_ptr<Write>> group;
    {
      MutexLock lock(mutex_);
      writer_idle_ = true;
      while (writes_.empty() && !stopping_) to_write_.Wait(mutex_);
      writer_idle_ = false;
      if (writes_.empty()) return;
      // What comes together goes together; one that comes alone goes at once.
      const auto now = std::chrono::steady_clock::now();
      const auto until = now - last_write < 2 * kGatherTime ? now + kGatherTime : now;
      while (awaited_ == 0 && !stopping_ && queued_bytes_ < kGroupBytes &&
             to_write_.WaitUntil(mutex_, until)) {
      }
      std::size_t bytes = 0;
      while (!writes_.empty() && bytes < kGroupBytes) {
        bytes += writes_.front()->bytes;
        if (writes_.front()->awaited) --awaited_;
        group.push_back(std::move(writes_.front()));
        writes_.pop_front();
      }
    }
    WriteAll(std::move(group));
    last_write = std::chrono::steady_clock::now();
  }
}

// Together they are written at the cost of little more than one. When that fails, each is tried
// alone, so that one that cannot be written takes no other with it.
void OffLoopStore::WriteAll(std::vector<std::shared_ptr<Write>> writes) {
  std::vector<Status> outcomes(writes.size());
  const auto apply = [&](const Write& write) {
    return WithinMemory([&] { return inner_.Apply(write.batch); });
  };
  if (writes.size() == 1) {
    outcomes[0] = apply(*writes[0]);
  } else {
    std::vector<const WriteBatch*> together;
    together.reserve(writes.size());
    for (const auto& write : writes) together.push_back(&write->batch);
    if (!WithinMemory([&] { return inner_.ApplyTogether(together); }).ok()) {
      for (std::size_t i = 0; i < writes.size(); ++i) outcomes[i] = apply(*writes[i]);
    }
  }
  succeeding_.store(outcomes.back().ok(), std::memory_order_relaxed);
  MutexLock lock(mutex_);
  for (std::size_t i = 0; i < writes.size(); ++i) {
    queued_bytes_ -= writes[i]->bytes;
    if (!outcomes[i].ok() && !writes[i]->seen) ++failed_unseen_;
    writes[i]->outcome = outcomes[i];
  }
  finished_ += writes.size();
  done_.NotifyAll();
}

void OffLoopStore::RunReader() {
  while (true) {
    Read* read = nullptr;
    {
      MutexLock lock(mutex_);
      while (reads_.empty() && !stopping_) to_read_.Wait(mutex_);
      if (reads_.empty()) return;
      read = reads_.front();
      reads_.pop_front();
    }
    auto result = WithinMemory([&] { return inner_.MultiGet(read->family, read->keys); });
    MutexLock lock(mutex_);
    read->result.emplace(std::move(result));
    done_.NotifyAll();
  }
}

}  // namespace larder
