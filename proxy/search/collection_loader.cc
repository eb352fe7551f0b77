#include "proxy/search/collection_loader.h"

#include <algorithm>
#include <filesystem>

#include "proxy/search/catch_up.h"
#include "proxy/search/point_record.h"
#include "proxy/search/snapshot_mark.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kAtOnce = 256;
// Touched points that are brought in while no write waits; the rest while the next one does.
constexpr std::size_t kFewTouched = 64;

Status MakeFolder(const Collection& collection) {
  if (collection.folder().empty()) return {};
  std::error_code failed;
  fs::create_directories(collection.folder(), failed);
  if (!failed) return {};
  return StoreError(ErrorCode::kIo,
                    "cannot make the directory " + collection.folder() + ": " + failed.message());
}

class Loader {
 public:
  Loader(Collection& collection, const CollectionContext& context,
         const std::function<bool()>& stopping)
      : collection_(collection),
        context_(context),
        record_(collection.Record()),
        stopping_(stopping) {}

  Status Run() {
    LARDER_RETURN_IF_ERROR(MakeFolder(collection_));
    LARDER_RETURN_IF_ERROR(Begin());
    std::vector<std::string> in_snapshot = space_->Ids();
    std::sort(in_snapshot.begin(), in_snapshot.end());
    LARDER_RETURN_IF_ERROR(Scan(in_snapshot));
    while (!stopping_()) {
      const std::vector<std::string> touched = collection_.TakeTouched();
      if (!touched.empty()) LARDER_RETURN_IF_ERROR(Bring(touched));
      if (touched.size() <= kFewTouched) break;
    }
    if (stopping_()) return {};
    LARDER_RETURN_IF_ERROR(collection_.BecomeReady(space_, indexed_ + removed_ > 0, refused_));
    Report();
    return {};
  }

 private:
  // The snapshot, or an empty index.
  Status Begin() {
    const std::string path = collection_.snapshot_path();
    if (!path.empty()) {
      auto loaded = VectorSpace::Load(path, collection_.SpaceOptions());
      if (loaded.ok() && Accept(loaded->watermark)) {
        space_ = std::move(loaded->space);
        return {};
      }
      if (!loaded.ok() && loaded.error().code == ErrorCode::kOverloaded) return loaded.error();
      if (!loaded.ok() && loaded.error().code != ErrorCode::kNotFound) {
        problem_ = loaded.error().message;
      }
      // It must not be believed at a later start, when the numbers may have come to fit.
      loaded = Error{};
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
    LARDER_ASSIGN_OR_RETURN(space_, VectorSpace::Create(collection_.SpaceOptions()));
    return {};
  }

  bool Accept(std::uint64_t mark) {
    const auto sequence = SequenceOfMark(record_, mark);
    if (!sequence) {
      problem_ = "it is of another collection";
    } else if (*sequence > record_.sequence) {
      problem_ = "it is ahead of the database";
    } else {
      watermark_ = *sequence;
      from_snapshot_ = true;
    }
    return from_snapshot_;
  }

  Status Scan(const std::vector<std::string>& in_snapshot) {
    const std::string prefix = PointKeyPrefix(record_.id);
    auto known = in_snapshot.begin();
    const auto remove_until = [&](std::string_view id) {
      for (; known != in_snapshot.end() && (id.empty() || *known < id); ++known) Remove(*known);
      if (known != in_snapshot.end() && *known == id) ++known;
    };
    Status problem;
    const Status scanned = context_.store.ForEach(
        Family::kPoints, prefix, [&](std::string_view key, std::string_view value) {
          if (!key.starts_with(prefix) || stopping_()) return false;
          const std::string id(key.substr(prefix.size()));
          remove_until(id);
          Look(id, value);
          collection_.SetProgress(++scanned_);
          if (waiting_.size() >= kAtOnce) problem = BringWaiting();
          return problem.ok();
        });
    LARDER_RETURN_IF_ERROR(scanned);
    LARDER_RETURN_IF_ERROR(problem);
    if (stopping_()) return {};
    remove_until({});
    return BringWaiting();
  }

  void Look(const std::string& id, std::string_view bytes) {
    const auto point = DecodePoint(bytes);
    if (point.ok() && point->sequence <= watermark_ && space_->Contains(id)) {
      const auto fields = FieldsOf(point->metadata, point->name_space);
      (void)space_->SetMetadata(id, fields.ok() ? *fields : Metadata());
    } else {
      waiting_.push_back(id);
    }
  }

  void Remove(const std::string& id) {
    if (space_->Remove(id)) ++removed_;
  }

  Status BringWaiting() {
    const Status brought = Bring(waiting_);
    waiting_.clear();
    return brought;
  }

  Status Bring(const std::vector<std::string>& ids) {
    LARDER_ASSIGN_OR_RETURN(CaughtUp caught_up, CatchUp(context_.store, record_.id, ids, *space_));
    indexed_ += caught_up.indexed;
    refused_.insert(refused_.end(), caught_up.refused.begin(), caught_up.refused.end());
    unreadable_.insert(unreadable_.end(), caught_up.unreadable.begin(), caught_up.unreadable.end());
    return {};
  }

  // How many of them are stored and not in the index.
  std::uint64_t CountMissing(const std::vector<std::string>& ids) const {
    std::vector<std::string> keys;
    for (const std::string& id : ids) {
      if (!space_->Contains(id)) keys.push_back(PointKey(record_.id, id));
    }
    if (keys.empty()) return 0;
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    const auto stored = context_.store.MultiGet(Family::kPoints, views);
    if (!stored.ok()) return keys.size();
    return static_cast<std::uint64_t>(std::count_if(
        stored->begin(), stored->end(), [](const auto& bytes) { return bytes.has_value(); }));
  }

  void Report() const {
    const std::string& name = record_.spec.name;
    if (!problem_.empty()) {
      context_.log.Warning("the snapshot of a collection could not be used: its index was rebuilt",
                           {{"collection", name}, {"reason", problem_}});
    }
    const bool untouched = collection_.Record().sequence == record_.sequence;
    const std::uint64_t unreadable = CountMissing(unreadable_);
    const std::uint64_t refused = CountMissing(refused_);
    if (unreadable + refused > 0 || (untouched && scanned_ != record_.points)) {
      context_.log.Error("points of a collection are missing", {{"collection", name},
                                                                {"written", record_.points},
                                                                {"found", std::uint64_t{scanned_}},
                                                                {"unreadable", unreadable},
                                                                {"no_memory", refused}});
    }
    context_.log.Info("a collection is loaded", {{"collection", name},
                                                 {"points", std::uint64_t{space_->size()}},
                                                 {"from_snapshot", from_snapshot_},
                                                 {"indexed", std::uint64_t{indexed_}},
                                                 {"removed", std::uint64_t{removed_}}});
  }

  Collection& collection_;
  const CollectionContext& context_;
  const CollectionRecord record_;
  const std::function<bool()>& stopping_;
  Collection::SpacePointer space_;
  std::uint64_t watermark_ = 0;
  bool from_snapshot_ = false;
  std::string problem_;  // of the snapshot
  std::vector<std::string> waiting_;
  std::size_t scanned_ = 0;
  std::size_t indexed_ = 0;
  std::size_t removed_ = 0;
  std::vector<std::string> refused_;
  std::vector<std::string> unreadable_;
};

}  // namespace

void LoadCollection(Collection& collection, const CollectionContext& context,
                    const std::function<bool()>& stopping) {
  if (const Status loaded = Loader(collection, context, stopping).Run(); !loaded.ok()) {
    collection.Fail(loaded.error().message);
    context.log.Error(
        "a collection could not be loaded",
        {{"collection", collection.Info().spec.name}, {"reason", loaded.error().message}});
  }
}

Status BeginCollection(Collection& collection) {
  LARDER_RETURN_IF_ERROR(MakeFolder(collection));
  LARDER_ASSIGN_OR_RETURN(auto space, VectorSpace::Create(collection.SpaceOptions()));
  return collection.BecomeReady(std::move(space), false, {});
}

}  // namespace larder
