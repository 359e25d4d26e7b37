// SPDX-License-Identifier: LGPL-2.1-or-later
// A server of another origin than the requested URL must not receive the login from the options.
#include "source_stack.h"

#include "channel.h"

namespace bootferry {
namespace {

WideningSettings wideningSettings(const TransferRequest& request) {
    WideningSettings settings;
    settings.limits.connections = request.limitRate ? 1 : request.connections; // more would not be faster
    return settings;
}

// Reports each answer of a server, with the origin that the server serves.
class ReportingTransport : public Transport {
public:
    ReportingTransport(Transport& transport, std::size_t origin, SourceStack::Opened opened)
        : transport_(transport), origin_(origin), opened_(std::move(opened)) {}

    std::unique_ptr<ByteSource> open(const OpenRequest& request) override {
        auto source = transport_.open(request);
        opened_(origin_);
        return source;
    }

private:
    Transport& transport_;
    std::size_t origin_;
    SourceStack::Opened opened_;
};

} // namespace

ResumeSettings resumeSettings(const ReceivedJob& job) {
    const auto& request = job.request;
    ResumeSettings settings;
    settings.retries = job.purpose == JobPurpose::Transfer || job.purpose == JobPurpose::TransferChecksum;
    settings.stallTimeout = request.stallTimeout;
    settings.timeout = request.timeout;
    settings.idleTimeout = request.idleTimeout;
    settings.limitRate = request.limitRate;
    settings.contentIsVerified = job.purpose == JobPurpose::Transfer && request.checksum;
    settings.cancelFd = channel::cancelFd;
    return settings;
}

std::vector<RequestedOrigin> originsOf(const ReceivedJob& job) {
    std::vector<RequestedOrigin> origins{{.url = job.request.url, .credentials = job.credentials.front()}};
    for (std::size_t i = 0; i < job.request.mirrors.size(); ++i) {
        origins.push_back({.url = job.request.mirrors[i], .credentials = job.credentials[i + 1]});
    }
    return origins;
}

std::vector<std::string> readableFolders(const ReceivedJob& job, const HandedFiles& files) {
    auto folders = files.folders();
    folders.push_back(job.pluginDir);
    return folders;
}

SourceStack::SourceStack(const ReceivedJob& job, const std::vector<RequestedOrigin>& requested,
                         ProgressReporter& reporter, HandedFiles& files, const Opened& opened)
    : reporter_(reporter) {
    std::vector<Origin> origins;
    for (const auto& [url, credentials] : requested) {
        urls_.push_back(url);
        transports_.push_back(std::make_unique<PluginTransport>(
            job.pluginDir, url.scheme(), job.request.pluginOptions, credentials,
            [this](const std::string& text) { onPluginStatus(text); },
            [&files](const std::string& path) { return files.fileAt(path); }));
        transports_.back()->checkOptions();
        if (job.withholdLogin || !isSameOrigin(url, job.request.url)) {
            transports_.back()->withholdLogin();
        }
        widening_.push_back(
            std::make_unique<WideningTransport>(*transports_.back(), wideningSettings(job.request)));
        reporting_.push_back(
            std::make_unique<ReportingTransport>(*widening_.back(), reporting_.size(), opened));
        origins.push_back({.url = url, .transport = reporting_.back().get()});
    }
    source_ = std::make_unique<ResumingSource>(std::move(origins), resumeSettings(job), reporter);
}

std::vector<Origin> SourceStack::plainOrigins() const {
    std::vector<Origin> origins;
    for (std::size_t index = 0; index < urls_.size(); ++index) {
        origins.push_back({.url = urls_[index], .transport = transports_[index].get()});
    }
    return origins;
}

std::uint32_t SourceStack::needs() const {
    std::uint32_t needs = 0;
    for (const auto& transport : transports_) {
        needs |= transport->needs();
    }
    return needs;
}

void SourceStack::onPluginStatus(const std::string& text) {
    source_->keepAlive();
    reporter_.remark(text);
}

} // namespace bootferry
