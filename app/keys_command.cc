#include "app/keys_command.h"

#include <ctime>
#include <iostream>

#include "app/client.h"
#include "app/json_text.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

// "2026-01-31 12:00" of a Unix time in UTC; `absent` when there is none.
std::string DateOf(JsonElement object, const char* name, const char* absent) {
  const auto seconds = NumberMember(object, name);
  if (!seconds) return absent;
  const auto time = static_cast<std::time_t>(*seconds);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &utc)};
}

Status PrintKeys(JsonElement root) {
  const auto data = Member(root, "data");
  JsonArray keys;
  if (!data || data->get(keys) != simdjson::SUCCESS) {
    return InvalidArgument("the server's answer is no list of keys: is it a larder?");
  }
  if (keys.size() == 0) {
    std::cout << "no keys; larder keys create NAME makes one\n";
    return {};
  }
  char line[320];
  const auto print = [&](const char* id, const char* name, const char* tenant, const char* prefix,
                         const char* used, const char* expires) {
    std::snprintf(line, sizeof(line), "%-20s  %-20s  %-16s  %-10s  %-16s  %s\n", id, name, tenant,
                  prefix, used, expires);
    std::cout << line;
  };
  print("id", "name", "tenant", "key", "last used", "expires");
  for (const JsonElement key : keys) {
    print(TextOf(key, "id").c_str(), TextOf(key, "name").c_str(), TextOf(key, "tenant").c_str(),
          (TextOf(key, "prefix") + "...").c_str(), DateOf(key, "last_used_at", "never").c_str(),
          DateOf(key, "expires_at", "never").c_str());
  }
  return {};
}

std::string NewKeyBody(const KeysCommand& command) {
  JsonWriter body;
  body.BeginObject().Member("name", *command.name);
  if (!command.tenant.empty()) body.Member("tenant", command.tenant);
  if (command.expires_in) body.Member("expires_in_s", command.expires_in->count());
  body.EndObject();
  return body.Take();
}

ClientRequest RequestOf(const KeysCommand& command, const Session& session) {
  if (command.action == "list") return session.Request("GET", "keys");
  if (command.action == "revoke") {
    return session.Request("DELETE", "keys/" + PercentEncode(*command.name));
  }
  ClientRequest request = session.Request("POST", "keys");
  request.body = NewKeyBody(command);
  return request;
}

Status Print(const KeysCommand& command, JsonElement root) {
  if (command.action == "list") return PrintKeys(root);
  if (command.action == "revoke") {
    std::cout << "revoked " << *command.name << "\n";
    return {};
  }
  const auto secret = StringMember(root, "secret");
  if (!secret) return InvalidArgument("the server's answer has no key: is it a larder?");
  // The key alone on stdout, so that a script can take it.
  std::cerr << "created " << TextOf(root, "id")
            << "; this is the only time that the key is shown:\n";
  std::cout << *secret << "\n";
  return {};
}

}  // namespace

void KeysCommand::Declare(FlagTable& flags) {
  flags.Choice("ACTION", "", action, {"list", "create", "revoke"}, "list, create or revoke")
      .Required();
  flags.Text("NAME", "", name, "create: what to call the key; revoke: its id");
  DeclareClient(flags, "print the server's JSON");
  flags.Text("--tenant", "NAME", tenant,
             "create: who shares its entries (default: the server's choice)");
  flags.Duration("--expires-in", expires_in, "create: its life, say 30d (default: no end)");
}

int RunCommand(const KeysCommand& command) {
  if ((command.action == "list") == command.name.has_value()) {
    Fail(command.action == "list" ? "keys list takes no name; see larder keys --help"
                                  : "keys " + command.action + " needs " +
                                        (command.action == "create" ? "a NAME" : "the key's id") +
                                        "; see larder keys --help");
    return kBadUsage;
  }
  const auto session = Session::Open(command);
  if (!session) return kBadUsage;
  return AskAdmin(*session, RequestOf(command, *session), command.json,
                  [&](JsonElement root) { return Print(command, root); });
}

}  // namespace larder
