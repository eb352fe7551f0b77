#include "base/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <boost/context/fiber.hpp>
#include <utility>

#ifdef __has_feature  // clang's way to say it
#if __has_feature(address_sanitizer)
#define LARDER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define LARDER_TSAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__  // GCC's
#define LARDER_ASAN 1
#endif
#ifdef __SANITIZE_THREAD__
#define LARDER_TSAN 1
#endif
#ifdef LARDER_ASAN
#include <sanitizer/asan_interface.h>
#endif
#ifdef LARDER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace larder {
namespace {

namespace context = boost::context;

thread_local Fiber* current = nullptr;

std::size_t GuardBytes() {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return page;
}

// Stacks begin at the same place of a page: without a shift of their own the hot ends of many would
// compete for the same few lines of the first cache.
std::size_t ShiftOf(const void* stack) {
  const auto page = reinterpret_cast<std::uintptr_t>(stack) / GuardBytes();
  return page * 11 % 64 * 64;
}

// Hands the runner's stack to a context, and keeps it when the context is done with it.
struct BorrowedStack {
  void* top;
  std::size_t bytes;
  context::stack_context allocate() const {
    context::stack_context stack;
    stack.size = bytes;
    stack.sp = top;
    return stack;
  }
  void deallocate(context::stack_context& /*stack*/) const {}
};

}  // namespace

struct Fiber::Context {
  explicit Context(void* lowest) : stack(lowest) {}

  // Told to the sanitizers around each switch: where the code goes on.
  void Leave(bool to_fiber, bool for_good) {
#ifdef LARDER_ASAN
    void** fake = for_good ? nullptr : to_fiber ? &outer_fake : &inner_fake;
    __sanitizer_start_switch_fiber(fake, to_fiber ? stack : outer_stack,
                                   to_fiber ? FiberRunner::kStackBytes : outer_bytes);
#endif
#ifdef LARDER_TSAN
    __tsan_switch_to_fiber(to_fiber ? tsan_fiber : tsan_outer, 0);
#endif
    static_cast<void>(to_fiber);
    static_cast<void>(for_good);
  }
  void Arrive(bool in_fiber) {
#ifdef LARDER_ASAN
    if (in_fiber) {
      __sanitizer_finish_switch_fiber(inner_fake, &outer_stack, &outer_bytes);
    } else {
      __sanitizer_finish_switch_fiber(outer_fake, nullptr, nullptr);
    }
#endif
    static_cast<void>(in_fiber);
  }

  void* const stack;  // its lowest byte
  context::fiber inside;
  context::fiber outside;
#ifdef LARDER_ASAN
  void* inner_fake = nullptr;
  void* outer_fake = nullptr;
  const void* outer_stack = nullptr;
  std::size_t outer_bytes = 0;
#endif
#ifdef LARDER_TSAN
  void* tsan_fiber = __tsan_create_fiber(0);
  void* tsan_outer = nullptr;
#endif
};

Fiber::Fiber(FiberRunner& runner, std::function<void()> body)
    : runner_(runner), body_(std::move(body)) {}

Fiber::~Fiber() {
#ifdef LARDER_TSAN
  if (context_ != nullptr) __tsan_destroy_fiber(context_->tsan_fiber);
#endif
}

Fiber* Fiber::Current() {
  return current;
}

bool Fiber::Suspend(std::uint64_t suspension, TimePoint deadline) {
  suspension_ = suspension;
  deadline_ = deadline;
  suspended_ = true;
  woken_ = false;
  Context& c = *context_;
  c.Leave(false, false);
  c.outside = std::move(c.outside).resume();
  c.Arrive(true);
  return woken_;
}

void Fiber::Wake(std::uint64_t suspension) {
  runner_.post_([self = shared_from_this(), suspension] {
    if (!self->suspended_ || self->suspension_ != suspension) return;
    self->woken_ = true;
    self->runner_.ResumeAndReap(self);
  });
}

void Fiber::Resume() {
  suspended_ = false;
  Context& c = *context_;
#ifdef LARDER_TSAN
  c.tsan_outer = __tsan_get_current_fiber();
#endif
  Fiber* const outer = std::exchange(current, this);
  c.Leave(true, false);
  c.inside = std::move(c.inside).resume();
  c.Arrive(false);
  current = outer;
}

FiberRunner::FiberRunner(Post post) : post_(std::move(post)) {}

FiberRunner::~FiberRunner() {
  for (void* stack : stacks_)
    ::munmap(static_cast<char*>(stack) - GuardBytes(), kStackBytes + GuardBytes());
}

void* FiberRunner::TakeStack() {
  if (!stacks_.empty()) {
    void* const stack = stacks_.back();
    stacks_.pop_back();
#ifdef LARDER_ASAN
    __asan_unpoison_memory_region(stack, kStackBytes);  // the last frames of the one before
#endif
    return stack;
  }
  void* const mapped = ::mmap(nullptr, kStackBytes + GuardBytes(), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  ::mprotect(mapped, GuardBytes(), PROT_NONE);  // what overflows a stack ends the process there
  return static_cast<char*>(mapped) + GuardBytes();
}

void FiberRunner::GiveStack(void* stack) {
  if (stacks_.size() < kKeptStacks) {
    stacks_.push_back(stack);
  } else {
    ::munmap(static_cast<char*>(stack) - GuardBytes(), kStackBytes + GuardBytes());
  }
}

bool FiberRunner::Run(std::function<void()> body) {
  void* const stack = TakeStack();
  if (stack == nullptr) return false;
  const std::shared_ptr<Fiber> fiber(new Fiber(*this, std::move(body)));
  fiber->context_ = std::make_unique<Fiber::Context>(stack);
  Fiber::Context& c = *fiber->context_;
  const std::size_t bytes = kStackBytes - ShiftOf(stack);
  const BorrowedStack borrowed{static_cast<char*>(stack) + bytes, bytes};
  c.inside =
      context::fiber(std::allocator_arg, borrowed, [raw = fiber.get()](context::fiber&& outside) {
        Fiber::Context& own = *raw->context_;
        own.outside = std::move(outside);
        own.Arrive(true);
        raw->body_();
        raw->body_ = nullptr;
        own.Leave(false, true);
        return std::move(own.outside);
      });
  fibers_.insert(fiber);
  ResumeAndReap(fiber);
  return true;
}

void FiberRunner::ResumeAndReap(const std::shared_ptr<Fiber>& fiber) {
  fiber->Resume();
  if (fiber->context_->inside) return;
  GiveStack(fiber->context_->stack);
  fibers_.erase(std::shared_ptr<Fiber>(fiber));
}

void FiberRunner::OnTick(Fiber::TimePoint now) {
  std::vector<std::shared_ptr<Fiber>> overdue;
  for (const auto& fiber : fibers_) {
    if (fiber->suspended_ && fiber->deadline_ <= now) overdue.push_back(fiber);
  }
  for (const auto& fiber : overdue) {
    // An earlier one of these may have woken it meanwhile; it is resumed once.
    if (fiber->suspended_ && fiber->deadline_ <= now) ResumeAndReap(fiber);
  }
}

}  // namespace larder
