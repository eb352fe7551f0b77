// App: the one object that owns the whole graph, in order of construction, and takes it down in
// reverse.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "config/config.h"

namespace larder {

// "0.1.0"
std::string Version();

// Thread-safety: Start, Stop and the destructor from one thread.
class App {
 public:
  // Opens the data directory, starts serving. `log` outlives the app. `config_json` is what
  // ConfigJson made of the configuration.
  // Errors: kIo (data directory), kUnavailable (address taken; data directory used by another
  // process).
  static Result<std::unique_ptr<App>> Start(const Config& config, Log& log,
                                            std::string config_json = "{}");
  ~App();

  // "http://127.0.0.1:8787", with the port that was bound; "https://..." with a certificate.
  const std::string& address() const;
  // Where the admin API and the dashboard are: the same without admin.listen.
  const std::string& admin_address() const;

  // Reads the certificate again, for connections to come; nothing without one. Errors:
  // kInvalidArgument; then the old one stays in use.
  Status ReloadCertificate();

  // Takes the settings that change while the server runs (Setting::live), but for the log's own.
  void Reload(const Config& config, std::string config_json);

  // Ready off, stop accepting, let requests in flight finish (drain_timeout at most), end the
  // relays, the indexer and the front, flush. True when every request finished in time. Further
  // calls do nothing.
  bool Stop();

 private:
  struct Graph;
  explicit App(std::unique_ptr<Graph> graph);
  std::unique_ptr<Graph> graph_;
};

}  // namespace larder
