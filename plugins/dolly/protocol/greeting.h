// SPDX-License-Identifier: LGPL-2.1-or-later
// Parses the beginning of a control connection, on the receiving node. The first octet distinguishes the
// generations: a dollytab begins with a letter, the newer protocol with 0 or 1. Bytes are fed in as they
// arrive; nothing here waits, so that a slow peer delays no other. NodeLink::greet() is the sending side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dollytab.h"

namespace bootferry::dolly {

// The newer generation's first octet.
[[nodiscard]] std::string composeOpening(bool wantsPassword);

// The word before the newer generation's dollytab: the kind of transfer.
inline constexpr std::uint32_t oneImage = 0;
inline constexpr std::uint32_t directories = 1;

class Greeting {
public:
    explicit Greeting(std::optional<std::string> password) : password_(std::move(password)) {}

    // Throws plugin::Failure if the peer or its password is not accepted.
    void feed(std::string_view bytes);
    // The octets to send to the peer now.
    [[nodiscard]] std::string takeReply();

    [[nodiscard]] bool complete() const { return state_ == State::Complete; }
    [[nodiscard]] bool hasReceived() const { return hasReceived_; }
    [[nodiscard]] Generation generation() const { return generation_; }
    [[nodiscard]] bool passwordUsed() const { return passwordUsed_; }
    // Call once, when complete.
    [[nodiscard]] Dollytab dollytab() { return parseDollytab(std::move(buffer_), generation_); }

private:
    enum class State { FirstOctet, Nonce, Verdict, DirectoryWord, Text, Complete };

    bool advance(); // false: more bytes are needed
    bool takeFirstOctet();
    bool takeNonce();
    bool takeVerdict();
    bool takeDirectoryWord();

    std::optional<std::string> password_;
    State state_ = State::FirstOctet;
    Generation generation_ = Generation::Classic;
    bool passwordUsed_ = false;
    bool hasReceived_ = false;
    std::string buffer_;
    std::string reply_;
};

} // namespace bootferry::dolly
