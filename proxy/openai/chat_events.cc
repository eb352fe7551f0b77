#include "proxy/openai/chat_events.h"

#include <utility>
#include <vector>

#include "proxy/json/json_edit.h"
#include "proxy/json/raw_json.h"
#include "proxy/openai/event_writer.h"

namespace larder {
namespace {

class Taker {
 public:
  Taker(Endpoint endpoint, RawJson answer, bool with_usage)
      : is_chat_(endpoint == Endpoint::kChat),
        with_usage_(with_usage),
        events_(answer.text().size()) {
    for (const RawMember& member : answer.Members()) {
      if (member.Is("choices") || member.Is("usage") || member.Is("object")) continue;
      // What names the answer stands in every event; what else there is, in the first.
      const bool names = !member.value.is_object() && !member.value.is_array();
      AppendMember(member, names ? base_ : first_);
    }
  }

  void TakeChoice(RawJson choice, std::size_t position) {
    index_ = std::string(choice.Find("index").value_or(RawJson()).text());
    if (index_ == "null") index_ = std::to_string(position);
    has_logprobs_ = false;
    logprobs_ = {};
    finish_.clear();
    RawJson message;
    std::string_view text = "\"\"";
    for (const RawMember& member : choice.Members()) {
      if (member.Is("message")) {
        message = member.value;
      } else if (member.Is("text") && !is_chat_) {
        text = member.value.text();
      } else if (member.Is("logprobs")) {
        has_logprobs_ = true;
        if (!member.value.is_null()) logprobs_ = member.value.text();
      } else if (!member.Is("index")) {
        AppendMember(member, finish_);
      }
    }
    if (is_chat_) {
      TakeMessage(message);
    } else {
      Say("\"text\":" + std::string(text), true);
    }
    if (logprobs_.data() != nullptr) Say(Empty(), true);
    Emit(Empty() + Logprobs("null") + (finish_.empty() ? "" : "," + finish_));
  }

  std::optional<std::string> Finish(RawJson usage) {
    if (with_usage_) Event("[]", ",\"usage\":" + std::string(usage.text()));
    events_.Add("", "[DONE]");
    return events_.Take();
  }

 private:
  static void AppendMember(const RawMember& member, std::string& out) {
    if (!out.empty()) out += ',';
    out += member.name.text();
    out += ':';
    out += member.value.text();
  }

  std::string Empty() const { return is_chat_ ? "\"delta\":{}" : "\"text\":\"\""; }
  std::string Logprobs(std::string_view value) const {
    return has_logprobs_ ? ",\"logprobs\":" + std::string(value) : "";
  }

  // An event that says `saying`; with the probabilities of what it says if they are its.
  void Say(const std::string& saying, bool has_its_logprobs) {
    if (events_.is_full()) return;
    std::string_view logprobs = "null";
    if (has_its_logprobs && logprobs_.data() != nullptr) logprobs = std::exchange(logprobs_, {});
    Emit(saying + Logprobs(logprobs) + ",\"finish_reason\":null");
  }
  void Delta(const std::string& members, bool has_its_logprobs = false) {
    Say("\"delta\":{" + members + "}", has_its_logprobs);
  }
  void Emit(const std::string& choice) {
    Event("[{\"index\":" + index_ + ',' + choice + "}]", with_usage_ ? ",\"usage\":null" : "");
  }
  void Event(std::string_view choices, std::string_view usage) {
    if (events_.is_full()) return;
    std::string data = "{" + base_;
    if (!base_.empty()) data += ',';
    data += is_chat_ ? R"("object":"chat.completion.chunk")" : R"("object":"text_completion")";
    data += ",\"choices\":";
    data += choices;
    if (!first_.empty()) data += ',' + std::exchange(first_, {});
    data += usage;
    events_.Add("", data + '}');
  }

  // The order in which models say things: what they thought, what they answer, what belongs to the
  // answer, whom they call.
  void TakeMessage(RawJson message) {
    std::vector<RawMember> thought, answer, other, calls;
    std::string opening;
    for (const RawMember& member : message.Members()) {
      const std::string name = member.name.Unescaped();
      const bool says = name == "content" || name == "refusal";
      if (name == "role" || member.value.is_null()) {
        AppendMember(member, opening);
      } else if (says && member.value.is_string()) {
        AppendMember({member.name, EmptyString()}, opening);
        if (!member.value.Inside().empty()) answer.push_back(member);
      } else if (says) {
        answer.push_back(member);
      } else if (name.starts_with("reasoning") || name.starts_with("thinking")) {
        thought.push_back(member);
      } else {
        (name == "tool_calls" ? calls : other).push_back(member);
      }
    }
    Delta(opening);
    for (const auto* members : {&thought, &answer, &other}) {
      for (const RawMember& member : *members) {
        std::string delta;
        AppendMember(member, delta);
        Delta(delta, members == &answer);
      }
    }
    for (const RawMember& member : calls) TakeCalls(member);
  }

  static RawJson EmptyString() { return *RawJson::Parse("\"\""); }

  void TakeCalls(const RawMember& calls) {
    const auto list = calls.value.Elements();
    if (list.empty()) {
      std::string delta;
      AppendMember(calls, delta);
      Delta(delta);
    }
    for (std::size_t i = 0; i < list.size(); ++i) TakeCall(list[i], std::to_string(i));
  }

  // Its name first, then what it is called with: a string inside of "function" or "custom".
  void TakeCall(RawJson call, const std::string& index) {
    std::string opening = "\"index\":" + index;
    std::string argument;
    for (const RawMember& member : call.Members()) {
      if (member.Is("index")) continue;
      const bool is_function = member.Is("function");
      const std::string_view name = is_function ? "arguments" : "input";
      const auto value =
          is_function || member.Is("custom") ? member.value.Find(name) : std::nullopt;
      if (!value || !value->is_string()) {
        AppendMember(member, opening);
        continue;
      }
      const auto emptied = ReplaceMember(member.value.text(), name, "\"\"");
      AppendMember({member.name, *RawJson::Parse(*emptied)}, opening);
      argument = std::string(member.name.text()) + ":{\"" + std::string(name) +
                 "\":" + std::string(value->text()) + '}';
    }
    Delta("\"tool_calls\":[{" + opening + "}]");
    if (!argument.empty()) Delta("\"tool_calls\":[{\"index\":" + index + ',' + argument + "}]");
  }

  const bool is_chat_;
  const bool with_usage_;
  EventWriter events_;
  std::string base_;
  std::string first_;
  // Of the choice at hand.
  std::string index_;
  bool has_logprobs_ = false;
  std::string_view logprobs_;  // that have not been told yet
  std::string finish_;
};

}  // namespace

std::optional<std::string> ChatEvents(Endpoint endpoint, std::string_view whole, bool with_usage) {
  const auto answer = RawJson::Parse(whole);
  if (!answer || !answer->is_object()) return std::nullopt;
  const RawJson usage = answer->Find("usage").value_or(RawJson());
  const auto choices = answer->Find("choices").value_or(RawJson()).Elements();
  if (choices.empty() || (with_usage && !usage.is_object())) return std::nullopt;
  Taker taker(endpoint, *answer, with_usage);
  for (std::size_t i = 0; i < choices.size(); ++i) taker.TakeChoice(choices[i], i);
  return taker.Finish(usage);
}

}  // namespace larder
