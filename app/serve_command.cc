#include "app/serve_command.h"

#include <pthread.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "app/app.h"
#include "app/configuration.h"
#include "app/descriptors.h"
#include "app/process_guard.h"
#include "app/reload.h"
#include "app/self_check.h"
#include "app/service_manager.h"
#include "config/config_json.h"

namespace larder {
namespace {

// SIGTERM, SIGINT, SIGHUP and SIGUSR1 are waited for, not handled: blocked here, before any thread
// is made.
sigset_t BlockSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

}  // namespace

void ServeCommand::Declare(FlagTable& flags) {
  DeclareSettings(flags);
  flags.Switch("--once", once, "check itself: start, a miss, a hit, a search; then exit");
}

int RunCommand(const ServeCommand& options) {
  const sigset_t signals = BlockSignals();
  const LoadResult result = LoadFor(options);
  if (!result.ok()) return ReportProblems(result);
  const Config& config = result.loaded->config;
  Log log(config.log_format, config.log_level);
  if (const Status guarded = GuardProcess(config.core_dumps); !guarded.ok()) {
    log.Error(guarded.error().message);
    return 1;
  }
  if (options.once) return RunSelfCheck(config, log, std::cout) ? 0 : 1;
  if (const Status opened = log.Open(config.log_file); !opened.ok()) {
    log.Error(opened.error().message);
    return 1;
  }

  // Beside those of clients: databases, upstream connections, tunnels.
  constexpr std::uint64_t kOwnDescriptors = 1024;
  if (const auto allowed = RaiseDescriptorLimit();
      allowed < config.front.max_connections + kOwnDescriptors) {
    log.Warning(
        "the system allows fewer open descriptors than server.max_connections asks for; "
        "clients beyond them wait: raise the limit (ulimit -n)",
        {{"allowed", allowed},
         {"max_connections", static_cast<std::uint64_t>(config.front.max_connections)}});
  }
  auto app = App::Start(config, log, ConfigJson(*result.loaded));
  if (!app.ok()) {
    log.Error(app.error().message);
    return 1;
  }
  log.Info("serving", {{"address", (*app)->address()},
                       {"admin_address", (*app)->admin_address()},
                       {"upstream", config.upstream.url},
                       {"data_dir", config.data_dir},
                       {"version", Version()}});
  if (config.upstream.url == "builtin") {
    log.Warning(
        "answers come from the built-in stand-in, not from a model: set --upstream or "
        "OPENAI_API_KEY for "
        "a real provider");
  }
  std::cout << "larder listening on " << (*app)->address() << std::endl;
  TellServiceManager("READY=1");
  Reloader reloader(config, **app, log, [&options] { return LoadFor(options); });
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGUSR1) {
      reloader.ReopenLog();
      continue;
    }
    if (signal == SIGHUP) {
      TellServiceManager("RELOADING=1");
      reloader.Reload();
      TellServiceManager("READY=1");
      continue;
    }
    TellServiceManager("STOPPING=1");
    log.Info("stopping: no new requests; those in flight finish",
             {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    const bool finished = (*app)->Stop();
    finished ? log.Info("stopped")
             : log.Warning("stopped; some requests were cut at the drain timeout");
    return 0;
  }
}

}  // namespace larder
