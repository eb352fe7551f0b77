#include "config/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ListenAddressTest, IsAHostAndAPort) {
  struct Case {
    const char* text;
    const char* host;
    int port;
  };
  for (const Case& c : {
           Case{"127.0.0.1:8787", "127.0.0.1", 8787},
           Case{"0.0.0.0:0", "0.0.0.0", 0},
           Case{"localhost:65535", "localhost", 65535},
           Case{"larder.example.org:80", "larder.example.org", 80},
           Case{"my_host-2:1", "my_host-2", 1},
           Case{"[::1]:8787", "::1", 8787},
           Case{"[::]:0", "::", 0},
           Case{"[2001:db8::1]:443", "2001:db8::1", 443},
       }) {
    SCOPED_TRACE(c.text);
    const auto address = ParseListenAddress(c.text);
    ASSERT_TRUE(address.ok()) << address.error().message;
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
  }
}

TEST(ListenAddressTest, IsRefusedWhenItIsNotBoth) {
  for (const char* text : {"",
                           "8787",
                           ":8787",
                           "*:8787",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.0.0.1:+1",
                           "127.0.0.1:8o",
                           "127.0.0.1: 1",
                           " 127.0.0.1:1",
                           "127.0.0.1:1 ",
                           "127.0.0:1",
                           "127.0.0.256:1",
                           "1:2",
                           "::1:8787",
                           "::1",
                           "[::1]",
                           "[::1]8787",
                           "[::1",
                           "[]:1",
                           "[127.0.0.1]:1",
                           "[localhost]:1",
                           "http://127.0.0.1:1",
                           "a..b:1",
                           ".a:1",
                           "127.:1",
                           "127.0.0.1.:1",
                           "-a:1",
                           "a/b:1",
                           "a@b:1",
                           "a\n:1",
                           "a:1:2",
                           "h\xc3\xb6st:1"}) {
    const auto address = ParseListenAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_THAT(address.error().message, HasSubstr("127.0.0.1")) << text;
  }
}

TEST(ListenAddressTest, WithoutHostIsToldWhichHostsThereAre) {
  EXPECT_THAT(ParseListenAddress(":8787").error().message,
              ::testing::AllOf(HasSubstr("must name a host"), HasSubstr("0.0.0.0"),
                               HasSubstr("got \":8787\"")));
}

TEST(UpstreamUrlTest, IsKeptInOneSpelling) {
  struct Case {
    const char* text;
    const char* kept;
  };
  for (const Case& c : {
           Case{"builtin", "builtin"},
           Case{"https://api.openai.com/v1", "https://api.openai.com/v1"},
           Case{"https://api.openai.com/v1/", "https://api.openai.com/v1"},
           Case{"https://api.openai.com/v1///", "https://api.openai.com/v1"},
           Case{"HTTPS://API.OpenAI.com/V1", "https://api.openai.com/V1"},
           Case{"http://localhost:11434", "http://localhost:11434"},
           Case{"http://localhost/", "http://localhost"},
           Case{"http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"},
           Case{"http://[::1]:8000/a%20b", "http://[::1]:8000/a%20b"},
       }) {
    const auto url = NormaliseUpstream(c.text);
    ASSERT_TRUE(url.ok()) << c.text << " " << url.error().message;
    EXPECT_EQ(*url, c.kept);
  }
}

TEST(UpstreamUrlTest, IsRefusedUnlessItIsAnHttpBaseUrl) {
  for (const char* text : {"",
                           "Builtin",
                           "api.openai.com",
                           "api.openai.com/v1",
                           "//api.openai.com",
                           "ftp://host/v1",
                           "file:///etc/passwd",
                           "https:/host",
                           "https://",
                           "https:///v1",
                           "https://:80/v1",
                           "https://host:0/v1",
                           "https://host:65536",
                           "https://host:/v1",
                           "https://ho st/v1",
                           "https://host/a b",
                           "https://host/\xc3\xa9",
                           "https://host/v1\n",
                           "https://[::1/v1",
                           "https://[zz]/v1",
                           "https://1.2.3/v1",
                           "http://::1/v1"}) {
    const auto url = NormaliseUpstream(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_THAT(url.error().message, HasSubstr("must be \"builtin\" or a base URL")) << text;
  }
}

TEST(UpstreamUrlTest, IsRefusedWithAnythingThatMayHoldACredentialAndIsNotShown) {
  for (const char* text :
       {"https://hunter2@host/v1", "https://user:hunter2@host/v1", "https://host/v1?key=hunter2",
        "https://host?hunter2", "https://host/v1#hunter2", "https://host:hunter2/v1",
        "https://host:1@hunter2"}) {
    const auto url = NormaliseUpstream(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_THAT(url.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST(HostTest, IsANameOrAnAddressWithoutAnythingAround) {
  EXPECT_EQ(*NormaliseHost("Larder.Example.org"), "larder.example.org");
  EXPECT_EQ(*NormaliseHost("192.168.1.2"), "192.168.1.2");
  EXPECT_EQ(*NormaliseHost("FE80::1"), "fe80::1");
  for (const char* text : {"", "a.example:80", "http://a.example", "[::1]", "a.example/", "*",
                           "a b", "*.example", "a,b"}) {
    EXPECT_FALSE(NormaliseHost(text).ok()) << text;
  }
}

TEST(OriginTest, IsKeptAsBrowsersSendIt) {
  for (const auto& [text, kept] : std::vector<std::pair<const char*, const char*>>{
           {"*", "*"},
           {"https://app.example.com", "https://app.example.com"},
           {"HTTPS://App.Example.COM", "https://app.example.com"},
           {"http://localhost:3000", "http://localhost:3000"},
           {"http://127.0.0.1:08", "http://127.0.0.1:8"},
           {"http://[::1]:3000", "http://[::1]:3000"},
           {"http://[::A]", "http://[::a]"},
           {"https://a.example:443", "https://a.example"},
           {"http://a.example:80", "http://a.example"},
           {"https://a.example:80", "https://a.example:80"},
           {"app://obsidian.md", "app://obsidian.md"},
           {"chrome-extension://abcdef", "chrome-extension://abcdef"}}) {
    const auto origin = NormaliseOrigin(text);
    ASSERT_TRUE(origin.ok()) << origin.error().message;
    EXPECT_EQ(*origin, kept);
  }
}

TEST(OriginTest, HasSchemeAndHostAndNothingBehindThePort) {
  for (const char* text : {"",
                           "**",
                           "null",
                           "a.example",
                           "//a.example",
                           "https:a.example",
                           "https://",
                           "https:///",
                           "https://a.example/",
                           "https://a.example/path",
                           "https://a.example?q",
                           "https://a.example#f",
                           "https://a.example:",
                           "https://a.example:0",
                           "https://a.example:65536",
                           "https://*.example",
                           "https://a b",
                           "1://a.example",
                           "https://::1",
                           "https://a.example\r\nX: y"}) {
    EXPECT_FALSE(NormaliseOrigin(text).ok()) << text;
  }
}

TEST(OriginTest, IsNotShownWhenItMayHoldACredential) {
  for (const char* text : {"https://hunter2@a.example", "https://a.example?key=hunter2"}) {
    const auto origin = NormaliseOrigin(text);
    ASSERT_FALSE(origin.ok());
    EXPECT_EQ(origin.error().message.find("hunter2"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace larder
