#include "proxy/openai/chat_assembly.h"

#include <array>
#include <charconv>
#include <map>

#include "proxy/openai/merged_json.h"
#include "proxy/openai/sse_reader.h"

namespace larder {
namespace {

using Rule = MergedJson::Rule;

struct Choice {
  MergedJson message;  // of a chat
  MergedJson around;   // every other member but the index
};

// Members of a choice, beside its delta, that come piece by piece.
bool Grows(std::string_view name) {
  constexpr std::array<std::string_view, 5> kGrowing = {"text", "logprobs", "reasoning",
                                                        "reasoning_content", "token_ids"};
  return std::find(kGrowing.begin(), kGrowing.end(), name) != kGrowing.end();
}

class Assembly {
 public:
  explicit Assembly(Endpoint endpoint) : endpoint_(endpoint) {}

  bool Add(std::string_view data) {
    const auto chunk = RawJson::Parse(data);
    if (!chunk || !chunk->is_object()) return false;
    for (const RawMember& member : chunk->Members()) {
      if (member.Is("choices")) {
        for (const RawJson choice : member.value.Elements()) AddChoice(choice);
        answer_.AddMember("choices", RawJson(), Rule::kLatest);  // keeps its place
      } else if (!member.Is("obfuscation") && !(member.Is("usage") && member.value.is_null())) {
        answer_.AddMember(member.name.Unescaped(), member.value, Rule::kLatest);
      }
    }
    return true;
  }

  std::optional<std::string> Finish() {
    if (choices_.empty()) return std::nullopt;
    answer_.SetMember(
        "object", endpoint_ == Endpoint::kChat ? R"("chat.completion")" : R"("text_completion")");
    answer_.SetMember("choices", Choices());
    std::string out;
    answer_.AppendTo(out);
    return out;
  }

 private:
  void AddChoice(RawJson choice) {
    std::int64_t index = 0;
    const std::string_view text = choice.Find("index").value_or(RawJson()).text();
    std::from_chars(text.data(), text.data() + text.size(), index);
    Choice& merged = choices_[index];
    for (const RawMember& member : choice.Members()) {
      const std::string name = member.name.Unescaped();
      if (name == "delta") {
        if (member.value.is_object()) merged.message.Add(name, member.value, Rule::kGrows);
      } else if (name != "index") {
        merged.around.AddMember(name, member.value, Grows(name) ? Rule::kGrows : Rule::kLatest);
      }
    }
  }

  // What every message has, and clients expect, but no event need have told.
  static void Complete(MergedJson& message) {
    const auto has = [&](std::string_view name) {
      const MergedJson* member = message.Find(name);
      return member != nullptr && !member->is_empty();
    };
    if (!has("role")) message.SetMember("role", R"("assistant")");
    const MergedJson* content = message.Find("content");
    const bool opened_empty = content != nullptr && content->is_empty_string();
    const bool says_else =
        has("tool_calls") || has("function_call") || has("refusal") || has("audio");
    // Streams open with an empty text whatever follows.
    if (content == nullptr || (opened_empty && says_else)) message.SetMember("content", "null");
  }

  std::string Choices() {
    std::string out = "[";
    for (auto& [index, choice] : choices_) {
      if (out.size() > 1) out += ',';
      out += "{\"index\":" + std::to_string(index);
      if (endpoint_ == Endpoint::kChat) {
        Complete(choice.message);
        out += ",\"message\":";
        choice.message.AppendTo(out);
      }
      if (!choice.around.is_empty()) {
        out += ',';
        choice.around.AppendMembersTo(out);
      }
      out += '}';
    }
    return out + ']';
  }

  Endpoint endpoint_;
  MergedJson answer_;
  std::map<std::int64_t, Choice> choices_;
};

}  // namespace

std::optional<std::string> AssembleChat(Endpoint endpoint, std::string_view stream) {
  Assembly assembly(endpoint);
  SseReader reader;
  reader.Feed(stream);
  while (const auto event = reader.Next()) {
    if (!event->has_data) continue;
    if (event->data == "[DONE]") break;
    if (!assembly.Add(event->data)) return std::nullopt;
  }
  return assembly.Finish();
}

}  // namespace larder
