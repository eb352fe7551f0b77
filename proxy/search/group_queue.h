// GroupQueue: items that are worked on one group after another. Whoever brings an item waits until
// its group is done; what came meanwhile makes the next group, so that a slow step (a sync) is made
// once for many. The work is done on threads of a pool: a fiber that waits stands still alone.
// Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "proxy/http/worker_pool.h"

namespace larder {

template <typename Item>
class GroupQueue {
 public:
  // Called for one group at a time, of at least one item, in the order in which they came.
  using Process = std::function<void(std::span<Item* const> group)>;

  // `pool` outlives it. A group has at most `most` items.
  GroupQueue(WorkerPool& pool, std::size_t most, Process process)
      : pool_(pool), state_(std::make_shared<State>(most, std::move(process))) {}

  // Returns once `item` has been processed; on this thread when the pool takes nothing any more.
  void Run(Item& item) {
    Entry entry{&item};
    bool starts = false;
    {
      MutexLock lock(state_->mutex);
      state_->waiting.push_back(&entry);
      starts = !std::exchange(state_->busy, true);
    }
    if (starts && !pool_.Submit([state = state_] { Drain(*state); })) Drain(*state_);
    MutexLock lock(state_->mutex);
    while (!entry.done) state_->changed.Wait(state_->mutex);
  }

  // Items that are in no group yet.
  std::size_t waiting() const {
    MutexLock lock(state_->mutex);
    return state_->waiting.size();
  }

 private:
  struct Entry {
    Item* item;
    bool done = false;
  };
  struct State {
    State(std::size_t m, Process p) : most(m), process(std::move(p)) {}
    const std::size_t most;
    const Process process;
    Mutex mutex;
    CondVar changed;
    std::deque<Entry*> waiting LARDER_GUARDED_BY(mutex);
    bool busy LARDER_GUARDED_BY(mutex) = false;
  };

  static void Drain(State& state) {
    std::vector<Entry*> group;
    while (true) {
      {
        // Those who wait may be gone, and the queue with them, once they see that they are done.
        MutexLock lock(state.mutex);
        for (Entry* entry : group) entry->done = true;
        if (!group.empty()) state.changed.NotifyAll();
        group.clear();
        while (!state.waiting.empty() && group.size() < state.most) {
          group.push_back(state.waiting.front());
          state.waiting.pop_front();
        }
        if (group.empty()) {
          state.busy = false;
          return;
        }
      }
      std::vector<Item*> items;
      items.reserve(group.size());
      for (const Entry* entry : group) items.push_back(entry->item);
      state.process(items);
    }
  }

  WorkerPool& pool_;
  // Owned by the queue and by the task that drains it.
  const std::shared_ptr<State> state_;
};

}  // namespace larder
