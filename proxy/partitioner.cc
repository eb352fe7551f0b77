#include "proxy/partitioner.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "proxy/forwarding.h"

namespace larder {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kPartitionDigits = 32;

Error CannotUse(const std::string& path) {
  return StoreError(ErrorCode::kIo,
                    "cannot use the partition key file " + path + ": " + std::strerror(errno));
}

Status CreateSecret(const std::string& path) {
  std::array<unsigned char, kSecretBytes> secret;
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
    return InternalError("no random bytes for the partition key");
  }
  // Written whole under another name first: a crash must not leave half a key.
  const std::string draft = path + ".new";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return CannotUse(draft);
  const bool written =
      ::write(fd, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) &&
      ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0) return CannotUse(path);
  return {};
}

}  // namespace

Result<Partitioner> Partitioner::FromFile(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) LARDER_RETURN_IF_ERROR(CreateSecret(path));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return CannotUse(path);
  std::array<char, 256> bytes;
  const ssize_t size = ::read(fd, bytes.data(), bytes.size());
  ::close(fd);
  if (size < static_cast<ssize_t>(kSecretBytes)) {
    return StoreError(
        ErrorCode::kCorruption,
        "the partition key file " + path +
            " is damaged: restore it, or remove it (all cached entries are then forgotten)");
  }
  return Partitioner(std::string_view(bytes.data(), static_cast<std::size_t>(size)));
}

Partition Partitioner::Of(const Headers& client, std::string_view query) const {
  return OfCredential(CredentialOf(client, query));
}

Partition Partitioner::OfCredential(std::string_view credential) const {
  return Partition(ToHex(secret_.Of(credential)).substr(0, kPartitionDigits));
}

Partition Partitioner::OfTenant(std::string_view tenant) const {
  // A credential begins with the length of a field's name, which is no such number.
  return OfCredential("\xff\xff\xff\xfftenant:" + std::string(tenant));
}

}  // namespace larder
