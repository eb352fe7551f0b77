// Any stored bytes, whole or a stream, of any endpoint, in any form: understood or not, but what is
// given out is JSON, or a stream that ends as the endpoint's do.

#include <cstdlib>

#include "proxy/json/json.h"
#include "proxy/openai/answer_form.h"
#include "proxy/openai/response_id.h"
#include "proxy/openai/sse_scanner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using larder::AnswerForm;
  using larder::Endpoint;
  if (size == 0) return 0;
  constexpr Endpoint kEndpoints[] = {Endpoint::kChat, Endpoint::kCompletions, Endpoint::kResponses,
                                     Endpoint::kMessages};
  const Endpoint endpoint = kEndpoints[data[0] % 4];
  const std::string_view stored(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const bool is_stream : {false, true}) {
    (void)larder::ResponseIdOf(stored, is_stream);
    for (const AnswerForm form :
         {AnswerForm::kFull, AnswerForm::kStream, AnswerForm::kStreamWithUsage}) {
      const auto given = RenderAnswer(endpoint, stored, is_stream, form);
      if (!given) continue;
      if (form == AnswerForm::kFull) {
        if (is_stream && !larder::JsonDocument::Parse(*given).ok()) std::abort();
        continue;
      }
      if (is_stream || !JudgeReply(endpoint, stored).storable) continue;
      larder::SseScanner scanner(endpoint);
      scanner.Feed(*given);
      if (!scanner.terminated()) std::abort();
      // What is taken apart can be assembled.
      if (!RenderAnswer(endpoint, *given, true, AnswerForm::kFull)) std::abort();
    }
  }
  return 0;
}
