// SpacePair: a VectorSpace and the ReferenceSpace it has to agree with, changed together.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/reference_space.h"
#include "vector/vector_space.h"

namespace larder {

class SpacePair {
 public:
  explicit SpacePair(const VectorSpace::Options& options)
      : space(std::move(VectorSpace::Create(options)).value()), reference(options.metric) {}

  void Upsert(const std::string& id, const std::vector<float>& vector, Metadata metadata = {}) {
    const Status stored = space->Upsert({id, vector, &metadata});
    ASSERT_TRUE(stored.ok()) << stored.error().message;
    reference.Upsert(id, vector, std::move(metadata));
  }
  void Remove(const std::string& id) { ASSERT_EQ(space->Remove(id), reference.Remove(id)) << id; }
  void SetMetadata(const std::string& id, const Metadata& metadata) {
    ASSERT_EQ(space->SetMetadata(id, metadata), reference.SetMetadata(id, metadata)) << id;
  }
  void WorkToTheEnd() {
    while (space->Work(1000)) {
    }
  }

  // Searches, demands an answer that may be, and returns its recall.
  double Search(const std::vector<float>& query, const SearchOptions& options) {
    const auto answer = space->Search(query, options);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    if (!answer.ok()) return 0;
    const auto expected = reference.Search(query, options.k, options.filter);
    EXPECT_EQ(reference.Problem(answer->neighbours, query), "");
    EXPECT_EQ(answer->neighbours.size(), expected.size());
    if (options.filter != nullptr) {
      for (const Neighbour& one : answer->neighbours) {
        EXPECT_TRUE(Matches(*options.filter, one.id)) << one.id;
      }
    }
    const double recall = reference.Recall(answer->neighbours, expected, query);
    was_exact = answer->exact;
    if (was_exact) {
      EXPECT_EQ(recall, 1);
    }
    return recall;
  }
  void ExpectExact(const std::vector<float>& query, std::size_t k, const Filter* filter = nullptr) {
    EXPECT_EQ(Search(query, {.k = k, .exact = true, .filter = filter}), 1);
    EXPECT_TRUE(was_exact);
  }
  // The mean of so many searches beside points that are stored.
  double MeanRecall(const std::vector<std::vector<float>>& queries, const SearchOptions& options) {
    double sum = 0;
    for (const auto& query : queries) sum += Search(query, options);
    return sum / static_cast<double>(queries.size());
  }
  void ExpectSamePoints() {
    EXPECT_EQ(space->size(), reference.size());
    EXPECT_EQ(space->Ids(), reference.Matching(Filter()));
  }

  std::unique_ptr<VectorSpace> space;
  ReferenceSpace reference;
  bool was_exact = false;  // the last search

 private:
  bool Matches(const Filter& filter, const std::string& id) const {
    return filter.Matches(reference.MetadataOf(id));
  }
};

}  // namespace larder
