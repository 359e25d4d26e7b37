// SPDX-License-Identifier: LGPL-2.1-or-later
// The first words on a control connection, from the side of the node: which generation speaks is seen by the
// first octet, since a dollytab begins with a letter and the newer protocol with 0 or 1. Bytes go in as they
// come, in whatever pieces; nothing here waits, so that one peer that dawdles keeps nobody else from being
// heard.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "dollytab.h"

namespace bootferry::dolly {

inline constexpr std::size_t digestSize = 32;
using Digest = std::array<unsigned char, digestSize>;

// What proves that one knows the password: SHA-256(SHA-256(password) nonce).
[[nodiscard]] Digest challengeAnswer(std::string_view password, std::string_view nonce);
[[nodiscard]] Digest randomNonce();

class Greeting {
public:
    explicit Greeting(std::optional<std::string> password) : password_(std::move(password)) {}

    // Throws plugin::Failure where the peer or its password will not do.
    void feed(std::string_view bytes);
    // What is to be sent to the peer now.
    [[nodiscard]] std::string takeReply();

    [[nodiscard]] bool complete() const { return state_ == State::Complete; }
    [[nodiscard]] bool saidAnything() const { return spoke_; }
    [[nodiscard]] Generation generation() const { return generation_; }
    [[nodiscard]] bool passwordUsed() const { return passwordUsed_; }
    // Once, when complete.
    [[nodiscard]] Dollytab dollytab() { return parseDollytab(std::move(buffer_), generation_); }

private:
    enum class State { FirstOctet, Nonce, Verdict, DirectoryWord, Text, Complete };

    bool advance(); // false: more bytes are wanted
    bool takeFirstOctet();
    bool takeNonce();
    bool takeVerdict();
    bool takeDirectoryWord();

    std::optional<std::string> password_;
    State state_ = State::FirstOctet;
    Generation generation_ = Generation::Classic;
    bool passwordUsed_ = false;
    bool spoke_ = false;
    std::string buffer_;
    std::string reply_;
};

} // namespace bootferry::dolly
