// Beam: the slots that a walk has met and that are no farther than the ef-th nearest of the
// admitted ones, in order; and which of them the walk has gone on from. Source: arXiv:1603.09320,
// algorithm 2, whose candidates and results it holds in one. Thread-safety: none; one walk owns it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace larder {

class Beam {
 public:
  static constexpr std::uint32_t kMostSlots = std::uint32_t{1} << 30;

  // Precondition: ef >= 1. Throws std::bad_alloc.
  explicit Beam(std::size_t ef) : ef_(ef) { places_.reserve(ef + 1); }

  struct Place {
    float distance;
    std::uint32_t slot : 30;
    std::uint32_t admitted : 1;
    std::uint32_t left : 1;  // the walk has gone on from here
  };

  // What is as far or farther would be refused.
  bool IsTooFar(float distance) const {
    return admitted_ == ef_ && distance >= places_.back().distance;
  }

  // False when it is too far away. Slots that are not admitted are steps of the walk only.
  bool Offer(float distance, std::uint32_t slot, bool admitted = true) {
    if (IsTooFar(distance)) return false;
    const auto at =
        std::upper_bound(places_.begin(), places_.end(), distance,
                         [](float value, const Place& place) { return value < place.distance; });
    next_ = std::min(next_, static_cast<std::size_t>(at - places_.begin()));
    places_.insert(at, {distance, slot, admitted, 0});
    if (admitted && ++admitted_ > ef_) {
      places_.pop_back();
      --admitted_;
    }
    // Full: it ends with the ef-th that is admitted.
    while (admitted_ == ef_ && places_.back().admitted == 0) places_.pop_back();
    return true;
  }

  // The nearest slot that the walk has not gone on from, which it now does.
  std::optional<std::uint32_t> Next() {
    while (next_ < places_.size() && places_[next_].left != 0) ++next_;
    if (next_ >= places_.size()) return std::nullopt;
    places_[next_].left = 1;
    return std::uint32_t{places_[next_++].slot};
  }

  const std::vector<Place>& places() const { return places_; }  // nearest first
  std::size_t admitted() const { return admitted_; }

 private:
  const std::size_t ef_;
  std::vector<Place> places_;
  std::size_t admitted_ = 0;
  std::size_t next_ = 0;  // all before it were left
};

}  // namespace larder
