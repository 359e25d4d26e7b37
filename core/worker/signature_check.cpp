// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptors of gpgv: 3 the keys; of a detached signature, 0 the signed text, 1 the status, 4 the signature;
// of an inline one, 0 the message, 1 what is signed, 4 the status. Of a CMS signature: as of a detached one,
// and the status is one line: who signed, or why the signature is not accepted.
#include "signature_check.h"

#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <span>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "cms_signature.h"
#include "log.h"
#include "plain_text.h"
#include "sealed_memory.h"
#include "spawn.h"
#include "standard_streams.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr const char* gpgv = "/usr/bin/gpgv";
constexpr const char* detached = "detached";
constexpr const char* inlined = "inline";
constexpr const char* cms = "cms";
constexpr std::size_t longestText = std::size_t{2} << 20U;
constexpr std::size_t longestStatus = std::size_t{64} << 10U;
constexpr std::chrono::seconds timeLimit{120};
constexpr int notFound = 127; // exit statuses, as a shell has them
constexpr int notExecuted = 126;
constexpr int notAccepted = 1;
constexpr int keysFd = 3;
constexpr int otherFd = 4;

UniqueFd memoryOf(const std::string& text) {
    return sealedMemory("bootferry-signed", std::as_bytes(std::span(text)));
}

[[noreturn]] void refuseWithoutGpgv() {
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("'{}', which verifies signatures, is missing: install the package gpgv, and build the "
                    "initrd again",
                    gpgv));
}

void requireKeysOfItsKind(const SignedMessage& message, bool isCms) {
    if (isCms && message.keys.certificates.empty()) {
        throw Error(ErrorCode::Checksum, "it is a CMS signature, and no certificate is trusted: put one into "
                                         "/etc/bootferry/keys/NAME.pem");
    }
    if (!isCms && message.keys.openpgp.empty()) {
        throw Error(ErrorCode::Checksum,
                    "it is no CMS signature, and no OpenPGP key is trusted: put one into "
                    "/etc/bootferry/keys/NAME.gpg");
    }
}

std::string readAll(int fd) {
    std::string text;
    std::array<char, 65536> block{};
    for (;;) {
        const auto count = TEMP_FAILURE_RETRY(::read(fd, block.data(), block.size()));
        if (count < 0) {
            throwErrno(errno, "reading what is signed");
        }
        if (count == 0) {
            return text;
        }
        text.append(block.data(), static_cast<std::size_t>(count));
    }
}

int checkCms() {
    std::string line;
    int status = EXIT_SUCCESS;
    try {
        line = verifyCmsSignature(readAll(STDIN_FILENO), readAll(otherFd), readAll(keysFd));
    } catch (const std::exception& error) {
        line = error.what();
        status = notAccepted;
    }
    writeOutput(line);
    return flushOutput() ? status : notExecuted;
}

} // namespace

SignatureCheck::SignatureCheck(sd_event* event, const WorkerProgram& program, const SignedMessage& message,
                               Judged judged)
    : judged_(std::move(judged)),
      form_(message.signature.empty() ? SignatureForm::Inline : SignatureForm::Detached),
      isCms_(isCmsSignature(message.signature)), text_(message.text), status_(event, longestStatus),
      plain_(event, longestText), errors_(event, longestStatus) {
    requireKeysOfItsKind(message, isCms_);
    const auto text = memoryOf(message.text);
    const auto keys = memoryOf(isCms_ ? message.keys.certificates : message.keys.openpgp);
    const auto signature = memoryOf(message.signature);
    const bool isInline = form_ == SignatureForm::Inline;
    process_.emplace(event,
                     spawnSignatureCheck(program,
                                         isInline ? inlined
                                         : isCms_ ? cms
                                                  : detached,
                                         {.input = text,
                                          .output = isInline ? plain_.theirs() : status_.theirs(),
                                          .errors = errors_.theirs(),
                                          .keys = keys,
                                          .other = isInline ? status_.theirs() : signature}),
                     timeLimit, [this](const siginfo_t& exit) { ended(exit); });
    for (auto* output : {&status_, &plain_, &errors_}) {
        output->started();
    }
}

void SignatureCheck::cancel() {
    cancelled_ = true;
    process_->kill();
}

SignatureCheck::Verdict SignatureCheck::verdict(const siginfo_t& exit) const {
    Verdict verdict;
    try {
        if (cancelled_) {
            throw Error(ErrorCode::Cancelled, "cancelled");
        }
        if (process_->isLate() || exit.si_code != CLD_EXITED) {
            throw Error(ErrorCode::Checksum,
                        process_->isLate()
                            ? "verifying it took too long, and was ended"
                            : fmt::format("verifying it was ended by signal {}", exit.si_status));
        }
        if (isCms_) {
            return verdictOfCms(exit.si_status);
        }
        if (exit.si_status == notFound) {
            refuseWithoutGpgv();
        }
        if (exit.si_status == notExecuted) {
            throw Error(ErrorCode::Unsupported, fmt::format("'{}' cannot be executed", gpgv));
        }
        if (!status_.isWhole() || !plain_.isWhole()) {
            throw Error(ErrorCode::Checksum, "gpgv printed too much");
        }
        verdict.signer = judgeSignature({.status = status_.text(), .exitStatus = exit.si_status}, form_,
                                        std::time(nullptr));
        verdict.text = form_ == SignatureForm::Inline ? plain_.text() : text_;
    } catch (const Error& error) {
        verdict = {.text = {}, .signer = {}, .failure = error};
    }
    return verdict;
}

SignatureCheck::Verdict SignatureCheck::verdictOfCms(int exitStatus) const {
    const auto line = plainText(status_.text());
    if (exitStatus != EXIT_SUCCESS || line.empty()) {
        throw Error(ErrorCode::Checksum, exitStatus == notAccepted ? line : "it cannot be verified");
    }
    return {.text = text_, .signer = line, .failure = {}};
}

void SignatureCheck::ended(const siginfo_t& exit) {
    for (auto* output : {&status_, &plain_, &errors_}) {
        output->drain();
    }
    for (const auto line : linesOf(errors_.text())) {
        logDebug(plainText(line));
    }
    const auto judgement = verdict(exit);
    const auto judged = std::move(judged_); // the call may destroy this
    judged(judgement);
}

void requireGpgv() {
    if (::access(gpgv, F_OK) != 0) {
        refuseWithoutGpgv();
    }
}

int checkSignature(const char* form) {
    if (std::strcmp(form, cms) == 0) {
        return checkCms();
    }
    const bool isInline = std::strcmp(form, inlined) == 0;
    std::array<const char*, 12> words{gpgv,           "--quiet",        "--homedir",
                                      "/nonexistent", "--status-fd",    isInline ? "4" : "1",
                                      "--keyring",    "/proc/self/fd/3"};
    words.at(8) = isInline ? "--output" : "/proc/self/fd/4";
    words.at(9) = "-";
    words.at(10) = isInline ? "-" : nullptr;
    std::array<const char*, 2> environment{"LC_ALL=C", nullptr};
    // execve(2) changes neither the texts nor the arrays; its types are older than const.
    ::execve(gpgv, const_cast<char* const*>(words.data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast)
             const_cast<char* const*>(environment.data())); // NOLINT(cppcoreguidelines-pro-type-const-cast)
    return errno == ENOENT ? notFound : notExecuted;
}

} // namespace bootferry
