#include "app/upstreams_command.h"

#include <iostream>

#include "app/client.h"
#include "app/human.h"
#include "app/json_text.h"

namespace larder {
namespace {

// "good for 52m 10s" of a token that is there, by this machine's clock.
std::string TokenText(JsonElement upstream) {
  const auto token = Member(upstream, "token");
  if (!token || token->is_null()) return "";
  if (!BoolMember(*token, "held").value_or(false)) return "none now";
  const auto expires = NumberMember(*token, "expires_at");
  if (!expires) return "there is one";
  using Time = std::chrono::duration<double>;  // a server may say anything
  const Time left = Time(*expires) - Time(std::chrono::system_clock::now().time_since_epoch());
  return left.count() <= 0 ? "at its end" : "good for " + HumanDuration(left);
}

Status PrintUpstreams(JsonElement root) {
  const auto data = Member(root, "data");
  JsonArray upstreams;
  if (!data || data->get(upstreams) != simdjson::SUCCESS) {
    return InvalidArgument("the server's answer is no list of upstreams: is it a larder?");
  }
  char line[512];
  const auto print = [&](const char* name, const char* credential, const char* breaker,
                         const char* token, const char* url) {
    std::snprintf(line, sizeof(line), "%-16s  %-10s  %-9s  %-20s  %s\n", name, credential, breaker,
                  token, url);
    std::cout << line;
  };
  print("name", "credential", "breaker", "token", "url");
  for (const JsonElement upstream : upstreams) {
    print(TextOf(upstream, "name").c_str(), TextOf(upstream, "credential").c_str(),
          TextOf(upstream, "breaker").c_str(), TokenText(upstream).c_str(),
          TextOf(upstream, "url").c_str());
  }
  for (const JsonElement upstream : upstreams) {
    const auto token = Member(upstream, "token");
    const std::string problem = token ? TextOf(*token, "last_error") : "";
    if (problem.empty()) continue;
    std::cout << TextOf(upstream, "name") << ": " << problem;
    if (const auto pause = IntMember(*token, "next_attempt_in_s")) {
      std::cout << " (it is asked again in " << *pause << " s)";
    }
    std::cout << "\n";
  }
  return {};
}

Status Print(const UpstreamsCommand& command, JsonElement root) {
  if (command.action == "list") return PrintUpstreams(root);
  if (!BoolMember(root, "deleted").value_or(false)) {
    std::cout << *command.name << " had no token\n";
  } else {
    std::cout << "forgot the token of " << *command.name
              << (BoolMember(root, "revoked").value_or(false)
                      ? ", and its provider revoked it\n"
                      : "; its provider was not told: oauth_revocation_url is not set\n");
  }
  return {};
}

}  // namespace

void UpstreamsCommand::Declare(FlagTable& flags) {
  flags.Choice("ACTION", "", action, {"list", "revoke"}, "list or revoke");
  flags.Text("NAME", "", name, "revoke: whose access token");
  DeclareClient(flags, "print the server's JSON");
}

int RunCommand(const UpstreamsCommand& command) {
  const bool is_list = command.action == "list";
  if (is_list == command.name.has_value()) {
    Fail(is_list ? "upstreams list takes no name; see larder upstreams --help"
                 : "upstreams revoke needs an upstream's NAME; see larder upstreams --help");
    return kBadUsage;
  }
  const auto session = Session::Open(command);
  if (!session) return kBadUsage;
  const ClientRequest request =
      is_list ? session->Request("GET", "upstreams")
              : session->Request("DELETE", "upstreams/" + PercentEncode(*command.name) + "/token");
  return AskAdmin(*session, request, command.json,
                  [&](JsonElement root) { return Print(command, root); });
}

}  // namespace larder
