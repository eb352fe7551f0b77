// A server with the built-in provider, and two tenants whose texts and vectors a test looks for on
// the disk.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "app/http_client.h"
#include "base/base64.h"
#include "proxy/json/json.h"
#include "tests/support/directory_scan.h"
#include "tests/support/started_app.h"
#include "vector/unit_vector.h"

namespace larder {

class PrivateServerTest : public StartedAppTest {
 protected:
  PrivateServerTest() : StartedAppTest(LogFormat::kJson, LogLevel::kError) {
    config_.spaces.space.m = 4;
    config_.spaces.space.ef_construction = 20;
    config_.spaces.space.exact_below = 100;
  }

  ClientReply Call(const std::string& method, const std::string& path, const std::string& tenant,
                   const std::string& body = {}) const {
    ClientRequest request{.method = method, .path = path, .body = body};
    request.headers.Add("authorization", "Bearer " + tenant);
    auto reply = CallServer(app_->address(), request);
    EXPECT_TRUE(reply.ok()) << (reply.ok() ? "" : reply.error().message);
    if (!reply.ok()) return {};
    EXPECT_LT(reply->status, 300) << path << ": " << reply->body.substr(0, 500);
    return *std::move(reply);
  }
  static bool IsHit(const ClientReply& reply) {
    return reply.headers.Find("cache-status").value_or("").find("; hit") != std::string_view::npos;
  }

  // Texts "<tenant> says <first> ..." and so on, in one request.
  ClientReply Embed(const std::string& tenant, std::size_t first, std::size_t count) const {
    std::string body = R"({"model":"larder-hash-384","encoding_format":"base64","input":[)";
    for (std::size_t i = first; i < first + count; ++i) {
      body += (i == first ? "\"" : ",\"") + TextOf(tenant, i) + "\"";
    }
    return Call("POST", "/v1/embeddings", tenant, body + "]}");
  }
  static std::string TextOf(const std::string& tenant, std::size_t i) {
    std::string text = tenant + " says " + std::to_string(i);
    // Words of its own, so that its vector is like no other's.
    for (std::size_t word = 0; word < 40; ++word) {
      text += " " + tenant + std::to_string(i * 100 + word);
    }
    return text;
  }
  // The vector of one text, as it is given to its tenant.
  std::vector<float> VectorOf(const std::string& tenant, std::size_t i) const {
    const std::string body = Embed(tenant, i, 1).body;
    const std::string_view begins = "\"embedding\":\"";
    const std::size_t at = body.find(begins) + begins.size();
    const std::string bytes =
        DecodeBase64(body.substr(at, body.find('"', at) - at)).value_or(std::string());
    std::vector<float> vector(bytes.size() / sizeof(float));
    std::memcpy(vector.data(), bytes.data(), vector.size() * sizeof(float));
    EXPECT_EQ(vector.size(), 384U);
    return vector;
  }
  ClientReply Chat(const std::string& tenant) const {
    return Call("POST", "/v1/chat/completions", tenant,
                R"({"model":"larder-echo","messages":[{"role":"user","content":")" +
                    TextOf(tenant, 900'000) + "\"}]}");
  }
  ClientReply Respond(const std::string& tenant) const {
    return Call("POST", "/v1/responses", tenant,
                R"({"model":"larder-echo","input":")" + TextOf(tenant, 900'001) + "\"}");
  }
  void WaitUntilIndexed(std::size_t texts) const {
    WaitFor("/readyz", "\"indexed\":" + std::to_string(texts) + ",\"queued\":0");
  }
  // Asks until the answer has `text`.
  void WaitFor(const std::string& path, const std::string& text) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(100);
    std::string body;
    while (std::chrono::steady_clock::now() < deadline) {
      body = Call("GET", path, "operator").body;
      if (body.find(text) != std::string::npos) return;
      std::this_thread::yield();
    }
    FAIL() << path << " never had " << text << ", but: " << body;
  }
  void Start() {
    app_.reset();
    app_ = Started();
    ASSERT_NE(app_, nullptr);
  }
  // Files that hold any of it: a tenant's texts, or these vectors, as given or brought to length 1.
  std::vector<std::string> TracesOf(const std::string& tenant,
                                    const std::vector<std::vector<float>>& vectors) const {
    std::vector<std::string> found = FilesWith(config_.data_dir, tenant);
    for (const auto& vector : vectors) {
      for (const auto& one : {vector, UnitVector(vector)}) {
        const auto with = FilesWith(config_.data_dir, BytesOfMiddle(one));
        found.insert(found.end(), with.begin(), with.end());
      }
    }
    return found;
  }

  std::unique_ptr<App> app_;
};

}  // namespace larder
