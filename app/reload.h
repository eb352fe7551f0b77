// What SIGHUP does: the configuration is read again, what can change while the server runs changes,
// and what cannot is named. Thread-safety: one thread.
#pragma once

#include <functional>

#include "app/app.h"
#include "config/load.h"

namespace larder {

class Reloader {
 public:
  // `running` is what the server was started with; `app` and `log` outlive the object. `load` reads
  // the configuration as at the start.
  Reloader(Config running, App& app, Log& log, std::function<LoadResult()> load)
      : running_(std::move(running)), app_(app), log_(log), load_(std::move(load)) {}

  // A configuration that is wrong changes nothing, and every problem is logged. The certificate is
  // read again and the log file opened anew in any case.
  void Reload();
  // Opens the log file anew, for one that was moved away.
  void ReopenLog();

 private:
  Config running_;
  App& app_;
  Log& log_;
  const std::function<LoadResult()> load_;
};

}  // namespace larder
