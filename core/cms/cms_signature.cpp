// SPDX-License-Identifier: LGPL-2.1-or-later
// A trusted certificate need not be a root: it is on this machine because somebody put it there. Its purpose
// and its dates count all the same. OpenSSL's default purpose for CMS is mail, which signers of code do not
// have; so none is set, and the uses are examined here.
#include "cms_signature.h"

#include <array>
#include <ctime>
#include <memory>
#include <vector>

#include <openssl/pem.h> // first: cms.h declares less without it

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "plain_text.h"
#include "text.h"

namespace bootferry {
namespace {

struct Free {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(CMS_ContentInfo* cms) const noexcept { CMS_ContentInfo_free(cms); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
    void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_pop_free(stack, X509_free); }
    void operator()(EXTENDED_KEY_USAGE* usage) const noexcept { EXTENDED_KEY_USAGE_free(usage); }
};
struct FreeStackOnly {
    void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Cms = std::unique_ptr<CMS_ContentInfo, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Certificates = std::unique_ptr<STACK_OF(X509), Free>;
using BorrowedCertificates = std::unique_ptr<STACK_OF(X509), FreeStackOnly>;
using Store = std::unique_ptr<X509_STORE, Free>;
using KeyUsages = std::unique_ptr<EXTENDED_KEY_USAGE, Free>;

constexpr char sequence = '\x30'; // DER; a packet of OpenPGP begins with a byte from 0x80 on
constexpr const char* anotherText = "it is not a signature of this text (or was made by openssl cms without "
                                    "-binary, which changes the line ends)";

[[noreturn]] void refuse(const std::string& reason) {
    throw Error(ErrorCode::Checksum, reason);
}

void require(bool isDone) {
    if (!isDone) {
        throw Error(ErrorCode::Internal, "libcrypto cannot prepare the verification of a signature");
    }
}

Bio bioOf(std::string_view bytes) {
    Bio bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    require(bio != nullptr);
    return bio;
}

// There may be text before it.
bool isPem(std::string_view signature) {
    return signature.find("-----BEGIN CMS-----") != std::string_view::npos ||
           signature.find("-----BEGIN PKCS7-----") != std::string_view::npos;
}

Cms parse(std::string_view signature) {
    const auto bio = bioOf(signature);
    Cms cms(!signature.starts_with(sequence) && isPem(signature)
                ? PEM_read_bio_CMS(bio.get(), nullptr, nullptr, nullptr)
                : d2i_CMS_bio(bio.get(), nullptr));
    if (cms == nullptr || OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_pkcs7_signed) {
        refuse("it is no CMS signature in DER or PEM: sign with openssl cms -sign -binary -outform DER");
    }
    if (CMS_is_detached(cms.get()) != 1) {
        refuse("it contains a text of its own: sign without -nodetach");
    }
    return cms;
}

Certificates readCertificates(std::string_view pem) {
    const auto bio = bioOf(pem);
    Certificates all(sk_X509_new_null());
    require(all != nullptr);
    while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
        require(sk_X509_push(all.get(), certificate) > 0);
    }
    const bool isRead = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; // the end of the text
    ERR_clear_error();
    if (!isRead) {
        throw Error(ErrorCode::Invalid, "one of the trusted certificates is damaged");
    }
    if (sk_X509_num(all.get()) == 0) {
        throw Error(ErrorCode::Invalid, "the trusted certificates cannot be read: they are to be in PEM");
    }
    return all;
}

bool hasSigningUse(X509* certificate) {
    constexpr int none = -1;
    int found = none; // otherwise: critical or not, repeated
    const KeyUsages extended(
        static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, &found, nullptr)));
    bool isAllowed = extended == nullptr && found == none;
    for (int i = 0; extended != nullptr && i < sk_ASN1_OBJECT_num(extended.get()); ++i) {
        const int use = OBJ_obj2nid(sk_ASN1_OBJECT_value(extended.get(), i));
        isAllowed =
            isAllowed || use == NID_code_sign || use == NID_email_protect || use == NID_anyExtendedKeyUsage;
    }
    return isAllowed;
}

// An authority whose certificate has an extendedKeyUsage may issue certificates for that only. The signer's
// is requirePurpose()'s matter.
int requireSigningAuthority(int isGood, X509_STORE_CTX* context) {
    if (isGood == 1 && X509_STORE_CTX_get_error_depth(context) > 0 &&
        !hasSigningUse(X509_STORE_CTX_get_current_cert(context))) {
        X509_STORE_CTX_set_error(context, X509_V_ERR_INVALID_PURPOSE);
        return 0;
    }
    return isGood;
}

Store storeOf(const Certificates& trusted) {
    Store store(X509_STORE_new());
    require(store != nullptr);
    for (int i = 0; i < sk_X509_num(trusted.get()); ++i) {
        require(X509_STORE_add_cert(store.get(), sk_X509_value(trusted.get(), i)) == 1);
    }
    auto* const parameters = X509_STORE_get0_param(store.get());
    require(X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN) == 1);
    require(X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY) == 1);
    constexpr int level = 2; // no MD5 and SHA-1, RSA from 2048 bits on
    X509_VERIFY_PARAM_set_auth_level(parameters, level);
    X509_STORE_set_verify_cb(store.get(), requireSigningAuthority);
    return store;
}

std::string subjectOf(const X509* certificate) {
    std::array<char, 256> text{};
    X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), static_cast<int>(text.size()));
    return plainText(text.data());
}

std::string fingerprintOf(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    require(X509_digest(certificate, EVP_sha256(), digest.data(), &length) == 1);
    return "sha256:" + hexOf(std::span(digest).first(length));
}

std::string clock() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
    return text.data();
}

// Of a certificate that was found but is not accepted.
std::string whyNot(X509_STORE* store, X509* signer, STACK_OF(X509) * others) {
    X509_STORE_CTX* const context = X509_STORE_CTX_new();
    require(context != nullptr);
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> owner(context, X509_STORE_CTX_free);
    require(X509_STORE_CTX_init(context, store, signer, others) == 1);
    if (X509_verify_cert(context) == 1) {
        return anotherText;
    }
    const int reason = X509_STORE_CTX_get_error(context);
    switch (reason) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return fmt::format("the certificate of {} {}; this machine's clock says {}", subjectOf(signer),
                           reason == X509_V_ERR_CERT_HAS_EXPIRED ? "has expired" : "is not valid yet",
                           clock());
    case X509_V_ERR_INVALID_PURPOSE:
        return fmt::format(
            "the certificate of {} was issued by an authority that may not issue certificates for "
            "signing, as its extendedKeyUsage says",
            subjectOf(signer));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return fmt::format("it was made by {}, whose certificate is not a trusted one", subjectOf(signer));
    default:
        return fmt::format("the certificate of {}: {}", subjectOf(signer),
                           X509_verify_cert_error_string(reason));
    }
}

// keyUsage and extendedKeyUsage count where a certificate has them. A certificate of a web server does not
// sign images.
void requirePurpose(X509* signer) {
    const auto usage = X509_get_key_usage(signer); // UINT32_MAX without that extension
    if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0 || !hasSigningUse(signer)) {
        refuse(
            fmt::format("the certificate of {} is not for signing: it needs keyUsage digitalSignature, and "
                        "codeSigning or emailProtection if it has an extendedKeyUsage",
                        subjectOf(signer)));
    }
}

// The digest that the signer chose; that of his certificate is the store's matter.
void requireStrongDigests(CMS_ContentInfo* cms) {
    const auto* const infos = CMS_get0_SignerInfos(cms);
    for (int i = 0; i < sk_CMS_SignerInfo_num(infos); ++i) {
        X509_ALGOR* digest = nullptr;
        CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(infos, i), nullptr, nullptr, &digest, nullptr);
        const ASN1_OBJECT* name = nullptr;
        X509_ALGOR_get0(&name, nullptr, nullptr, digest);
        const int id = OBJ_obj2nid(name);
        if (id != NID_sha256 && id != NID_sha384 && id != NID_sha512 && id != NID_sha3_256 &&
            id != NID_sha3_384 && id != NID_sha3_512) {
            refuse(
                fmt::format("it is made with {}, which can be forged or is not known: sign with -md sha256",
                            id == NID_undef ? "an unknown digest" : OBJ_nid2sn(id)));
        }
    }
}

void explainRefusal(CMS_ContentInfo* cms, X509_STORE* store) {
    const BorrowedCertificates signers(CMS_get0_signers(cms));
    const Certificates others(CMS_get1_certs(cms));
    if (signers == nullptr || sk_X509_num(signers.get()) == 0) {
        refuse("it was made by somebody whose certificate is not a trusted one");
    }
    for (int i = 0; i < sk_X509_num(signers.get()); ++i) {
        const auto reason = whyNot(store, sk_X509_value(signers.get(), i), others.get());
        if (i + 1 == sk_X509_num(signers.get()) || reason != anotherText) {
            refuse(reason);
        }
    }
}

} // namespace

// Also the forms that are not accepted: S/MIME, and DER in base 64 without the lines of PEM.
bool isCmsSignature(std::string_view signature) {
    constexpr std::string_view sequenceInBase64 = "MI";
    return signature.starts_with(sequence) || isPem(signature) || signature.starts_with("MIME-Version:") ||
           signature.starts_with(sequenceInBase64);
}

std::string verifyCmsSignature(std::string_view text, std::string_view signature,
                               std::string_view certificates) {
    const auto trusted = readCertificates(certificates);
    const auto store = storeOf(trusted);
    const auto cms = parse(signature);
    requireStrongDigests(cms.get());
    const auto content = bioOf(text);
    const bool isGood = CMS_verify(cms.get(), trusted.get(), store.get(), content.get(), nullptr,
                                   CMS_BINARY | CMS_DETACHED) == 1;
    ERR_clear_error();
    if (!isGood) {
        explainRefusal(cms.get(), store.get());
    }
    const BorrowedCertificates signers(CMS_get0_signers(cms.get()));
    std::string names;
    for (int i = 0; signers != nullptr && i < sk_X509_num(signers.get()); ++i) {
        auto* const signer = sk_X509_value(signers.get(), i);
        requirePurpose(signer);
        names += fmt::format("{}{} {}", names.empty() ? "" : "; ", fingerprintOf(signer), subjectOf(signer));
    }
    if (names.empty()) {
        refuse("nobody has signed");
    }
    return names;
}

} // namespace bootferry
