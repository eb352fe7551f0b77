#include "proxy/access/client_key.h"

#include <algorithm>

#include "base/bytes.h"
#include "cache/record.h"
#include "proxy/admin/price_rule.h"
#include "proxy/http/headers.h"

namespace larder {
namespace {

constexpr std::uint32_t kMostListed = 1000;  // a longer list is none that was written here

void WriteTexts(ByteWriter& writer, const std::vector<std::string>& texts) {
  writer.Fixed(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) writer.Prefixed(text);
}

std::vector<std::string> ReadTexts(ByteReader& reader) {
  std::vector<std::string> texts;
  const auto count = reader.Fixed<std::uint32_t>();
  for (std::uint32_t i = 0; i < std::min(count, kMostListed) && reader.ok(); ++i) {
    texts.emplace_back(reader.Prefixed());
  }
  return texts;
}

void WriteLimits(ByteWriter& writer, const std::vector<LimitRule>& rules) {
  writer.Fixed(static_cast<std::uint32_t>(rules.size()));
  for (const LimitRule& rule : rules) {
    WriteTexts(writer, rule.paths);
    writer.Fixed(rule.limits.requests_per_minute);
    writer.Fixed(rule.limits.requests_per_hour);
    writer.Fixed(rule.limits.tokens_per_minute);
    writer.Fixed(rule.limits.tokens_per_hour);
  }
}

std::vector<LimitRule> ReadLimits(ByteReader& reader) {
  std::vector<LimitRule> rules;
  const auto count = reader.Fixed<std::uint32_t>();
  for (std::uint32_t i = 0; i < std::min(count, kMostListed) && reader.ok(); ++i) {
    LimitRule& rule = rules.emplace_back();
    rule.paths = ReadTexts(reader);
    rule.limits.requests_per_minute = reader.Fixed<std::int64_t>();
    rule.limits.requests_per_hour = reader.Fixed<std::int64_t>();
    rule.limits.tokens_per_minute = reader.Fixed<std::int64_t>();
    rule.limits.tokens_per_hour = reader.Fixed<std::int64_t>();
  }
  return rules;
}

// The value of a field, without the scheme.
std::string_view WithoutBearer(std::string_view value) {
  constexpr std::string_view kScheme = "bearer ";
  if (!EqualsIgnoreCase(value.substr(0, kScheme.size()), kScheme)) return value;
  return TrimOws(value.substr(kScheme.size()));
}

}  // namespace

std::string EncodeClientKey(const ClientKey& key) {
  std::string payload;
  ByteWriter writer(payload);
  writer.Prefixed(key.id);
  writer.Prefixed(key.name);
  writer.Prefixed(key.tenant);
  writer.Prefixed(key.hint);
  writer.Raw({reinterpret_cast<const char*>(key.secret_hash.data()), key.secret_hash.size()});
  writer.Fixed(key.expires_at ? ToUnixMillis(*key.expires_at) : std::int64_t{0});
  WriteTexts(writer, key.models);
  WriteTexts(writer, key.upstreams);
  WriteLimits(writer, key.limits);
  writer.Fixed(key.budget.money_nano);
  writer.Fixed(key.budget.tokens);
  writer.Fixed(static_cast<std::uint8_t>(key.budget.period));
  return SealRecord(RecordKind::kClientKey, {key.created_at, {}}, payload);
}

Result<ClientKey> DecodeClientKey(std::string_view record) {
  LARDER_ASSIGN_OR_RETURN(const OpenedRecord opened, OpenRecord(RecordKind::kClientKey, record));
  ByteReader reader(opened.payload);
  ClientKey key;
  key.id = reader.Prefixed();
  key.name = reader.Prefixed();
  key.tenant = reader.Prefixed();
  key.hint = reader.Prefixed();
  const std::string_view hash = reader.Raw(key.secret_hash.size());
  const auto expires = reader.Fixed<std::int64_t>();
  if (reader.remaining() > 0) {  // of the first keys this was all
    key.models = ReadTexts(reader);
    key.upstreams = ReadTexts(reader);
    key.limits = ReadLimits(reader);
    key.budget.money_nano = reader.Fixed<std::uint64_t>();
    key.budget.tokens = reader.Fixed<std::int64_t>();
    const auto period = reader.Fixed<std::uint8_t>();
    if (period >= kBudgetPeriodNames.size()) {
      return StoreError(ErrorCode::kCorruption, "stored client key: no such period");
    }
    key.budget.period = static_cast<BudgetPeriod>(period);
  }
  if (!reader.ok() || reader.remaining() != 0) {
    return StoreError(ErrorCode::kCorruption, "stored client key: it is cut or has more");
  }
  std::copy(hash.begin(), hash.end(), key.secret_hash.begin());
  key.created_at = opened.stamp.stored_at;
  if (expires != 0) key.expires_at = FromUnixMillis(expires);
  return key;
}

ClientKey ClientKeyOf(const ConfiguredKey& configured) {
  ClientKey key;
  key.id = std::string(kConfiguredIdPrefix) + configured.name;
  key.name = configured.name;
  key.tenant = configured.tenant;
  key.secret_hash = DigestFromHex(configured.sha256).value_or(Digest{});
  key.models = configured.models;
  key.upstreams = configured.upstreams;
  if (configured.limits.any()) key.limits.push_back({{}, {}, configured.limits});
  key.budget = {ParseAmountNano(configured.budget_money).value_or(0), configured.budget_tokens,
                configured.budget_period};
  key.configured = true;
  return key;
}

std::string_view FirstSecretIn(std::string_view credential) {
  ByteReader reader(credential);
  if (reader.Prefixed() == "?") reader.Prefixed();  // the field's name, or the parameter's
  const std::string_view value = reader.Prefixed();
  return reader.ok() ? WithoutBearer(value) : std::string_view();
}

std::string_view ClientSecretIn(std::string_view credential) {
  // Most credentials are others' keys: one look tells.
  if (credential.find(kClientKeyPrefix) == std::string_view::npos) return {};
  ByteReader reader(credential);
  while (reader.remaining() > 0) {
    if (reader.Prefixed() == "?") reader.Prefixed();  // the field's name, or the parameter's
    const std::string_view value = WithoutBearer(reader.Prefixed());
    if (!reader.ok()) return {};
    if (value.starts_with(kClientKeyPrefix)) return value;
  }
  return {};
}

}  // namespace larder
