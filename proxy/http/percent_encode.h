// Text as a part of a URL or of a form. Thread-safety: pure function.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// `text` with everything but letters, digits and -._~ percent-encoded (RFC 3986, section 2.3).
std::string PercentEncode(std::string_view text);

}  // namespace larder
