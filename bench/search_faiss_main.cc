// bench_search_faiss, bench_search_faiss_root: FAISS for bench/search, from Debian and from the
// folder FAISS_ROOT.

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/index_io.h>
#include <faiss/utils/distances.h>
#include <faiss/utils/utils.h>
#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "bench/search_index.h"

namespace {

using namespace larder::bench;

std::string Version() {
  return "FAISS " + std::to_string(FAISS_VERSION_MAJOR) + "." +
         std::to_string(FAISS_VERSION_MINOR) + "." + std::to_string(FAISS_VERSION_PATCH);
}

// From "OPTIMIZE GENERIC" or "OPTIMIZE AVX512"; newer scalar builds have the first word alone.
std::string CompiledFor() {
  const std::string options = faiss::get_compile_options();
  for (const char* kernels : {"AVX512", "AVX2"}) {
    if (options.find(kernels) != options.npos) return std::string(kernels) + " build";
  }
  return "scalar build";
}

class FaissIndex : public SearchedIndex {
 public:
  FaissIndex(const SearchData& data, std::string kind, std::unique_ptr<faiss::Index> index)
      : data_(data), kind_(std::move(kind)), index_(std::move(index)) {}

  std::string name() const override { return Version() + " " + kind_; }
  std::string note() const override { return CompiledFor(); }
  void Build() override {
    if (!index_->is_trained) {
      index_->train(static_cast<std::int64_t>(data_.count()), data_.base(0));
    }
    index_->add(static_cast<std::int64_t>(data_.count()), data_.base(0));
  }
  void SetEf(std::size_t ef) override {
    if (auto* graph = dynamic_cast<faiss::IndexHNSW*>(index_.get())) {
      graph->hnsw.efSearch = static_cast<int>(ef);
    }
  }
  std::size_t Search(const float* query, std::uint32_t* ids) override {
    return SearchFor(query, k, ids);
  }
  bool Save(const std::string& path) override {
    faiss::write_index(index_.get(), path.c_str());
    return true;
  }
  void Load(const std::string& path) override {
    index_.reset();
    index_.reset(faiss::read_index(path.c_str()));
  }

 protected:
  static constexpr std::size_t kMost = 2 * k;

  // Up to `wanted` of at most kMost.
  std::size_t SearchFor(const float* query, std::size_t wanted, std::uint32_t* ids) const {
    float similarities[kMost];
    std::int64_t labels[kMost];
    index_->search(1, query, static_cast<std::int64_t>(wanted), similarities, labels);
    // An index that finds fewer fills up with -1.
    const auto* end = std::find(labels, labels + wanted, -1);
    std::transform(labels, labels + (end - labels), ids,
                   [](std::int64_t label) { return static_cast<std::uint32_t>(label); });
    return static_cast<std::size_t>(end - labels);
  }

  const SearchData& data_;
  const std::string kind_;
  std::unique_ptr<faiss::Index> index_;
};

// Eight bits a component, and the float32 rows of the mapped file decide the order of the first 20:
// the counterpart of an index that re-ranks from disk.
class RerankedFaissIndex final : public FaissIndex {
 public:
  using FaissIndex::FaissIndex;

  std::string note() const override {
    return FaissIndex::note() + ", re-ranks 20 by float32 from a mapped file";
  }
  std::size_t Search(const float* query, std::uint32_t* ids) override {
    std::uint32_t candidates[kMost];
    const std::size_t count = SearchFor(query, kMost, candidates);
    std::pair<float, std::uint32_t> ranked[kMost];
    for (std::size_t i = 0; i < count; ++i) {
      ranked[i] = {faiss::fvec_inner_product(query, data_.base(candidates[i]), data_.dim()),
                   candidates[i]};
    }
    const std::size_t found = std::min(count, k);
    std::partial_sort(ranked, ranked + found, ranked + count, std::greater<>());
    for (std::size_t i = 0; i < found; ++i) ids[i] = ranked[i].second;
    return found;
  }
};

}  // namespace

int main(int argc, char** argv) {
  omp_set_num_threads(1);
  return ServeIndex(
      argc, argv,
      [](std::string_view variant, const SearchData& data,
         const BuildOptions& options) -> std::unique_ptr<SearchedIndex> {
        const int dim = static_cast<int>(data.dim()), m = static_cast<int>(options.m);
        const auto graph = [&](std::unique_ptr<faiss::IndexHNSW> index) {
          index->hnsw.efConstruction = static_cast<int>(options.ef_construction);
          return index;
        };
        if (variant == "flat") {
          return std::make_unique<FaissIndex>(data, "flat, exact",
                                              std::make_unique<faiss::IndexFlatIP>(dim));
        }
        if (variant == "float32") {
          return std::make_unique<FaissIndex>(
              data, "HNSW float32",
              graph(std::make_unique<faiss::IndexHNSWFlat>(dim, m, faiss::METRIC_INNER_PRODUCT)));
        }
        if (variant == "sq8") {
          return std::make_unique<RerankedFaissIndex>(
              data, "HNSW SQ8",
              graph(std::make_unique<faiss::IndexHNSWSQ>(dim, faiss::ScalarQuantizer::QT_8bit, m,
                                                         faiss::METRIC_INNER_PRODUCT)));
        }
        return nullptr;
      });
}
