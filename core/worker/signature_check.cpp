// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptors of gpgv: 3 the keys; of a detached signature, 0 the signed text, 1 the status, 4 the signature;
// of an inline one, 0 the message, 1 what is signed, 4 the status.
#include "signature_check.h"

#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <span>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "plain_text.h"
#include "sealed_memory.h"
#include "spawn.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr const char* gpgv = "/usr/bin/gpgv";
constexpr const char* detached = "detached";
constexpr const char* inlined = "inline";
constexpr std::size_t longestText = std::size_t{2} << 20U;
constexpr std::size_t longestStatus = std::size_t{64} << 10U;
constexpr std::uint64_t timeLimitUSec = 120'000'000;
constexpr int notFound = 127; // exit statuses, as a shell has them
constexpr int notExecuted = 126;

UniqueFd memoryOf(const std::string& text) {
    return sealedMemory("bootferry-signed", std::as_bytes(std::span(text)));
}

[[noreturn]] void refuseWithoutGpgv() {
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("signatures are verified by {}, and it is not here: install the package gpgv, and "
                    "build the initrd again",
                    gpgv));
}

} // namespace

SignatureCheck::Output::Output(sd_event* event, std::size_t most) : most_(most) {
    constexpr const char* what = "watching a pipe";
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "creating a pipe");
    ours_ = UniqueFd(ends[0]);
    theirs_ = UniqueFd(ends[1]);
    checkErrno(::fcntl(ours_.get(), F_SETFL, O_NONBLOCK), what);
    input_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_io(event, source, ours_.get(), EPOLLIN, onReadable, this);
        },
        what);
}

bool SignatureCheck::Output::read() {
    std::array<char, 4096> piece{};
    const auto count = TEMP_FAILURE_RETRY(::read(ours_.get(), piece.data(), piece.size()));
    if (count <= 0) {
        return false;
    }
    if (text_.size() + static_cast<std::size_t>(count) <= most_) {
        text_.append(piece.data(), static_cast<std::size_t>(count));
    } else {
        isWhole_ = false;
    }
    return true;
}

void SignatureCheck::Output::drain() {
    while (read()) {
    }
}

int SignatureCheck::Output::onReadable(sd_event_source* source, int, std::uint32_t events, void* userdata) {
    if (!static_cast<Output*>(userdata)->read() && (events & EPOLLHUP) != 0) {
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
    }
    return 0;
}

SignatureCheck::SignatureCheck(sd_event* event, const WorkerProgram& program, const SignedMessage& message,
                               Judged judged)
    : judged_(std::move(judged)),
      form_(message.signature.empty() ? SignatureForm::Inline : SignatureForm::Detached), text_(message.text),
      status_(event, longestStatus), plain_(event, longestText), errors_(event, longestStatus) {
    const auto text = memoryOf(message.text);
    const auto keys = memoryOf(message.keys);
    const auto signature = memoryOf(message.signature);
    const bool isInline = form_ == SignatureForm::Inline;
    pid_ = spawnSignatureCheck(program, isInline ? inlined : detached,
                               {.input = text,
                                .output = isInline ? plain_.theirs() : status_.theirs(),
                                .errors = errors_.theirs(),
                                .keys = keys,
                                .other = isInline ? status_.theirs() : signature});
    try {
        for (auto* output : {&status_, &plain_, &errors_}) {
            output->started();
        }
        watch(event);
    } catch (const Error&) {
        killAndReap();
        throw;
    }
}

SignatureCheck::~SignatureCheck() {
    killAndReap();
}

void SignatureCheck::watch(sd_event* event) {
    child_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_child(event, source, pid_, WEXITED, onExit, this);
        },
        "watching a process");
    timeLimit_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_time_relative(event, source, CLOCK_MONOTONIC, timeLimitUSec, 0, onTimeLimit,
                                              this);
        },
        "timing a process");
}

void SignatureCheck::killAndReap() noexcept {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
}

void SignatureCheck::cancel() {
    cancelled_ = true;
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL); // onExit() follows
    }
}

int SignatureCheck::onTimeLimit(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<SignatureCheck*>(userdata);
    self.late_ = true;
    if (self.pid_ > 0) {
        ::kill(self.pid_, SIGKILL);
    }
    return 0;
}

SignatureCheck::Verdict SignatureCheck::verdict(const siginfo_t& exit) const {
    Verdict verdict;
    try {
        if (cancelled_) {
            throw Error(ErrorCode::Cancelled, "cancelled");
        }
        if (late_ || exit.si_code != CLD_EXITED) {
            throw Error(ErrorCode::Checksum,
                        late_ ? "gpgv took too long, and was ended"
                              : fmt::format("gpgv was ended by signal {}", exit.si_status));
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

int SignatureCheck::onExit(sd_event_source*, const siginfo_t* info, void* userdata) {
    auto& self = *static_cast<SignatureCheck*>(userdata);
    self.pid_ = -1; // sd-event reaps it
    self.timeLimit_.reset();
    for (auto* output : {&self.status_, &self.plain_, &self.errors_}) {
        output->drain();
    }
    for (const auto line : linesOf(self.errors_.text())) {
        logDebug(plainText(line));
    }
    const auto verdict = self.verdict(*info);
    const auto judged = std::move(self.judged_); // the call may destroy self
    judged(verdict);
    return 0;
}

void requireGpgv() {
    if (::access(gpgv, F_OK) != 0) {
        refuseWithoutGpgv();
    }
}

int becomeGpgv(const char* form) {
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
