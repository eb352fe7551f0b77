// Whom HttpUpstream trusts over TLS.
#include <httplib.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>

#include "tests/proxy/curl_upstream_fixture.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

// A certificate that signs itself, for the address that `names` says ("IP:127.0.0.1").
class Certificate {
 public:
  explicit Certificate(const char* names)
      : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(X509_new(), &X509_free) {
    X509* certificate = certificate_.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("upstream"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key_.get());
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key_.get(), EVP_sha256());
  }
  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }
  void WriteTo(const std::string& path) const {
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

class CurlUpstreamTlsTest : public CurlUpstreamTest {
 protected:
  // What comes of a request to a server with `shown`, when `trusted` is the authority ("" = the
  // system's).
  Result<UpstreamReply> Ask(const Certificate& shown, const std::string& trusted) {
    options_.ca_file = trusted;
    StartEngine();
    httplib::SSLServer server(shown.certificate(), shown.key());
    server.set_keep_alive_max_count(1);
    server.Get("/v1/a", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("hi", "text/plain");
    });
    const int port = server.bind_to_any_port("127.0.0.1");
    std::thread thread([&] { server.listen_after_bind(); });
    auto reply =
        HttpUpstream("https://127.0.0.1:" + std::to_string(port) + "/v1", *engine_).Send(Get());
    if (reply.ok()) {
      EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "hi"));
    }
    server.stop();
    thread.join();
    return reply;
  }

  TempDir directory_;
};

TEST_F(CurlUpstreamTlsTest, TheConfiguredAuthorityIsTrusted) {
  const Certificate certificate("IP:127.0.0.1");
  const std::string file = directory_.path() + "/ca.pem";
  certificate.WriteTo(file);
  const auto reply = Ask(certificate, file);
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
}

TEST_F(CurlUpstreamTlsTest, ACertificateThatNobodyVouchesForIsRefused) {
  const Certificate certificate("IP:127.0.0.1");
  const Certificate other("IP:127.0.0.1");
  const std::string file = directory_.path() + "/ca.pem";
  other.WriteTo(file);
  for (const std::string& trusted : {std::string(), file}) {
    const auto reply = Ask(certificate, trusted);
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
  }
}

TEST_F(CurlUpstreamTlsTest, ACertificateForAnotherHostIsRefused) {
  const Certificate certificate("IP:127.0.0.2,DNS:localhost");
  const std::string file = directory_.path() + "/ca.pem";
  certificate.WriteTo(file);
  const auto reply = Ask(certificate, file);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace larder
