#include "app/process_guard.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace larder {

Status GuardProcess(bool core_dumps) {
  ::umask(0027);
  if (core_dumps) return {};
  const rlimit none{0, 0};
  // The limit does not hold for a core that is piped to a program, which the flag does for.
  if (::setrlimit(RLIMIT_CORE, &none) == 0 && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return {};
  return Error{ErrorCode::kIo, ErrorOrigin::kSelf,
               std::string("cannot turn core dumps off: ") + std::strerror(errno) +
                   "; server.core_dumps = true allows them"};
}

}  // namespace larder
