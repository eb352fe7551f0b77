#include "proxy/admin/key_json.h"

#include <algorithm>
#include <array>

#include "proxy/admin/price_rule.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::size_t kMostNames = 256;
constexpr std::size_t kMostLimits = 32;
constexpr std::size_t kMaxPatternBytes = 256;
constexpr std::int64_t kMostCounted = std::int64_t{1} << 50;

// The four limits of a rule, and how each is called.
constexpr std::array<std::pair<const char*, std::int64_t RateLimits::*>, 4> kRates = {{
    {"requests_per_minute", &RateLimits::requests_per_minute},
    {"requests_per_hour", &RateLimits::requests_per_hour},
    {"tokens_per_minute", &RateLimits::tokens_per_minute},
    {"tokens_per_hour", &RateLimits::tokens_per_hour},
}};

// Whether all members of an object are of these.
Status CheckMembers(JsonElement object, std::span<const std::string_view> known,
                    const std::string& name) {
  JsonObject members;
  if (object.get(members) != simdjson::SUCCESS) {
    return InvalidArgument(name + " must be an object", name);
  }
  for (const auto member : members) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      return InvalidArgument("there is no such field", name + "." + std::string(member.key));
    }
  }
  return {};
}

Result<LimitRule> ReadLimit(JsonElement element, const std::string& name) {
  constexpr std::array<std::string_view, 5> kMembers = {"endpoint", "requests_per_minute",
                                                        "requests_per_hour", "tokens_per_minute",
                                                        "tokens_per_hour"};
  LARDER_RETURN_IF_ERROR(CheckMembers(element, kMembers, name));
  LimitRule rule;
  LARDER_ASSIGN_OR_RETURN(std::string endpoint, TextMember(element, "endpoint"));
  if (!endpoint.empty()) {
    const bool rooted = endpoint.starts_with('/') || endpoint.starts_with('*');
    if (!rooted || endpoint.size() > kMaxPatternBytes || endpoint.starts_with("/v1/")) {
      return InvalidArgument(
          "endpoint must be a path below /v1, such as \"/embeddings\"; * stands for any text",
          name + ".endpoint");
    }
    rule.paths.push_back(std::move(endpoint));
  }
  for (const auto& [member, rate] : kRates) {
    LARDER_ASSIGN_OR_RETURN(rule.limits.*rate, WholeMember(element, member, 1, kMostCounted, 0));
  }
  if (!rule.limits.any()) {
    return InvalidArgument(
        "a limit must have requests_per_minute, requests_per_hour, "
        "tokens_per_minute or tokens_per_hour",
        name);
  }
  return rule;
}

Result<std::vector<LimitRule>> ReadLimits(JsonElement member) {
  JsonArray items;
  if (member.get(items) != simdjson::SUCCESS || items.size() > kMostLimits) {
    return InvalidArgument(
        "limits must be a list of at most " + std::to_string(kMostLimits) + " objects", "limits");
  }
  std::vector<LimitRule> rules;
  for (const JsonElement item : items) {
    LARDER_ASSIGN_OR_RETURN(LimitRule rule,
                            ReadLimit(item, "limits[" + std::to_string(rules.size()) + "]"));
    rules.push_back(std::move(rule));
  }
  return rules;
}

// A number or its text; the text is exact.
Result<std::uint64_t> ReadMoney(JsonElement budget) {
  const auto member = GivenMember(budget, "money");
  if (!member) return std::uint64_t{0};
  std::string text;
  if (const auto written = StringMember(budget, "money")) {
    text = *written;
  } else if (const auto number = NumberMember(budget, "money")) {
    AppendJsonNumber(*number, text);
  }
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  const auto nano = ParseAmountNano(text);
  if (!nano || *nano == 0) {
    return InvalidArgument(
        "money must be an amount above 0 and up to 1000000, such as 25 or \"0.50\"",
        "budget.money");
  }
  return *nano;
}

Result<Budget> ReadBudget(JsonElement member) {
  constexpr std::array<std::string_view, 3> kMembers = {"money", "tokens", "period"};
  LARDER_RETURN_IF_ERROR(CheckMembers(member, kMembers, "budget"));
  Budget budget;
  LARDER_ASSIGN_OR_RETURN(budget.money_nano, ReadMoney(member));
  LARDER_ASSIGN_OR_RETURN(budget.tokens, WholeMember(member, "tokens", 1, kMostCounted, 0));
  if (!budget.any()) return InvalidArgument("a budget must have money or tokens", "budget");
  LARDER_ASSIGN_OR_RETURN(const std::string period, TextMember(member, "period"));
  const auto named = std::find(kBudgetPeriodNames.begin(), kBudgetPeriodNames.end(), period);
  if (!period.empty() && named == kBudgetPeriodNames.end()) {
    return InvalidArgument("period must be \"day\", \"week\", \"month\" or \"total\"",
                           "budget.period");
  }
  if (!period.empty()) {
    budget.period = static_cast<BudgetPeriod>(named - kBudgetPeriodNames.begin());
  }
  return budget;
}

Result<std::vector<std::string>> ReadNames(JsonElement root, const std::string& name) {
  LARDER_ASSIGN_OR_RETURN(auto names, TextsMember(root, name, kMostNames));
  for (const std::string& one : names) {
    if (one.empty() || one.size() > kMaxPatternBytes) {
      return InvalidArgument(name + " must hold texts of 1 to 256 bytes", name);
    }
  }
  return names;
}

std::int64_t SecondsOf(WallTime time) {
  return ToUnixMillis(time) / 1000;
}

void WriteTime(JsonWriter& json, std::string_view name, const std::optional<WallTime>& time) {
  json.Key(name);
  time ? json.Int(SecondsOf(*time)) : json.Null();
}

void WriteTexts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.Key(name).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void WriteMoney(JsonWriter& json, std::uint64_t nano) {
  std::string amount;
  AppendAmount(nano, amount);
  json.Key("money").Raw(amount);
}

void WriteLimits(JsonWriter& json, const ClientKey& key, const std::vector<LimitUse>& used) {
  json.Key("limits").BeginArray();
  for (std::size_t i = 0; i < key.limits.size(); ++i) {
    const LimitRule& rule = key.limits[i];
    json.BeginObject().Key("endpoint");
    rule.paths.empty() ? json.Null() : json.String(rule.paths.front());
    for (const auto& [name, rate] : kRates) {
      json.Key(name);
      rule.limits.*rate == 0 ? json.Null() : json.Int(rule.limits.*rate);
    }
    const LimitUse use = i < used.size() ? used[i] : LimitUse();
    json.Key("used").BeginObject();
    json.Member("requests_minute", use.requests_minute).Member("requests_hour", use.requests_hour);
    json.Member("tokens_minute", use.tokens_minute).Member("tokens_hour", use.tokens_hour);
    json.EndObject().EndObject();
  }
  json.EndArray();
}

void WriteBudget(JsonWriter& json, const Budget& budget, const BudgetUse& used) {
  json.Key("budget");
  if (!budget.any()) {
    json.Null();
    return;
  }
  json.BeginObject();
  if (budget.money_nano > 0) {
    WriteMoney(json, budget.money_nano);
  } else {
    json.Key("money").Null();
  }
  json.Key("tokens");
  budget.tokens > 0 ? json.Int(budget.tokens) : json.Null();
  json.Member("period", kBudgetPeriodNames[static_cast<std::size_t>(budget.period)]);
  json.Key("used").BeginObject();
  WriteMoney(json, used.money_nano);
  json.Member("tokens", used.tokens).EndObject();
  WriteTime(json, "resets_at", used.resets_at);
  json.EndObject();
}

}  // namespace

Status ReadTerms(JsonElement root, const std::function<bool(std::string_view)>& has_upstream,
                 KeyTerms& terms) {
  if (Member(root, "models")) terms.models.clear();
  if (GivenMember(root, "models")) {
    LARDER_ASSIGN_OR_RETURN(terms.models, ReadNames(root, "models"));
  }
  if (Member(root, "upstreams")) terms.upstreams.clear();
  if (GivenMember(root, "upstreams")) {
    LARDER_ASSIGN_OR_RETURN(terms.upstreams, ReadNames(root, "upstreams"));
    for (const std::string& name : terms.upstreams) {
      if (has_upstream(name)) continue;
      return InvalidArgument(
          "there is no upstream of the name " + name + "; [upstream] is called default",
          "upstreams");
    }
  }
  if (Member(root, "limits")) terms.limits.clear();
  if (const auto limits = GivenMember(root, "limits")) {
    LARDER_ASSIGN_OR_RETURN(terms.limits, ReadLimits(*limits));
  }
  if (Member(root, "budget")) terms.budget = {};
  if (const auto budget = GivenMember(root, "budget")) {
    LARDER_ASSIGN_OR_RETURN(terms.budget, ReadBudget(*budget));
  }
  return {};
}

void WriteKey(const ClientKeys::Listed& listed, CallerAccount* account, const Moment& now,
              JsonWriter& json) {
  const ClientKey& key = *listed.key;
  json.Member("id", key.id).Member("name", key.name).Member("tenant", key.tenant);
  WriteTime(json, "created_at", key.configured ? std::nullopt : std::optional(key.created_at));
  WriteTime(json, "last_used_at", listed.last_used_at);
  WriteTime(json, "expires_at", key.expires_at);
  json.Member("prefix", key.hint).Member("source", key.configured ? "config" : "api");
  WriteTexts(json, "models", key.models);
  WriteTexts(json, "upstreams", key.upstreams);
  WriteLimits(json, key, account == nullptr ? std::vector<LimitUse>() : account->UseOfLimits(now));
  WriteBudget(json, key.budget, account == nullptr ? BudgetUse() : account->UseOfBudget(now));
}

}  // namespace larder
