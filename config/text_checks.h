// What strings of settings must be, each as a Setting::normalise: the string as it is kept, or an
// error whose message goes on where the key ends. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace larder {

// UTF-8 without control characters: what a config file can hold on one line.
bool IsPlainText(std::string_view text);

// Anything that IsPlainText, the empty string included. Errors: kInvalidArgument.
Result<std::string> PlainText(std::string_view text);
// As PlainText, but not empty.
Result<std::string> NonEmptyText(std::string_view text);
// A token that can stand in an Authorization header (RFC 6750, section 2.1) and in a cookie
// (RFC 6265, section 4.1.1): 1 to 4096 visible ASCII characters but for quote, comma, semicolon and
// backslash. Errors: kInvalidArgument; the message does not show the token.
Result<std::string> NormaliseToken(std::string_view text);

// As NormaliseToken for a provider's key, which may hold any visible ASCII characters (RFC 9110,
// section 5.5). Errors: kInvalidArgument; the message does not show the key.
Result<std::string> NormaliseApiKey(std::string_view text);
// The name of an environment variable (POSIX.1, section 8.1), or empty. Errors: kInvalidArgument;
// the message does not show the text, which may be the secret instead of its name.
Result<std::string> NormaliseVariableName(std::string_view text);
// The name of a header field that can carry a credential, in lower case: a token (RFC 9110, section
// 5.6.2) that does not say how the message is framed or where it goes. Errors: kInvalidArgument.
Result<std::string> NormaliseKeyHeader(std::string_view text);

}  // namespace larder
