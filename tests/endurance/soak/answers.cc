#include "tests/endurance/soak/answers.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "base/base64.h"

namespace larder::soak {
namespace {

std::uint64_t Mix(std::uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
  return word ^ (word >> 31);
}

std::uint64_t HashOf(std::string_view credential, std::string_view model, std::string_view text) {
  std::uint64_t hash = 0x9e3779b97f4a7c15U;
  for (const std::string_view part : {credential, model, text}) {
    for (const char byte : part) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    hash = Mix(hash ^ part.size());
  }
  return hash;
}

std::string Base64Of(const Vector& vector) {
  std::string bytes(sizeof(vector), '\0');
  std::memcpy(bytes.data(), vector.data(), bytes.size());
  std::string text;
  AppendBase64(bytes, text);
  return text;
}

void AppendFloats(const Vector& vector, std::string& out) {
  std::array<char, 32> text;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    out += i == 0 ? '[' : ',';
    out.append(text.data(), std::to_chars(text.begin(), text.end(), vector[i]).ptr);
  }
  out += ']';
}

// Takes `what` off the front of `text`.
bool Take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

bool TakeFloats(std::string_view& text, const Vector& vector) {
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (!Take(text, i == 0 ? "[" : ",")) return false;
    float value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() ||
        std::bit_cast<std::uint32_t>(value) != std::bit_cast<std::uint32_t>(vector[i])) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  return Take(text, "]");
}

std::vector<std::string> WordsOf(std::string_view credential, const ChatCall& call) {
  const std::uint64_t hash = HashOf(credential, call.model, call.text);
  std::vector<std::string> words;
  for (std::uint64_t i = 0; i < 4 + hash % 13; ++i) {
    words.push_back(" w" + std::to_string(Mix(hash + i) % 100000) + " \xc3\xa9");
  }
  return words;
}

std::string IdOf(std::string_view credential, const ChatCall& call) {
  return "chatcmpl-" + std::to_string(HashOf(credential, call.model, call.text));
}

}  // namespace

Vector VectorOf(std::string_view credential, std::string_view model, std::string_view text) {
  const std::uint64_t hash = HashOf(credential, model, text);
  Vector vector;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const auto bits = static_cast<std::int32_t>(Mix(hash + i * 0x9e3779b97f4a7c15U) >> 32);
    vector[i] = static_cast<float>(bits) / 2147483648.0F;
  }
  return vector;
}

std::string_view TextMember(std::string_view json, std::string_view name) {
  const std::string key = '"' + std::string(name) + "\":";
  const auto found = json.rfind(key);
  if (found == json.npos) return {};
  std::string_view rest = json.substr(found + key.size());
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (!Take(rest, "\"")) return {};
  return rest.substr(0, rest.find('"'));
}

EmbeddingsCall ReadEmbeddingsCall(std::string_view body) {
  EmbeddingsCall call;
  call.model = TextMember(body, "model");
  call.base64 = TextMember(body, "encoding_format") == "base64";
  constexpr std::string_view kInput = "\"input\":";
  const auto found = body.find(kInput);
  if (found == body.npos) return call;
  std::string_view rest = body.substr(found + kInput.size());
  const bool one = !Take(rest, "[");
  while (Take(rest, "\"")) {
    call.texts.emplace_back(rest.substr(0, rest.find('"')));
    rest.remove_prefix(call.texts.back().size() + 1);
    if (one || !Take(rest, ",")) break;
  }
  return call;
}

std::string EmbeddingsBody(std::string_view credential, const EmbeddingsCall& call) {
  std::string body = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < call.texts.size(); ++i) {
    const Vector vector = VectorOf(credential, call.model, call.texts[i]);
    if (i > 0) body += ',';
    body += R"({"object":"embedding","index":)" + std::to_string(i) + R"(,"embedding":)";
    if (call.base64) {
      ((body += '"') += Base64Of(vector)) += '"';
    } else {
      AppendFloats(vector, body);
    }
    body += '}';
  }
  const std::string tokens = std::to_string(call.texts.size() * 5);
  return body + R"(],"model":")" + call.model + R"(","usage":{"prompt_tokens":)" + tokens +
         R"(,"total_tokens":)" + tokens + "}}";
}

bool IsEmbeddingsAnswer(std::string_view body, std::string_view credential,
                        const EmbeddingsCall& call) {
  std::size_t index = 0;
  constexpr std::string_view kEmbedding = "\"embedding\":";
  for (auto at = body.find(kEmbedding); at != body.npos; at = body.find(kEmbedding)) {
    if (index == call.texts.size()) return false;
    const std::string place = "\"index\":" + std::to_string(index);
    const std::string_view before = body.substr(0, at);
    body.remove_prefix(at + kEmbedding.size());
    const Vector vector = VectorOf(credential, call.model, call.texts[index]);
    const bool right = call.base64
                           ? Take(body, "\"") && Take(body, Base64Of(vector)) && Take(body, "\"")
                           : TakeFloats(body, vector);
    if (!right) return false;
    // The index stands before or behind its vector.
    const std::string_view object = body.substr(0, body.find('}'));
    if (before.find(place) == before.npos && object.find(place) == object.npos) return false;
    ++index;
  }
  return index == call.texts.size();
}

ChatCall ReadChatCall(std::string_view body) {
  return {std::string(TextMember(body, "model")), std::string(TextMember(body, "content")),
          body.find("\"stream\":true") != body.npos};
}

std::string ChatBody(std::string_view credential, const ChatCall& call) {
  std::string said;
  const auto words = WordsOf(credential, call);
  for (const std::string& word : words) said += word;
  const std::string count = std::to_string(words.size());
  return R"({"id":")" + IdOf(credential, call) +
         R"(","object":"chat.completion","created":1700000000,"model":")" + call.model +
         R"(","choices":[{"index":0,"message":{"role":"assistant","content":")" + said +
         R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":)" + count +
         R"(,"total_tokens":)" + std::to_string(words.size() + 3) + "}}";
}

std::vector<std::string> ChatEvents(std::string_view credential, const ChatCall& call) {
  const std::string begin = R"(data: {"id":")" + IdOf(credential, call) +
                            R"(","object":"chat.completion.chunk","created":1700000000,"model":")" +
                            call.model + R"(","choices":[{"index":0,"delta":{)";
  std::vector<std::string> events;
  for (const std::string& word : WordsOf(credential, call)) {
    events.push_back(begin + R"("content":")" + word + R"("},"finish_reason":null}]})" + "\n\n");
  }
  events.push_back(begin + R"(},"finish_reason":"stop"}]})" + "\n\n");
  events.emplace_back("data: [DONE]\n\n");
  return events;
}

}  // namespace larder::soak
