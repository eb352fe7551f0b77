#include "app/admin_door.h"

namespace larder {
namespace {

// A token that can be guessed within a year at the rate that is let through.
constexpr std::size_t kShortTokenBytes = 16;

CurlEngineOptions HttpsOptions(const OidcOptions& options) {
  CurlEngineOptions https;
  https.max_connections = OidcProvider::kMostAtOnce;
  https.connect_timeout = OidcProvider::kPatience;
  https.ca_file = options.ca_file;
  return https;
}

PlainEngineOptions HttpOptions() {
  PlainEngineOptions http;
  http.max_connections = OidcProvider::kMostAtOnce;
  http.connect_timeout = OidcProvider::kPatience;
  return http;
}

AdminAccess::Place PlaceOf(const Config& config) {
  return {config.admin.listen.empty() ? config.front.host : config.admin.host,
          config.front.tls.enabled()};
}

}  // namespace

OidcConnection::OidcConnection(const OidcOptions& options, std::unique_ptr<CurlEngine> https,
                               const Clock& clock)
    : https_(std::move(https)),
      http_(HttpOptions(), clock),
      login_(options, {*https_, http_}, clock) {}

Result<std::unique_ptr<OidcConnection>> OidcConnection::Create(const OidcOptions& options,
                                                               const Clock& clock) {
  if (!options.enabled()) return std::unique_ptr<OidcConnection>();
  LARDER_ASSIGN_OR_RETURN(auto https, CurlEngine::Start(HttpsOptions(options), clock));
  return std::unique_ptr<OidcConnection>(new OidcConnection(options, std::move(https), clock));
}

void OidcConnection::Abort() {
  https_->Abort();
  http_.Abort();
}

AdminDoor::AdminDoor(const Config& config, std::string_view secret,
                     std::unique_ptr<OidcConnection> oidc, Store& store, const Clock& clock,
                     Log& log)
    : log_(log),
      oidc_(std::move(oidc)),
      sessions_(store, clock, config.admin, secret),
      access_(config.admin, PlaceOf(config), sessions_, clock),
      login_({access_, sessions_, oidc_ == nullptr ? nullptr : &oidc_->login(), log},
             config.admin.login_limit, clock) {
  const std::size_t length = config.admin.token.size();
  if (length > 0 && length < kShortTokenBytes) {
    log_.Warning("the admin token is short; make one that nobody guesses: openssl rand -hex 32");
  }
}

void AdminDoor::Start() {
  const auto loaded = sessions_.Load();
  if (!loaded.ok()) {
    log_.Warning("the sessions of the dashboard could not be read: everybody logs in anew",
                 {{"reason", loaded.error().message}});
  }
}

}  // namespace larder
