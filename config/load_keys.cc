#include <algorithm>
#include <map>

#include "base/sha256.h"
#include "config/load_state.h"
#include "config/read_file.h"
#include "config/suggestion.h"
#include "config/text_checks.h"
#include "config/toml_text.h"

// The secrets of [[keys]], of which only the SHA-256 is kept, and what keys name.

namespace larder {
namespace {

constexpr std::size_t kMaxSecretFileBytes = 64U << 10;
constexpr std::size_t kLeastSecretBytes = 16;

class KeyChecks {
 public:
  explicit KeyChecks(LoadState& state) : state_(state) {}

  void Run() {
    std::vector<ConfiguredKey>& keys = state_.loaded.config.keys;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ReadSecret(keys[i], i);
      CheckUpstreams(keys[i], i);
    }
    std::map<std::string, std::string> names;
    std::map<std::string, std::string> digests;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      CheckNew(names, keys[i].name, Key(i, "name"), "keys.name is taken by the one at ");
      if (keys[i].sha256.empty()) continue;
      CheckNew(digests, keys[i].sha256, Key(i, "name"),
               "this key has the same secret as the one at ");
    }
  }

 private:
  static std::string Key(std::size_t element, std::string_view name) {
    return ElementKey(*FindTable("keys"), element, name);
  }

  void CheckNew(std::map<std::string, std::string>& known, const std::string& value,
                const std::string& key, const std::string& sentence) {
    const auto [first, is_new] = known.emplace(value, key);
    if (!is_new) state_.ProblemWith(key, sentence + state_.places.find(first->second)->second);
  }

  // Messages show neither a secret nor a path or a name that may be one in the wrong place.
  void ReadSecret(ConfiguredKey& key, std::size_t element) {
    const int given = static_cast<int>(!key.sha256.empty()) +
                      static_cast<int>(!key.secret_env.empty()) +
                      static_cast<int>(!key.secret_file.empty());
    if (given != 1) {
      if (state_.failed.contains(Key(element, "sha256"))) return;
      state_.ProblemWith(Key(element, "name"),
                         "every [[keys]] needs one of sha256, secret_env and secret_file, and only "
                         "one");
      return;
    }
    if (!key.secret_env.empty()) {
      const auto value = state_.Variable(key.secret_env);
      if (value) {
        Take(key, *value, Key(element, "secret_env"),
             "keys.secret_env names a variable whose value ");
      } else {
        state_.ProblemWith(Key(element, "secret_env"),
                           "keys.secret_env names a variable that is not set, or set to nothing; "
                           "set it to the key's secret");
      }
    } else if (!key.secret_file.empty()) {
      const auto text = ReadSmallFile(key.secret_file, kMaxSecretFileBytes);
      if (text.ok()) {
        Take(key, FirstLine(*text), Key(element, "secret_file"),
             "keys.secret_file names a file whose content ");
      } else {
        state_.ProblemWith(
            Key(element, "secret_file"),
            "keys.secret_file names a file that cannot be read: " + text.error().message);
      }
    }
  }

  void Take(ConfiguredKey& key, std::string_view text, const std::string& at,
            const std::string& holder) {
    const auto secret = NormaliseApiKey(text);
    if (!secret.ok()) {
      state_.ProblemWith(at, holder + secret.error().message);
    } else if (secret->size() < kLeastSecretBytes) {
      state_.ProblemWith(at, holder +
                                 "is too short to be a secret: use 16 characters or more, as "
                                 "openssl rand -hex 24 gives");
    } else {
      key.sha256 = ToHex(Sha256Of(*secret));
    }
  }

  void CheckUpstreams(const ConfiguredKey& key, std::size_t element) {
    std::vector<std::string_view> known = {"default"};
    for (const UpstreamOptions& upstream : state_.loaded.config.upstreams) {
      known.push_back(upstream.name);
    }
    for (const std::string& name : key.upstreams) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string_view meant = Nearest(name, known);
      state_.ProblemWith(
          Key(element, "upstreams"),
          "keys.upstreams names " + TomlString(name) + ", which is no upstream" +
              (meant.empty() ? std::string("; name one of [[upstreams]], or \"default\"")
                             : "; did you mean " + TomlString(meant) + "?"));
    }
  }

  LoadState& state_;
};

}  // namespace

void ReadKeys(LoadState& state) {
  KeyChecks(state).Run();
}

}  // namespace larder
