#include "app/keys_command.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <iostream>

#include "app/client.h"
#include "app/json_text.h"
#include "proxy/json/json_writer.h"
#include "proxy/search/request_json.h"

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

// "600 requests/min, 12.5 of 25 (month)": what limits a key, and what of its budget is used.
std::string LimitsOf(JsonElement key) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto limits = Member(key, "limits");
  JsonArray rules;
  if (limits && limits->get(rules) == simdjson::SUCCESS) {
    for (const JsonElement rule : rules) {
      const std::string endpoint = TextOf(rule, "endpoint");
      const auto rate = [&](const char* name, const char* unit) {
        const auto most = IntMember(rule, name);
        if (most) add(std::to_string(*most) + unit + (endpoint.empty() ? "" : " on " + endpoint));
      };
      rate("requests_per_minute", " requests/min");
      rate("requests_per_hour", " requests/h");
      rate("tokens_per_minute", " tokens/min");
      rate("tokens_per_hour", " tokens/h");
    }
  }
  const auto budget = GivenMember(key, "budget");
  const auto used = budget ? Member(*budget, "used") : std::nullopt;
  if (!used) return text;
  const auto part = [&](const char* name, const char* unit) {
    const auto most = NumberMember(*budget, name);
    if (!most) return;
    std::string shown;
    AppendJsonNumber(NumberMember(*used, name).value_or(0), shown);
    shown += " of ";
    AppendJsonNumber(*most, shown);
    add(shown + unit + " (" + TextOf(*budget, "period") + ")");
  };
  part("money", "");
  part("tokens", " tokens");
  return text;
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
                         const char* used, const char* expires, const std::string& limits) {
    std::snprintf(line, sizeof(line), "%-20s  %-20s  %-16s  %-10s  %-16s  ", id, name, tenant,
                  prefix, used);
    std::cout << line;
    std::snprintf(line, sizeof(line), limits.empty() ? "%s%s" : "%-16s  %s", expires,
                  limits.c_str());
    std::cout << line << "\n";
  };
  print("id", "name", "tenant", "key", "last used", "expires", "limits");
  for (const JsonElement key : keys) {
    print(TextOf(key, "id").c_str(), TextOf(key, "name").c_str(), TextOf(key, "tenant").c_str(),
          TextOf(key, "source") == "config" ? "(config)" : (TextOf(key, "prefix") + "...").c_str(),
          DateOf(key, "last_used_at", "never").c_str(), DateOf(key, "expires_at", "never").c_str(),
          LimitsOf(key));
  }
  return {};
}

void WriteTexts(JsonWriter& body, const char* name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  body.Key(name).BeginArray();
  for (const std::string& text : texts) body.String(text);
  body.EndArray();
}

// What a key may ask for, as far as flags say.
void WriteTerms(JsonWriter& body, const KeysCommand& command) {
  WriteTexts(body, "models", command.models);
  WriteTexts(body, "upstreams", command.upstreams);
  const std::array<std::pair<const char*, std::optional<int>>, 4> rates = {{
      {"requests_per_minute", command.requests_per_minute},
      {"requests_per_hour", command.requests_per_hour},
      {"tokens_per_minute", command.tokens_per_minute},
      {"tokens_per_hour", command.tokens_per_hour},
  }};
  const bool limited = std::any_of(rates.begin(), rates.end(),
                                   [](const auto& rate) { return rate.second.has_value(); });
  if (limited) {
    body.Key("limits").BeginArray().BeginObject();
    if (!command.endpoint.empty()) body.Member("endpoint", command.endpoint);
    for (const auto& [name, most] : rates) {
      if (most) body.Member(name, *most);
    }
    body.EndObject().EndArray();
  }
  if (command.budget_money.empty() && !command.budget_tokens) return;
  body.Key("budget").BeginObject();
  if (!command.budget_money.empty()) body.Member("money", command.budget_money);
  if (command.budget_tokens) body.Member("tokens", *command.budget_tokens);
  body.Member("period", command.budget_period).EndObject();
}

std::string BodyOf(const KeysCommand& command) {
  JsonWriter body;
  body.BeginObject();
  if (command.action == "create") {
    body.Member("name", *command.name);
    if (!command.tenant.empty()) body.Member("tenant", command.tenant);
    if (command.expires_in) body.Member("expires_in_s", command.expires_in->count());
  }
  WriteTerms(body, command);
  body.EndObject();
  return body.Take();
}

ClientRequest RequestOf(const KeysCommand& command, const Session& session) {
  if (command.action == "list") return session.Request("GET", "keys");
  if (command.action == "revoke") {
    return session.Request("DELETE", "keys/" + PercentEncode(*command.name));
  }
  ClientRequest request = command.action == "create"
                              ? session.Request("POST", "keys")
                              : session.Request("PATCH", "keys/" + PercentEncode(*command.name));
  request.body = BodyOf(command);
  return request;
}

Status Print(const KeysCommand& command, JsonElement root) {
  if (command.action == "list") return PrintKeys(root);
  if (command.action == "revoke") {
    std::cout << "revoked " << *command.name << "\n";
    return {};
  }
  if (command.action == "change") {
    std::cout << "changed " << *command.name << "\n";
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
  flags
      .Choice("ACTION", "", action, {"list", "create", "change", "revoke"},
              "list, create, change or revoke")
      .Required();
  flags.Text("NAME", "", name, "create: what to call the key; change, revoke: its id");
  DeclareClient(flags, "print the server's JSON");
  flags.Text("--tenant", "NAME", tenant,
             "create: who shares its entries (default: the server's choice)");
  flags.Duration("--expires-in", expires_in, "create: its life, say 30d (default: no end)");
  flags.Texts("--model", "PATTERN", models,
              "create, change: a model that it may ask for (default: every one)");
  flags.Texts("--upstream", "NAME", upstreams,
              "create, change: an upstream that it may ask (default: every one)");
  constexpr int kMost = 2'147'483'647;
  flags.Integer("--requests-per-minute", "N", requests_per_minute, 1, kMost,
                "create, change: most requests in any minute");
  flags.Integer("--requests-per-hour", "N", requests_per_hour, 1, kMost,
                "create, change: most requests in an hour of the clock");
  flags.Integer("--tokens-per-minute", "N", tokens_per_minute, 1, kMost,
                "create, change: most tokens in any minute");
  flags.Integer("--tokens-per-hour", "N", tokens_per_hour, 1, kMost,
                "create, change: most tokens in an hour of the clock");
  flags.Text("--endpoint", "PATTERN", endpoint,
             "create, change: the path below /v1 that these four limits are of (default: all)");
  flags.Text("--budget-money", "AMOUNT", budget_money,
             "create, change: money that it may spend in a period, say 25");
  flags.Integer("--budget-tokens", "N", budget_tokens, 1, kMost,
                "create, change: tokens that it may use in a period");
  flags.Choice("--budget-period", "PERIOD", budget_period, {"day", "week", "month", "total"},
               "create, change: day, week, month or total");
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
