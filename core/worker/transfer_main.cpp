// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-transfer: fetches its job over the channel, puts one pipeline together, runs it and reports how
// it ended. It is started by bootferryd or bootferryctl only; by hand it can merely list the plugins.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include <spdlog/fmt/fmt.h>
#include <sys/prctl.h>

#include "build_config.h"
#include "channel.h"
#include "log.h"
#include "plugin_locator.h"
#include "plugin_transport.h"
#include "sandbox.h"
#include "supervisor_channel.h"

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
    settings.contentIsVerified = request.checksum.has_value();
    settings.cancelFd = channel::cancelFd;
    return settings;
}

PipelineSettings pipelineSettings(const TransferRequest& request) {
    PipelineSettings settings;
    if (request.checksum) {
        settings.checksum = Checksum::parse(*request.checksum);
    }
    settings.requireLiveImage = request.requireLiveImage;
    settings.decode = request.decode;
    settings.requireDeclaredSize = request.requireDeclaredSize;
    return settings;
}

// The transports of a job, one an origin, and the source over them.
class Composition {
public:
    Composition(const WorkerJob& job, ProgressReporter& reporter) : reporter_(reporter) {
        std::vector<Origin> origins;
        addOrigin(job, job.request.url, origins);
        for (const auto& mirror : job.request.mirrors) {
            addOrigin(job, mirror, origins);
        }
        source_ = std::make_unique<ResumingSource>(std::move(origins), resumeSettings(job.request), reporter);
    }

    [[nodiscard]] ResumingSource& source() { return *source_; }
    [[nodiscard]] std::string plugin() const { return transports_.front()->description(); }

private:
    void addOrigin(const WorkerJob& job, const Url& url, std::vector<Origin>& origins) {
        auto onStatus = [this](const std::string& text) { pluginSaid(text); };
        transports_.push_back(
            std::make_unique<PluginTransport>(job.pluginDir, url.scheme(), job.request.pluginOptions,
                                              credentialsFor(url, job.credentials), onStatus));
        origins.push_back({.url = url, .transport = transports_.back().get()});
    }

    void pluginSaid(const std::string& text) {
        source_->keepAlive();
        reporter_.setState(reporter_.progress().state, text);
    }

    ProgressReporter& reporter_;
    std::vector<std::unique_ptr<PluginTransport>> transports_;
    std::unique_ptr<ResumingSource> source_;
};

int transfer() {
    SupervisorChannel supervisor;
    try {
        const auto job = supervisor.job();
        enterSandbox();
        ProgressReporter reporter(supervisor, job.attempt);
        Composition composition(job, reporter);
        Pipeline pipeline(composition.source(), supervisor, reporter, pipelineSettings(job.request));
        const auto result = pipeline.run();
        supervisor.finished(result, composition.plugin());
        return EXIT_SUCCESS;
    } catch (const Error& error) {
        supervisor.failed(error);
    } catch (const std::exception& error) {
        supervisor.failed(Error(ErrorCode::Internal, error.what()));
    }
    return EXIT_FAILURE;
}

int listPluginsOnStandardOutput() {
    const char* folder = std::getenv("BOOTFERRY_PLUGIN_DIR"); // NOLINT(concurrency-mt-unsafe): one thread
    for (const auto& plugin : listPlugins(folder != nullptr ? folder : BOOTFERRY_PLUGIN_DIR)) {
        fmt::print("{}\t{}\t{}\n", plugin.name, plugin.version, fmt::join(plugin.schemes, " "));
    }
    return EXIT_SUCCESS;
}

int run(int argc, char** argv) {
    initLogging("bootferry-transfer");
    if (argc == 2 && std::strcmp(argv[1], "--list-plugins") == 0) {
        return listPluginsOnStandardOutput();
    }
    if (argc != 1 || std::getenv("BOOTFERRY_WORKER_PROCESS") == nullptr) { // NOLINT(concurrency-mt-unsafe)
        fmt::print(stderr, "bootferry-transfer is started by bootferryd and bootferryctl; "
                           "to fetch something by hand: bootferryctl fetch URL FILE\n");
        return EXIT_FAILURE;
    }
    std::signal(SIGPIPE, SIG_IGN);
    return transfer();
}

} // namespace
} // namespace bootferry

int main(int argc, char** argv) {
    try {
        return bootferry::run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "bootferry-transfer: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
