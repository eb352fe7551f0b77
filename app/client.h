// What the verbs that talk to a running server share.
#pragma once

#include <string>

#include "app/command_line.h"
#include "app/http_client.h"
#include "config/config.h"

namespace larder {

// --server, or where the configuration listens: "http://127.0.0.1:8787".
std::string ServerOf(const CommandLine& command, const Config& config);

// Authorization with OPENAI_API_KEY of the environment; empty without one. Cached texts belong to
// whoever embedded them, and the key says who is asking.
Headers ProviderCredential();

// Prints "larder: <message>" on stderr. Returns the exit status: 1.
int Fail(const std::string& message);

// The message of the reply's error object, or its status in words.
std::string WhatWentWrong(const ClientReply& reply);

}  // namespace larder
