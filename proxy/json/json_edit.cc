#include "proxy/json/json_edit.h"

#include <algorithm>

#include "proxy/json/raw_json.h"

namespace larder {
namespace {

// Where a member stands in the text of its object.
struct Place {
  std::size_t begin;  // of its name
  std::size_t value;
  std::size_t end;
  bool is_meant;
};

std::vector<Place> PlacesOf(std::string_view json, std::string_view name) {
  std::vector<Place> places;
  const auto object = RawJson::Parse(json);
  if (!object) return places;
  for (const RawMember& member : object->Members()) {
    const auto at = [&](RawJson part) {
      return static_cast<std::size_t>(part.text().data() - json.data());
    };
    places.push_back({at(member.name), at(member.value),
                      at(member.value) + member.value.text().size(), member.Is(name)});
  }
  return places;
}

bool HasMeant(const std::vector<Place>& places) {
  return std::any_of(places.begin(), places.end(), [](const Place& p) { return p.is_meant; });
}

}  // namespace

std::optional<std::string> ReplaceMember(std::string_view json, std::string_view name,
                                         std::string_view raw_value) {
  const auto places = PlacesOf(json, name);
  if (!HasMeant(places)) return std::nullopt;
  std::string out;
  std::size_t copied = 0;
  for (const Place& place : places) {
    if (!place.is_meant) continue;
    out.append(json, copied, place.value - copied);
    out += raw_value;
    copied = place.end;
  }
  out.append(json, copied);
  return out;
}

std::optional<std::string> RemoveMember(std::string_view json, std::string_view name) {
  const auto places = PlacesOf(json, name);
  if (!HasMeant(places)) return std::nullopt;
  std::string out(json.substr(0, places.front().begin));
  // Between two members that stay: what stood behind the first of them.
  std::string_view between;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].is_meant) continue;
    out += between;
    out.append(json, places[i].begin, places[i].end - places[i].begin);
    if (i + 1 < places.size()) {
      between = json.substr(places[i].end, places[i + 1].begin - places[i].end);
    }
  }
  out.append(json, places.back().end);
  return out;
}

}  // namespace larder
