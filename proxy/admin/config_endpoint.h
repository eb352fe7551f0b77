// GET /admin/v1/config: what is in effect, as the configuration wrote it down. Thread-safe.
#pragma once

#include <functional>
#include <string>

#include "proxy/admin/admin_endpoint.h"
#include "proxy/openai/errors.h"

namespace larder {

class ConfigEndpoint final : public AdminEndpoint {
 public:
  // `document` gives the JSON of the moment; from any thread.
  explicit ConfigEndpoint(std::function<std::string()> document) : document_(std::move(document)) {}

  std::string_view methods() const override { return "GET, HEAD"; }
  Response Handle(const Request& /*request*/, const std::string& /*below*/) override {
    return JsonResponse(200, document_());
  }

 private:
  const std::function<std::string()> document_;
};

}  // namespace larder
