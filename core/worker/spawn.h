// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts bootferry-transfer with as little as it needs: two descriptors, an environment of only a language
// and a PATH, another user, no capabilities, and no way to regain them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "handles.h"
#include "worker_process.h"

namespace bootferry {

// The verifying process is the same program with this argument: a second program would only make the initrd
// larger.
inline constexpr std::string_view verifierArgument = "--verify";

// Returns once the program runs. Throws Error: no such user, no such program, or which step failed. The child
// is killed when the caller's thread dies. It prints to output, a pipe (worker_output.h).
[[nodiscard]] pid_t spawnWorker(const WorkerProgram& program, WorkerRole role, const UniqueFd& channel,
                                const UniqueFd& cancel, const UniqueFd& output);

// Starts the same program with arguments that make it write a list to output.
[[nodiscard]] pid_t spawnPluginList(const WorkerProgram& program, std::vector<std::string> arguments,
                                    const UniqueFd& output, const UniqueFd& errors);

// The same program with this argument and a form becomes gpgv, in a sandbox: see signature_check.h.
inline constexpr std::string_view signatureArgument = "--check-signature";
// What gpgv's descriptors 0 to 4 are.
struct SignatureStreams {
    const UniqueFd& input;
    const UniqueFd& output;
    const UniqueFd& errors;
    const UniqueFd& keys;
    const UniqueFd& other; // the signature; or for the status, if that is not the output
};
[[nodiscard]] pid_t spawnSignatureCheck(const WorkerProgram& program, const std::string& form,
                                        const SignatureStreams& streams);

} // namespace bootferry
