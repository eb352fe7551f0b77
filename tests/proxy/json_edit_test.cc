#include "proxy/json/json_edit.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(ReplaceMemberTest, LeavesTheRestByteForByte) {
  const struct {
    const char* json;
    const char* replaced;
  } kCases[] = {
      {R"({"model":"a"})", R"({"model":"b"})"},
      {R"( { "x" : 1.0e1 , "model" : "a" , "y":[ "model" ] } )",
       R"( { "x" : 1.0e1 , "model" : "b" , "y":[ "model" ] } )"},
      {R"({"o":{"model":"c"},"model":{"n":[1]}})", R"({"o":{"model":"c"},"model":"b"})"},
      {R"({"mod\u0065l":null,"z":18446744073709551616})",
       R"({"mod\u0065l":"b","z":18446744073709551616})"},
      {R"({"model":1,"model":2})", R"({"model":"b","model":"b"})"},
  };
  for (const auto& c : kCases) EXPECT_EQ(ReplaceMember(c.json, "model", R"("b")"), c.replaced);
}

TEST(RemoveMemberTest, TakesItsCommaWithIt) {
  const struct {
    const char* json;
    const char* removed;
  } kCases[] = {
      {R"({"u":1})", "{}"},
      {R"({ "u":1 })", "{  }"},
      {R"({"u":1,"a":2})", R"({"a":2})"},
      {R"({"a":2,"u":1})", R"({"a":2})"},
      {R"({"a":2 , "u":1 , "b":3})", R"({"a":2 , "b":3})"},
      {R"({"a":2,"u":{"u":1}})", R"({"a":2})"},
      {R"({"u":1,"a":2,"u":3,"b":4,"u":5})", R"({"a":2,"b":4})"},
      {R"({"u":1,"\u0075":3})", "{}"},
      {R"({"a":{"u":1},"u":null })", R"({"a":{"u":1} })"},
  };
  for (const auto& c : kCases) EXPECT_EQ(RemoveMember(c.json, "u"), c.removed) << c.json;
}

TEST(JsonEditTest, IsOfObjectsThatHaveTheMemberAlone) {
  for (const char* json : {"", "{}", "[]", R"(["u"])", R"("u")", "null", R"({"a":{"u":1}})",
                           R"({"u":1)", R"({"u":1}})", R"({"U":1})"}) {
    EXPECT_EQ(RemoveMember(json, "u"), std::nullopt) << json;
    EXPECT_EQ(ReplaceMember(json, "u", "2"), std::nullopt) << json;
  }
}

}  // namespace
}  // namespace larder
