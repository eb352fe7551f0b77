#include <algorithm>
#include <map>

#include "config/load_state.h"
#include "config/suggestion.h"
#include "config/toml_text.h"

namespace larder {
namespace {

void ApplyElement(LoadState& state, const GivenElement& given) {
  const TableSetting& table = *given.table;
  table.Append(state.loaded.config);
  const auto note = [&](std::string_view name, const ValueSource& source) {
    const std::string key = ElementKey(table, given.element, name);
    state.places[key] = source.place;
    state.loaded.origins[key] = source.origin;
  };
  note({}, given.source);
  for (const Setting& row : table.rows) {
    note(row.name(), {given.source.place,
                      row.inherits.empty() ? "default" : "as " + std::string(row.inherits)});
  }
  for (const GivenElement::Value& value : given.values) {
    value.row->write(state.loaded.config, value.value, given.element);
    note(value.row->name(), value.source);
  }
  for (const Setting& row : table.rows) {
    if (!row.required || given.names.contains(row.name())) continue;
    const std::string key = ElementKey(table, given.element, row.name());
    state.ProblemWith(key, std::string(row.key) + " is missing; every [[" + std::string(table.key) +
                               "]] needs one, such as " + std::string(row.name()) + " = " +
                               std::string(row.example));
  }
}

// Tells of each string of `items` that has been there before.
void CheckDistinct(LoadState& state, const std::string& key, std::string_view what,
                   std::vector<std::string> items) {
  std::sort(items.begin(), items.end());
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (items[i] != items[i - 1] || (i > 1 && items[i] == items[i - 2])) continue;
    state.ProblemWith(key, std::string(what) + " " + ShowText(items[i]) + " twice");
  }
}

class UpstreamChecks {
 public:
  explicit UpstreamChecks(LoadState& state)
      : state_(state), upstreams_(state.loaded.config.upstreams) {}

  void Run() {
    for (std::size_t i = 0; i < upstreams_.size(); ++i) CheckName(i);
    for (std::size_t i = 0; i < upstreams_.size(); ++i) CheckFallbacks(i);
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
      std::vector<std::string> names;
      for (const auto& [name, known_as] : upstreams_[i].aliases) names.push_back(name);
      CheckDistinct(state_, Key(i, "aliases"), "upstreams.aliases gives", std::move(names));
    }
  }

 private:
  static std::string Key(std::size_t element, std::string_view name) {
    return ElementKey(*FindTable("upstreams"), element, name);
  }

  void CheckName(std::size_t element) {
    const std::string key = Key(element, "name");
    if (state_.failed.contains(key)) {
      all_names_known_ = false;
      return;
    }
    const std::string& name = upstreams_[element].name;
    const auto [first, is_new] = names_.emplace(name, key);
    if (is_new) return;
    state_.ProblemWith(key, "upstreams.name " + TomlString(name) + " is taken by the one at " +
                                state_.places.find(first->second)->second);
  }

  void CheckFallbacks(std::size_t element) {
    const UpstreamOptions& upstream = upstreams_[element];
    const std::string key = Key(element, "fallbacks");
    std::vector<std::string_view> known;
    for (const auto& [name, at] : names_) known.push_back(name);
    for (const std::string& name : upstream.fallbacks) {
      if (name == upstream.name) {
        state_.ProblemWith(key, "upstreams.fallbacks names the upstream itself; name another");
      } else if (!names_.contains(name) && all_names_known_) {
        const std::string_view meant = Nearest(name, known);
        state_.ProblemWith(
            key, "upstreams.fallbacks names " + TomlString(name) + ", which is no upstream" +
                     (meant.empty() ? "; give one of [[upstreams]] this name, or name \"default\""
                                    : "; did you mean " + TomlString(meant) + "?"));
      }
    }
    CheckDistinct(state_, key, "upstreams.fallbacks names", upstream.fallbacks);
  }

  LoadState& state_;
  const std::vector<UpstreamOptions>& upstreams_;
  // Keys of names by name.
  std::map<std::string, std::string, std::less<>> names_ = {{"default", "upstream.url"}};
  bool all_names_known_ = true;
};

}  // namespace

void ApplyElements(LoadState& state) {
  for (const GivenElement& given : state.elements) ApplyElement(state, given);
}

void CheckUpstreams(LoadState& state) {
  UpstreamChecks(state).Run();
}

}  // namespace larder
