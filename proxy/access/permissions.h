// What a key of Larder's own may ask for: models and upstreams. Checked before the cache is looked
// at, on both lanes. A key without such a list, and every other credential, may ask for anything.
// Thread-safety: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/access/client_key.h"
#include "proxy/request_context.h"

namespace larder {

// Whether the key, which may be null, may ask for this model; `model` as the client named it, ""
// when it named none.
bool MayUseModel(const ClientKey* key, std::string_view model);
// Errors: kForbidden, with a sentence that names what is allowed. A model in the path (Azure's
// deployment) must be allowed, too.
Status CheckModel(const RequestContext& context, std::string_view model);

// Of a request that is passed on unread: what model it asks for is not known, so that a key of some
// models may only read and delete. Errors: kForbidden.
Status CheckUnread(const RequestContext& context, std::string_view method);

// Names of the upstreams that may be asked; none: all. It lives as long as the context.
std::span<const std::string> AllowedUpstreams(const RequestContext& context);
std::span<const std::string> AllowedUpstreams(const ClientKey* key);
// Why nobody is left to ask.
Error NoUpstreamAllowed(const RequestContext& context);

// For people who ask why: the sentence of CheckModel, or of NoUpstreamAllowed when `has_upstream`
// is false; empty when the caller may ask.
std::string WhyRefused(const RequestContext& context, std::string_view model, bool has_upstream);

// Whether what the model costs can be counted: money that a key may spend must be money that is
// known. Before upstream is asked. Errors: kForbidden.
Status CheckPriced(const RequestContext& context, std::string_view model);

}  // namespace larder
