// Requests that try to be more than data: to put a field or a request of their own before upstream,
// to choose an upstream or to get at another caller's answers. Each is the whole bytes of one
// attempt. Used by tests/app/injection_test.cc, which says what may become of them. Sources:
// CWE-113 (CRLF injection), CWE-444 (request smuggling), CWE-918 (choice of a server), RFC 9112.
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <vector>

namespace larder {

// What is put in by whoever runs them. "%T" in a row's bytes is the attempt's own tag, which goes
// up as the value of X-Row, and in its credential, "sk-client-%T"; "%B" is "127.0.0.1:PORT" of an
// upstream that none of the rows may reach; "%L" the size of the body, once these stand in it.
struct InjectionRow {
  enum class Must {
    kBeRefused,  // nothing of it reaches upstream
    kArrive,     // it reaches upstream as one request with this request line
    kEither,     // refused, or one request
  };
  std::string name;
  std::string bytes;
  Must must = Must::kEither;
  std::string line = {};  // "GET /v1/files HTTP/1.1", for kArrive
};

// Line ends, encoded in all ways that somebody decodes, in every place that carries text.
std::vector<InjectionRow> EncodedLineEndRows();
// Bytes that end a line or a text, as they are.
std::vector<InjectionRow> RawByteRows();
// Targets, hosts and names that look like another server.
std::vector<InjectionRow> ChoiceRows();
// Model names and bodies that mean another model to somebody else.
std::vector<InjectionRow> ModelRows();
// Fields that frame, list, shadow or stand for others, credentials among them.
std::vector<InjectionRow> FieldTrickRows();

std::vector<InjectionRow> InjectionRows();  // all of them

// Requests without a trick, for comparison.
InjectionRow PlainEmbed();
InjectionRow PlainChat(const std::string& model);
InjectionRow PlainGet(const std::string& target);

// The bodies that many rows ask with, and PlainEmbed and PlainChat("m").
inline constexpr const char* kInjectionChat =
    R"({"model":"m","messages":[{"role":"user","content":"the secret question"}]})";
inline constexpr const char* kInjectionEmbed = R"({"model":"m","input":"the secret text"})";

}  // namespace larder
