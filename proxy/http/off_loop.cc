#include "proxy/http/off_loop.h"

#include <exception>

#include "base/fiber.h"
#include "base/mutex.h"

namespace larder {

void OffLoop::Run(const std::function<void()>& work) const {
  if (Fiber::Current() == nullptr) {
    work();
    return;
  }
  struct Done {
    Mutex mutex;
    CondVar changed;
    bool done LARDER_GUARDED_BY(mutex) = false;
    std::exception_ptr thrown LARDER_GUARDED_BY(mutex);
  };
  // Shared: the thread may still be inside NotifyAll when the fiber goes on.
  const auto state = std::make_shared<Done>();
  const bool accepted = pool_.Submit([&work, state] {
    std::exception_ptr thrown;
    try {
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
    MutexLock lock(state->mutex);
    state->thrown = thrown;
    state->done = true;
    state->changed.NotifyAll();
  });
  if (!accepted) {
    work();
    return;
  }
  MutexLock lock(state->mutex);
  while (!state->done) state->changed.Wait(state->mutex);
  if (state->thrown != nullptr) std::rethrow_exception(state->thrown);
}

}  // namespace larder
