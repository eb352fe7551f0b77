// What the soak's provider answers: nothing but a function of the request and of who asks. Pure
// functions.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace larder::soak {

inline constexpr std::size_t kDimensions = 16;
using Vector = std::array<float, kDimensions>;

// Finite values with a full mantissa. credential: the whole Authorization field.
Vector VectorOf(std::string_view credential, std::string_view model, std::string_view text);

// The embeddings request as the stand-in reads it: texts without escapes.
struct EmbeddingsCall {
  std::string model;
  std::vector<std::string> texts;
  bool base64 = false;
};
EmbeddingsCall ReadEmbeddingsCall(std::string_view body);
std::string EmbeddingsBody(std::string_view credential, const EmbeddingsCall& call);
// Whether `body` has the vector of each text, in order and in the form asked for, every bit of it.
bool IsEmbeddingsAnswer(std::string_view body, std::string_view credential,
                        const EmbeddingsCall& call);

// The chat as the stand-in reads it: the last message's text, without escapes.
struct ChatCall {
  std::string model;
  std::string text;
  bool stream = false;
};
ChatCall ReadChatCall(std::string_view body);
std::string ChatBody(std::string_view credential, const ChatCall& call);
// The events of a stream, each with its blank line.
std::vector<std::string> ChatEvents(std::string_view credential, const ChatCall& call);

// The value of the member `name` where it is a string without escapes; empty when there is none.
std::string_view TextMember(std::string_view json, std::string_view name);

}  // namespace larder::soak
