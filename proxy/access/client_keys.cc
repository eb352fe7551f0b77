#include "proxy/access/client_keys.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"
#include "cache/record.h"

namespace larder {
namespace {

constexpr std::size_t kSecretBytes = 24;
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kHintCharacters = 7;
constexpr std::size_t kMaxNameBytes = 128;
// Of records in Family::kCounters: when a key was used last.
const std::string kUsePrefix = "u";

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

std::shared_ptr<ClientKeys::Held> ClientKeys::Hold(ClientKey key) {
  const auto held = std::make_shared<Held>(std::make_shared<const ClientKey>(std::move(key)));
  by_secret_[held->key->secret_hash] = held;
  by_id_[held->key->id] = held;
  return held;
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
                                           std::optional<std::chrono::seconds> lifetime,
                                           KeyTerms terms) {
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
  key.models = std::move(terms.models);
  key.upstreams = std::move(terms.upstreams);
  key.limits = std::move(terms.limits);
  key.budget = terms.budget;

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

// One that may be changed here.
Result<std::shared_ptr<const ClientKey>> ClientKeys::OwnKey(const std::string& id) const {
  ReaderLock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::shared_ptr<const ClientKey>();
  if (found->second->key->configured) {
    return Error{ErrorCode::kForbidden, ErrorOrigin::kDownstream,
                 "this key is of the configuration: change or remove its [[keys]] there", "id"};
  }
  return found->second->key;
}

Result<std::shared_ptr<const ClientKey>> ClientKeys::Change(
    const std::string& id, const std::function<Status(KeyTerms&)>& change) {
  MutexLock writing(writing_);
  LARDER_ASSIGN_OR_RETURN(const auto before, OwnKey(id));
  if (before == nullptr) return before;
  ClientKey key = *before;
  KeyTerms terms{key.models, key.upstreams, key.limits, key.budget};
  LARDER_RETURN_IF_ERROR(change(terms));
  key.models = std::move(terms.models);
  key.upstreams = std::move(terms.upstreams);
  key.limits = std::move(terms.limits);
  key.budget = terms.budget;
  WriteBatch batch;
  batch.Put(Family::kClientKeys, id, EncodeClientKey(key));
  LARDER_RETURN_IF_ERROR(store_.Apply(batch));
  WriterLock lock(mutex_);
  const std::int64_t used = by_id_[id]->last_used_ms;
  const auto held = Hold(std::move(key));
  held->last_used_ms = used;
  return held->key;
}

Result<std::shared_ptr<const ClientKey>> ClientKeys::Revoke(const std::string& id) {
  MutexLock writing(writing_);
  LARDER_ASSIGN_OR_RETURN(auto key, OwnKey(id));
  if (key == nullptr) return key;
  WriteBatch batch;
  batch.Delete(Family::kClientKeys, id);
  LARDER_RETURN_IF_ERROR(store_.Apply(batch));
  WriterLock lock(mutex_);
  by_secret_.erase(key->secret_hash);
  by_id_.erase(id);
  gone_.push_back(id);
  return key;
}

void ClientKeys::SetConfigured(const std::vector<ConfiguredKey>& keys) {
  WriterLock lock(mutex_);
  std::map<std::string, std::int64_t> used;
  for (auto entry = by_id_.begin(); entry != by_id_.end();) {
    const Held& held = *entry->second;
    if (!held.key->configured) {
      ++entry;
      continue;
    }
    used[entry->first] = held.last_used_ms;
    by_secret_.erase(held.key->secret_hash);
    entry = by_id_.erase(entry);
  }
  for (const ConfiguredKey& configured : keys) {
    const auto held = Hold(ClientKeyOf(configured));
    if (const auto before = used.find(held->key->id); before != used.end()) {
      held->last_used_ms = before->second;
    }
  }
  has_configured_ = !keys.empty();
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
    return a.key->created_at < b.key->created_at;
  });
  return all;
}

Result<std::shared_ptr<const ClientKey>> ClientKeys::Find(std::string_view secret) const {
  const Digest hash = Sha256Of(secret);
  const WallTime now = clock_.Now();
  ReaderLock lock(mutex_);
  const auto found = by_secret_.find(hash);
  if (found == by_secret_.end()) return Unknown();
  const Held& held = *found->second;
  if (held.key->expires_at && now >= *held.key->expires_at) return Unknown();
  held.last_used_ms.store(ToUnixMillis(now), std::memory_order_relaxed);
  return held.key;
}

Result<std::string> ClientKeys::TenantOf(std::string_view secret) const {
  LARDER_ASSIGN_OR_RETURN(const auto key, Find(secret));
  return key->tenant;
}

bool ClientKeys::Has(const std::string& id) const {
  ReaderLock lock(mutex_);
  return by_id_.contains(id);
}

void ClientKeys::CollectUse(WriteBatch& batch, bool all) {
  std::vector<std::shared_ptr<Held>> held;
  std::vector<std::string> gone;
  {
    WriterLock lock(mutex_);
    gone.swap(gone_);
  }
  {
    ReaderLock lock(mutex_);
    held.reserve(by_id_.size());
    for (const auto& [id, one] : by_id_) held.push_back(one);
  }
  for (const std::string& id : gone) batch.Delete(Family::kCounters, kUsePrefix + id);
  for (const auto& one : held) {
    const std::int64_t used = one->last_used_ms;
    if (used == 0 || (used == one->saved_ms && !all)) continue;
    one->saved_ms = used;
    batch.Put(Family::kCounters, kUsePrefix + one->key->id,
              SealRecord(RecordKind::kKeyUse, {FromUnixMillis(used), {}}, {}));
  }
}

Status ClientKeys::LoadUse() {
  ReaderLock lock(mutex_);
  return store_.ForEach(Family::kCounters, kUsePrefix,
                        [&](std::string_view key, std::string_view record) {
                          if (!key.starts_with(kUsePrefix)) return false;
                          const auto held = by_id_.find(std::string(key.substr(kUsePrefix.size())));
                          const auto opened = OpenRecord(RecordKind::kKeyUse, record);
                          if (held == by_id_.end() || !opened.ok()) return true;
                          held->second->saved_ms = ToUnixMillis(opened->stamp.stored_at);
                          held->second->last_used_ms = held->second->saved_ms;
                          return true;
                        });
}

}  // namespace larder
