// The front behind TLS: what a client and an operator see of it.
#include <httplib.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <csignal>
#include <fstream>

#include "tests/proxy/http_front_fixture.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using KeyPointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// Writes a self-signed certificate for `name` and its key into `directory`.
TlsOptions MakeCertificate(const std::string& directory, const std::string& name) {
  const KeyPointer key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86'400);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const TlsOptions options{directory + "/" + name + ".crt", directory + "/" + name + ".key"};
  std::unique_ptr<FILE, decltype(&std::fclose)> out(
      std::fopen(options.certificate_file.c_str(), "w"), &std::fclose);
  PEM_write_X509(out.get(), certificate.get());
  out.reset(std::fopen(options.key_file.c_str(), "w"));
  PEM_write_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return options;
}

// A client that trusts whoever answers, with what OpenSSL can tell of the connection.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int version = 0, std::string protocols = "")
      : raw_(port),
        context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
        ssl_(nullptr, &SSL_free) {
    if (version != 0) {
      SSL_CTX_set_security_level(context_.get(), 0);
      SSL_CTX_set_min_proto_version(context_.get(), version);
      SSL_CTX_set_max_proto_version(context_.get(), version);
    }
    ssl_.reset(SSL_new(context_.get()));
    if (!protocols.empty()) {
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
    }
    const timeval patience{20, 0};
    ::setsockopt(raw_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    SSL_set_fd(ssl_.get(), raw_.fd());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }

  bool connected() const { return connected_; }
  SSL* ssl() { return ssl_.get(); }
  std::string CertificateName() {
    char name[256] = "";
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        SSL_get1_peer_certificate(ssl_.get()), &X509_free);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                              sizeof(name));
    return name;
  }
  bool Send(std::string_view bytes) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  // All until the peer says that it sends no more; `clean` tells whether it said so.
  std::string ReadToEnd(bool& clean) {
    std::string all;
    char bytes[16384];
    int got = 0;
    while ((got = SSL_read(ssl_.get(), bytes, sizeof(bytes))) > 0) {
      all.append(bytes, static_cast<std::size_t>(got));
    }
    clean = SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN;
    return all;
  }

 private:
  RawClient raw_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool connected_ = false;
};

class FrontTlsTest : public FrontTest {
 protected:
  FrontTlsTest() {
    std::signal(SIGPIPE, SIG_IGN);  // of the clients here
    options_.tls = MakeCertificate(dir_.path(), "first");
  }

  httplib::Client NewClient() {
    httplib::Client client("https://127.0.0.1:" + std::to_string(front_->port()));
    client.enable_server_certificate_verification(false);
    client.set_keep_alive(true);
    return client;
  }

  TempDir dir_;
};

TEST_F(FrontTlsTest, RequestsOfOneConnectionAreAnsweredInOrder) {
  const auto running = Start();
  auto client = NewClient();
  for (int i = 0; i < 20; ++i) {
    const auto answer = client.Post("/echo", std::to_string(i), "text/plain");
    ASSERT_TRUE(answer) << httplib::to_string(answer.error());
    EXPECT_EQ(answer->body, "POST /echo " + std::to_string(i));
  }
}

TEST_F(FrontTlsTest, LargeBodiesPassBothWays) {
  std::string large(3'000'000, ' ');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i * 7 % 26);
  const auto running = Start();
  auto client = NewClient();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.Post("/echo", large, "text/plain");
    ASSERT_TRUE(answer) << httplib::to_string(answer.error());
    EXPECT_EQ(answer->body, "POST /echo " + large);
  }
}

TEST_F(FrontTlsTest, PipelinedRequestsInOneRecordAreAllAnswered) {
  const auto running = Start();
  TlsClient client(front_->port());
  ASSERT_TRUE(client.connected());
  ASSERT_TRUE(
      client.Send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n"
                  "Connection: close\r\n\r\n"));
  bool clean = false;
  const std::string all = client.ReadToEnd(clean);
  EXPECT_NE(all.find("GET /a "), std::string::npos);
  EXPECT_NE(all.find("GET /b "), std::string::npos);
  EXPECT_TRUE(clean);
}

TEST_F(FrontTlsTest, SpeaksTls12AndNewerAndNothingOlder) {
  const auto running = Start();
  EXPECT_TRUE(TlsClient(front_->port(), TLS1_3_VERSION).connected());
  EXPECT_TRUE(TlsClient(front_->port(), TLS1_2_VERSION).connected());
  EXPECT_FALSE(TlsClient(front_->port(), TLS1_1_VERSION).connected());
}

TEST_F(FrontTlsTest, AgreesOnHttp11WhereTheClientOffersIt) {
  const auto running = Start();
  TlsClient client(front_->port(), 0, std::string("\x02h2\x08http/1.1", 12));
  ASSERT_TRUE(client.connected());
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.ssl(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
}

TEST_F(FrontTlsTest, PlainHttpIsToldToUseHttps) {
  const auto running = Start();
  RawClient client(front_->port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.status(), 400);
  EXPECT_NE(answer.body.find("https://"), std::string::npos);
  EXPECT_TRUE(client.WaitForEnd());
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(FrontTlsTest, RubbishEndsTheConnectionAndNothingElse) {
  const auto running = Start();
  RawClient rubbish(front_->port());
  ASSERT_TRUE(rubbish.Send(std::string(600, '\x7f')));
  EXPECT_TRUE(rubbish.WaitForEnd());
  EXPECT_TRUE(NewClient().Get("/after"));
}

TEST_F(FrontTlsTest, AHandshakeThatDoesNotComeIsCutAtTheHeadTimeout) {
  options_.connection.head_timeout = std::chrono::milliseconds(200);
  const auto running = Start();
  RawClient silent(front_->port());
  EXPECT_TRUE(silent.WaitForEnd());
}

TEST_F(FrontTlsTest, ACutStreamDoesNotEndCleanly) {
  handler_.On("/cut", [](Request) {
    class Cut final : public BodySource {
     public:
      ReadState TryRead(std::size_t, std::string& out) override {
        if (std::exchange(begun_, true)) return ReadState::kFailed;
        out += "data: 1\n\n";
        return ReadState::kData;
      }
      void SetWaker(std::function<void()>) override {}
      Error error() const override { return InternalError("cut"); }

     private:
      bool begun_ = false;
    };
    return ScriptedHandler::Stream(std::make_shared<Cut>());
  });
  const auto running = Start();
  TlsClient client(front_->port());
  ASSERT_TRUE(client.Send("GET /cut HTTP/1.1\r\nHost: x\r\n\r\n"));
  bool clean = false;
  const std::string all = client.ReadToEnd(clean);
  EXPECT_NE(all.find("data: 1"), std::string::npos);
  EXPECT_FALSE(all.ends_with("0\r\n\r\n"));
}

TEST_F(FrontTlsTest, ANewCertificateIsUsedByConnectionsToCome) {
  const auto running = Start();
  TlsClient before(front_->port());
  EXPECT_EQ(before.CertificateName(), "first");
  const TlsOptions second = MakeCertificate(dir_.path(), "second");
  std::rename(second.certificate_file.c_str(), options_.tls.certificate_file.c_str());
  std::rename(second.key_file.c_str(), options_.tls.key_file.c_str());
  ASSERT_TRUE(front_->ReloadCertificate().ok());
  EXPECT_EQ(TlsClient(front_->port()).CertificateName(), "second");
  ASSERT_TRUE(before.Send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  bool clean = false;
  EXPECT_NE(before.ReadToEnd(clean).find("GET /a "), std::string::npos);
}

TEST_F(FrontTlsTest, ABadCertificateLeavesTheOldOneInUse) {
  const auto running = Start();
  std::ofstream(options_.tls.certificate_file) << "no certificate";
  const Status reloaded = front_->ReloadCertificate();
  ASSERT_FALSE(reloaded.ok());
  EXPECT_NE(reloaded.error().message.find(options_.tls.certificate_file), std::string::npos);
  EXPECT_EQ(TlsClient(front_->port()).CertificateName(), "first");
}

TEST_F(FrontTlsTest, AKeyOfAnotherCertificateIsRefusedAtTheStart) {
  options_.tls.key_file = MakeCertificate(dir_.path(), "other").key_file;
  Front front(options_, handler_, clock_);
  const Status started = front.Start();
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find(options_.tls.key_file), std::string::npos);
}

}  // namespace
}  // namespace larder
