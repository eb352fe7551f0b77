// Google's JSON key of a service account, as "Create key" in its console gives it out.
// Thread-safety: a pure function.
#pragma once

#include <string_view>

#include "base/result.h"
#include "proxy/upstream/oauth_options.h"

namespace larder {

// Every member but private_key_id and token_url is there, and the key is one that Rs256Key takes.
// Errors: kInvalidArgument, whose message goes on where the file's name ends and shows nothing of
// the content.
Result<ServiceAccount> ParseServiceAccount(std::string_view json);

}  // namespace larder
