#include "app/upstream_tokens.h"

#include "base/secret_box.h"
#include "base/secret_file.h"

namespace larder {

Status KeepUpstreamTokens(UpstreamSet& upstreams, Store& data, const std::string& data_dir,
                          Log& log) {
  LARDER_ASSIGN_OR_RETURN(const std::string secret,
                          ReadOrMakeSecret(data_dir + "/partition.key", "the partition key file"));
  upstreams.KeepTokens(data, DeriveSecret(secret, "larder upstream tokens"));
  upstreams.ObserveTokens([&log](const std::string& upstream, const Status& status) {
    if (status.ok()) {
      log.Info("there are access tokens again", {{"upstream", upstream}});
    } else {
      log.Warning("no access token", {{"upstream", upstream},
                                      {"reason", "the token endpoint " + status.error().message}});
    }
  });
  return {};
}

}  // namespace larder
