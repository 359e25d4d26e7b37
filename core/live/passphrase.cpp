// SPDX-License-Identifier: LGPL-2.1-or-later
// systemd-ask-password(1) speaks to the agents: that of the console, and plymouth's. It has no terminal here,
// so it does not prompt itself.
#include "passphrase.h"

#include <string.h> // NOLINT(modernize-deprecated-headers): explicit_bzero

#include <utility>

#include <spdlog/fmt/fmt.h>

#include "environment.h"
#include "errors.h"
#include "files.h"
#include "log.h"
#include "program.h"

namespace bootferry {
namespace {

void stripLineEnd(std::string& text) {
    if (text.ends_with('\n')) {
        text.pop_back();
        if (text.ends_with('\r')) {
            text.pop_back();
        }
    }
}

} // namespace

// Also clears an object that was moved from: a short text is stored in the object itself.
Secret::~Secret() {
    text_.resize(text_.capacity());
    ::explicit_bzero(text_.data(), text_.size());
}

std::optional<Secret> readPassphrase(const std::string& folder) {
    auto text = readSmallFile(folder + "/" + passphraseCredential);
    if (!text) {
        return std::nullopt;
    }
    stripLineEnd(*text);
    if (text->empty()) {
        logWarning(fmt::format("the credential {} is empty, ignoring", passphraseCredential));
        return std::nullopt;
    }
    return Secret(std::move(*text));
}

PassphraseSource::PassphraseSource(std::string what, std::string ifForgotten)
    : what_(std::move(what)), ifForgotten_(std::move(ifForgotten)),
      credential_(readPassphrase(environment("BOOTFERRY_SYSTEM_CREDENTIALS", "/run/credentials/@system"))) {}

Secret PassphraseSource::next() {
    if (auto given = std::exchange(credential_, std::nullopt)) {
        isFirst_ = false;
        return std::move(*given);
    }
    if (!isFirst_) {
        logWarning(fmt::format("wrong passphrase for {}: asking again, and nothing is changed. If it is "
                               "forgotten, {}",
                               what_, ifForgotten_));
    }
    const auto question = fmt::format("{}assphrase for {}:", isFirst_ ? "P" : "Wrong. P", what_);
    isFirst_ = false;
    return ask(question);
}

Secret PassphraseSource::choose() {
    if (auto given = std::exchange(credential_, std::nullopt)) {
        return std::move(*given);
    }
    const auto question = fmt::format("New passphrase for {}", what_);
    for (std::string prefix;;) {
        auto passphrase = ask(fmt::format("{}{}:", prefix, question));
        if (passphrase.text().empty()) {
            prefix = "It is empty. ";
        } else if (ask(fmt::format("{} (again):", question)).text() == passphrase.text()) {
            return passphrase;
        } else {
            prefix = "They differ. ";
        }
    }
}

Secret PassphraseSource::ask(const std::string& question) const {
    std::string answer;
    const int status = runProgram(
        {"systemd-ask-password", "--id=bootferry:lukscow", "--icon=drive-harddisk", "--timeout=0", question},
        &answer);
    if (status == noSuchProgram) {
        throw Error(ErrorCode::Auth,
                    fmt::format("nobody can be asked for the passphrase of {}: the initrd has "
                                "no systemd-ask-password; give it as the credential {}",
                                what_, passphraseCredential));
    }
    if (status != 0) {
        throw Error(ErrorCode::Auth, fmt::format("no passphrase for {} was entered", what_));
    }
    stripLineEnd(answer);
    return Secret(std::move(answer));
}

} // namespace bootferry
