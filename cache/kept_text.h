// KeptText: a rendered form of an immutable entry, kept beside it once it has been asked for twice.
// It belongs to this object alone: a copy has none. Thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <string>

namespace larder {

class KeptText {
 public:
  KeptText() = default;
  KeptText(const KeptText& /*other*/) noexcept {}
  KeptText& operator=(const KeptText& /*other*/) noexcept { return *this; }
  ~KeptText() { delete text_.load(std::memory_order_relaxed); }

  // nullptr when there is none. It lives as long as this object.
  const std::string* Get() const { return text_.load(std::memory_order_acquire); }

  // Whether it has been asked for before: keeping what is asked for once would not pay.
  bool AskedAgain() const { return asked_.exchange(true, std::memory_order_relaxed); }

  // Keeps the text, unless there is one; true when it is this one.
  bool Keep(std::string text) const {
    auto kept = std::make_unique<const std::string>(std::move(text));
    const std::string* none = nullptr;
    if (!text_.compare_exchange_strong(none, kept.get(), std::memory_order_acq_rel)) return false;
    static_cast<void>(kept.release());
    return true;
  }

 private:
  mutable std::atomic<const std::string*> text_{nullptr};
  mutable std::atomic<bool> asked_{false};
};

}  // namespace larder
