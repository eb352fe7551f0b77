#include "proxy/access/client_keys.h"

#include <algorithm>

#include "base/random.h"

namespace larder {
namespace {

constexpr std::size_t kSecretBytes = 24;
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kHintCharacters = 7;
constexpr std::size_t kMaxNameBytes = 128;

std::string RandomHex(std::size_t count) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const char byte : RandomBytes(count)) {
    text += kHex[static_cast<unsigned char>(byte) >> 4];
    text += kHex[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

Status CheckNames(std::string_view name, std::string_view tenant) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return InvalidArgument("name must have 1 to 128 bytes", "name");
  }
  const bool plain = std::all_of(tenant.begin(), tenant.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
  if (tenant.empty() || tenant.size() > kMaxNameBytes || !plain) {
    return InvalidArgument("tenant must be 1 to 128 of A-Z a-z 0-9 _ . -", "tenant");
  }
  return {};
}

Error Unknown() {
  return Error{ErrorCode::kUnauthenticated, ErrorOrigin::kDownstream,
               "this key is not known here, was revoked or has expired: ask whoever runs this "
               "server for another"};
}

}  // namespace

void ClientKeys::Hold(ClientKey key) {
  const auto held = std::make_shared<Held>(std::move(key));
  by_secret_[held->key.secret_hash] = held;
  by_id_[held->key.id] = held;
}

Result<std::size_t> ClientKeys::Load() {
  std::size_t unreadable = 0;
  std::vector<ClientKey> keys;
  LARDER_RETURN_IF_ERROR(
      store_.ForEach(Family::kClientKeys, "", [&](std::string_view, std::string_view value) {
        auto key = DecodeClientKey(value);
        if (key.ok()) {
          keys.push_back(std::move(key).value());
        } else {
          ++unreadable;
        }
        return true;
      }));
  WriterLock lock(mutex_);
  for (ClientKey& key : keys) Hold(std::move(key));
  return unreadable;
}

Result<ClientKeys::New> ClientKeys::Create(std::string name, std::string tenant,
                                           std::optional<std::chrono::seconds> lifetime) {
  LARDER_RETURN_IF_ERROR(CheckNames(name, tenant));
  New made;
  const std::string id = RandomHex(kIdBytes);
  const std::string secret = RandomHex(kSecretBytes);
  made.secret = std::string(kClientKeyPrefix) + secret;
  ClientKey& key = made.key;
  key.id = "key_" + id;
  key.name = std::move(name);
  key.tenant = std::move(tenant);
  key.hint = made.secret.substr(0, kHintCharacters);
  key.secret_hash = Sha256Of(made.secret);
  key.created_at = clock_.Now();
  if (lifetime) key.expires_at = key.created_at + *lifetime;

  MutexLock writing(writing_);
  {
    ReaderLock lock(mutex_);
    if (by_id_.size() >= kMostKeys) {
      return Error{ErrorCode::kOverloaded, ErrorOrigin::kSelf,
                   "there are as many keys as a server holds: revoke some"};
    }
  }
  WriteBatch batch;
  batch.Put(Family::kClientKeys, key.id, EncodeClientKey(key));
  LARDER_RETURN_IF_ERROR(store_.Apply(batch));
  WriterLock lock(mutex_);
  Hold(key);
  return made;
}

Result<bool> ClientKeys::Revoke(const std::string& id) {
  MutexLock writing(writing_);
  {
    ReaderLock lock(mutex_);
    if (!by_id_.contains(id)) return false;
  }
  WriteBatch batch;
  batch.Delete(Family::kClientKeys, id);
  LARDER_RETURN_IF_ERROR(store_.Apply(batch));
  WriterLock lock(mutex_);
  const auto found = by_id_.find(id);
  by_secret_.erase(found->second->key.secret_hash);
  by_id_.erase(found);
  return true;
}

std::vector<ClientKeys::Listed> ClientKeys::List() const {
  std::vector<Listed> all;
  {
    ReaderLock lock(mutex_);
    for (const auto& [id, held] : by_id_) {
      Listed listed{held->key, std::nullopt};
      if (const std::int64_t used = held->last_used_ms; used != 0) {
        listed.last_used_at = FromUnixMillis(used);
      }
      all.push_back(std::move(listed));
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Listed& a, const Listed& b) {
    return a.key.created_at < b.key.created_at;
  });
  return all;
}

Result<std::string> ClientKeys::TenantOf(std::string_view secret) const {
  const Digest hash = Sha256Of(secret);
  const WallTime now = clock_.Now();
  ReaderLock lock(mutex_);
  const auto found = by_secret_.find(hash);
  if (found == by_secret_.end()) return Unknown();
  const Held& held = *found->second;
  if (held.key.expires_at && now >= *held.key.expires_at) return Unknown();
  held.last_used_ms.store(ToUnixMillis(now), std::memory_order_relaxed);
  return held.key.tenant;
}

}  // namespace larder
