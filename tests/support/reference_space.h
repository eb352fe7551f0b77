// ReferenceSpace: what a VectorSpace ought to answer: every point compared in double precision.
// Thread-safety: const methods beside each other.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "vector/filter.h"
#include "vector/metric.h"
#include "vector/vector_space.h"

namespace larder {

class ReferenceSpace {
 public:
  explicit ReferenceSpace(Metric metric) : metric_(metric) {}

  struct Found {
    std::string id;
    double score = 0;
  };

  void Upsert(const std::string& id, std::vector<float> vector, Metadata metadata = {}) {
    const double length = Length(vector);
    points_[id] = {next_++, std::move(vector), length, std::move(metadata)};
  }
  bool Remove(const std::string& id) { return points_.erase(id) > 0; }
  bool SetMetadata(const std::string& id, Metadata metadata) {
    const auto found = points_.find(id);
    if (found == points_.end()) return false;
    found->second.metadata = std::move(metadata);
    return true;
  }
  bool Contains(const std::string& id) const { return points_.contains(id); }
  std::size_t size() const { return points_.size(); }
  const std::vector<float>& VectorOf(const std::string& id) const { return points_.at(id).vector; }
  const Metadata& MetadataOf(const std::string& id) const { return points_.at(id).metadata; }

  // In the order in which they were stored.
  std::vector<std::string> Matching(const Filter& filter) const {
    std::map<std::size_t, std::string> by_age;
    for (const auto& [id, point] : points_) {
      if (filter.Matches(point.metadata)) by_age[point.age] = id;
    }
    std::vector<std::string> ids;
    for (const auto& [age, id] : by_age) ids.push_back(id);
    return ids;
  }

  std::vector<Found> Search(const std::vector<float>& query, std::size_t k,
                            const Filter* filter = nullptr) const {
    std::vector<std::pair<double, std::pair<std::size_t, const std::string*>>> all;
    const double length = Length(query);
    for (const auto& [id, point] : points_) {
      if (filter != nullptr && !filter->Matches(point.metadata)) continue;
      const double score = Score(point.vector, point.length, query, length);
      all.push_back({IsDistance(metric_) ? score : -score, {point.age, &id}});
    }
    const auto most = static_cast<std::ptrdiff_t>(std::min(k, all.size()));
    std::partial_sort(all.begin(), all.begin() + most, all.end());
    all.resize(static_cast<std::size_t>(most));
    std::vector<Found> found;
    for (const auto& [distance, point] : all) {
      found.push_back({*point.second, IsDistance(metric_) ? distance : -distance});
    }
    return found;
  }

  double ScoreOf(const std::string& id, const std::vector<float>& query) const {
    return Score(points_.at(id).vector, query);
  }
  // What a score may be off: 1e-5 of what the metric allows scores to be.
  double ScoreTolerance(const std::string& id, const std::vector<float>& query) const {
    const std::vector<float>& vector = points_.at(id).vector;
    if (metric_ == Metric::kCosine) return 1e-5;
    if (metric_ == Metric::kDot) return 1e-5 * Length(vector) * Length(query);
    return 1e-5 * (Length(vector) + Length(query));
  }

  double Score(const std::vector<float>& a, const std::vector<float>& b) const {
    return Score(a, Length(a), b, Length(b));
  }

  // The share of `expected` that `found` holds; one that is as near as the farthest expected
  // counts.
  double Recall(const std::vector<Neighbour>& found, const std::vector<Found>& expected,
                const std::vector<float>& query) const {
    if (expected.empty()) return 1;
    const Found& last = expected.back();
    const double tolerance = 1e-6 * (1 + std::abs(last.score));
    std::size_t hits = 0;
    for (const Neighbour& one : found) {
      const double score = ScoreOf(one.id, query);
      hits +=
          IsDistance(metric_) ? score <= last.score + tolerance : score >= last.score - tolerance;
    }
    return static_cast<double>(std::min(hits, expected.size())) /
           static_cast<double>(expected.size());
  }

  // Empty when `found` is what a search may answer: points that are stored, none twice, with the
  // right scores, in order. A sentence otherwise.
  std::string Problem(const std::vector<Neighbour>& found, const std::vector<float>& query) const {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto& [id, score] = found[i];
      if (!Contains(id)) return id + " is not stored";
      if (!seen.insert(id).second) return id + " is there twice";
      const double expected = ScoreOf(id, query);
      if (!(std::abs(score - expected) <= ScoreTolerance(id, query))) {
        return id + " has the score " + std::to_string(score) + " instead of " +
               std::to_string(expected);
      }
      if (i > 0 &&
          (IsDistance(metric_) ? found[i - 1].score > score : found[i - 1].score < score)) {
        return id + " is out of order";
      }
    }
    return {};
  }

 private:
  struct Point {
    std::size_t age = 0;
    std::vector<float> vector;
    double length = 0;
    Metadata metadata;
  };

  double Score(const std::vector<float>& a, double length_a, const std::vector<float>& b,
               double length_b) const {
    double sum = 0;
    if (metric_ == Metric::kEuclidean) {
      for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = static_cast<double>(a[i]) - b[i];
        sum += difference * difference;
      }
      return std::sqrt(sum);
    }
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
    return metric_ == Metric::kDot ? sum : sum / (length_a * length_b);
  }

  static double Length(const std::vector<float>& vector) {
    double squares = 0;
    for (const float x : vector) squares += static_cast<double>(x) * x;
    return std::sqrt(squares);
  }

  Metric metric_;
  std::map<std::string, Point> points_;
  std::size_t next_ = 0;
};

}  // namespace larder
