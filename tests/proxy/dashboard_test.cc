#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex.h>

#include <set>
#include <string>
#include <vector>

#include "proxy/dashboard/assets.h"
#include "proxy/http/inflate_body.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPaths[] = {"", "style.css", "app.js", "icon.svg", "login.css"};

std::string Bytes(std::string_view path) {
  const Asset* asset = FindAsset(path);
  return asset == nullptr ? std::string() : std::string(asset->bytes);
}

// The last group of every match of a POSIX extended expression. (GCC 12's std::regex does not
// compile without warnings under the sanitizers.)
std::vector<std::string> Matches(const std::string& text, const char* pattern) {
  std::vector<std::string> groups;
  regex_t regex;
  if (regcomp(&regex, pattern, REG_EXTENDED) != 0) {
    ADD_FAILURE() << "not an expression: " << pattern;
    return groups;
  }
  std::vector<regmatch_t> match(regex.re_nsub + 1);
  for (const char* at = text.c_str(); regexec(&regex, at, match.size(), match.data(), 0) == 0;
       at += match.front().rm_eo) {
    groups.emplace_back(at + match.back().rm_so, at + match.back().rm_eo);
  }
  regfree(&regex);
  return groups;
}

TEST(DashboardTest, ServesThePageAndAllItsFiles) {
  std::set<std::string_view> etags;
  for (const std::string_view path : kPaths) {
    const Asset* asset = FindAsset(path);
    ASSERT_NE(asset, nullptr) << path;
    EXPECT_EQ(asset->path, path);
    EXPECT_GT(asset->bytes.size(), 100U) << path;
    EXPECT_TRUE(asset->bytes.ends_with('\n')) << path;
    EXPECT_EQ(Matches(std::string(asset->etag), "^\"[0-9a-f]{16}\"$").size(), 1U) << path;
    etags.insert(asset->etag);
  }
  EXPECT_EQ(etags.size(), std::size(kPaths));
}

TEST(DashboardTest, EachFileIsThereInGzipTooUnderATagOfItsOwn) {
  for (const std::string_view path : kPaths) {
    const Asset* asset = FindAsset(path);
    EXPECT_NE(asset->gzip_etag, asset->etag) << path;
    auto plain = std::make_shared<StringBody>(std::string(asset->gzip_bytes));
    InflateBody inflated(std::move(plain), ContentCoding::kGzip);
    const auto read = ReadWhole(inflated, 1U << 20, MonoTime::max());
    ASSERT_TRUE(read.ok()) << path;
    EXPECT_EQ(*read, asset->bytes) << path;
  }
}

TEST(DashboardTest, NamesTheTypeOfEachFile) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "text/html; charset=utf-8"},
      {"style.css", "text/css; charset=utf-8"},
      {"app.js", "text/javascript; charset=utf-8"},
      {"icon.svg", "image/svg+xml"},
      {"login.css", "text/css; charset=utf-8"}};
  for (const auto& [path, type] : cases) EXPECT_EQ(FindAsset(path)->content_type, type);
}

TEST(DashboardTest, HasNoOtherFiles) {
  for (const std::string_view path : {"index.html", "/", "app.js/", "App.js", "../app.js",
                                      "app.js?v=1", "app.tsx", "embed.cmake", "package.json"}) {
    EXPECT_EQ(FindAsset(path), nullptr) << path;
  }
}

TEST(DashboardTest, KeepsEveryByte) {
  EXPECT_TRUE(Bytes("").starts_with("<!doctype html>\n"));
  EXPECT_TRUE(Bytes("").ends_with("</html>\n"));
  EXPECT_THAT(Bytes("app.js"), HasSubstr("\xe2\x80\x93"));  // an en dash, as UTF-8
}

TEST(DashboardTest, ThePageHasNoInlineScriptStyleOrHandler) {
  const std::string html = Bytes("");
  EXPECT_THAT(Matches(html, "([[:space:]]on[a-z]+[[:space:]]*=)"), testing::IsEmpty());
  EXPECT_THAT(Matches(html, "([[:space:]]style[[:space:]]*=)"), testing::IsEmpty());
  EXPECT_THAT(html, Not(HasSubstr("<style")));
  EXPECT_THAT(html, Not(HasSubstr("javascript:")));
  EXPECT_THAT(html, Not(HasSubstr("<iframe")));
  EXPECT_THAT(html, Not(HasSubstr("<base")));
  EXPECT_THAT(Matches(html, "(<script[^>]*>)"),
              testing::ElementsAre("<script type=\"module\" src=\"app.js\">"));
  EXPECT_THAT(html, HasSubstr("src=\"app.js\"></script>"));
}

TEST(DashboardTest, NothingIsLoadedFromElsewhere) {
  for (const std::string_view path : kPaths) {
    std::string text = Bytes(path);
    // Names, not addresses: nothing is fetched from there.
    for (const std::string_view name :
         {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML",
          "http://www.w3.org/1999/xhtml"}) {
      for (auto at = text.find(name); at != std::string::npos; at = text.find(name)) {
        text.erase(at, name.size());
      }
    }
    EXPECT_THAT(text, Not(HasSubstr("http:"))) << path;
    EXPECT_THAT(text, Not(HasSubstr("https:"))) << path;
    EXPECT_THAT(Matches(text, "[\"'(`](//)"), testing::IsEmpty()) << path;
    EXPECT_THAT(text, Not(HasSubstr("@import"))) << path;
    EXPECT_THAT(text, Not(HasSubstr("url("))) << path;
  }
}

TEST(DashboardTest, WhatThePageRefersToIsServed) {
  for (const std::string& path : Matches(Bytes(""), R"re((src|href)="([^#"][^"]*)")re")) {
    EXPECT_NE(FindAsset(path), nullptr) << path;
  }
}

TEST(DashboardTest, TheScriptIsOneFileAndRunsNoText) {
  const std::string script = Bytes("app.js");
  EXPECT_THAT(Matches(script, "[;}](import[ {\"(])"), testing::IsEmpty());
  for (const char* word : {"outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                           "new Function", "localStorage", "document.cookie"}) {
    EXPECT_THAT(script, Not(HasSubstr(word)));
  }
}

TEST(DashboardTest, TheScriptAsksOnlyTheAdminApiSearchReadinessAndTheLogout) {
  EXPECT_THAT(
      Matches(Bytes("app.js"), R"(fetch\(["'`]([^"'`?$]+))"),
      testing::UnorderedElementsAre("/admin/v1/", "/v1/search", "/readyz", "/dashboard/logout"));
}

TEST(DashboardTest, TheScriptCarriesTheLicenseOfWhatIsBundled) {
  for (const char* words : {"Jason Miller", "Leon Sorokin", "WITHOUT WARRANTY OF ANY KIND"}) {
    EXPECT_THAT(Bytes("app.js"), HasSubstr(words));
  }
}

TEST(DashboardTest, TheWholePageTakesAtMostSixtyKilobytesCompressed) {
  constexpr std::string_view kLogin = "login.css";  // of another page
  std::size_t bytes = 0;
  for (const std::string_view path : kPaths) {
    if (path != kLogin) bytes += FindAsset(path)->gzip_bytes.size();
  }
  EXPECT_LE(bytes, 60U * 1024U);
  EXPECT_LE(FindAsset(kLogin)->gzip_bytes.size(), 2U * 1024U);
}

TEST(DashboardTest, ThePolicyAllowsThisServerAlone) {
  EXPECT_TRUE(kDashboardCsp.starts_with("default-src 'none'; "));
  EXPECT_THAT(std::string(kDashboardCsp), Not(HasSubstr("unsafe")));
  EXPECT_THAT(std::string(kDashboardCsp), Not(HasSubstr("*")));
  // Nothing can make markup or code from text: a browser refuses it, whatever the scripts say.
  EXPECT_THAT(std::string(kDashboardCsp), HasSubstr("require-trusted-types-for 'script'; "));
}

}  // namespace
}  // namespace larder
