#include "http/tls_context.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/text.h"

namespace patchbay::http {
namespace {

namespace ssl = boost::asio::ssl;

constexpr unsigned char kProtocols[] = "\x08http/1.1";

int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                   unsigned int offered_length, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, length, kProtocols, sizeof kProtocols - 1, offered, offered_length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Error Unusable(const std::string& what, const std::string& file, const boost::system::error_code& error) {
  return Error{Code::kInvalid, StrCat(what, " ", file, ": ", error.message())};
}

void Harden(TlsContext& context) {
  SSL_CTX* const raw = context.native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(raw, ChooseProtocol, nullptr);
  // Without it a client that resumes a session with its certificate is refused.
  static constexpr unsigned char kId[] = "patchbay";
  SSL_CTX_set_session_id_context(raw, kId, sizeof kId - 1);
}

}  // namespace

Result<std::shared_ptr<TlsContext>> LoadTls(const TlsFiles& files) {
  auto context = std::make_shared<TlsContext>(TlsContext::tls_server);
  Harden(*context);
  boost::system::error_code error;
  context->use_certificate_chain_file(files.certificate, error);
  if (error) return Unusable("certificate", files.certificate, error);
  context->use_private_key_file(files.key, TlsContext::pem, error);
  if (error) return Unusable("key", files.key, error);
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return Error{Code::kInvalid, StrCat("key ", files.key, " does not belong to certificate ", files.certificate)};
  }
  if (files.client_ca.empty()) return context;
  context->load_verify_file(files.client_ca, error);
  if (error) return Unusable("client CA", files.client_ca, error);
  // Named in the handshake, so that clients with several certificates send the right one.
  SSL_CTX_set_client_CA_list(context->native_handle(), SSL_load_client_CA_file(files.client_ca.c_str()));
  context->set_verify_mode(ssl::verify_peer | (files.require_client_certificate ? ssl::verify_fail_if_no_peer_cert : 0),
                           error);
  if (error) return Unusable("client CA", files.client_ca, error);
  return context;
}

std::string PeerSubject(SSL* connection) {
  const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(connection), X509_free);
  if (!peer || SSL_get_verify_result(connection) != X509_V_OK) return "";
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(out.get(), X509_get_subject_name(peer.get()), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return length > 0 ? std::string(text, length) : "";
}

}  // namespace patchbay::http
