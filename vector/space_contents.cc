#include "vector/space_contents.h"

#include <algorithm>

#include "vector/no_throw.h"

namespace larder {

const float* VectorSpace::Contents::VectorAt(std::uint32_t slot) const {
  if (rows != nullptr) return rows->Row(slot);
  return static_cast<const float*>(static_cast<const void*>(
      static_cast<const char*>(graph->RowOf(slot)) + RowCodec::kHeaderBytes));
}

Status VectorSpace::Contents::Add(std::string_view id, const float* vector,
                                  const Metadata& metadata) {
  const auto slot = static_cast<std::uint32_t>(size());
  if (rows != nullptr) LARDER_RETURN_IF_ERROR(rows->Write(slot, vector));
  FairWriterLock lock(names->mutex);
  // What may be refused memory comes first; a slot that is not used keeps nothing.
  names->columns.Set(slot, metadata);
  const auto replaced = names->ids.Append(id);
  graph->Append(vector);
  if (replaced) live.Clear(*replaced);
  live.Set(slot);
  if (!replaced) live_count.fetch_add(1);
  return {};
}

bool VectorSpace::Contents::Remove(std::string_view id) {
  FairWriterLock lock(names->mutex);
  const auto slot = names->ids.Forget(id);
  if (!slot) return false;
  live.Clear(*slot);
  live_count.fetch_sub(1);
  return true;
}

void VectorSpace::Contents::Kill(std::uint32_t slot) {
  FairWriterLock lock(names->mutex);
  if (!live.Test(slot)) return;
  static_cast<void>(names->ids.Forget(names->ids.IdOf(slot)));
  live.Clear(slot);
  live_count.fetch_sub(1);
}

Status VectorSpace::Rebuild::CopyOne() {
  return NoThrow([this]() -> Status {
    const std::uint32_t slot = next_;
    if (from->live.Test(slot)) {
      std::string id;
      Metadata metadata;
      {
        FairReaderLock lock(from->names->mutex);
        id = from->names->ids.IdOf(slot);
        metadata = from->names->columns.Get(slot);
      }
      LARDER_RETURN_IF_ERROR(to->Add(id, from->VectorAt(slot), metadata));
      origin.push_back(slot);
    }
    ++next_;
    return {};
  });
}

void VectorSpace::Rebuild::CopyMetadata(std::uint32_t slot) {
  const auto copy = std::lower_bound(origin.begin(), origin.end(), slot);
  if (copy == origin.end() || *copy != slot) return;
  Metadata metadata;
  {
    FairReaderLock lock(from->names->mutex);
    metadata = from->names->columns.Get(slot);
  }
  FairWriterLock lock(to->names->mutex);
  to->names->columns.Set(static_cast<std::uint32_t>(copy - origin.begin()), metadata);
}

}  // namespace larder
