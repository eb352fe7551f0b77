// GET and POST /admin/v1/keys, PATCH and DELETE /admin/v1/keys/{id}: the keys that Larder gives
// out, what they may ask for, and what they have used. Thread-safe.
#pragma once

#include <functional>

#include "proxy/access/client_keys.h"
#include "proxy/access/limiter.h"
#include "proxy/admin/admin_endpoint.h"
#include "proxy/json/json_writer.h"

namespace larder {

class KeysEndpoint final : public AdminEndpoint {
 public:
  // Whether there is an upstream of this name.
  using HasUpstream = std::function<bool(std::string_view)>;

  // `keys` and `limiter` outlive it.
  KeysEndpoint(ClientKeys& keys, Limiter& limiter, HasUpstream has_upstream)
      : keys_(keys), limiter_(limiter), has_upstream_(std::move(has_upstream)) {}

  std::string_view methods() const override { return "GET, HEAD, POST, PATCH, DELETE"; }
  bool has_below() const override { return true; }
  Response Handle(const Request& request, const std::string& below) override;

 private:
  Response List() const;
  Response Create(const Request& request);
  Response Change(const Request& request, const std::string& id);
  Response Revoke(const std::string& id);
  void Write(const ClientKeys::Listed& listed, JsonWriter& json) const;

  ClientKeys& keys_;
  Limiter& limiter_;
  const HasUpstream has_upstream_;
};

}  // namespace larder
