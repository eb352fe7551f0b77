// What the verbs that talk to a running server share. Thread-safety: immutable values, pure
// functions but for what they print.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/client_options.h"
#include "app/http_client.h"
#include "proxy/json/json.h"

namespace larder {

struct Config;

constexpr int kBadUsage = 2;

// Where the server is and what opens its doors.
struct Session {
  std::string server;  // of the admin API: "http://127.0.0.1:8787"
  std::string api;     // of the API: the same, unless admin.listen parts them
  // Authorization with the admin token of the configuration (LARDER_ADMIN_TOKEN,
  // admin.token_file), when there is one and it may go there: to this machine, over https, or to
  // the server that --server names.
  Headers admin;
  // x-larder-authorization with OPENAI_API_KEY, under the same rule: for whom the admin API acts.
  Headers on_behalf;
  bool token_withheld = false;  // the rule kept the token back

  // From the configuration and the flags. nullopt: what is wrong was printed; the exit status is 2.
  static std::optional<Session> Open(const ClientOptions& options);

  // `path` below /admin/v1 with the admin token, ready for more to be set.
  ClientRequest Request(std::string method, const std::string& path) const;
};

// Where the configuration listens: "http://127.0.0.1:8787". For an address of all interfaces, the
// loopback one.
std::string ServerOf(const Config& config);
// The same of the admin API, which may have an address of its own (admin.listen).
std::string AdminServerOf(const Config& config);

// Authorization with OPENAI_API_KEY of the environment; empty without one. Cached texts belong to
// whoever embedded them, and the key says who is asking.
Headers ProviderCredential();

// Prints "larder: <message>" on stderr. Returns the exit status: 1.
int Fail(const std::string& message);
// The same of an error, with 130 when it says that the call was interrupted.
int Fail(const Error& error);

// The message of the reply's error object, or its status in words.
std::string WhatWentWrong(const ClientReply& reply);
// The same of the admin API, with what to do about a missing token or path.
std::string AdminProblem(const ClientReply& reply);

// Sends a request of the admin API and prints its answer: as it came when `json`, else as `print`
// does. Returns the exit status.
int AskAdmin(const Session& session, const ClientRequest& request, bool json,
             const std::function<Status(JsonElement root)>& print);

// "?a=b&c=d" of those that have a value, percent-encoded; empty for none.
std::string QueryOf(const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace larder
