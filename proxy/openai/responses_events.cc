#include "proxy/openai/responses_events.h"

#include "proxy/json/json_edit.h"
#include "proxy/json/json_writer.h"
#include "proxy/json/raw_json.h"
#include "proxy/openai/event_writer.h"
#include "proxy/openai/sse_reader.h"

namespace larder {
namespace {

// `json` with `raw` as its member `name`, if it has one.
std::string With(const std::string& json, std::string_view name, std::string_view raw) {
  return ReplaceMember(json, name, raw).value_or(json);
}

std::string_view TextOf(RawJson object, std::string_view member, std::string_view otherwise) {
  const auto value = object.Find(member);
  return value && !value->is_null() ? value->text() : otherwise;
}

class Events {
 public:
  explicit Events(std::size_t of_bytes) : writer_(of_bytes) {}

  void Response(std::string_view type, std::string_view response) {
    Begin(type).Key("response").Raw(response);
    End();
  }

  void Item(RawJson item, std::size_t position) {
    output_index_ = position;
    item_id_ = TextOf(item, "id", "\"\"");
    const std::string type = item.FindString("type");
    Added(item);
    if (type == "message") {
      Parts(item.Find("content").value_or(RawJson()));
    } else if (type == "reasoning") {
      Summaries(item.Find("summary").value_or(RawJson()));
      Parts(item.Find("content").value_or(RawJson()));
    } else if (type == "function_call") {
      Call(item, "response.function_call_arguments", "arguments");
    } else if (type == "custom_tool_call") {
      Call(item, "response.custom_tool_call_input", "input");
    }
    Begin("response.output_item.done").Member("output_index", output_index_);
    json_.Key("item").Raw(item.text());
    End();
  }

  std::optional<std::string> Take() { return writer_.Take(); }

 private:
  JsonWriter& Begin(std::string_view type) {
    type_ = type;
    json_ = JsonWriter();
    return json_.BeginObject().Member("type", type).Member("sequence_number", number_++);
  }
  void End() {
    json_.EndObject();
    writer_.Add(type_, json_.str());
  }
  // About a part of the item: which.
  JsonWriter& BeginPart(std::string_view type) {
    Begin(type).Key("item_id").Raw(item_id_).Member("output_index", output_index_);
    if (!place_.empty()) json_.Member(place_, part_index_);
    return json_;
  }
  void Whole(std::string_view type, std::string_view key, std::string_view raw) {
    BeginPart(type).Key(key).Raw(raw);
    End();
  }

  // The item before anything was said.
  void Added(RawJson item) {
    const std::string type = item.FindString("type");
    std::string opening(item.text());
    const bool streams = type == "message" || type == "reasoning" || type == "function_call" ||
                         type == "custom_tool_call";
    if (streams) opening = With(opening, "status", "\"in_progress\"");
    for (const std::string_view list : {"content", "summary"}) {
      const auto value = item.Find(list);
      if (streams && value && value->is_array()) opening = With(opening, list, "[]");
    }
    if (type == "function_call") opening = With(opening, "arguments", "\"\"");
    if (type == "custom_tool_call") opening = With(opening, "input", "\"\"");
    Begin("response.output_item.added").Member("output_index", output_index_);
    json_.Key("item").Raw(opening);
    End();
  }

  void Call(RawJson item, const std::string& type, std::string_view key) {
    place_ = {};
    const std::string_view text = TextOf(item, key, "\"\"");
    Whole(type + ".delta", "delta", text);
    BeginPart(type + ".done");
    if (key == "arguments") json_.Key("name").Raw(TextOf(item, "name", "\"\""));
    json_.Key(key).Raw(text);
    End();
  }

  void Summaries(RawJson summaries) {
    place_ = "summary_index";
    part_index_ = 0;
    for (const RawJson part : summaries.Elements()) {
      if (writer_.is_full()) return;
      const std::string_view text = TextOf(part, "text", "\"\"");
      Whole("response.reasoning_summary_part.added", "part",
            With(std::string(part.text()), "text", "\"\""));
      Whole("response.reasoning_summary_text.delta", "delta", text);
      Whole("response.reasoning_summary_text.done", "text", text);
      Whole("response.reasoning_summary_part.done", "part", part.text());
      ++part_index_;
    }
  }

  void Parts(RawJson parts) {
    place_ = "content_index";
    part_index_ = 0;
    for (const RawJson part : parts.Elements()) {
      if (writer_.is_full()) return;
      const std::string type = part.FindString("type");
      if (type == "output_text") {
        OutputText(part);
      } else if (type == "refusal") {
        TextPart(part, "response.refusal", "refusal");
      } else if (type == "reasoning_text") {
        TextPart(part, "response.reasoning_text", "text");
      } else {
        Whole("response.content_part.added", "part", part.text());
      }
      Whole("response.content_part.done", "part", part.text());
      ++part_index_;
    }
  }

  void TextPart(RawJson part, const std::string& type, std::string_view key) {
    const std::string_view text = TextOf(part, key, "\"\"");
    Whole("response.content_part.added", "part", With(std::string(part.text()), key, "\"\""));
    Whole(type + ".delta", "delta", text);
    Whole(type + ".done", key, text);
  }

  void OutputText(RawJson part) {
    std::string opening = With(std::string(part.text()), "text", "\"\"");
    for (const std::string_view list : {"annotations", "logprobs"}) {
      opening = With(opening, list, "[]");
    }
    Whole("response.content_part.added", "part", opening);
    const std::string_view text = TextOf(part, "text", "\"\"");
    const std::string_view logprobs = TextOf(part, "logprobs", "[]");
    BeginPart("response.output_text.delta").Key("delta").Raw(text).Key("logprobs").Raw(logprobs);
    End();
    std::size_t annotation_index = 0;
    for (const RawJson annotation : part.Find("annotations").value_or(RawJson()).Elements()) {
      if (writer_.is_full()) return;
      BeginPart("response.output_text.annotation.added");
      json_.Member("annotation_index", annotation_index++).Key("annotation").Raw(annotation.text());
      End();
    }
    BeginPart("response.output_text.done").Key("text").Raw(text).Key("logprobs").Raw(logprobs);
    End();
  }

  EventWriter writer_;
  JsonWriter json_;
  std::string type_;
  std::size_t number_ = 0;
  std::size_t output_index_ = 0;
  std::string item_id_;     // JSON
  std::string_view place_;  // "content_index", "summary_index" or none
  std::size_t part_index_ = 0;
};

}  // namespace

std::optional<std::string> AssembleResponse(std::string_view stream) {
  SseReader reader;
  reader.Feed(stream);
  while (const auto event = reader.Next()) {
    if (event->data.find("response.completed") == std::string_view::npos) continue;
    const auto data = RawJson::Parse(event->data);
    if (!data || data->FindString("type") != "response.completed") continue;
    const auto response = data->Find("response");
    if (!response || !response->is_object()) return std::nullopt;
    return std::string(response->text());
  }
  return std::nullopt;
}

std::optional<std::string> ResponseEvents(std::string_view whole) {
  const auto answer = RawJson::Parse(whole);
  const auto output = answer ? answer->Find("output") : std::nullopt;
  if (!output || !output->is_array()) return std::nullopt;
  std::string opening = With(std::string(answer->text()), "output", "[]");
  opening = With(opening, "status", "\"in_progress\"");
  for (const std::string_view later : {"usage", "completed_at", "output_text"}) {
    opening = With(opening, later, "null");
  }
  Events events(whole.size());
  events.Response("response.created", opening);
  events.Response("response.in_progress", opening);
  std::size_t position = 0;
  for (const RawJson item : output->Elements()) events.Item(item, position++);
  events.Response("response.completed", answer->text());
  return events.Take();
}

}  // namespace larder
