// Maintenance: what has to be done now and then, on one thread with a timetable, one task after
// another. Thread-safety: every method from any thread, but Add before Start; Start and Stop from
// one.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace larder {

// How often each task runs; zero: only when asked for.
struct MaintenanceOptions {
  std::chrono::seconds expiry_interval{6 * 3600};
  std::chrono::seconds eviction_interval{60};
  std::chrono::seconds compaction_interval{0};  // the database compacts by itself as it is written
};

// What is known of one task; a value.
struct MaintenanceTask {
  std::string name;
  bool running = false;
  std::optional<WallTime> last_started;
  std::optional<std::chrono::milliseconds> last_took;
  std::string last_result;  // a sentence without its full stop; empty before the first run
  bool last_failed = false;
  std::optional<WallTime> next;  // absent: only when asked for
};

class Maintenance {
 public:
  // What a run may ask of its surroundings. Lives for the run.
  struct Run {
    bool asked = false;  // by RunNow
    // Waits so long, and tells whether to go on: false when the server stops.
    std::function<bool(std::chrono::milliseconds)> pause;
    // Lets the task run once more, after others that are due: for long work in short runs.
    std::function<void()> again;
  };
  // Does the work and says what became of it: "dropped 12 entries, 1.2 MiB".
  using Work = std::function<Result<std::string>(const Run& run)>;

  // `clock` outlives the object.
  explicit Maintenance(const Clock& clock) : clock_(clock) {}
  // As Stop.
  ~Maintenance();

  // A task that runs every `interval`, first after one; zero: only when asked for.
  void Add(std::string name, std::chrono::seconds interval, Work work);
  // One that another thread runs by itself every `interval`, and of which Note tells; this one runs
  // `when_asked`, if it can be asked for.
  void AddOutside(std::string name, std::chrono::seconds interval, Work when_asked = nullptr);
  void Note(std::string_view name, WallTime started, std::chrono::milliseconds took,
            const Result<std::string>& outcome);

  // From now on every `interval`; a run that is due sooner than that stays due.
  void SetInterval(std::string_view name, std::chrono::seconds interval);

  void Start();
  // Tells the run under way to end, waits for it, ends the thread. Further calls do nothing.
  void Stop();

  // Lets the task run as soon as the one under way has ended. Errors: kNotFound (none that can be
  // asked for), kOverloaded (it runs or waits to; 409 in the admin API).
  Status RunNow(std::string_view name);

  // The same, and waits for the end of a run that began after the call: what became of it. Asks
  // `goes_on` some times a second whether to go on waiting; the run is not ended by that.
  // Errors: kNotFound, kCancelled (told so, or the server stops); as the task's.
  Result<std::string> RunAndWait(std::string_view name, const std::function<bool()>& goes_on);

  // In the order in which they were added.
  std::vector<MaintenanceTask> Tasks() const;

  // Runs what is due, on this thread; true when something was. What Start's thread does again and
  // again.
  bool RunDue();

 private:
  struct Task {
    MaintenanceTask shown;
    std::chrono::seconds interval{0};
    Work work;                    // empty: cannot be asked for
    bool outside = false;         // its interval is another thread's
    std::optional<MonoTime> due;  // absent: only when asked for
    bool asked = false;
    std::uint64_t begun = 0;  // runs
    std::uint64_t ended = 0;
    Result<std::string> outcome = std::string();  // of the last one
  };

  void AddTask(std::string name, std::chrono::seconds interval, Work work, bool outside);
  void Loop();
  bool Pause(std::chrono::milliseconds time);
  Task* Find(std::string_view name) LARDER_REQUIRES(mutex_);
  Task* NextDue() LARDER_REQUIRES(mutex_);
  void Plan(Task& task) LARDER_REQUIRES(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<Task> tasks_ LARDER_GUARDED_BY(mutex_);  // none is added once started
  bool stopping_ LARDER_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace larder
