#include "config/load_state.h"
#include "config/read_file.h"

namespace larder {
namespace {

constexpr std::size_t kMaxKeyFileBytes = 4U << 10;

// Where a key is named.
struct KeyPlace {
  std::string env_key;  // "encryption.key_env"
  std::string file_key;
  const std::string& variable;
  const std::string& path;
};

// A path is not shown: somebody may have put the key in its place.
std::optional<SecretKey> ReadKey(LoadState& state, const KeyPlace& place) {
  const auto parse = [&](std::string text, const std::string& key, const char* holder) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    auto parsed = SecretKey::Parse(text);
    Overwrite(text);
    if (parsed.ok()) return std::optional(*parsed);
    state.ProblemWith(key, key + holder + parsed.error().message);
    return std::optional<SecretKey>();
  };
  if (!place.variable.empty() && !place.path.empty()) {
    state.ProblemWith(place.file_key, place.file_key + " stands beside " + place.env_key +
                                          ": name one place that holds the key");
  } else if (!place.variable.empty()) {
    if (const auto value = state.Variable(place.variable)) {
      return parse(*value, place.env_key, " names a variable whose value ");
    }
    state.ProblemWith(
        place.env_key,
        place.env_key + " names a variable that is not set, or set to nothing; set it to the key");
  } else if (!place.path.empty()) {
    auto text = ReadSmallFile(place.path, kMaxKeyFileBytes);
    if (text.ok()) {
      return parse(std::move(text).value(), place.file_key, " names a file whose content ");
    }
    state.ProblemWith(place.file_key, place.file_key + " names a file that cannot be read: " +
                                          text.error().message);
  }
  return std::nullopt;
}

}  // namespace

void ReadEncryptionKeys(LoadState& state) {
  EncryptionOptions& options = state.loaded.config.encryption;
  options.key = ReadKey(
      state, {"encryption.key_env", "encryption.key_file", options.key_env, options.key_file});
  options.previous_key =
      ReadKey(state, {"encryption.previous_key_env", "encryption.previous_key_file",
                      options.previous_key_env, options.previous_key_file});
  if (!options.previous_key || options.key || state.failed.contains("encryption.key_env") ||
      state.failed.contains("encryption.key_file")) {
    return;
  }
  const std::string named = options.previous_key_env.empty() ? "encryption.previous_key_file"
                                                             : "encryption.previous_key_env";
  state.ProblemWith(named, named +
                               " names the key that was used before, and there is none to use now: "
                               "set encryption.key_env or encryption.key_file");
}

}  // namespace larder
