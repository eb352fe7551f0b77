// What a VectorSpace does in the background: linking its tail and building itself anew.
#include <filesystem>

#include "vector/no_throw.h"
#include "vector/space_contents.h"

namespace larder {
namespace {

// A rebuild is not worth its while for fewer dead slots.
constexpr std::size_t kDeadFrom = 64;
// One slot in so many: what may be dead before a rebuild is due; while memory is short.
constexpr std::size_t kDeadShare = 4;
constexpr std::size_t kReclaimedShare = 50;
// Copying a point costs about this share of linking it.
constexpr std::size_t kCopiesPerInsert = 32;

}  // namespace

bool VectorSpace::RebuildDue() const {
  const ContentsPointer contents = Current();
  const std::size_t dead = contents->dead();
  if (is_erasing() && dead > 0) return true;
  return dead >= kDeadFrom && dead > rebuild_refused_at_ &&
         dead * (reclaim_.load() ? kReclaimedShare : kDeadShare) > contents->size();
}

bool VectorSpace::Work(std::size_t inserts) {
  FairWriterLock work(work_);
  const std::uint64_t asked = erase_asked_.load();
  if (rebuild_ == nullptr && !has_removed()) erased_ = asked;
  if (rebuild_ != nullptr || RebuildDue()) {
    ContinueRebuild(inserts);
    LinkWaiting(inserts / 4 + 1);  // so that writers are not held up by a full tail
  } else {
    LinkWaiting(inserts);
  }
  return rebuild_ != nullptr || progress().waiting > 0 || RebuildDue();
}

void VectorSpace::Erase() {
  erase_failed_ = false;
  ++erase_asked_;
}

bool VectorSpace::has_removed() const {
  return Current()->dead() > 0;
}

VectorSpace::Progress VectorSpace::progress() const {
  const ContentsPointer contents = Current();
  const std::size_t linked = contents->graph->linked();
  const std::size_t size = contents->size();
  return {linked > 0 || size > options_.exact_below ? size - linked : 0, rebuilding_.load()};
}

void VectorSpace::LinkWaiting(std::size_t inserts) {
  const ContentsPointer contents = Current();
  HnswGraph& graph = *contents->graph;
  if (graph.linked() == 0 && graph.size() <= options_.exact_below) return;
  for (std::size_t i = 0; i < inserts && graph.linked() < graph.size(); ++i) {
    // Refused memory leaves the tail as it is, which is searched all the same.
    if (!graph.LinkNext().ok()) return;
  }
}

void VectorSpace::ContinueRebuild(std::size_t inserts) {
  const Status continued = NoThrow([&]() LARDER_LOCKED_AROUND -> Status {
    if (rebuild_ == nullptr) {
      erase_begun_ = erase_asked_.load();
      auto rebuild = std::make_unique<Rebuild>();
      rebuild->from = Current();
      const std::size_t live = rebuild->from->live_count.load();
      LARDER_ASSIGN_OR_RETURN(rebuild->to, MakeContents(CapacityFor(live)));
      rebuild_ = std::move(rebuild);
      MutexLock writer(writer_);
      metadata_changes_.clear();
      rebuilding_ = true;
    }
    return CopyNext(inserts);
  });
  if (continued.ok()) return;
  if (erase_begun_ > erased_.load()) erase_failed_ = true;
  erased_ = erase_begun_;
  // The old contents answer rightly; another try when more is dead.
  rebuild_refused_at_ = Current()->dead() + Current()->dead() / 4;
  rebuild_.reset();
  rebuilding_ = false;
}

Status VectorSpace::CopyNext(std::size_t inserts) {
  Rebuild& rebuild = *rebuild_;
  std::size_t budget = inserts * kCopiesPerInsert;
  while (budget > 0) {
    HnswGraph& graph = *rebuild.to->graph;
    if (graph.size() > options_.exact_below && graph.linked() < graph.size()) {
      LARDER_RETURN_IF_ERROR(graph.LinkNext());
      budget -= std::min(budget, kCopiesPerInsert);
    } else if (rebuild.next() < rebuild.from->size()) {
      LARDER_RETURN_IF_ERROR(CopyOne());
      --budget;
    } else {
      return FinishRebuild();
    }
  }
  return {};
}

Status VectorSpace::CopyOne() {
  // More may have been stored since it began than there was room made for.
  if (rebuild_->to->full()) {
    LARDER_ASSIGN_OR_RETURN(rebuild_->to, GrownFrom(*rebuild_->to));
  }
  return rebuild_->CopyOne();
}

Status VectorSpace::FinishRebuild() {
  MutexLock writer(writer_);
  Rebuild& rebuild = *rebuild_;
  while (rebuild.next() < rebuild.from->size()) LARDER_RETURN_IF_ERROR(CopyOne());
  for (const std::uint32_t slot : metadata_changes_) rebuild.CopyMetadata(slot);
  for (std::uint32_t slot = 0; slot < rebuild.origin.size(); ++slot) {
    if (!rebuild.from->live.Test(rebuild.origin[slot])) rebuild.to->Kill(slot);
  }
  Publish(rebuild.to);
  rebuild_.reset();
  rebuilding_ = false;
  rebuild_refused_at_ = 0;
  reclaim_ = false;
  erased_ = erase_begun_;
  return {};
}

}  // namespace larder
