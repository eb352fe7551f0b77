#include "cache/maintenance.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/within_memory.h"

namespace larder {
namespace {

constexpr int kBackgroundNice = 10;
// How often the thread looks at the clock, which is not the one that it waits by.
constexpr std::chrono::seconds kLook{1};
// How often who waits for a run is asked whether to go on.
constexpr std::chrono::milliseconds kAskAgain{200};

std::chrono::milliseconds Since(MonoTime start, MonoTime now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - start);
}

Error NoSuchTask(std::string_view name) {
  return Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
               "there is no maintenance task named " + std::string(name) + " that can be started"};
}

void Conclude(MaintenanceTask& shown, std::chrono::milliseconds took,
              const Result<std::string>& outcome) {
  shown.last_took = took;
  shown.last_failed = !outcome.ok();
  shown.last_result = outcome.ok() ? *outcome : outcome.error().message;
}

}  // namespace

Maintenance::~Maintenance() {
  Stop();
}

void Maintenance::Add(std::string name, std::chrono::seconds interval, Work work) {
  AddTask(std::move(name), interval, std::move(work), false);
}

void Maintenance::AddOutside(std::string name, std::chrono::seconds interval, Work when_asked) {
  AddTask(std::move(name), interval, std::move(when_asked), true);
}

void Maintenance::AddTask(std::string name, std::chrono::seconds interval, Work work,
                          bool outside) {
  MutexLock lock(mutex_);
  Task& task = tasks_.emplace_back();
  task.shown.name = std::move(name);
  task.interval = interval;
  task.work = std::move(work);
  task.outside = outside;
  Plan(task);
}

void Maintenance::Plan(Task& task) {
  task.due.reset();
  task.shown.next.reset();
  if (task.interval.count() == 0) return;
  if (!task.outside) task.due = clock_.Monotonic() + task.interval;
  task.shown.next = clock_.Now() + task.interval;
}

void Maintenance::Note(std::string_view name, WallTime started, std::chrono::milliseconds took,
                       const Result<std::string>& outcome) {
  MutexLock lock(mutex_);
  Task* const task = Find(name);
  if (task == nullptr) return;
  task->shown.last_started = started;
  Conclude(task->shown, took, outcome);
  if (task->outside) Plan(*task);
}

void Maintenance::SetInterval(std::string_view name, std::chrono::seconds interval) {
  MutexLock lock(mutex_);
  Task* const task = Find(name);
  if (task == nullptr || task->interval == interval) return;
  const auto due = task->due;
  const auto next = task->shown.next;
  task->interval = interval;
  Plan(*task);
  if (due && task->due && *due < *task->due) {
    task->due = due;
    task->shown.next = next;
  }
  changed_.NotifyAll();
}

void Maintenance::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Maintenance::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

Status Maintenance::RunNow(std::string_view name) {
  MutexLock lock(mutex_);
  Task* const task = Find(name);
  if (task == nullptr || !task->work) return NoSuchTask(name);
  if (task->shown.running || task->asked) {
    return Error{ErrorCode::kOverloaded, ErrorOrigin::kDownstream,
                 std::string(name) + " is running, or about to; ask again when it has ended"};
  }
  task->asked = true;
  changed_.NotifyAll();
  return {};
}

Result<std::string> Maintenance::RunAndWait(std::string_view name,
                                            const std::function<bool()>& goes_on) {
  const auto cancelled = [&] {
    return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf,
                 "did not wait for the end of " + std::string(name)};
  };
  std::uint64_t wanted = 0;
  while (true) {
    {
      MutexLock lock(mutex_);
      Task* const task = Find(name);
      if (task == nullptr || !task->work) return NoSuchTask(name);
      if (wanted == 0) {
        wanted = task->begun + 1;
        task->asked = true;
        changed_.NotifyAll();
      }
      const auto until = std::chrono::steady_clock::now() + kAskAgain;
      while (task->ended < wanted && !stopping_ && changed_.WaitUntil(mutex_, until)) {
      }
      if (task->ended >= wanted) return task->outcome;
      if (stopping_) return cancelled();
    }
    if (!goes_on()) return cancelled();
  }
}

std::vector<MaintenanceTask> Maintenance::Tasks() const {
  MutexLock lock(mutex_);
  std::vector<MaintenanceTask> shown;
  shown.reserve(tasks_.size());
  for (const Task& task : tasks_) shown.push_back(task.shown);
  return shown;
}

Maintenance::Task* Maintenance::Find(std::string_view name) {
  const auto found = std::find_if(tasks_.begin(), tasks_.end(),
                                  [&](const Task& task) { return task.shown.name == name; });
  return found == tasks_.end() ? nullptr : &*found;
}

Maintenance::Task* Maintenance::NextDue() {
  const MonoTime now = clock_.Monotonic();
  for (Task& task : tasks_) {
    if (task.work && (task.asked || (task.due && *task.due <= now))) return &task;
  }
  return nullptr;
}

bool Maintenance::RunDue() {
  bool ran = false;
  while (true) {
    Task* task = nullptr;
    Run run;
    {
      MutexLock lock(mutex_);
      task = stopping_ ? nullptr : NextDue();
      if (task == nullptr) return ran;
      run.asked = std::exchange(task->asked, false);
      task->shown.running = true;
      ++task->begun;
      task->shown.last_started = clock_.Now();
    }
    run.pause = [this](std::chrono::milliseconds time) { return Pause(time); };
    bool again = false;
    run.again = [&again] { again = true; };
    const MonoTime start = clock_.Monotonic();
    const Result<std::string> outcome = WithinMemory([&] { return task->work(run); });
    ran = true;
    MutexLock lock(mutex_);
    task->shown.running = false;
    Conclude(task->shown, Since(start, clock_.Monotonic()), outcome);
    task->asked = task->asked || again;
    task->outcome = outcome;
    ++task->ended;
    changed_.NotifyAll();
    if (!task->outside) Plan(*task);
  }
}

bool Maintenance::Pause(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  MutexLock lock(mutex_);
  while (!stopping_ && time.count() > 0 && changed_.WaitUntil(mutex_, until)) {
  }
  return !stopping_;
}

void Maintenance::Loop() {
  // Upkeep yields to serving.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kBackgroundNice);
  while (true) {
    RunDue();
    MutexLock lock(mutex_);
    if (stopping_) return;
    if (NextDue() == nullptr) changed_.WaitUntil(mutex_, std::chrono::steady_clock::now() + kLook);
  }
}

}  // namespace larder
