// SPDX-License-Identifier: LGPL-2.1-or-later
// The passphrase of the encrypted partition for changes, or of an encrypted image: the credential
// bootferry.passphrase, and if there is none, or if it is wrong, what systemd's password agents ask at the
// console and on the splash.
#pragma once

#include <optional>
#include <string>

namespace bootferry {

inline constexpr const char* passphraseCredential = "bootferry.passphrase";

// Overwritten when it is no longer needed.
class Secret {
public:
    explicit Secret(std::string text) noexcept : text_(std::move(text)) {}
    ~Secret();
    Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {}
    Secret& operator=(Secret&&) = delete;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
};

// The credential's, without a line end; nullopt if there is none, or an empty one.
[[nodiscard]] std::optional<Secret> readPassphrase(const std::string& folder);

class PassphraseSource {
public:
    // what: "'/dev/sda3', which keeps the changes"; ifForgotten: "the changes are lost".
    PassphraseSource(std::string what, std::string ifForgotten);

    // The credential's at the first call, then those that are entered: the one before was wrong. Waits for an
    // answer. Throws Error(Auth) if nobody can be asked, or if the person declines; Error(Cancelled).
    [[nodiscard]] Secret next();

    // Of a new device: the credential's, or one that is entered twice. Throws as next().
    [[nodiscard]] Secret choose();

private:
    [[nodiscard]] Secret ask(const std::string& question) const;

    std::string what_;
    std::string ifForgotten_;
    std::optional<Secret> credential_;
    bool isFirst_ = true;
};

} // namespace bootferry
