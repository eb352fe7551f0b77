#include "proxy/http/off_loop.h"

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
  };
  // Shared: the thread may still be inside NotifyAll when the fiber goes on.
  const auto state = std::make_shared<Done>();
  const bool accepted = pool_.Submit([&work, state] {
    work();
    MutexLock lock(state->mutex);
    state->done = true;
    state->changed.NotifyAll();
  });
  if (!accepted) {
    work();
    return;
  }
  MutexLock lock(state->mutex);
  while (!state->done) state->changed.Wait(state->mutex);
}

}  // namespace larder
