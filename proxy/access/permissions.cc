#include "proxy/access/permissions.h"

#include "proxy/access/limiter.h"
#include "proxy/pattern.h"

namespace larder {
namespace {

Error Forbidden(std::string message, std::string param) {
  return Error{ErrorCode::kForbidden, ErrorOrigin::kDownstream, std::move(message),
               std::move(param)};
}

std::string Listed(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

}  // namespace

bool MayUseModel(const ClientKey* key, std::string_view model) {
  return key == nullptr || MatchesAny(key->models, model);
}

Status CheckModel(const RequestContext& context, std::string_view model) {
  const ClientKey* const key = context.key.get();
  if (MayUseModel(key, model) &&
      (context.model_in_path.empty() || MayUseModel(key, context.model_in_path))) {
    return {};
  }
  const std::string what = model.empty() ? "this key may not ask without naming a model"
                                         : "this key may not use the model " + std::string(model);
  return Forbidden(what + "; it may use " + Listed(key->models), "model");
}

Status CheckUnread(const RequestContext& context, std::string_view method) {
  const ClientKey* const key = context.key.get();
  if (MayUseModel(key, "")) return {};
  if (method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS") return {};
  return Forbidden("this key may only use the models " + Listed(key->models) +
                       ", and which one this request is for cannot be told",
                   "model");
}

std::span<const std::string> AllowedUpstreams(const ClientKey* key) {
  return key == nullptr ? std::span<const std::string>() : std::span(key->upstreams);
}

std::span<const std::string> AllowedUpstreams(const RequestContext& context) {
  return AllowedUpstreams(context.key.get());
}

Error NoUpstreamAllowed(const RequestContext& context) {
  return Forbidden("no upstream that this key may use takes this request; it may use " +
                       Listed(context.key->upstreams),
                   "model");
}

std::string WhyRefused(const RequestContext& context, std::string_view model, bool has_upstream) {
  if (const Status allowed = CheckModel(context, model); !allowed.ok()) {
    return allowed.error().message;
  }
  return has_upstream ? std::string() : NoUpstreamAllowed(context).message;
}

Status CheckPriced(const RequestContext& context, std::string_view model) {
  const ClientKey* const key = context.key.get();
  if (key == nullptr || key->budget.money_nano == 0 || model.empty() || context.meter == nullptr) {
    return {};
  }
  if (context.meter->prices().Find(model) != nullptr) return {};
  return Forbidden("this key has a budget of money, and what the model " + std::string(model) +
                       " costs is not known: ask whoever runs this server to add it to [[prices]]",
                   "model");
}

}  // namespace larder
