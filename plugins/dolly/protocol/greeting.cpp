// SPDX-License-Identifier: LGPL-2.1-or-later
// A password on only one side is refused, as in dolly. The classic generation has no passwords, so a
// configured one is refused, too: the user would expect protection that does not exist.
#include "greeting.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "challenge.h"
#include "host.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;

constexpr unsigned char passwordWanted = 1; // the first octet of the newer generation; 0: none

} // namespace

std::string composeOpening(bool wantsPassword) {
    return {wantsPassword ? static_cast<char>(passwordWanted) : '\0'};
}

void Greeting::feed(std::string_view bytes) {
    hasReceived_ = hasReceived_ || !bytes.empty();
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
            throw Failure(BOOTFERRY_ERROR_AUTH, "the server speaks the classic protocol, which has no "
                                                "password: remove the password (-P) to use it");
        }
        state_ = State::Text;
        return true;
    }
    if (octet > passwordWanted) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, "the peer speaks neither generation of dolly's protocol");
    }
    generation_ = Generation::Password;
    passwordUsed_ = octet == passwordWanted;
    if (passwordUsed_ != hasPassword) {
        throw Failure(BOOTFERRY_ERROR_AUTH, passwordUsed_
                                                ? "the server requires a password, and none is set (-P)"
                                                : "the server requires no password, but one is set (-P): set "
                                                  "one on the server too, or on neither");
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
            throw Failure(BOOTFERRY_ERROR_PROTOCOL, "the server's verdict on the password is invalid");
        }
        return false;
    }
    if (!isAcceptance(std::string_view(buffer_).substr(0, end))) {
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
    if (word != oneImage) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, word == directories
                                                    ? "the server sends directories (-D), not one image (-I)"
                                                    : "the peer does not speak dolly's protocol");
    }
    buffer_.erase(0, sizeof word);
    state_ = State::Text;
    return true;
}

} // namespace bootferry::dolly
