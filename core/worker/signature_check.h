// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of gpgv(1), which decides whether a checksum list is signed. Neither the process that received
// the list nor the privileged supervisor reads the signature: gpgv runs as the worker's user, without a
// network, in a sandbox of its own (sandbox.h). It gets everything in sealed memory, and what it prints is
// bounded and judged (gpgv_status.h). What is returned as signed is exactly what the signature covers. A CMS
// signature is verified in the same way, by libcrypto instead of gpgv.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "errors.h"
#include "gpgv_status.h"
#include "handles.h"
#include "limited_process.h"
#include "trusted_keys.h"
#include "worker_process.h"

namespace bootferry {

struct SignedMessage {
    TrustedKeys keys;
    std::string text;
    std::string signature; // empty: the text is signed inline
};

class SignatureCheck {
public:
    struct Verdict {
        std::string text;   // that is signed
        std::string signer; // as judgeSignature() names it
        std::optional<Error> failure;
    };
    using Judged = std::function<void(const Verdict&)>;

    // Throws Error if the process cannot be started, Error(Checksum) if no key of the signature's kind is
    // trusted. Calls judged once, later; that may destroy the object.
    // `event` must outlive it.
    SignatureCheck(sd_event* event, const WorkerProgram& program, const SignedMessage& message,
                   Judged judged);
    ~SignatureCheck() = default; // kills a running process, without calling judged
    SignatureCheck(const SignatureCheck&) = delete;
    SignatureCheck& operator=(const SignatureCheck&) = delete;

    void cancel(); // judged follows

private:
    [[nodiscard]] Verdict verdict(const siginfo_t& exit) const;
    [[nodiscard]] Verdict verdictOfCms(int exitStatus) const;
    void ended(const siginfo_t& exit);

    Judged judged_;
    SignatureForm form_;
    bool isCms_;
    std::string text_; // signed by the signature of its own
    ProcessOutput status_;
    ProcessOutput plain_; // of a text that is signed inline
    ProcessOutput errors_;
    bool cancelled_ = false;
    std::optional<LimitedProcess> process_; // last: it calls ended()
};

// Throws Error(Unsupported) that says what to install, if this machine has no gpgv.
void requireGpgv();

// In the process that spawnSignatureCheck() has started, and in its sandbox. Returns the exit status: that of
// a CMS signature, or the one for a gpgv that cannot be executed.
[[nodiscard]] int checkSignature(const char* form);

} // namespace bootferry
