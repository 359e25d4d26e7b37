// SPDX-License-Identifier: LGPL-2.1-or-later
#include "challenge.h"

#include <cerrno>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include "host.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;

constexpr std::string_view acceptance = "OK";

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

Digest sha256(std::string_view first, std::string_view second) {
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    Digest digest{};
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
        EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
        throw Failure(BOOTFERRY_ERROR_IO, "libcrypto has no SHA-256");
    }
    return digest;
}

} // namespace

Digest randomNonce() {
    Digest nonce{};
    if (::getrandom(nonce.data(), nonce.size(), 0) != static_cast<ssize_t>(nonce.size())) {
        throw Failure(BOOTFERRY_ERROR_IO, "no random bytes for the password's challenge", errno);
    }
    return nonce;
}

Digest challengeAnswer(std::string_view password, std::string_view nonce) {
    return sha256(asText(sha256(password, {})), nonce);
}

bool isAnswerTo(std::string_view nonce, std::string_view password, std::string_view answer) {
    const auto expected = challengeAnswer(password, nonce);
    return answer.size() == expected.size() &&
           CRYPTO_memcmp(answer.data(), expected.data(), expected.size()) == 0;
}

std::string composeVerdict(bool accepted, const std::string& host) {
    return (accepted ? std::string(acceptance) : "AUTH_FAILED:" + host) + '\0';
}

bool isAcceptance(std::string_view verdict) {
    return verdict == acceptance;
}

} // namespace bootferry::dolly
