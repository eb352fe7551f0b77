// Waiting for what another thread will do. Thread-safe.
#pragma once

#include <chrono>
#include <thread>

namespace larder {

// Asks `check` again and again; false when it did not answer true within 20 s.
template <typename Check>
bool Eventually(Check check) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!check()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace larder
