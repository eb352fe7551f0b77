#include "proxy/upstream/token_store.h"

#include <algorithm>

#include "base/bytes.h"

namespace larder {
namespace {

constexpr std::uint8_t kFormat = 1;

// Where a record stands: it opens nowhere else.
std::string PlaceOf(std::string_view upstream, const Digest& identity) {
  std::string place;
  ByteWriter writer(place);
  writer.Prefixed("larder token");
  writer.Prefixed(upstream);
  writer.Raw(AsBytes(identity));
  return place;
}

}  // namespace

Digest TokenIdentity(std::string_view upstream, const OAuthOptions& options) {
  std::string all;
  ByteWriter writer(all);
  const ServiceAccount& account = options.service_account;
  for (const std::string_view part :
       {upstream, std::string_view(options.endpoint()), std::string_view(options.client_id),
        std::string_view(options.client_secret), std::string_view(options.scope),
        std::string_view(options.audience), std::string_view(account.client_email),
        std::string_view(account.private_key)}) {
    writer.Prefixed(part);
  }
  return Sha256Of(all);
}

std::optional<TokenStore::Stored> TokenStore::Load(std::string_view upstream,
                                                   const Digest& identity) const {
  const auto found = store_.MultiGet(Family::kTokens, {&upstream, 1});
  if (!found.ok() || !found->front()) return std::nullopt;
  const auto opened = box_.Open(*found->front(), PlaceOf(upstream, identity));
  if (!opened) return std::nullopt;
  ByteReader reader(*opened);
  const auto format = reader.Fixed<std::uint8_t>();
  Stored stored;
  stored.received = FromUnixMillis(reader.Fixed<std::int64_t>());
  stored.expires = FromUnixMillis(reader.Fixed<std::int64_t>());
  stored.token = reader.Prefixed();
  const bool whole = reader.ok() && reader.remaining() == 0 && format == kFormat;
  return whole ? std::optional(std::move(stored)) : std::nullopt;
}

Status TokenStore::Save(std::string_view upstream, const Digest& identity, const Stored& token) {
  std::string plain;
  ByteWriter writer(plain);
  writer.Fixed(kFormat);
  writer.Fixed(ToUnixMillis(token.received));
  writer.Fixed(ToUnixMillis(token.expires));
  writer.Prefixed(token.token);
  WriteBatch batch;
  batch.Put(Family::kTokens, upstream, box_.Seal(plain, PlaceOf(upstream, identity)));
  return store_.ApplyOwned(std::move(batch));
}

Status TokenStore::Forget(std::string_view upstream) {
  WriteBatch batch;
  batch.Delete(Family::kTokens, upstream);
  return store_.ApplyOwned(std::move(batch));
}

Status TokenStore::ForgetAllBut(std::span<const std::string> upstreams) {
  WriteBatch batch;
  LARDER_RETURN_IF_ERROR(
      store_.ForEach(Family::kTokens, "", [&](std::string_view name, std::string_view /*record*/) {
        if (std::ranges::find(upstreams, name) == upstreams.end()) {
          batch.Delete(Family::kTokens, name);
        }
        return true;
      }));
  return batch.empty() ? Status() : store_.ApplyOwned(std::move(batch));
}

}  // namespace larder
