#include "proxy/upstream/decode_content.h"

#include "proxy/http/inflate_body.h"

namespace larder {

bool DecodeContent(UpstreamReply& reply) {
  const std::string coding = reply.headers.Joined("content-encoding");
  if (coding.empty() || EqualsIgnoreCase(coding, "identity")) return true;
  ContentCoding known = ContentCoding::kGzip;
  if (EqualsIgnoreCase(coding, "deflate")) {
    known = ContentCoding::kDeflate;
  } else if (!EqualsIgnoreCase(coding, "gzip") && !EqualsIgnoreCase(coding, "x-gzip")) {
    return false;
  }
  reply.headers.Remove("content-encoding");
  reply.headers.Remove("content-length");
  reply.body = std::make_shared<InflateBody>(std::move(reply.body), known);
  return true;
}

}  // namespace larder
