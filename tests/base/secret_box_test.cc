#include "base/secret_box.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

const Digest kKey = Sha256Of("a key");

// RFC 5869, appendix A.3: no salt, no info. Its first block is the whole of a digest.
TEST(DeriveSecretTest, IsHkdfSha256WithoutSalt) {
  EXPECT_EQ(ToHex(DeriveSecret(std::string(22, '\x0b'), "")),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(DeriveSecretTest, GivesEachPurposeItsOwn) {
  EXPECT_NE(DeriveSecret("master", "one"), DeriveSecret("master", "other"));
  EXPECT_NE(DeriveSecret("master", "one"), DeriveSecret("another", "one"));
}

// NIST's GCM test vectors, AES-256, 96-bit IV, test case 14: a zero key, nonce and block.
TEST(SecretBoxTest, OpensWhatTheStandardSealed) {
  const auto bytes = [](std::string_view hex) {
    const auto digest = DigestFromHex(hex);
    return std::string(AsBytes(*digest));
  };
  const std::string sealed =
      std::string(12, '\0') +
      bytes("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  EXPECT_EQ(SecretBox(Digest{}).Open(sealed, ""), std::string(16, '\0'));
}

TEST(SecretBoxTest, OpensWhatItSealedInTheSamePlaceAlone) {
  const SecretBox box(kKey);
  for (const std::string& message : {std::string(), std::string("m"), std::string(100'000, 'x')}) {
    const std::string sealed = box.Seal(message, "place");
    EXPECT_EQ(sealed.size(), message.size() + SecretBox::kOverhead);
    EXPECT_EQ(box.Open(sealed, "place"), message);
    EXPECT_EQ(box.Open(sealed, "another"), std::nullopt);
    EXPECT_EQ(SecretBox(Sha256Of("another key")).Open(sealed, "place"), std::nullopt);
  }
}

TEST(SecretBoxTest, OpensNothingThatWasAlteredOrCut) {
  const SecretBox box(kKey);
  const std::string sealed = box.Seal("message", "");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_EQ(box.Open(altered, ""), std::nullopt) << i;
    EXPECT_EQ(box.Open(sealed.substr(0, i), ""), std::nullopt) << i;
  }
}

TEST(SecretBoxTest, SealsTheSameMessageDifferentlyEachTime) {
  const SecretBox box(kKey);
  EXPECT_NE(box.Seal("message", ""), box.Seal("message", ""));
}

TEST(IsSameSecretTest, TellsWhetherTheyAreEqual) {
  EXPECT_TRUE(IsSameSecret("", ""));
  EXPECT_TRUE(IsSameSecret("secret", "secret"));
  EXPECT_FALSE(IsSameSecret("secret", "secreT"));
  EXPECT_FALSE(IsSameSecret("secret", "secrets"));
}

}  // namespace
}  // namespace larder
