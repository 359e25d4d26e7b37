// SPDX-License-Identifier: LGPL-2.1-or-later
// The source of a transfer, built from its layers: for the URL and each mirror a transport (a plugin with its
// options and credentials, and the decorator for several connections), and over all of them one
// ResumingSource.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "handed_files.h"
#include "job_message.h"
#include "plugin_transport.h"
#include "resuming_source.h"
#include "widening_source.h"
#include "worker_process.h"

namespace bootferry {

struct RequestedOrigin {
    Url url;
    Credentials credentials;
};
[[nodiscard]] std::vector<RequestedOrigin>
originsOf(const ReceivedJob& job); // the image's URL, then the mirrors

[[nodiscard]] ResumeSettings resumeSettings(const ReceivedJob& job);

// For narrowSandbox(): of the plugins, and those that options name.
[[nodiscard]] std::vector<std::string> readableFolders(const ReceivedJob& job, const HandedFiles& files);

class SourceStack {
public:
    using Opened = std::function<void(std::size_t origin)>; // a server has answered; in the pipeline's thread

    // requested: at least one; the first is the requested URL. Throws Error(Unsupported) for a scheme or an
    // option that no plugin supports.
    SourceStack(const ReceivedJob& job, const std::vector<RequestedOrigin>& requested,
                ProgressReporter& reporter, HandedFiles& files, const Opened& opened);

    [[nodiscard]] ResumingSource& source() { return *source_; }
    // The plugins' transports themselves, for parts: several threads may open them, and nothing is reported.
    [[nodiscard]] std::vector<Origin> plainOrigins() const;
    // BOOTFERRY_NEEDS_... of all its plugins.
    [[nodiscard]] std::uint32_t needs() const;
    [[nodiscard]] std::string plugin() const { return transports_.front()->description(); }

private:
    void onPluginStatus(const std::string& text);

    ProgressReporter& reporter_;
    std::vector<Url> urls_;
    std::vector<std::unique_ptr<PluginTransport>> transports_;
    std::vector<std::unique_ptr<WideningTransport>> widening_; // one over each transport
    std::vector<std::unique_ptr<Transport>> reporting_;        // one over each of those
    std::unique_ptr<ResumingSource> source_;
};

} // namespace bootferry
