#include "cache/store.h"

namespace larder {

std::string_view FamilyName(Family family) {
  switch (family) {
    case Family::kEmbeddings:
      return "embeddings";
    case Family::kInputs:
      return "inputs";
    case Family::kResponses:
      return "responses";
    case Family::kHistory:
      return "history";
    case Family::kResponseIds:
      return "response_ids";
  }
  return "unknown";
}

}  // namespace larder
