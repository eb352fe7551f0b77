// Fiber: a function with a stack of its own that can stand still while its thread goes on. What
// waits on a CondVar (base/mutex.h) within a fiber suspends the fiber, not the thread, so that code
// written one step after another serves thousands of requests on one event loop.
//
// A fiber never changes its thread. It must not wait in any other way than on a CondVar (no sleep,
// no blocking read), and hold no mutex beside the one that it waits with.
// Built on Boost.Context; sanitizers are told of every switch.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

namespace larder {

class FiberRunner;

// Thread-safety: Wake from any thread, Current from any; the rest on the fiber itself.
class Fiber : public std::enable_shared_from_this<Fiber> {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // The one that is running on this thread; nullptr outside any.
  static Fiber* Current();

  // Names the suspension that comes next, so that it can be woken before it has begun.
  std::uint64_t NextSuspension() const { return suspension_ + 1; }
  // Stands still until that suspension is woken (true) or the runner's first tick behind `deadline`
  // (false).
  bool Suspend(std::uint64_t suspension, TimePoint deadline);
  // Lets it go on, by way of the runner's Post. Without effect on a suspension that is over.
  void Wake(std::uint64_t suspension);

 private:
  friend class FiberRunner;
  struct Context;
  Fiber(FiberRunner& runner, std::function<void()> body);
  void Resume();

  FiberRunner& runner_;
  std::function<void()> body_;
  std::unique_ptr<Context> context_;
  std::uint64_t suspension_ = 0;
  bool suspended_ = false;
  bool woken_ = false;
  TimePoint deadline_{};
};

// Runs fibers on one thread. Thread-safety: everything on that thread; fibers are woken from any.
class FiberRunner {
 public:
  static constexpr std::size_t kStackBytes = 512UL * 1024;  // address space; what is used is less

  // `post` runs a task on the runner's thread, soon, but not within the call; from any thread. It
  // outlives every fiber and those who wake them.
  using Post = std::function<void(std::function<void()>)>;
  explicit FiberRunner(Post post);
  // Precondition: alive() == 0.
  ~FiberRunner();
  FiberRunner(const FiberRunner&) = delete;
  FiberRunner& operator=(const FiberRunner&) = delete;

  // Runs `body` as a fiber: until it first stands still, then piece by piece. False, and nothing
  // was run, when there is no memory for a stack.
  bool Run(std::function<void()> body);
  // Lets those go on whose deadline has passed.
  void OnTick(Fiber::TimePoint now);
  // Fibers that have not ended.
  std::size_t alive() const { return fibers_.size(); }

 private:
  friend class Fiber;
  static constexpr std::size_t kKeptStacks = 64;
  void* TakeStack();  // nullptr: no memory
  void GiveStack(void* stack);
  void ResumeAndReap(const std::shared_ptr<Fiber>& fiber);

  const Post post_;
  std::unordered_set<std::shared_ptr<Fiber>> fibers_;  // shared with those who may wake them
  std::vector<void*> stacks_;
};

}  // namespace larder
