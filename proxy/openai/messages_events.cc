#include "proxy/openai/messages_events.h"

#include <array>
#include <utility>
#include <vector>

#include "proxy/json/json_edit.h"
#include "proxy/json/json_writer.h"
#include "proxy/json/raw_json.h"
#include "proxy/openai/event_writer.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 4> kToldAtTheEnd = {"stop_reason", "stop_sequence",
                                                           "stop_details", "container"};

class Events {
 public:
  explicit Events(std::size_t of_bytes) : writer_(of_bytes) {}

  void Start(RawJson message) {
    std::string opening(message.text());
    const auto set = [&](std::string_view name, std::string_view raw) {
      opening = ReplaceMember(opening, name, raw).value_or(opening);
    };
    set("content", "[]");
    for (const std::string_view later : kToldAtTheEnd) set(later, "null");
    if (const auto usage = message.Find("usage")) {
      // Some clients add what the end tells to it.
      set("usage",
          ReplaceMember(usage->text(), "output_tokens", "0").value_or(std::string(usage->text())));
    }
    Begin("message_start").Key("message").Raw(opening);
    End();
  }

  void Block(RawJson block) {
    std::string opening(block.text());
    const std::string type = block.FindString("type");
    std::vector<std::string> deltas;
    for (const RawMember& member : block.Members()) {
      const std::string name = member.name.Unescaped();
      const auto take = [&](std::string_view empty) {
        opening = ReplaceMember(opening, name, empty).value_or(opening);
      };
      if (name == "input" && member.value.is_object()) {
        take("{}");
        std::string escaped;
        AppendJsonString(member.value.text(), escaped);
        deltas.push_back(Delta("input_json_delta", "partial_json", escaped));
      } else if (name == "citations" && type == "text" && member.value.is_array()) {
        take("[]");
        for (const RawJson citation : member.value.Elements()) {
          deltas.push_back(Delta("citations_delta", "citation", citation.text()));
        }
      } else if (member.value.is_string() && Streams(type, name)) {
        take("\"\"");
        deltas.push_back(Delta(name + "_delta", name, member.value.text()));
      }
    }
    Begin("content_block_start").Member("index", index_).Key("content_block").Raw(opening);
    End();
    for (const std::string& delta : deltas) {
      Begin("content_block_delta").Member("index", index_).Key("delta").Raw(delta);
      End();
    }
    Begin("content_block_stop").Member("index", index_++);
    End();
  }

  std::optional<std::string> Finish(RawJson message) {
    Begin("message_delta").Key("delta").BeginObject();
    for (const std::string_view name : kToldAtTheEnd) {
      const auto value = message.Find(name);
      const bool is_always_told = name == "stop_reason" || name == "stop_sequence";
      if (value || is_always_told) json_.Key(name).Raw(value.value_or(RawJson()).text());
    }
    json_.EndObject();
    const RawJson usage = message.Find("usage").value_or(RawJson());
    json_.Key("usage").BeginObject().Key("output_tokens");
    json_.Raw(usage.Find("output_tokens").value_or(*RawJson::Parse("0")).text()).EndObject();
    End();
    Begin("message_stop");
    End();
    return writer_.Take();
  }

 private:
  static bool Streams(std::string_view type, std::string_view name) {
    return (type == "text" && name == "text") ||
           (type == "thinking" && (name == "thinking" || name == "signature"));
  }
  static std::string Delta(std::string_view type, std::string_view key, std::string_view raw) {
    JsonWriter json;
    json.BeginObject().Member("type", type).Key(key).Raw(raw).EndObject();
    return json.Take();
  }
  JsonWriter& Begin(std::string_view type) {
    type_ = type;
    json_ = JsonWriter();
    return json_.BeginObject().Member("type", type);
  }
  void End() {
    json_.EndObject();
    writer_.Add(type_, json_.str());
  }

  EventWriter writer_;
  JsonWriter json_;
  std::string type_;
  std::size_t index_ = 0;
};

}  // namespace

std::optional<std::string> MessageEvents(std::string_view whole) {
  const auto message = RawJson::Parse(whole);
  const auto content = message ? message->Find("content") : std::nullopt;
  if (!content || !content->is_array()) return std::nullopt;
  Events events(whole.size());
  events.Start(*message);
  for (const RawJson block : content->Elements()) events.Block(block);
  return events.Finish(*message);
}

}  // namespace larder
