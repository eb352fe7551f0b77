#include "proxy/access/client_key.h"

#include "base/bytes.h"
#include "cache/record.h"
#include "proxy/http/headers.h"

namespace larder {

std::string EncodeClientKey(const ClientKey& key) {
  std::string payload;
  ByteWriter writer(payload);
  writer.Prefixed(key.id);
  writer.Prefixed(key.name);
  writer.Prefixed(key.tenant);
  writer.Prefixed(key.hint);
  writer.Raw({reinterpret_cast<const char*>(key.secret_hash.data()), key.secret_hash.size()});
  writer.Fixed(key.expires_at ? ToUnixMillis(*key.expires_at) : std::int64_t{0});
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
  if (!reader.ok() || reader.remaining() != 0) {
    return StoreError(ErrorCode::kCorruption, "stored client key: it is cut or has more");
  }
  std::copy(hash.begin(), hash.end(), key.secret_hash.begin());
  key.created_at = opened.stamp.stored_at;
  if (expires != 0) key.expires_at = FromUnixMillis(expires);
  return key;
}

std::string_view ClientSecretIn(std::string_view credential) {
  // Most credentials are others' keys: one look tells.
  if (credential.find(kClientKeyPrefix) == std::string_view::npos) return {};
  ByteReader reader(credential);
  while (reader.remaining() > 0) {
    if (reader.Prefixed() == "?") reader.Prefixed();  // the field's name, or the parameter's
    std::string_view value = reader.Prefixed();
    if (!reader.ok()) return {};
    constexpr std::string_view kScheme = "bearer ";
    if (EqualsIgnoreCase(value.substr(0, kScheme.size()), kScheme)) {
      value = TrimOws(value.substr(kScheme.size()));
    }
    if (value.starts_with(kClientKeyPrefix)) return value;
  }
  return {};
}

}  // namespace larder
