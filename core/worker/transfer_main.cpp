// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-transfer: receives its job over the channel, builds one pipeline, runs it and reports the result.
// It is started only by bootferryd or bootferryctl; by hand it can only list the plugins.
#include <cstdlib>
#include <cstring>

#include <spdlog/fmt/fmt.h>
#include <sys/prctl.h>

#include "build_config.h"
#include "expected_checksum.h"
#include "log.h"
#include "look.h"
#include "plugin_locator.h"
#include "programs.h"
#include "sandbox.h"
#include "source_stack.h"
#include "standard_streams.h"
#include "supervisor_channel.h"

namespace bootferry {
namespace {

PipelineSettings pipelineSettings(const TransferRequest& request,
                                  const std::optional<ExpectedChecksum>& expected) {
    PipelineSettings settings;
    if (expected) {
        settings.checksum = expected->checksum;
        settings.checksumOrigin = expected->origin;
    }
    settings.requireLiveImage = request.requireLiveImage;
    settings.decode = request.decode;
    settings.continuation = request.continuation;
    settings.requireDeclaredSize = request.requireDeclaredSize;
    return settings;
}

int transfer() {
    SupervisorChannel supervisor;
    try {
        const auto job = supervisor.job();
        setProxyVariables(job.proxies);
        enterSandbox();
        ProgressReporter reporter(supervisor, job.attempt);
        HandedFiles files(supervisor);
        if (job.purpose != JobPurpose::Transfer) {
            runLook(job, supervisor, files);
            return EXIT_SUCCESS;
        }
        // Before the list is fetched: the image's overall timeout runs from here, and an unsupported scheme
        // fails at once.
        SourceStack sourceStack(job, placesOf(job), reporter, files,
                                [&supervisor](std::size_t place) { supervisor.opened(place); });
        ChecksumOrigin checksum(job, reporter, files);
        files.complete();
        supervisor.pluginLoaded(sourceStack.plugin());
        const auto expected = checksum.expectedChecksum();
        Pipeline pipeline(sourceStack.source(), supervisor, reporter,
                          pipelineSettings(job.request, expected));
        const auto result = pipeline.run();
        supervisor.finished(result);
        return EXIT_SUCCESS;
    } catch (const Error& error) {
        supervisor.failed(error);
    } catch (const std::exception& error) {
        supervisor.failed(Error(ErrorCode::Internal, error.what()));
    }
    return EXIT_FAILURE;
}

void printPlugin(const InstalledPlugin& plugin) {
    printOutput("{}\t{}\t{}\n", plugin.name, plugin.version, fmt::join(plugin.schemes, " "));
}

void printOptions(const InstalledPlugin& plugin) {
    for (const auto* option = plugin.options; option->key != nullptr; ++option) {
        printOutput("{}\t{}\t{}\n", plugin.name, option->key, option->help != nullptr ? option->help : "");
    }
}

// For plugin_list_process.h. Also runs in the sandbox, since plugins are third-party code.
int listPluginsOnStandardOutput(void (*print)(const InstalledPlugin&)) {
    enterSandbox();
    const char* folder = std::getenv("BOOTFERRY_PLUGIN_DIR"); // NOLINT(concurrency-mt-unsafe): one thread
    for (const auto& plugin : listPlugins(folder != nullptr ? folder : BOOTFERRY_PLUGIN_DIR)) {
        print(plugin);
    }
    return EXIT_SUCCESS;
}

int run(int argc, char** argv) {
    hideFromOthers();
    initLogging("bootferry-transfer");
    if (argc == 2 && std::strcmp(argv[1], "--list-plugins") == 0) {
        return listPluginsOnStandardOutput(printPlugin);
    }
    if (argc == 2 && std::strcmp(argv[1], "--list-options") == 0) {
        return listPluginsOnStandardOutput(printOptions);
    }
    if (argc != 1 || std::getenv("BOOTFERRY_WORKER_PROCESS") == nullptr) { // NOLINT(concurrency-mt-unsafe)
        printError("bootferry-transfer is started by bootferryd and bootferryctl; "
                   "to fetch something by hand: bootferryctl fetch URL FILE\n");
        return EXIT_FAILURE;
    }
    return transfer();
}

} // namespace
} // namespace bootferry

int bootferry_transfer_main(int argc, char** argv) {
    try {
        return bootferry::run(argc, argv);
    } catch (const std::exception& error) {
        bootferry::printError("bootferry-transfer: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
