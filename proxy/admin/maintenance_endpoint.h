// POST /admin/v1/maintenance {"task":"eviction"}: starts a task of the timetable now.
// Thread-safety: as `run`.
#pragma once

#include <functional>
#include <string_view>

#include "proxy/admin/admin_endpoint.h"

namespace larder {

class MaintenanceEndpoint final : public AdminEndpoint {
 public:
  // As Maintenance::RunNow.
  using RunTask = std::function<Status(std::string_view task)>;
  explicit MaintenanceEndpoint(RunTask run) : run_(std::move(run)) {}

  std::string_view methods() const override { return "POST"; }
  // 202 {"task","started":true}; 409 while the task runs; 400 for an unknown task, another body or
  // none.
  Response Handle(const Request& request, const std::string& below) override;

 private:
  const RunTask run_;
};

}  // namespace larder
