// SearchedIndex: what bench/search compares. Each program wraps one library and serves the same
// lines on its standard input, each answered by one line of JSON, so that one coordinator can take
// turns with all of them:
//
//   at the start  {"name", "note", "build_s", "build_cpu_s", "bytes_per_vector"}
//   run EF        {"ef", "qps", "recall", "p50_us", "p99_us", "cpu_us"}
//   save PATH     {"seconds", "bytes"}, or {"seconds": null} when the library cannot
//   load PATH     {"seconds"}: replaces the index by the one that was saved there
//   quit          ends the program, as the end of the input does
//
// A run searches for every query once, one by one, k = 10. Its qps and percentiles are by the
// clock; cpu_us is the CPU time of one search. CPU time is what other work on the machine disturbs
// less. All of it on one thread, and one index a process, so that the growth of the process is its
// size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bench/search_data.h"

namespace larder::bench {

struct BuildOptions {
  std::size_t m = 16;
  std::size_t ef_construction = 200;
};

// Any function may throw a std::exception, which ends the program with its message.
class SearchedIndex {
 public:
  static constexpr std::size_t k = 10;

  virtual ~SearchedIndex() = default;
  // The library, its version, the index and how it stores vectors.
  virtual std::string name() const = 0;
  // What else a reader has to know.
  virtual std::string note() const = 0;
  // Adds every row of the data's base under its row number. Called once, first.
  virtual void Build() = 0;
  // What the runs that follow use; an index that is exact ignores it.
  virtual void SetEf(std::size_t ef) = 0;
  // Writes the ids of the k most similar to `ids`, and returns how many it found.
  virtual std::size_t Search(const float* query, std::uint32_t* ids) = 0;
  // False when the library has no such thing.
  virtual bool Save(const std::string& /*path*/) { return false; }
  virtual void Load(const std::string& /*path*/) {}
};

// The main of each program, whose command line is: VARIANT FOLDER [--m N] [--ef-construction N].
// `make` returns the index of a variant for data that outlives it, or null when it knows none.
int ServeIndex(int argc, char** argv,
               const std::function<std::unique_ptr<SearchedIndex>(
                   std::string_view variant, const SearchData&, const BuildOptions&)>& make);

}  // namespace larder::bench
