// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-transfer: receives its job over the channel, runs it and reports the result. Without a checksum
// that is one pipeline from the source to the target. With one, this process only relays the source's bytes,
// and a second process, the same program with --verify, runs the pipeline from there. It is started only by
// bootferryd or bootferryctl; by hand it can only list the plugins.
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11
#include <sys/prctl.h>

#include "build_config.h"
#include "environment.h"
#include "log.h"
#include "on_demand.h"
#include "plain_text.h"
#include "plugin_locator.h"
#include "plugin_module.h"
#include "probe.h"
#include "programs.h"
#include "relay_sender.h"
#include "relayed_source.h"
#include "sandbox.h"
#include "signature_check.h"
#include "source_stack.h"
#include "spawn.h"
#include "standard_streams.h"
#include "supervisor_channel.h"
#include "usual_options.h"

namespace bootferry {
namespace {

PipelineSettings pipelineSettings(const TransferRequest& request) {
    PipelineSettings settings;
    settings.requireLiveImage = request.requireLiveImage;
    settings.decode = request.decode;
    settings.continuation = request.continuation;
    settings.requireDeclaredSize = request.requireDeclaredSize;
    return settings;
}

PipelineSettings pipelineSettings(const VerifyJob& job) {
    PipelineSettings settings;
    settings.checksum = Checksum::parse(job.checksum);
    settings.checksumOrigin = job.origin;
    settings.requireLiveImage = job.requireLiveImage;
    settings.decode = job.decode;
    settings.continuation = job.continuation;
    settings.requireDeclaredSize = job.requireDeclaredSize;
    return settings;
}

// Without a checksum, one process does both.
void receiveAndWrite(const ReceivedJob& job, ResumingSource& source, SupervisorChannel& supervisor,
                     ProgressReporter& reporter) {
    Pipeline pipeline(source, supervisor, reporter, pipelineSettings(job.request));
    supervisor.finished(pipeline.run());
}

void receiveAndRelay(const ReceivedJob& job, ResumingSource& source, SupervisorChannel& supervisor,
                     ProgressReporter& reporter) {
    RelaySender relay(source, reporter, supervisor.relayEnds(), channel::cancelFd);
    try {
        relay.run(job.request.continuation);
    } catch (const Error&) {
        if (!relay.peerIsGone()) {
            throw;
        }
        supervisor.abandoned();
        return;
    }
    supervisor.relayed();
}

// What the process does after it is hidden, in either role: the failure of `act` is reported.
template <typename Act>
int reporting(SupervisorChannel& supervisor, Act act) {
    try {
        act();
        return EXIT_SUCCESS;
    } catch (const relay::PeerGone&) {
        supervisor.abandoned();
    } catch (const Error& error) {
        supervisor.failed(error);
    } catch (const std::exception& error) {
        supervisor.failed(Error(ErrorCode::Internal, error.what()));
    }
    return EXIT_FAILURE;
}

// The numbers of a failed transfer are those at its end, not those of the last report.
template <typename Act>
void withLastReport(ProgressReporter& reporter, Act act) {
    try {
        act();
    } catch (...) {
        reporter.reportLast();
        throw;
    }
}

void transfer(SupervisorChannel& supervisor) {
    const auto job = supervisor.job();
    if (job.request.onDemand && job.purpose == JobPurpose::Transfer) {
        std::signal(SIGTERM, SIG_IGN);       // systemd sends it to all that outlives the switch of root
        (void)::prctl(PR_SET_PDEATHSIG, 0L); // a machine may run from what it serves; see SupervisorWatch
    }
    setProxyVariables(job.proxies);
    enterSandbox();
    ProgressReporter reporter(supervisor, job.attempt);
    HandedFiles files(supervisor);
    if (job.purpose != JobPurpose::Transfer) {
        runProbe(job, supervisor, files);
        return;
    }
    SourceStack sourceStack(job, originsOf(job), reporter, files,
                            [&supervisor](std::size_t origin) { supervisor.opened(origin); });
    files.complete();
    narrowSandbox(sourceStack.needs(), readableFolders(job, files));
    supervisor.pluginLoaded(sourceStack.plugin());
    if (job.request.onDemand) {
        withLastReport(reporter, [&] { serveOnDemand(job, sourceStack, files, supervisor, reporter); });
        return;
    }
    const bool isAlone = roleOf(job.purpose, job.request) == WorkerRole::Alone;
    withLastReport(reporter, [&] {
        (isAlone ? receiveAndWrite : receiveAndRelay)(job, sourceStack.source(), supervisor, reporter);
    });
}

// The digest's implementation is looked up while files may still be opened: libcrypto reads its
// configuration then.
void verify(SupervisorChannel& supervisor) {
    auto [job, ends] = supervisor.verification();
    ProgressReporter reporter(supervisor, job.attempt);
    RelayedSource source(std::move(ends), reporter);
    Pipeline pipeline(source, supervisor, reporter, pipelineSettings(job));
    enterVerifierSandbox();
    withLastReport(reporter, [&] { supervisor.finished(pipeline.run()); });
}

int work(void (*act)(SupervisorChannel& supervisor)) {
    SupervisorChannel supervisor;
    return reporting(supervisor, [&] { act(supervisor); });
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
    for (const auto& plugin : listPlugins(environment("BOOTFERRY_PLUGIN_DIR", BOOTFERRY_PLUGIN_DIR))) {
        print(plugin);
    }
    return EXIT_SUCCESS;
}

// One line of a description: no field can end it, whatever a plugin puts there.
void printFact(const char* kind, const char* text) {
    printOutput("{}\t{}\n", kind, plainText(text));
}

void printDescription(const PluginModule& module) {
    const auto& table = module.table();
    printOutput("plugin\t{}\t{}\t{}\t{}\n", module.name(), module.version(), table.abi_version,
                table.struct_size);
    for (const auto& scheme : module.schemes()) {
        printFact("scheme", scheme.c_str());
    }
    const auto needs = module.needs("");
    if ((needs & BOOTFERRY_NEEDS_UNIX_SOCKETS) != 0) {
        printFact("need", "unix-sockets");
    }
    if ((needs & BOOTFERRY_NEEDS_LISTENING) != 0) {
        printFact("need", "listening");
    }
    if (module.hasSplice()) {
        printFact("offer", "splice");
    }
    for (const auto* option = table.options; option->key != nullptr; ++option) {
        printOutput("option\t{}\t{}\n", plainText(option->key), plainText(option->help));
    }
    printOutput("end\n");
}

int describePlugin(const char* path) {
    enterSandbox();
    try {
        printDescription(PluginModule::load(path));
    } catch (const Error& error) {
        printFact("error", error.what());
    }
    return EXIT_SUCCESS;
}

constexpr const char* help = R"(bootferry-transfer

The process of a transfer: started by bootferryd and bootferryctl. To fetch
something by hand: bootferryctl fetch URL FILE.

  -h, --help     show this
      --version  show the version
)";

int run(int argc, char** argv) {
    hideFromOthers();
    initLogging("bootferry-transfer");
    if (answersUsualOption({argv + 1, argv + argc}, "bootferry-transfer", help)) {
        return EXIT_SUCCESS;
    }
    if (argc == 2 && std::strcmp(argv[1], "--list-plugins") == 0) {
        return listPluginsOnStandardOutput(printPlugin);
    }
    if (argc == 2 && std::strcmp(argv[1], "--list-options") == 0) {
        return listPluginsOnStandardOutput(printOptions);
    }
    if (argc == 3 && std::strcmp(argv[1], "--describe-plugin") == 0) {
        return describePlugin(argv[2]);
    }
    if (argc == 3 && argv[1] == signatureArgument) {
        enterSignatureSandbox();
        return checkSignature(argv[2]);
    }
    const bool verifies = argc == 2 && argv[1] == verifierArgument;
    if ((argc != 1 && !verifies) || !environment("BOOTFERRY_WORKER_PROCESS")) {
        printError("bootferry-transfer is started by bootferryd and bootferryctl; "
                   "to fetch something by hand: bootferryctl fetch URL FILE\n");
        return EXIT_FAILURE;
    }
    return work(verifies ? verify : transfer);
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
