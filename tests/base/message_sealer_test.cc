#include "base/message_sealer.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <thread>

namespace larder {
namespace {

const SecretKey kSecret(Sha256Of("a secret"));

std::string Sealed(const MessageSealer& sealer, std::string_view message,
                   std::string_view place = "place") {
  std::string sealed;
  sealer.Seal(message, {place}, sealed);
  return sealed;
}
std::optional<std::string> Opened(const MessageSealer& sealer, std::string_view sealed,
                                  std::string_view place = "place") {
  std::string message;
  return sealer.Open(sealed, {place}, message) ? std::optional(message) : std::nullopt;
}
std::string SaltOf(const std::string& sealed) {
  return sealed.substr(0, MessageSealer::kSaltBytes);
}

TEST(MessageSealerTest, OpensWhatAnySealerOfTheSecretSealed) {
  const MessageSealer one(kSecret);
  const MessageSealer other(kSecret);
  for (const std::string& message : {std::string(), std::string("m"), std::string(100'000, 'x')}) {
    const std::string sealed = Sealed(one, message);
    EXPECT_EQ(sealed.size(), message.size() + MessageSealer::kOverhead);
    EXPECT_EQ(Opened(one, sealed), message);
    EXPECT_EQ(Opened(other, sealed), message);
  }
}

TEST(MessageSealerTest, OpensNothingOfAnotherSecretOrPlace) {
  const MessageSealer sealer(kSecret);
  const std::string sealed = Sealed(sealer, "message");
  EXPECT_EQ(Opened(sealer, sealed, "another"), std::nullopt);
  EXPECT_EQ(Opened(MessageSealer(SecretKey(Sha256Of("another"))), sealed), std::nullopt);
}

// A thread keeps the key that it used last: it must not open for a sealer that took the place.
TEST(MessageSealerTest, AKeyThatAThreadKeptOpensNothingForAnotherSealer) {
  auto sealer = std::make_unique<MessageSealer>(kSecret);
  const std::string sealed = Sealed(*sealer, "message");
  ASSERT_EQ(Opened(*sealer, sealed), "message");
  for (int i = 0; i < 16; ++i) {
    sealer.reset();
    sealer = std::make_unique<MessageSealer>(SecretKey(Sha256Of("another")));
    EXPECT_EQ(Opened(*sealer, sealed), std::nullopt);
  }
}

TEST(MessageSealerTest, OpensNothingThatWasAlteredOrCut) {
  const MessageSealer sealer(kSecret);
  const std::string sealed = Sealed(sealer, "message");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_EQ(Opened(sealer, altered), std::nullopt) << i;
    EXPECT_EQ(Opened(sealer, sealed.substr(0, i)), std::nullopt) << i;
  }
}

TEST(MessageSealerTest, AppendsToWhatIsThere) {
  const MessageSealer sealer(kSecret);
  std::string sealed = "head";
  sealer.Seal("message", {"a", "b"}, sealed);
  std::string opened = "and ";
  EXPECT_TRUE(sealer.Open(std::string_view(sealed).substr(4), {"ab"}, opened));
  EXPECT_EQ(opened, "and message");
  EXPECT_FALSE(sealer.Open(std::string_view(sealed).substr(4), {"a"}, opened));
  EXPECT_EQ(opened, "and message");
}

TEST(MessageSealerTest, DrawsAnotherSaltBeforeAKeyHasSealedTooMuch) {
  const MessageSealer sealer(kSecret, 3);
  std::vector<std::string> sealed;
  std::set<std::string> salts;
  for (int i = 0; i < 7; ++i) {
    sealed.push_back(Sealed(sealer, std::to_string(i)));
    salts.insert(SaltOf(sealed.back()));
  }
  EXPECT_EQ(salts.size(), 3U);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(Opened(sealer, sealed[i]), std::to_string(i));
}

TEST(MessageSealerTest, EverySealerDrawsASaltOfItsOwn) {
  EXPECT_NE(SaltOf(Sealed(MessageSealer(kSecret), "m")),
            SaltOf(Sealed(MessageSealer(kSecret), "m")));
}

TEST(MessageSealerTest, ThreadsNeverUseANonceTwice) {
  const MessageSealer sealer(kSecret, 500);
  constexpr int kThreads = 4;
  constexpr int kEach = 1000;
  std::vector<std::vector<std::string>> sealed(kThreads);
  std::vector<std::thread> threads;
  for (auto& own : sealed) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) own.push_back(Sealed(sealer, "message"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> nonces;  // salt and number
  for (const auto& own : sealed) {
    for (const std::string& one : own) {
      nonces.insert(one.substr(0, MessageSealer::kSaltBytes + sizeof(std::uint64_t)));
      EXPECT_EQ(Opened(sealer, one), "message");
    }
  }
  EXPECT_EQ(nonces.size(), std::size_t{kThreads} * kEach);
}

TEST(SecretKeyTest, IsReadFromHexadecimalDigitsOrBase64) {
  const std::string hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  const auto of_hex = SecretKey::Parse(hex);
  const auto of_base64 = SecretKey::Parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  ASSERT_TRUE(of_hex.ok() && of_base64.ok());
  EXPECT_TRUE(*of_hex == *of_base64);
  EXPECT_EQ(ToHex(of_hex->bytes()), hex);
}

TEST(SecretKeyTest, RefusesWhatIsNot32BytesWithoutShowingIt) {
  for (const char* text : {"", "secret", "000102", "AAECAwQFBgcICQoLDA0ODw==",
                           "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g"}) {
    const auto key = SecretKey::Parse(text);
    ASSERT_FALSE(key.ok()) << text;
    EXPECT_EQ(key.error().message,
              "must be 32 bytes, as 64 hexadecimal digits or as base64 (openssl rand -hex 32 makes "
              "them)");
  }
}

}  // namespace
}  // namespace larder
