#include "proxy/partitioner.h"

#include "proxy/forwarding.h"

namespace larder {
namespace {

constexpr std::size_t kPartitionDigits = 32;

}  // namespace

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
