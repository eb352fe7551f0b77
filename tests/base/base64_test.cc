#include "base/base64.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>

namespace larder {
namespace {

std::string Encode(std::string_view bytes) {
  std::string text;
  AppendBase64(bytes, text);
  return text;
}

TEST(Base64Test, MatchesRfc4648BothWays) {
  const struct {
    const char* bytes;
    const char* text;
  } vectors[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"}};
  for (const auto& vector : vectors) {
    EXPECT_EQ(Encode(vector.bytes), vector.text);
    EXPECT_EQ(DecodeBase64(vector.text), vector.bytes);
  }
}

TEST(Base64Test, AppendsToWhatIsThere) {
  std::string out = "\"";
  AppendBase64("foo", out);
  out += '"';
  EXPECT_EQ(out, "\"Zm9v\"");
}

TEST(Base64Test, RoundTripsEveryByteAtEveryLength) {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string text = Encode(bytes);
    EXPECT_EQ(text.size(), (size + 2) / 3 * 4);
    EXPECT_EQ(DecodeBase64(text), bytes) << size;
  }
}

TEST(Base64Test, EncodesAsOpenSslDoesAtEveryLength) {
  std::mt19937 random(11);
  for (std::size_t size = 0; size < 500; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    std::string expected((size + 2) / 3 * 4 + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(expected.data()),
                    reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(size));
    expected.pop_back();
    ASSERT_EQ(Encode(bytes), expected) << size;
  }
}

TEST(Base64Test, RejectsWhatIsNotCanonical) {
  const struct {
    const char* why;
    std::string text;
  } cases[] = {
      {"length of one", "Z"},
      {"length of two, unpadded", "Zg"},
      {"length of three, unpadded", "Zm8"},
      {"only padding", "===="},
      {"three paddings", "Z==="},
      {"padding before a character", "AB=C"},
      {"padding in second place", "A=BC"},
      {"padding inside", "Zg==Zg=="},
      {"white space before", " Zm9"},
      {"white space after", "Zm8\n"},
      {"white space after padding", "Zg==\n\n\n\n"},
      {"line break inside", "Zm9v\nZm9v\nab"},
      {"URL alphabet minus", "Zm-v"},
      {"URL alphabet underscore", "Zm_v"},
      {"end-of-file dash", "Zm9-"},
      {"NUL", std::string("Zm9\0", 4)},
      {"byte above ASCII", "Zm9\xc3"},
      {"left-over bits before ==", "Zh=="},
      {"left-over bits before =", "Zm9="},
  };
  for (const auto& row : cases) EXPECT_EQ(DecodeBase64(row.text), std::nullopt) << row.why;
}

}  // namespace
}  // namespace larder
