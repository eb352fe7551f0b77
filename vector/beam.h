// Beam: the ef nearest slots that a walk has met, in order, and which of them it has gone on from.
// Thread-safety: none; one walk owns it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace larder {

class Beam {
 public:
  // Precondition: ef >= 1. Throws std::bad_alloc.
  explicit Beam(std::size_t ef) : ef_(ef) { places_.reserve(ef + 1); }

  struct Place {
    float distance;
    std::uint32_t slot : 31;
    std::uint32_t left : 1;  // the walk has gone on from here
  };

  // False when it is too far away.
  bool Offer(float distance, std::uint32_t slot) {
    if (places_.size() == ef_) {
      if (distance >= places_.back().distance) return false;
      places_.pop_back();
    }
    const auto at =
        std::upper_bound(places_.begin(), places_.end(), distance,
                         [](float value, const Place& place) { return value < place.distance; });
    next_ = std::min(next_, static_cast<std::size_t>(at - places_.begin()));
    places_.insert(at, {distance, slot, 0});
    return true;
  }

  // The nearest slot that the walk has not gone on from, which it now does.
  std::optional<std::uint32_t> Next() {
    while (next_ < places_.size() && places_[next_].left != 0) ++next_;
    if (next_ == places_.size()) return std::nullopt;
    places_[next_].left = 1;
    return std::optional<std::uint32_t>(std::uint32_t{places_[next_++].slot});
  }

  const std::vector<Place>& places() const { return places_; }  // nearest first

 private:
  const std::size_t ef_;
  std::vector<Place> places_;
  std::size_t next_ = 0;  // all before it were left
};

}  // namespace larder
