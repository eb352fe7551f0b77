#include "app/client.h"

#include <cstdlib>
#include <iostream>

#include "app/configuration.h"
#include "config/config.h"

namespace larder {
namespace {

std::string ProviderKey() {
  const char* key = std::getenv("OPENAI_API_KEY");
  return key == nullptr || *key == '\0' ? std::string() : std::string("Bearer ") + key;
}

std::string AddressOf(const Config& config, std::string host, std::uint16_t port) {
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return (config.front.tls.enabled() ? "https://" : "http://") + host + ":" + std::to_string(port);
}

}  // namespace

std::optional<Session> Session::Open(const ClientOptions& options) {
  const LoadResult result = LoadFor(options);
  if (!result.ok()) {
    ReportProblems(result);
    return std::nullopt;
  }
  const Config& config = result.loaded->config;
  Session session;
  session.server = options.server.value_or(AdminServerOf(config));
  while (session.server.ends_with('/')) session.server.pop_back();
  session.api = options.server ? session.server : ServerOf(config);
  if (!session.server.starts_with("http://") && !session.server.starts_with("https://")) {
    std::cerr << "larder: --server must be http://HOST:PORT or https://HOST:PORT, got "
              << session.server << "\n";
    return std::nullopt;
  }
  const bool trusted = options.server.has_value() || session.server.starts_with("https://") ||
                       IsLoopbackUrl(session.server);
  if (!config.admin.token.empty()) {
    session.token_withheld = !trusted;
    if (trusted) session.admin.Add("authorization", "Bearer " + config.admin.token);
  }
  if (const std::string key = ProviderKey(); trusted && !key.empty()) {
    session.on_behalf.Add("x-larder-authorization", key);
  }
  if (session.token_withheld) {
    std::cerr << "larder: the admin token is not sent in the clear to " << session.server
              << "; name the server with --server to send it all the same\n";
  }
  return session;
}

ClientRequest Session::Request(std::string method, const std::string& path) const {
  ClientRequest request;
  request.method = std::move(method);
  request.path = "/admin/v1/" + path;
  request.headers = admin;
  return request;
}

std::string ServerOf(const Config& config) {
  return AddressOf(config, config.front.host, config.front.port);
}

std::string AdminServerOf(const Config& config) {
  if (config.admin.listen.empty()) return ServerOf(config);
  return AddressOf(config, config.admin.host, config.admin.port);
}

Headers ProviderCredential() {
  Headers headers;
  if (std::string key = ProviderKey(); !key.empty()) headers.Add("authorization", std::move(key));
  return headers;
}

int Fail(const std::string& message) {
  std::cerr << "larder: " << message << "\n";
  return 1;
}

int Fail(const Error& error) {
  Fail(error.message);
  return error.code == ErrorCode::kCancelled ? kInterruptedStatus : 1;
}

std::string WhatWentWrong(const ClientReply& reply) {
  std::string message = "the server answered with status " + std::to_string(reply.status);
  if (const auto document = JsonDocument::Parse(reply.body); document.ok()) {
    if (const auto error = Member(document->root(), "error")) {
      if (const auto told = StringMember(*error, "message")) message = *told;
    }
  }
  return message;
}

std::string AdminProblem(const ClientReply& reply) {
  std::string message = WhatWentWrong(reply);
  if (reply.status == 401) {
    message += "; set LARDER_ADMIN_TOKEN (or admin.token_file) to the server's admin token";
  } else if (reply.status == 404) {
    message += "; if that should be there, is the server older than this larder?";
  }
  return message;
}

int AskAdmin(const Session& session, const ClientRequest& request, bool json,
             const std::function<Status(JsonElement root)>& print) {
  const auto reply = CallServer(session.server, request);
  if (!reply.ok()) return Fail(reply.error());
  if (reply->status != 200 && reply->status != 201) return Fail(AdminProblem(*reply));
  if (json) {
    std::cout << reply->body << "\n";
    return 0;
  }
  const auto document = JsonDocument::Parse(reply->body);
  if (!document.ok()) return Fail("the server's answer is not JSON: is it a larder?");
  const Status printed = print(document->root());
  return printed.ok() ? 0 : Fail(printed.error());
}

std::string QueryOf(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    query += (query.empty() ? "?" : "&") + name + "=" + PercentEncode(value);
  }
  return query;
}

}  // namespace larder
