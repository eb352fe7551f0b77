// Fronts: the addresses that a server listens on: the API's, and with admin.listen another one for
// the admin API, the dashboard and the metrics, with the same certificate. Thread-safety: as Front.
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "proxy/http/front.h"
#include "proxy/proxy.h"

namespace larder {

// What the API's address serves.
Surface ApiSurface(const Config& config);

class Fronts {
 public:
  // `admin` serves Surface::kAdmin, and is asked only with admin.listen. All but `config` outlive
  // it.
  Fronts(const Config& config, HttpHandler& api, HttpHandler& admin, const Clock& clock);

  // Errors: those of Front::Start; then neither serves.
  Status Start();
  Status ReloadCertificate();
  // Precondition of both: Start succeeded. "http://127.0.0.1:8787", "https://..." with a
  // certificate; the second is the first's without admin.listen.
  std::string address() const { return AddressOf(api_, host_); }
  std::string admin_address() const;

  // As Front's, of both.
  bool Drain(MonoTime deadline);
  void Stop();
  std::size_t connections() const;
  const WorkerPool& workers() const { return api_.workers(); }

 private:
  std::string AddressOf(const Front& front, const std::string& host) const;

  const bool tls_;
  const std::string host_;
  const std::string admin_host_;
  Front api_;
  std::unique_ptr<Front> admin_;  // null without admin.listen
};

}  // namespace larder
