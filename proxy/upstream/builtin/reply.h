// Replies of the built-in provider, in OpenAI's shapes, and the readers of request members that its
// endpoints share. Everything in a body follows from the request: the same request, the same bytes.
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"
#include "proxy/upstream/builtin/builtin_upstream.h"
#include "proxy/upstream/upstream.h"

namespace larder::builtin {

inline constexpr std::string_view kHashModel = "larder-hash-384";
inline constexpr std::string_view kEchoModel = "larder-echo";
inline constexpr std::string_view kModerationModel = "larder-moderation";

// Every `created`: 2026-01-01T00:00:00Z, in seconds.
inline constexpr std::int64_t kCreated = 1767225600;

UpstreamReply JsonReply(int status, std::string json);

// A reply of `count` server-sent events, rendered as they are read (see EventBody).
UpstreamReply StreamReply(std::size_t count, std::function<std::string(std::size_t)> render,
                          const BuiltinOptions& options);
// "data: `json`\n\n".
std::string DataEvent(std::string_view json);

// OpenAI's error object; an empty `param` or `code` is written as null.
UpstreamReply ErrorReply(int status, std::string_view message, std::string_view param,
                         std::string_view code);
// kNotFound, in OpenAI's words.
Error UnknownModel(std::string_view model);

// Errors: kInvalidArgument without a string `model`; kNotFound when it is not `expected`.
Status RequireModel(JsonElement request, std::string_view expected);

// Members of a request; absent and null are the same. Errors: kInvalidArgument naming `key`.
Result<bool> BoolOr(JsonElement request, std::string_view key, bool absent);
Result<std::optional<std::int64_t>> IntBetween(JsonElement request, std::string_view key,
                                               std::int64_t least, std::int64_t most);
// Whether `stream_options.include_usage` is true.
bool WantsUsage(JsonElement request);

// 32 hexadecimal digits from SHA-256 over every member of the request, in order, but `stream` and
// `stream_options`: both forms of one answer carry one id.
std::string RequestHash(JsonElement request);

}  // namespace larder::builtin
