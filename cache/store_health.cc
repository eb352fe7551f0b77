#include "cache/store_health.h"

namespace larder {

std::string_view StoreStateName(StoreState state) {
  switch (state) {
    case StoreState::kOk:
      return "ok";
    case StoreState::kDegraded:
      return "degraded";
    case StoreState::kReadOnly:
      return "read-only";
    case StoreState::kUnusable:
      return "unusable";
  }
  return "unusable";
}

}  // namespace larder
