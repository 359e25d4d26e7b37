// SPDX-License-Identifier: LGPL-2.1-or-later
// A password that only one side has is refused, as dolly does, and the classic generation counts as a side
// without one: whoever set a password would not know that it is not asked for.
#include "greeting.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include <openssl/evp.h>
#include <sys/random.h>

#include "host.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;

constexpr std::size_t longestVerdict = 512;

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
        throw Failure(BOOTFERRY_ERROR_IO, "SHA-256 is not to be had from libcrypto");
    }
    return digest;
}

std::string_view asText(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

} // namespace

Digest challengeAnswer(std::string_view password, std::string_view nonce) {
    return sha256(asText(sha256(password, {})), nonce);
}

Digest randomNonce() {
    Digest nonce{};
    if (::getrandom(nonce.data(), nonce.size(), 0) != static_cast<ssize_t>(nonce.size())) {
        throw Failure(BOOTFERRY_ERROR_IO, "no random bytes for the password's challenge", errno);
    }
    return nonce;
}

void Greeting::feed(std::string_view bytes) {
    spoke_ = spoke_ || !bytes.empty();
    if (buffer_.size() + bytes.size() > longestDollytab) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, "the server's dollytab does not end");
    }
    buffer_ += bytes;
    while (advance()) {
    }
}

std::string Greeting::takeReply() {
    return std::exchange(reply_, {});
}

bool Greeting::advance() {
    switch (state_) {
    case State::FirstOctet:
        return takeFirstOctet();
    case State::Nonce:
        return takeNonce();
    case State::Verdict:
        return takeVerdict();
    case State::DirectoryWord:
        return takeDirectoryWord();
    case State::Text:
        if (endsWithEndconfig(buffer_)) {
            state_ = State::Complete;
        }
        return false;
    case State::Complete:
        return false;
    }
    return false;
}

bool Greeting::takeFirstOctet() {
    if (buffer_.empty()) {
        return false;
    }
    const auto octet = static_cast<unsigned char>(buffer_.front());
    const bool hasPassword = password_ && !password_->empty();
    if (octet == 'i' || octet == 'c') { // "infile ", "compressed infile "
        if (hasPassword) {
            throw Failure(BOOTFERRY_ERROR_AUTH,
                          "the server speaks the classic protocol, which knows no password; give none "
                          "(-P) to use it");
        }
        state_ = State::Text;
        return true;
    }
    if (octet > 1) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, "the peer speaks neither generation of dolly's protocol");
    }
    generation_ = Generation::Password;
    passwordUsed_ = octet == 1;
    if (passwordUsed_ != hasPassword) {
        throw Failure(BOOTFERRY_ERROR_AUTH,
                      passwordUsed_
                          ? "the server asks for a password, and none was given (-P)"
                          : "the server asks for no password, though one was given (-P); give one to the "
                            "server as well, or to neither");
    }
    buffer_.erase(0, 1);
    state_ = passwordUsed_ ? State::Nonce : State::DirectoryWord;
    return true;
}

bool Greeting::takeNonce() {
    if (buffer_.size() < digestSize) {
        return false;
    }
    reply_ += asText(challengeAnswer(*password_, std::string_view(buffer_).substr(0, digestSize)));
    buffer_.erase(0, digestSize);
    state_ = State::Verdict;
    return true;
}

bool Greeting::takeVerdict() {
    const auto end = buffer_.find('\0');
    if (end == std::string::npos) {
        if (buffer_.size() > longestVerdict) {
            throw Failure(BOOTFERRY_ERROR_PROTOCOL, "the server's answer to the password makes no sense");
        }
        return false;
    }
    if (std::string_view(buffer_).substr(0, end) != "OK") {
        throw Failure(BOOTFERRY_ERROR_AUTH, "the server has another password");
    }
    buffer_.erase(0, end + 1);
    state_ = State::DirectoryWord;
    return true;
}

bool Greeting::takeDirectoryWord() {
    std::uint32_t word = 0;
    if (buffer_.size() < sizeof word) {
        return false;
    }
    std::memcpy(&word, buffer_.data(), sizeof word);
    if (word != 0) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, word == 1 ? "the server sends directories (-D); wanted is "
                                                            "one image (-I)"
                                                          : "the peer does not speak dolly's protocol");
    }
    buffer_.erase(0, sizeof word);
    state_ = State::Text;
    return true;
}

} // namespace bootferry::dolly
