// [admin]: where it listens, who may in, and what a login through a provider needs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/loading.h"

namespace larder {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kProvider =
    "[admin]\n"
    "oidc_issuer = 'https://issuer.example'\n"
    "oidc_client_id = 'larder'\n"
    "oidc_redirect_url = 'https://larder.example/dashboard/oidc/callback'\n"
    "oidc_allowed = ['*@example.org']\n"
    "allowed_hosts = ['larder.example']\n";

// `kProvider` with one line replaced.
std::string ProviderWith(const std::string& key, const std::string& value) {
  std::string text = kProvider;
  const std::size_t begin = text.find(key);
  const std::size_t end = text.find('\n', begin);
  return text.replace(begin, end - begin, value.empty() ? "" : key + " = " + value);
}

TEST(AdminSettingsTest, AnAddressOfItsOwnIsTakenApart) {
  const auto result = Loading().File("admin.listen = '[::1]:8788'\n").Load();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.loaded->config.admin.host, "::1");
  EXPECT_EQ(result.loaded->config.admin.port, 8788);
  EXPECT_EQ(Loading().Load().loaded->config.admin.listen, "");
  EXPECT_THAT(Loading().File("admin.listen = '8788'\n").Load().problems,
              ElementsAre(HasSubstr("admin.listen must be HOST:PORT")));
}

TEST(AdminSettingsTest, NoAddressBeyondLoopbackIsServedWithoutAToken) {
  const struct {
    const char* listen;
    const char* admin;
    std::vector<const char*> refused;
  } kCases[] = {
      {"127.0.0.1:1", "", {}},
      {"127.0.0.1:1", "[::1]:2", {}},
      {"0.0.0.0:1", "", {"server.listen is"}},
      {"0.0.0.0:1", "127.0.0.1:2", {"server.listen is"}},
      {"127.0.0.1:1", "0.0.0.0:2", {"admin.listen is"}},
      {"127.0.0.1:1", "192.168.1.5:2", {"admin.listen is"}},
      {"[::]:1", "[::]:2", {"server.listen is", "admin.listen is"}},
  };
  for (const auto& c : kCases) {
    const std::string file =
        std::string("server.listen = '") + c.listen + "'\nadmin.listen = '" + c.admin + "'\n";
    const auto problems = Loading().File(file).Load().problems;
    ASSERT_EQ(problems.size(), c.refused.size()) << file;
    for (std::size_t i = 0; i < problems.size(); ++i) {
      EXPECT_THAT(problems[i], AllOf(HasSubstr(c.refused[i]), HasSubstr("LARDER_ADMIN_TOKEN")));
    }
    EXPECT_THAT(Loading().File(file).Environment("LARDER_ADMIN_TOKEN", "t0ken").Load().problems,
                IsEmpty())
        << file;
  }
}

TEST(AdminSettingsTest, AProviderAloneOpensNoAddressBeyondLoopback) {
  EXPECT_THAT(
      Loading().File("server.listen = '0.0.0.0:1'\n" + std::string(kProvider)).Load().problems,
      ElementsAre(HasSubstr("so an admin token is needed")));
}

TEST(AdminSettingsTest, AProviderIsTakenWithAllThatItNeeds) {
  Loading loading;
  const auto result = loading.File(std::string(kProvider) + "oidc_client_secret_env = 'SECRET'\n")
                          .Environment("SECRET", "hunter2")
                          .Load();
  ASSERT_THAT(result.problems, IsEmpty());
  const OidcOptions& oidc = result.loaded->config.admin.oidc;
  EXPECT_TRUE(oidc.enabled());
  EXPECT_EQ(oidc.client_secret, "hunter2");
  EXPECT_EQ(result.loaded->origins.at("admin.oidc_client_secret"), "environment SECRET");
  const auto from_file = loading
                             .File(std::string(kProvider) + "oidc_client_secret_file = '" +
                                   loading.Write("secret", "hunter3\n") + "'\n")
                             .Load();
  ASSERT_THAT(from_file.problems, IsEmpty());
  EXPECT_EQ(from_file.loaded->config.admin.oidc.client_secret, "hunter3");
  EXPECT_EQ(from_file.loaded->origins.at("admin.oidc_client_secret"),
            "admin.oidc_client_secret_file secret");
  EXPECT_FALSE(Loading().Load().loaded->config.admin.oidc.enabled());
}

TEST(AdminSettingsTest, AProviderThatLacksSomethingIsRefusedWithWhatItLacks) {
  const struct {
    const char* key;
    const char* value;
    const char* says;
  } kCases[] = {
      {"oidc_client_id", "", "admin.oidc_issuer needs admin.oidc_client_id"},
      {"oidc_allowed", "", "admin.oidc_issuer needs admin.oidc_allowed"},
      {"oidc_allowed", "[]", "admin.oidc_issuer needs admin.oidc_allowed"},
      {"oidc_redirect_url", "", "/dashboard/oidc/callback"},
      {"oidc_redirect_url", "'https://larder.example/callback'", "/dashboard/oidc/callback"},
      {"oidc_redirect_url", "'https://other.example/dashboard/oidc/callback'",
       "add it to admin.allowed_hosts"},
      {"oidc_issuer", "'http://issuer.example'", "admin.oidc_issuer must be an https URL"},
      {"oidc_issuer", "'https://user@issuer.example'", "must be an https URL"},
      {"oidc_issuer", "'https://issuer.example?a=b'", "must be an https URL"},
      {"oidc_issuer", "'issuer.example'", "must be an https URL"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Loading().File(ProviderWith(c.key, c.value)).Load().problems,
                ElementsAre(HasSubstr(c.says)))
        << c.key << " " << c.value;
  }
  EXPECT_THAT(Loading()
                  .File(ProviderWith("oidc_issuer", "'http://127.0.0.1:8080/realms/a/'"))
                  .Load()
                  .problems,
              IsEmpty());
  EXPECT_THAT(
      Loading().File(std::string(kProvider) + "oidc_ca_file = '/nowhere'\n").Load().problems,
      ElementsAre(HasSubstr("admin.oidc_ca_file names")));
}

TEST(AdminSettingsTest, AProvidersSecretComesFromOnePlaceAndIsNeverShown) {
  Loading loading;
  const std::string file = loading.Write("secret", "hunter2 hunter2");
  const std::pair<std::string, const char*> kCases[] = {
      {"oidc_client_secret = 'hunter2'\n", "is a secret"},
      {"oidc_client_secret_env = 'NONE'\n", "names a variable that is not set"},
      {"oidc_client_secret_env = 'SPACED'\n", "must be 1 to 4096 visible ASCII characters"},
      {"oidc_client_secret_file = '/hunter2'\n", "names a file that cannot be read"},
      {"oidc_client_secret_file = '" + file + "'\n", "must be 1 to 4096 visible ASCII characters"},
      {"oidc_client_secret_file = '" + file + "'\noidc_client_secret_env = 'SPACED'\n",
       "name one place that holds the secret"},
  };
  for (const auto& [lines, says] : kCases) {
    const auto problems = loading.Environment("SPACED", "hunter2 hunter2")
                              .File(std::string(kProvider) + lines)
                              .Load()
                              .problems;
    EXPECT_THAT(problems, ElementsAre(AllOf(HasSubstr(says), Not(HasSubstr("hunter2"))))) << lines;
  }
}

TEST(AdminSettingsTest, EveryLimitHasItsRange) {
  for (const char* line :
       {"admin.session_lifetime_s = 59", "admin.session_lifetime_s = 7776001",
        "admin.max_sessions = 0", "admin.login_attempts_per_minute = 0",
        "admin.login_attempts_per_minute = 10001", "admin.oidc_max_logins = 0"}) {
    EXPECT_EQ(Loading().File(std::string(line) + "\n").Load().problems.size(), 1U) << line;
  }
  const auto set = Loading()
                       .File(
                           "[admin]\nsession_lifetime_s = 60\nmax_sessions = 2\n"
                           "login_attempts_per_minute = 3\noidc_max_logins = 4\n")
                       .Load();
  const AdminOptions& admin = set.loaded->config.admin;
  EXPECT_EQ(admin.sessions.lifetime, std::chrono::seconds(60));
  EXPECT_EQ(admin.sessions.most, 2U);
  EXPECT_EQ(admin.login_limit.per_minute, 3U);
  EXPECT_EQ(admin.oidc.most_logins, 4U);
}

}  // namespace
}  // namespace larder
