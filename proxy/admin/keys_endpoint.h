// GET and POST /admin/v1/keys, DELETE /admin/v1/keys/{id}: the keys that Larder gives out.
// Thread-safe.
#pragma once

#include "proxy/access/client_keys.h"
#include "proxy/admin/admin_endpoint.h"

namespace larder {

class KeysEndpoint final : public AdminEndpoint {
 public:
  // `keys` outlives it.
  explicit KeysEndpoint(ClientKeys& keys) : keys_(keys) {}

  std::string_view methods() const override { return "GET, HEAD, POST, DELETE"; }
  bool has_below() const override { return true; }
  Response Handle(const Request& request, const std::string& below) override;

 private:
  Response List() const;
  Response Create(const Request& request);
  Response Revoke(const std::string& id);

  ClientKeys& keys_;
};

}  // namespace larder
