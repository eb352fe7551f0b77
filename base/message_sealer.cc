#include "base/message_sealer.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/random.h"

namespace larder {
namespace {

// A salt for each start of the program that wrote something that is still there.
constexpr std::size_t kMostKnown = 4096;

using Nonce = std::array<char, AesGcm::kNonceBytes>;
Nonce NonceOf(std::uint64_t number) {
  Nonce nonce{};
  std::memcpy(nonce.data(), &number, sizeof(number));
  return nonce;
}

}  // namespace

struct MessageSealer::Key {
  std::shared_ptr<const int> of;  // whose it is; held, so that no other sealer can be taken for it
  Salt salt;
  SecretKey key;
};

// A thread's last key, made ready.
struct MessageSealer::Ready {
  KeyPointer key;
  std::optional<AesGcm> cipher;

  AesGcm& Use(KeyPointer wanted) {
    if (wanted != key) {
      cipher.emplace(wanted->key.bytes());
      key = std::move(wanted);
    }
    return *cipher;
  }
};

MessageSealer::MessageSealer(const SecretKey& secret, std::uint64_t most_of_a_salt)
    : secret_(secret), most_of_a_salt_(most_of_a_salt), identity_(std::make_shared<int>()) {}

MessageSealer::~MessageSealer() = default;

MessageSealer::KeyPointer MessageSealer::MakeKey(const Salt& salt) const {
  const std::string purpose = "larder messages " + std::string(salt.data(), salt.size());
  return std::make_shared<Key>(Key{identity_, salt, secret_.Derive(purpose)});
}

MessageSealer::KeyPointer MessageSealer::KeyOf(const Salt& salt) const {
  {
    MutexLock lock(mutex_);
    if (const auto found = known_.find(salt); found != known_.end()) return found->second;
  }
  KeyPointer made = MakeKey(salt);
  MutexLock lock(mutex_);
  // Salts that nobody drew, in damaged messages, must not fill the memory.
  if (known_.size() >= kMostKnown) known_.clear();
  return known_.try_emplace(salt, std::move(made)).first->second;
}

MessageSealer::KeyPointer MessageSealer::Next(std::uint64_t& number) const {
  MutexLock lock(mutex_);
  if (sealing_ == nullptr || next_ >= most_of_a_salt_) {
    Salt salt;
    const std::string drawn = RandomBytes(kSaltBytes);
    std::copy(drawn.begin(), drawn.end(), salt.begin());
    sealing_ = MakeKey(salt);
    next_ = 0;
  }
  number = next_++;
  return sealing_;
}

void MessageSealer::Seal(std::string_view message, AesGcm::Associated associated,
                         std::string& out) const {
  thread_local Ready ready;
  std::uint64_t number = 0;
  AesGcm& cipher = ready.Use(Next(number));
  out.append(ready.key->salt.data(), kSaltBytes);
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
  const std::size_t begin = out.size();
  out.resize(begin + message.size() + AesGcm::kTagBytes);
  const Nonce nonce = NonceOf(number);
  cipher.Seal({nonce.data(), nonce.size()}, associated, message, out.data() + begin);
}

bool MessageSealer::Open(std::string_view sealed, AesGcm::Associated associated,
                         std::string& out) const {
  thread_local Ready ready;
  if (sealed.size() < kOverhead) return false;
  Salt salt;
  std::uint64_t number = 0;
  std::memcpy(salt.data(), sealed.data(), kSaltBytes);
  std::memcpy(&number, sealed.data() + kSaltBytes, sizeof(number));
  const bool is_last =
      ready.key != nullptr && ready.key->of == identity_ && ready.key->salt == salt;
  AesGcm& cipher = ready.Use(is_last ? ready.key : KeyOf(salt));
  const std::size_t begin = out.size();
  out.resize(begin + sealed.size() - kOverhead);
  const Nonce nonce = NonceOf(number);
  if (cipher.Open({nonce.data(), nonce.size()}, associated,
                  sealed.substr(kSaltBytes + sizeof(number)), out.data() + begin)) {
    return true;
  }
  out.resize(begin);
  return false;
}

}  // namespace larder
