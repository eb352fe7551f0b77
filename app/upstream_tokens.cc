#include "app/upstream_tokens.h"

#include "base/secret_box.h"

namespace larder {

void KeepUpstreamTokens(UpstreamSet& upstreams, Store& data, std::string_view secret, Log& log) {
  upstreams.KeepTokens(data, DeriveSecret(secret, "larder upstream tokens"));
  upstreams.ObserveTokens([&log](const std::string& upstream, const Status& status) {
    if (status.ok()) {
      log.Info("there are access tokens again", {{"upstream", upstream}});
    } else {
      log.Warning("no access token", {{"upstream", upstream},
                                      {"reason", "the token endpoint " + status.error().message}});
    }
  });
}

}  // namespace larder
