// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksum that the image must have, if the job names a list on a server (SHA256SUMS) that states it. It
// is read by a process that does nothing else, before the image begins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "digest.h"
#include "progress_reporter.h"
#include "source_stack.h"
#include "worker_process.h"

namespace bootferry {

// Constructed before the network is touched, since the options of its plugin may name files.
class ChecksumOrigin {
public:
    ChecksumOrigin(const ReceivedJob& job, ProgressReporter& reporter, HandedFiles& files);

    // BOOTFERRY_NEEDS_... of the list's plugin.
    [[nodiscard]] std::uint32_t needs() const { return sourceStack_ ? sourceStack_->needs() : 0; }

    [[nodiscard]] std::string plugin() const { return sourceStack_->plugin(); } // call if there is a list

    // Call once, if there is a list. Waits and retries as a transfer does. Throws Error whose text names the
    // list: what the transfer of the list throws, Checksum if it is too large to be a list, and what
    // findChecksum() throws.
    [[nodiscard]] Checksum expectedChecksum();

private:
    // The list is a transfer of its own. Its bytes are not the image's, so only its waiting is reported.
    class ListProgress : public ProgressListener {
    public:
        explicit ListProgress(ProgressReporter& reporter) : reporter_(reporter) {}
        void progressed(const Progress& progress) override;

    private:
        ProgressReporter& reporter_;
    };

    TransferRequest request_;
    ListProgress progress_;
    ProgressReporter reporter_;
    std::optional<SourceStack> sourceStack_; // of the list
};

} // namespace bootferry
