// What the system may do with the process's memory and files. Thread-safety: before threads.
#pragma once

#include "base/result.h"

namespace larder {

// Files that are made are open to the owner, and to be read by his group, at most. Without
// `core_dumps` a crash leaves no image of the memory, and no other process of the same user, but
// for one with special rights, may look into it: a debugger needs them. Errors: kIo.
Status GuardProcess(bool core_dumps);

}  // namespace larder
