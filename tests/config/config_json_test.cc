#include "config/config_json.h"

#include <gmock/gmock.h>

#include "config/settings.h"
#include "proxy/json/json.h"
#include "tests/config/loading.h"

namespace larder {
namespace {

using testing::HasSubstr;

TEST(ConfigJsonTest, HasEverySettingWithItsValueAndWhereItCameFrom) {
  LoadInputs inputs;
  inputs.flags = {{"server.listen", "127.0.0.1:0"}};
  const LoadResult result = LoadConfig(inputs);
  ASSERT_TRUE(result.ok());
  const std::string json = ConfigJson(*result.loaded);
  ASSERT_TRUE(JsonDocument::Parse(json).ok());
  for (const Setting& setting : Settings()) {
    EXPECT_THAT(json, HasSubstr("\"key\":\"" + std::string(setting.key) + "\""));
  }
  EXPECT_THAT(json, HasSubstr(R"({"key":"server.listen","value":"127.0.0.1:0",)"
                              R"("default":"127.0.0.1:8787","origin":"flag --listen")"));
}

TEST(ConfigJsonTest, ShowsNoSecret) {
  LoadInputs inputs;
  inputs.getenv = [](std::string_view name) -> std::optional<std::string> {
    if (name == "LARDER_ADMIN_TOKEN") return "planted-secret";
    return std::nullopt;
  };
  const LoadResult result = LoadConfig(inputs);
  ASSERT_TRUE(result.ok());
  const std::string json = ConfigJson(*result.loaded);
  EXPECT_THAT(json, testing::Not(HasSubstr("planted-secret")));
  EXPECT_THAT(json, HasSubstr(R"-("key":"admin.token","value":"(redacted)")-"));
}

}  // namespace
}  // namespace larder
