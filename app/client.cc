#include "app/client.h"

#include <cstdlib>
#include <iostream>

#include "proxy/json/json.h"

namespace larder {

std::string ServerOf(const CommandLine& command, const Config& config) {
  if (command.server) return *command.server;
  const std::string& host = config.front.host;
  const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return (config.front.tls.enabled() ? "https://" : "http://") + shown + ":" +
         std::to_string(config.front.port);
}

Headers ProviderCredential() {
  Headers headers;
  if (const char* key = std::getenv("OPENAI_API_KEY"); key != nullptr && *key != '\0') {
    headers.Add("authorization", std::string("Bearer ") + key);
  }
  return headers;
}

int Fail(const std::string& message) {
  std::cerr << "larder: " << message << "\n";
  return 1;
}

std::string WhatWentWrong(const ClientReply& reply) {
  if (const auto document = JsonDocument::Parse(reply.body); document.ok()) {
    if (const auto error = Member(document->root(), "error")) {
      if (const auto message = StringMember(*error, "message")) return std::string(*message);
    }
  }
  return "the server answered with status " + std::to_string(reply.status);
}

}  // namespace larder
