// HttpUpstream: a provider behind a base URL, over a CurlEngine. Thread-safe.
#pragma once

#include "proxy/upstream/curl_engine.h"

namespace larder {

class HttpUpstream final : public Upstream {
 public:
  // `base_url` is http:// or https://, without a trailing slash: "https://api.openai.com/v1".
  // `engine` outlives it.
  HttpUpstream(std::string base_url, CurlEngine& engine)
      : base_url_(std::move(base_url)),
        origin_(base_url_.substr(0, base_url_.find('/', base_url_.find("://") + 3))),
        engine_(engine) {}

  // The base URL.
  const std::string& name() const override { return base_url_; }
  Result<UpstreamReply> Send(UpstreamRequest request) override {
    const std::string url = (request.from_origin ? origin_ : base_url_) + request.path_and_query;
    return engine_.Send(url, std::move(request));
  }

 private:
  const std::string base_url_;
  const std::string origin_;
  CurlEngine& engine_;
};

}  // namespace larder
