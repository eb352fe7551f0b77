// What a VectorSpace holds at one time. For the files that implement it.
#pragma once

#include <atomic>
#include <memory>

#include "vector/hnsw_graph.h"
#include "vector/id_table.h"
#include "vector/live_bits.h"
#include "vector/metadata_columns.h"
#include "vector/vector_rows.h"
#include "vector/vector_space.h"

namespace larder {

// Slots are filled in order and never used again; live are those that hold a point. Searches read
// beside the one writer; a slot they meet before it is live is not there for them.
struct VectorSpace::Contents {
  // Of contents that have grown out of each other the slots are the same.
  struct Names {
    FairSharedMutex mutex;
    IdTable ids LARDER_GUARDED_BY(mutex);
    MetadataColumns columns LARDER_GUARDED_BY(mutex);
  };

  explicit Contents(std::size_t capacity) : live(capacity), names(std::make_shared<Names>()) {}

  std::size_t size() const { return graph->size(); }
  std::size_t dead() const { return size() - live_count.load(); }
  bool full() const { return size() == graph->capacity(); }
  // The vector as it is compared.
  const float* VectorAt(std::uint32_t slot) const;

  // Stores a point in the next slot. Precondition: not full; one writer. Throws std::bad_alloc.
  // Errors: kIo.
  Status Add(std::string_view id, const float* vector, const Metadata& metadata);
  // False when no slot has this id.
  bool Remove(std::string_view id);
  // Takes the point out of `slot`, unless that is done already.
  void Kill(std::uint32_t slot);

  std::unique_ptr<HnswGraph> graph;
  std::unique_ptr<VectorRows> rows;  // null when the graph's own rows are float32
  LiveBits live;
  std::atomic<std::size_t> live_count{0};
  std::shared_ptr<Names> names;  // owned by all contents that grew out of each other
};

// A rebuild under way: live points are copied from one to the other, which then takes its place.
struct VectorSpace::Rebuild {
  ContentsPointer from;
  ContentsPointer to;
  std::vector<std::uint32_t> origin;  // by slot of `to`: its slot in `from`; ascending
  std::uint32_t next() const { return next_; }

  // Copies the next slot of `from` if it is live. Errors: kIo, kOverloaded.
  Status CopyOne();
  // Copies the metadata of a slot of `from` again. Throws std::bad_alloc.
  void CopyMetadata(std::uint32_t slot);

 private:
  std::uint32_t next_ = 0;
};

}  // namespace larder
