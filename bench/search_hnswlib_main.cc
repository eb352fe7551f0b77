// bench_search_hnswlib_avx512, bench_search_hnswlib_avx2: stock hnswlib for bench/search, cosine as
// the inner product of unit vectors. hnswlib picks its kernels by what it is compiled for, which is
// why there are two programs, and why only these have such flags.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "bench/search_index.h"
#include "hnswlib/hnswlib.h"

#if defined(USE_AVX512)
#define LARDER_KERNELS "AVX-512"
#elif defined(USE_AVX)
#define LARDER_KERNELS "AVX2"
#else
#error "hnswlib has no vector kernels with these flags"
#endif

namespace {

using namespace larder::bench;

class HnswlibIndex final : public SearchedIndex {
 public:
  HnswlibIndex(const SearchData& data, const BuildOptions& options)
      : data_(data), options_(options), space_(data.dim()) {}

  std::string name() const override { return "stock hnswlib float32, " LARDER_KERNELS; }
  std::string note() const override { return "compiled for " LARDER_KERNELS " alone"; }
  void Build() override {
    graph_ = std::make_unique<Graph>(&space_, data_.count(), options_.m, options_.ef_construction);
    for (std::size_t i = 0; i < data_.count(); ++i) graph_->addPoint(data_.base(i), i);
  }
  void SetEf(std::size_t ef) override { graph_->setEf(ef); }
  std::size_t Search(const float* query, std::uint32_t* ids) override {
    auto best = graph_->searchKnn(query, k);
    const std::size_t found = best.size();
    for (; !best.empty(); best.pop()) *ids++ = static_cast<std::uint32_t>(best.top().second);
    return found;
  }
  bool Save(const std::string& path) override {
    graph_->saveIndex(path);
    return true;
  }
  void Load(const std::string& path) override {
    graph_.reset();
    graph_ = std::make_unique<Graph>(&space_, path);
  }

 private:
  using Graph = hnswlib::HierarchicalNSW<float>;

  const SearchData& data_;
  const BuildOptions options_;
  hnswlib::InnerProductSpace space_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace

int main(int argc, char** argv) {
  return ServeIndex(argc, argv,
                    [](std::string_view variant, const SearchData& data,
                       const BuildOptions& options) -> std::unique_ptr<SearchedIndex> {
                      if (variant != "float32") return nullptr;
                      return std::make_unique<HnswlibIndex>(data, options);
                    });
}
