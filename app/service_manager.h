// Telling systemd how the process is (sd_notify(3)), where it asked to be told: NOTIFY_SOCKET.
// Thread-safety: any thread; reads the environment.
#pragma once

#include <string_view>

namespace larder {

// "READY=1", "STOPPING=1", ... Does nothing outside systemd; what cannot be told is lost.
void TellServiceManager(std::string_view state);

}  // namespace larder
