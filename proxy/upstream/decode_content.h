// Taking the content coding off an upstream's answer, where the answer is to be kept: it is stored
// plain, for any client. Answers that pass through stay as they are. Thread-safety: a pure
// function.
#pragma once

#include "proxy/upstream/upstream.h"

namespace larder {

// Content-Encoding gzip, x-gzip or deflate: the body is decoded from now on, as it is read, and
// Content-Encoding and Content-Length are removed. Absent, empty or identity: nothing to do.
// True in these cases. False for any other coding, lists of several included; then nothing has
// changed, and the answer can only be passed on. How much it decodes to is for the reader to bound.
bool DecodeContent(UpstreamReply& reply);

}  // namespace larder
