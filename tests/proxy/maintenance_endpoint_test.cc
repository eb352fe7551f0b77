#include "proxy/admin/maintenance_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Request Post(std::string body) {
  Request request;
  request.method = "POST";
  request.body = std::move(body);
  return request;
}

class MaintenanceEndpointTest : public testing::Test {
 protected:
  Response Send(const Request& request) {
    MaintenanceEndpoint endpoint([this](std::string_view task) {
      asked_.emplace_back(task);
      return outcome_;
    });
    return endpoint.Handle(request, "");
  }

  std::vector<std::string> asked_;
  Status outcome_;
};

TEST_F(MaintenanceEndpointTest, StartsTheTask) {
  const Response response = Send(Post(R"({"task":"eviction"})"));
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, R"({"task":"eviction","started":true})");
  EXPECT_THAT(asked_, ElementsAre("eviction"));
}

TEST_F(MaintenanceEndpointTest, IsAConflictWhileTheTaskRuns) {
  outcome_ = Error{ErrorCode::kOverloaded, ErrorOrigin::kDownstream, "eviction is running"};
  const Response response = Send(Post(R"({"task":"eviction"})"));
  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(response.body, HasSubstr("eviction is running"));
}

TEST_F(MaintenanceEndpointTest, AnUnknownTaskIsABadRequest) {
  outcome_ = Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream, "there is no such task"};
  const Response response = Send(Post(R"({"task":"dishes"})"));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"("param":"task")"));
}

TEST_F(MaintenanceEndpointTest, AnotherBodyStartsNothing) {
  for (const char* body : {"", "{}", "[]", "eviction", R"({"task":1})", R"({"task":null})",
                           R"({"task":"eviction","now":true})"}) {
    EXPECT_EQ(Send(Post(body)).status, 400) << body;
  }
  EXPECT_THAT(asked_, IsEmpty());
}

}  // namespace
}  // namespace larder
