// bench_search_larder: Larder's own index for bench/search, as the server has it: the rows of the
// graph in memory, the float32 vectors in a mapped file.

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bench/search_index.h"
#include "vector/vector_space.h"

namespace {

using namespace larder::bench;
using larder::Storage;
using larder::VectorSpace;

class LarderIndex final : public SearchedIndex {
 public:
  LarderIndex(const SearchData& data, const std::string& storage_name,
              const VectorSpace::Options& options)
      : data_(data), options_(options), name_("Larder " + storage_name) {
    std::filesystem::create_directories(options_.directory);
  }
  ~LarderIndex() override {
    space_.reset();
    std::filesystem::remove_all(options_.directory);
  }

  std::string name() const override { return name_ + ", M = " + std::to_string(options_.m); }
  std::string note() const override {
    return "M = " + std::to_string(options_.m) +
           ", ef_construction = " + std::to_string(options_.ef_construction) +
           "; the best candidates ranked again by float32 from a mapped file; saves are synced";
  }
  void Build() override {
    space_ = ValueOf(VectorSpace::Create(options_));
    for (std::size_t i = 0; i < data_.count(); ++i) {
      const auto status = space_->Upsert({std::to_string(i), {data_.base(i), data_.dim()}});
      if (!status.ok()) Fail(status.error().message);
    }
    // What the server does in the background: until every point is in the graph.
    while (space_->Work(1000)) {
    }
  }
  void SetEf(std::size_t ef) override { search_.ef_search = ef; }
  std::size_t Search(const float* query, std::uint32_t* ids) override {
    const auto answer = space_->Search({query, data_.dim()}, search_);
    if (!answer.ok()) Fail(answer.error().message);
    for (const auto& [id, score] : answer.value().neighbours) {
      std::from_chars(id.data(), id.data() + id.size(), *ids++);
    }
    return answer.value().neighbours.size();
  }
  bool Save(const std::string& path) override {
    const auto status = space_->Save(path, 0);
    if (!status.ok()) Fail(status.error().message);
    return true;
  }
  void Load(const std::string& path) override {
    space_.reset();
    space_ = ValueOf(VectorSpace::Load(path, options_)).space;
  }

 private:
  template <typename T>
  static T ValueOf(larder::Result<T> result) {
    if (!result.ok()) Fail(result.error().message);
    return std::move(result).value();
  }

  const SearchData& data_;
  const VectorSpace::Options options_;
  const std::string name_;
  larder::SearchOptions search_ = {.k = k};
  std::unique_ptr<VectorSpace> space_;
};

// The storage at the front of a variant.
std::optional<Storage> StorageOf(std::string_view variant) {
  if (variant.starts_with("int8")) return Storage::kInt8;
  if (variant.starts_with("bf16")) return Storage::kBf16;
  if (variant.starts_with("float32")) return Storage::kFloat32;
  return std::nullopt;
}

// A variant is a storage with M and ef_construction as the server has them, or, with "-as-peers"
// behind it, as the other programs have them.
std::unique_ptr<SearchedIndex> MakeIndex(const std::string& folder, std::string_view variant,
                                         const SearchData& data, const BuildOptions& build) {
  const auto storage = StorageOf(variant);
  if (!storage) return nullptr;
  VectorSpace::Options options;
  options.dim = data.dim();
  options.storage = *storage;
  if (variant.ends_with("-as-peers")) {
    options.m = build.m;
    options.ef_construction = build.ef_construction;
  }
  options.directory = folder + "/larder-" + std::string(variant);
  const std::string name(variant.substr(0, variant.find('-')));
  return std::make_unique<LarderIndex>(data, name, options);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 2 ? argv[2] : "";
  return ServeIndex(
      argc, argv, [&](std::string_view variant, const SearchData& data, const BuildOptions& build) {
        return MakeIndex(folder, variant, data, build);
      });
}
