#include "proxy/admin/maintenance_endpoint.h"

#include <array>

#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 1> kMembers = {"task"};

// The task that the body names.
Result<std::string> TaskOf(const Request& request) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(request.body, kMembers));
  LARDER_ASSIGN_OR_RETURN(std::string task, TextMember(document.root(), "task"));
  if (task.empty()) {
    return InvalidArgument("task must be the name of a maintenance task", "task");
  }
  return task;
}

}  // namespace

Response MaintenanceEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  const auto task = TaskOf(request);
  if (!task.ok()) return RenderError(task.error());
  const Status started = run_(*task);
  if (!started.ok()) {
    const Error& error = started.error();
    if (error.code == ErrorCode::kOverloaded) {
      return RenderError(409, error.message, "invalid_request_error");
    }
    if (error.code == ErrorCode::kNotFound) {
      return RenderError(InvalidArgument(error.message, "task"));
    }
    return RenderError(error);
  }
  return JsonResponse(202, "{\"task\":" + JsonString(*task) + ",\"started\":true}");
}

}  // namespace larder
