#include "proxy/http/form_data.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=XyZ";
constexpr const char* kBody =
    "--XyZ\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nvectors\r\n"
    "--XyZ\r\nContent-Type: application/x-ndjson\r\n"
    "content-disposition: form-data; filename=\"a.ndjson\"; name=\"vectors\"\r\n\r\n"
    "{\"id\":\"1\"}\r\n{\"id\":\"2\"}\r\n\r\n"
    "--XyZ--\r\n";

TEST(FormDataTest, FindsAPartByItsName) {
  EXPECT_EQ(FindFormPart(kType, kBody, "vectors"), "{\"id\":\"1\"}\r\n{\"id\":\"2\"}\r\n");
  EXPECT_EQ(FindFormPart(kType, kBody, "note"), "vectors");
  EXPECT_EQ(FindFormPart(kType, kBody, "a.ndjson"), std::nullopt);
}

TEST(FormDataTest, ReadsTheBoundaryHoweverItIsWritten) {
  for (const char* type : {"Multipart/Form-Data;boundary=\"XyZ\"",
                           "multipart/form-data; charset=utf-8; Boundary=XyZ ; x=y"}) {
    EXPECT_EQ(FindFormPart(type, kBody, "note"), "vectors") << type;
  }
}

TEST(FormDataTest, SkipsWhatStandsBeforeTheFirstPart) {
  for (const char* preamble : {"\r\n", "preamble\r\n"}) {
    const std::string body = preamble + std::string(kBody);
    EXPECT_EQ(FindFormPart(kType, body, "note"), "vectors");
  }
}

TEST(FormDataTest, FindsNothingInWhatIsNoForm) {
  EXPECT_EQ(FindFormPart("application/json", kBody, "note"), std::nullopt);
  EXPECT_EQ(FindFormPart("multipart/form-data", kBody, "note"), std::nullopt);
  EXPECT_EQ(FindFormPart("multipart/form-data; boundary=other", kBody, "note"), std::nullopt);
  EXPECT_EQ(FindFormPart(kType, "", "note"), std::nullopt);
}

TEST(FormDataTest, AnyCutOfABodyIsNoPartOrAWholeOne) {
  const std::string body = kBody;
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto part = FindFormPart(kType, std::string_view(body).substr(0, size), "vectors");
    if (part) {
      EXPECT_EQ(*part, "{\"id\":\"1\"}\r\n{\"id\":\"2\"}\r\n") << size;
    }
  }
}

}  // namespace
}  // namespace larder
