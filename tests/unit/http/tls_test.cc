#include <dirent.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>

#include "certificates.h"
#include "http/client.h"
#include "raw_client.h"

namespace patchbay::http {
namespace {

using std::chrono::milliseconds;

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// A CA, a server's certificate and a client's, as files.
struct Pki {
  std::string folder = testing::TempDir() + "patchbay_tls_" + std::to_string(getpid()) + "_";
  Certificate ca = MakeCertificate("patchbay test CA", "", nullptr);
  Certificate other_ca = MakeCertificate("another CA", "", nullptr);

  Pki() {
    WritePem(ca_file(), ca, false);
    WritePem(server_file(), MakeCertificate("localhost", "", &ca), true);
    WritePem(client_file(), MakeCertificate("alice, of wonderland", "system:masters", &ca), true);
    WritePem(stranger_file(), MakeCertificate("mallory", "system:masters", &other_ca), true);
  }
  std::string ca_file() const { return folder + "ca.pem"; }
  std::string server_file() const { return folder + "server.pem"; }
  std::string client_file() const { return folder + "client.pem"; }
  std::string stranger_file() const { return folder + "stranger.pem"; }
  TlsFiles files(bool client_ca) const { return {server_file(), server_file(), client_ca ? ca_file() : "", false}; }
};

class Tls : public testing::Test {
 protected:
  static ServerOptions Options(TlsFiles files) {
    ServerOptions options;
    options.tls = std::move(files);
    options.header_timeout = milliseconds(400);
    return options;
  }
  static void Subject(const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response::Text(200, exchange->request().client_subject));
  }
  Call To(const TestServer& server) const {
    Call call;
    call.url = StrCat("https://", server.address, "/");
    call.ca_file = pki_.ca_file();
    return call;
  }

  Pki pki_;
  std::unique_ptr<HttpClient> client_ = NewCurlClient();
};

TEST_F(Tls, ServesAndIsVerified) {
  TestServer server(EchoHandler, Options(pki_.files(false)));
  Call call = To(server);
  call.method = "POST";
  call.body = std::string(300'000, 'b');
  const auto answer = client_->Send(call);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->body, "POST / " + call.body);
  call.ca_file = "";
  const auto unverified = client_->Send(call);
  ASSERT_FALSE(unverified.ok());
  EXPECT_EQ(unverified.error().code, Code::kUnavailable);
  call.verify_tls = false;
  EXPECT_TRUE(client_->Send(call).ok());
}

TEST_F(Tls, SendsManyPiecesAndStreams) {
  const auto piece = std::make_shared<const std::string>(997, 'p');
  std::shared_ptr<Stream> stream;
  std::atomic<int> gone = 0;
  TestServer server(
      [&](const std::shared_ptr<Exchange>& exchange) {
        Response response;
        if (exchange->request().path == "/watch") {
          stream = exchange->StartStream(std::move(response), [&] { ++gone; });
          stream->Write(piece);
          return;
        }
        response.body.assign(5'000, piece);
        exchange->Reply(std::move(response));
      },
      Options(pki_.files(false)));
  EXPECT_EQ(client_->Send(To(server))->body.size(), 5'000u * 997);
  Call watch = To(server);
  watch.url += "watch";
  watch.timeout = milliseconds(0);
  std::atomic<std::size_t> seen = 0;
  HttpClient::StreamEvents events;
  events.on_piece = [&](std::string_view bytes) { return (seen += bytes.size()) > 0; };
  auto subscription = client_->Open(watch, events);
  ASSERT_TRUE(Eventually([&] { return seen == 997; }));
  subscription->reset();
  EXPECT_TRUE(Eventually([&] { return gone == 1; }));
}

TEST_F(Tls, PassesTheSubjectOfAVerifiedClientOn) {
  TestServer server(Subject, Options(pki_.files(true)));
  Call call = To(server);
  EXPECT_EQ(client_->Send(call)->body, "");
  call.client_cert_file = pki_.client_file();
  for (int i = 0; i < 3; ++i) {
    // Each on a new connection, which resumes the TLS session.
    call.headers.Set("Connection", "close");
    const auto answer = client_->Send(call);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->body, "CN=alice\\, of wonderland,O=system:masters");
  }
  call.client_cert_file = pki_.stranger_file();
  EXPECT_FALSE(client_->Send(call).ok());
}

TEST_F(Tls, MayRequireAClientCertificate) {
  TlsFiles files = pki_.files(true);
  files.require_client_certificate = true;
  TestServer server(Subject, Options(files));
  Call call = To(server);
  EXPECT_FALSE(client_->Send(call).ok());
  call.client_cert_file = pki_.client_file();
  EXPECT_TRUE(client_->Send(call).ok());
}

TEST_F(Tls, ReloadsItsFilesForNewConnections) {
  TestServer server(EchoHandler, Options(pki_.files(false)));
  EXPECT_TRUE(client_->Send(To(server)).ok());
  const Certificate new_ca = MakeCertificate("new CA", "", nullptr);
  WritePem(pki_.server_file(), MakeCertificate("localhost", "", &new_ca), true);
  WritePem(pki_.ca_file() + ".new", new_ca, false);
  ASSERT_TRUE(server.server->ReloadTls().ok());
  EXPECT_TRUE(client_->Send(To(server)).ok());  // on the connection that is open
  Call call = To(server);
  call.ca_file += ".new";
  EXPECT_TRUE(client_->Send(call).ok());
  WritePem(pki_.server_file(), pki_.ca, false);  // no key
  const auto broken = server.server->ReloadTls();
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, Code::kInvalid);
  EXPECT_NE(broken.error().message.find(pki_.server_file()), std::string::npos);
  call.headers.Set("Connection", "close");
  EXPECT_TRUE(client_->Send(call).ok());
  EXPECT_TRUE(client_->Send(call).ok());
}

TEST_F(Tls, DoesNotStartWithoutUsableFiles) {
  ServerOptions options = Options({"/none/cert.pem", "/none/key.pem", "", false});
  options.listen = {"127.0.0.1:0"};
  const auto server = Server::Start(options, EchoHandler);
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().code, Code::kInvalid);
  EXPECT_NE(server.error().message.find("/none/cert.pem"), std::string::npos);
}

TEST_F(Tls, LeaksNothingOnAbortedHandshakes) {
  TestServer server(EchoHandler, Options(pki_.files(false)));
  ASSERT_TRUE(client_->Send(To(server)).ok());
  const std::size_t before = OpenDescriptors();
  std::vector<RawSocket> silent;
  for (int i = 0; i < 60; ++i) {
    RawSocket leaving(server.address);
    if (i % 3 == 0) leaving.Send(std::string("\x16\x03\x01\x00\xff\x01", 6));
    if (i % 3 == 1) leaving.Send("GET / HTTP/1.1\r\n\r\n");
    if (i % 2 == 0) leaving.Reset();
    silent.emplace_back(server.address);
  }
  for (RawSocket& socket : silent) EXPECT_TRUE(socket.Ends());  // cut by the handshake's deadline
  silent.clear();
  EXPECT_TRUE(Eventually([&] { return OpenDescriptors() <= before; })) << OpenDescriptors() << " > " << before;
  EXPECT_TRUE(client_->Send(To(server)).ok());
}

TEST_F(Tls, SaysGoodbye) {
  TestServer server(EchoHandler, Options(pki_.files(false)));
  RawSocket socket(server.address);
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
  SSL_set_fd(tls.get(), socket.descriptor());
  const unsigned char protocols[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(tls.get(), protocols, sizeof protocols - 1);
  ASSERT_EQ(SSL_connect(tls.get()), 1);
  const unsigned char* chosen = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(tls.get(), &chosen, &length);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), length), "http/1.1");
  const std::string request = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  SSL_write(tls.get(), request.data(), static_cast<int>(request.size()));
  char bytes[4096];
  int count = 0;
  while ((count = SSL_read(tls.get(), bytes, sizeof bytes)) > 0) {
  }
  EXPECT_EQ(SSL_get_error(tls.get(), count), SSL_ERROR_ZERO_RETURN);  // close_notify, not just FIN
}

}  // namespace
}  // namespace patchbay::http
