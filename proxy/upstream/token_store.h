// TokenStore: access tokens over restarts, in Family::kTokens. Each is sealed (base/secret_box.h)
// with a key of the data directory's own, for one upstream and one set of OAuth settings: for
// others, and for who has the database alone, it is noise. What cannot be read is as if it were not
// there, for a token can be asked for again. docs/on_disk_format.md has the record.
// Thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret_box.h"
#include "cache/store.h"
#include "proxy/upstream/oauth_options.h"

namespace larder {

// What the seal is bound to: whose tokens they are. A token that was given for other settings is
// not used.
Digest TokenIdentity(std::string_view upstream, const OAuthOptions& options);

class TokenStore {
 public:
  // `store` outlives it.
  TokenStore(Store& store, const Digest& secret) : store_(store), box_(secret) {}

  struct Stored {
    std::string token;
    WallTime received;
    WallTime expires;
  };
  std::optional<Stored> Load(std::string_view upstream, const Digest& identity) const;
  // Errors of these: kIo.
  Status Save(std::string_view upstream, const Digest& identity, const Stored& token);
  Status Forget(std::string_view upstream);
  // Tokens of upstreams that are not there any more.
  Status ForgetAllBut(std::span<const std::string> upstreams);

 private:
  Store& store_;
  const SecretBox box_;
};

}  // namespace larder
