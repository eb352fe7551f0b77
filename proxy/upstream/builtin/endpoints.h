// The endpoints of the built-in provider: each takes the parsed body of a POST and gives the reply
// in OpenAI's shape. What a request gets wrong is an Error here (kInvalidArgument, kNotFound for a
// model); BuiltinUpstream turns it into a 400 or 404, so that callers of the seam see values only.
// Thread-safety: pure functions.
#pragma once

#include <string_view>

#include "proxy/json/json.h"
#include "proxy/upstream/builtin/builtin_upstream.h"
#include "proxy/upstream/upstream.h"

namespace larder::builtin {

// `larder-hash-384`: a string, token array or array of 1 to 2048 of either, none of them empty.
Result<UpstreamReply> AnswerEmbeddings(JsonElement request, const BuiltinOptions& options);

// `larder-echo`: echoes the last user message (see echo.h), `n` (1 to 8) times the same, cut after
// `max_completion_tokens` or else `max_tokens` words. Tools, formats and sampling are ignored.
Result<UpstreamReply> AnswerChat(JsonElement request, const BuiltinOptions& options);

// `larder-echo`: as AnswerChat for a prompt, or each of 1 to 128. Token arrays are refused: there
// is no vocabulary to read them with.
Result<UpstreamReply> AnswerCompletions(JsonElement request, const BuiltinOptions& options);

// `larder-echo`: as AnswerChat for `input`, cut after `max_output_tokens` words, which makes the
// response incomplete. `previous_response_id` is given back but nothing is remembered; `background`
// is refused.
Result<UpstreamReply> AnswerResponses(JsonElement request, const BuiltinOptions& options);

// Flags nothing. Any model; without one, `larder-moderation`.
Result<UpstreamReply> AnswerModerations(JsonElement request, const BuiltinOptions& options);

// GET /models, and GET /models/{id}.
UpstreamReply ListModels();
Result<UpstreamReply> DescribeModel(std::string_view id);

}  // namespace larder::builtin
