// Certificates made on the spot, for tests of TLS.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

namespace patchbay::http {

struct Certificate {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> document;
};

inline void AddName(X509_NAME* name, const char* field, const std::string& value) {
  X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1,
                             0);
}

inline void AddExtension(X509* document, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, document, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  X509_add_ext(document, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself when it is nullptr: then a CA.
inline Certificate MakeCertificate(const std::string& common_name, const std::string& organisation,
                                   const Certificate* issuer) {
  static long serial = 1;
  Certificate made{{EVP_EC_gen("P-256"), EVP_PKEY_free}, {X509_new(), X509_free}};
  X509* const document = made.document.get();
  X509* const signer = issuer ? issuer->document.get() : document;
  X509_set_version(document, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(document), serial++);
  X509_gmtime_adj(X509_getm_notBefore(document), -3600);
  X509_gmtime_adj(X509_getm_notAfter(document), 86'400);
  X509_set_pubkey(document, made.key.get());
  if (!organisation.empty()) AddName(X509_get_subject_name(document), "O", organisation);
  AddName(X509_get_subject_name(document), "CN", common_name);
  X509_set_issuer_name(document, X509_get_subject_name(signer));
  AddExtension(document, signer, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  if (issuer) AddExtension(document, signer, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_sign(document, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
  return made;
}

inline void WritePem(const std::string& path, const Certificate& certificate, bool with_key) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, certificate.document.get());
  if (with_key) PEM_write_PrivateKey(file, certificate.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

}  // namespace patchbay::http
