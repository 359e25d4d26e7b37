// SPDX-License-Identifier: LGPL-2.1-or-later
#include "composition.h"

#include "channel.h"

namespace bootferry {
namespace {

std::map<std::string, std::string> credentialsFor(const Url& url,
                                                  const std::map<std::string, std::string>& common) {
    auto credentials = common;
    if (const auto& userinfo = url.userinfo()) {
        credentials["user"] = userinfo->user;
        credentials.erase("password");
        if (userinfo->password) {
            credentials["password"] = *userinfo->password;
        }
    }
    return credentials;
}

ResumeSettings resumeSettings(const TransferRequest& request) {
    ResumeSettings settings;
    settings.stallTimeout = request.stallTimeout;
    settings.timeout = request.timeout;
    settings.contentIsVerified = request.checksum || request.checksumUrl;
    settings.cancelFd = channel::cancelFd;
    return settings;
}

WideningSettings wideningSettings(const TransferRequest& request) {
    WideningSettings settings;
    settings.limits.connections = request.connections;
    return settings;
}

} // namespace

Composition::Composition(const WorkerJob& job, const std::vector<Url>& urls, ProgressReporter& reporter,
                         HandedFiles& files)
    : reporter_(reporter) {
    std::vector<Origin> origins;
    for (const auto& url : urls) {
        transports_.push_back(std::make_unique<PluginTransport>(
            job.pluginDir, url.scheme(), job.request.pluginOptions, credentialsFor(url, job.credentials),
            [this](const std::string& text) { pluginSaid(text); },
            [&files](const std::string& path) { return files.nameOf(path); }));
        transports_.back()->rehearse();
        widening_.push_back(
            std::make_unique<WideningTransport>(*transports_.back(), wideningSettings(job.request)));
        origins.push_back({.url = url, .transport = widening_.back().get()});
    }
    source_ = std::make_unique<ResumingSource>(std::move(origins), resumeSettings(job.request), reporter);
}

void Composition::pluginSaid(const std::string& text) {
    source_->keepAlive();
    reporter_.remark(text);
}

} // namespace bootferry
