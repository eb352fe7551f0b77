// What a LoadConfig has found so far, and its steps. Only the files that make up LoadConfig include
// it. Thread-safety: none; one load, one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "config/settings.h"

namespace larder {

// What a source says of itself: in a problem's line, and beside an effective value.
struct ValueSource {
  std::string place;
  std::string origin;
};

// An element of an array of tables, and what the file gives of it.
struct GivenElement {
  struct Value {
    const Setting* row = nullptr;
    SettingValue value;
    ValueSource source;
  };

  const TableSetting* table = nullptr;
  std::size_t element = 0;
  ValueSource source;
  std::vector<Value> values = {};
  std::set<std::string_view> names = {};  // of the rows that are given, wrongly or rightly
};

struct LoadState {
  const LoadInputs& inputs;
  LoadedConfig loaded = {};
  std::vector<std::string> problems = {};
  std::map<std::string, std::string, std::less<>> places = {};  // by key; of the effective value
  std::set<std::string, std::less<>> failed = {};               // keys that some source set wrongly
  std::vector<GivenElement> elements = {};                      // in the order of the file

  std::optional<std::string> Variable(std::string_view name) const;
  void Problem(const std::string& place, const std::string& sentence);
  // Where `key` has its effective value, which was found to be wrong.
  void ProblemWith(std::string_view key, const std::string& sentence);
  // Takes `value` for the setting, or tells why not.
  void Apply(const Setting& setting, const Result<SettingValue>& value, const ValueSource& source);
};

// The file that the flag or the environment names.
void ApplyFile(LoadState& state);

// Makes the elements of arrays of tables out of what the file gave of them. Comes when all else has
// been applied: what an element does not give may come from there.
void ApplyElements(LoadState& state);

// That the upstreams' names are different, and that each fallback is one of them.
void CheckUpstreams(LoadState& state);

// The secrets that [[keys]] name, of which the SHA-256 is kept; that keys are different, and that
// the upstreams they name are there.
void ReadKeys(LoadState& state);

// Reads what settings only name: CA files (to know that they can be read), the upstreams'
// credentials, the admin token's file.
void ReadNamed(LoadState& state);

// Reads an upstream's key, or what its access tokens are asked for with, and checks that what
// belongs together is there. `key`: "upstream" or "upstreams[1]", which messages call `shown`.
void ReadCredentials(LoadState& state, UpstreamOptions& upstream, const std::string& key,
                     const std::string& shown);

// Reads the secret of the OpenID provider's client, and checks that what a login needs is there.
void CheckOidc(LoadState& state);

// Without the line end that editors and `openssl rand` leave.
std::string_view FirstLine(std::string_view text);
// Of a file that holds a secret.
inline constexpr std::size_t kMaxSecretFileBytes = 64U << 10;

// The keys that [encryption] names.
void ReadEncryptionKeys(LoadState& state);

}  // namespace larder
