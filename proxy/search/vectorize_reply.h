// Answers in the shape of Cloudflare's API, version 4:
// {"success","errors":[{"code","message"}],"messages":[],"result"}. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/http/message.h"

namespace larder {

// `result` is a JSON value.
Response VectorizeAnswer(std::string_view result);

// Cloudflare's own codes where an error of Vectorize is meant, its general ones otherwise.
Response VectorizeError(const Error& error);
Response VectorizeError(int status, int code, std::string_view message);

// 404 vectorize.index.not_found (3000), 409 vectorize.index.duplicate_name (3002).
Response VectorizeIndexNotFound(std::string_view index);
Response VectorizeIndexExists(std::string_view index);

// 405 with Allow.
Response VectorizeRefuseMethod(std::string_view allowed);

// An answer that was made in OpenAI's shape, in this one; others as they are.
Response AsVectorizeError(Response response);

// A write's number in the form of a UUID; of a later write the greater text.
std::string MutationId(std::uint64_t sequence);
// "2024-05-01T12:30:00.250Z"
std::string IsoTime(WallTime time);

}  // namespace larder
