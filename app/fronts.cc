#include "app/fronts.h"

namespace larder {
namespace {

FrontOptions AdminFrontOptions(const Config& config) {
  FrontOptions options = config.front;
  options.host = config.admin.host;
  options.port = config.admin.port;
  options.loops = 1;  // a few people, and what scrapes the metrics
  return options;
}

}  // namespace

Surface ApiSurface(const Config& config) {
  return config.admin.listen.empty() ? Surface::kAll : Surface::kApi;
}

Fronts::Fronts(const Config& config, HttpHandler& api, HttpHandler& admin, const Clock& clock)
    : tls_(config.front.tls.enabled()),
      host_(config.front.host),
      admin_host_(config.admin.host),
      api_(config.front, api, clock) {
  if (!config.admin.listen.empty()) {
    admin_ = std::make_unique<Front>(AdminFrontOptions(config), admin, clock);
  }
}

Status Fronts::Start() {
  if (admin_ != nullptr) LARDER_RETURN_IF_ERROR(admin_->Start());
  const Status started = api_.Start();
  if (!started.ok() && admin_ != nullptr) admin_->Stop();
  return started;
}

Status Fronts::ReloadCertificate() {
  const Status api = api_.ReloadCertificate();
  const Status admin = admin_ == nullptr ? Status() : admin_->ReloadCertificate();
  return api.ok() ? admin : api;
}

std::string Fronts::AddressOf(const Front& front, const std::string& host) const {
  return (tls_ ? "https://" : "http://") +
         (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
         std::to_string(front.port());
}

std::string Fronts::admin_address() const {
  return admin_ == nullptr ? address() : AddressOf(*admin_, admin_host_);
}

bool Fronts::Drain(MonoTime deadline) {
  const bool api = api_.Drain(deadline);
  const bool admin = admin_ == nullptr || admin_->Drain(deadline);
  return api && admin;
}

void Fronts::Stop() {
  api_.Stop();
  if (admin_ != nullptr) admin_->Stop();
}

std::size_t Fronts::connections() const {
  return api_.connections() + (admin_ == nullptr ? 0 : admin_->connections());
}

}  // namespace larder
