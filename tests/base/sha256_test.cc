#include "base/sha256.h"

#include <gtest/gtest.h>

#include <cctype>
#include <thread>
#include <vector>

namespace larder {
namespace {

// FIPS 180-4 examples (NIST's SHA256.pdf) and the empty message.
TEST(Sha256Test, MatchesThePublishedVectors) {
  const struct {
    const char* name;
    std::string message;
    const char* digest;
  } vectors[] = {
      {"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"one block", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"a million times a", std::string(1000000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto& vector : vectors) {
    EXPECT_EQ(ToHex(Sha256Of(vector.message)), vector.digest) << vector.name;
  }
}

TEST(Sha256Test, PiecesHashAsTheWhole) {
  Sha256 hash;
  hash.Update("ab");
  hash.Update("");
  hash.Update("c");
  EXPECT_EQ(hash.Finish(), Sha256Of("abc"));
}

TEST(Sha256Test, IsAsNewlyMadeAfterFinish) {
  Sha256 hash;
  hash.Update("left over");
  (void)hash.Finish();
  EXPECT_EQ(hash.Finish(), Sha256Of(""));
  hash.Update("abc");
  EXPECT_EQ(hash.Finish(), Sha256Of("abc"));
}

TEST(Sha256Test, ThreadsDoNotDisturbEachOther) {
  const Digest expected = Sha256Of("abc");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 1000; ++round) ASSERT_EQ(Sha256Of("abc"), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// RFC 4231, section 4 (test case 5 truncates and does not apply).
TEST(HmacSha256Test, MatchesRfc4231) {
  std::string counting;
  for (char c = 1; c <= 25; ++c) counting.push_back(c);
  const struct {
    const char* name;
    std::string key;
    std::string message;
    const char* digest;
  } vectors[] = {
      {"case 1", std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"case 2", "Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"case 3", std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {"case 4", counting, std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {"case 6", std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"case 7", std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const auto& vector : vectors) {
    EXPECT_EQ(ToHex(HmacSha256(vector.key, vector.message)), vector.digest) << vector.name;
  }
}

// Independently: python3 -c "import hmac; print(hmac.new(b'', b'm', 'sha256').hexdigest())"
TEST(HmacSha256Test, TakesAnEmptyKey) {
  const char* const expected = "a64092104c76d9ef65599c33c177609ecd49857456eb28133c4daea25bea960a";
  EXPECT_EQ(ToHex(HmacSha256(std::string_view(), "m")), expected);
  EXPECT_EQ(ToHex(HmacSha256("", "m")), expected);
}

TEST(HexTest, RoundTripsInBothCases) {
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(i * 8 + 7);
  std::string hex = ToHex(digest);
  EXPECT_EQ(hex.substr(0, 8), "070f171f");
  EXPECT_EQ(DigestFromHex(hex), digest);
  for (char& c : hex) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(DigestFromHex(hex), digest);
}

TEST(HexTest, RejectsWhatIsNot64Digits) {
  const std::string good(64, 'a');
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "a", "g" + good.substr(1), good.substr(1) + "/",
        " " + good.substr(1), "0x" + good.substr(2), good.substr(1) + std::string(1, '\0')}) {
    EXPECT_EQ(DigestFromHex(bad), std::nullopt) << bad;
  }
}

TEST(AsBytesTest, ViewsTheDigestItself) {
  const Digest digest = Sha256Of("abc");
  EXPECT_EQ(AsBytes(digest).size(), 32U);
  EXPECT_EQ(static_cast<const void*>(AsBytes(digest).data()), digest.data());
}

}  // namespace
}  // namespace larder
