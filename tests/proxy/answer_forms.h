// What the tests of an answer's forms share: streams written short, answers compared by value.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/json/canonical_json.h"
#include "proxy/openai/answer_form.h"
#include "proxy/openai/sse_reader.h"
#include "proxy/openai/sse_scanner.h"

namespace larder {

// An event without a name, on one line, for each of `data`.
inline std::string StreamOf(const std::vector<std::string>& data) {
  std::string stream;
  for (const std::string& event : data) {
    stream += "data: ";
    for (const char c : event) stream += c == '\n' ? ' ' : c;
    stream += "\n\n";
  }
  return stream;
}

// The data of each event.
inline std::vector<std::string> DataOf(std::string_view stream) {
  std::vector<std::string> data;
  SseReader reader;
  reader.Feed(stream);
  while (const auto event = reader.Next()) data.emplace_back(event->data);
  EXPECT_EQ(reader.Rest(), "");
  return data;
}

inline std::string Canonical(std::string_view json) {
  const auto document = JsonDocument::Parse(json);
  return document.ok() ? CanonicalJson(document->root()) : "not JSON: " + std::string(json);
}

inline std::string WholeOf(Endpoint endpoint, std::string_view stream) {
  return RenderAnswer(endpoint, stream, true, AnswerForm::kFull).value_or("none");
}

inline std::string StreamOfWhole(Endpoint endpoint, std::string_view whole,
                                 AnswerForm form = AnswerForm::kStream) {
  return RenderAnswer(endpoint, whole, false, form).value_or("none");
}

// A stream made of `whole` is proper, and makes the same answer again.
inline void ExpectRoundTrip(Endpoint endpoint, const std::string& whole, AnswerForm form) {
  const std::string stream = StreamOfWhole(endpoint, whole, form);
  SseScanner scanner(endpoint);
  scanner.Feed(stream);
  EXPECT_TRUE(scanner.terminated() && scanner.answered() && !scanner.failed()) << stream;
  EXPECT_EQ(Canonical(WholeOf(endpoint, stream)), Canonical(whole)) << stream;
}

}  // namespace larder
