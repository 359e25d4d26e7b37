// SPDX-License-Identifier: LGPL-2.1-or-later
// The systemd generator: reads the kernel command line and writes unit files. It uses no network and never
// fails the boot itself: an error in the command line becomes a unit that fails with the reason, where people
// look for it. In tests, $BOOTFERRY_PROC_CMDLINE and $BOOTFERRY_RUNTIME_DIRECTORY replace /proc/cmdline,
// /run/bootferry and the check for an initrd.
#include <cstdlib>
#include <exception>
#include <filesystem>

#include <spdlog/fmt/fmt.h>

#include "build_config.h"
#include "errors.h"
#include "files.h"
#include "generate_units.h"
#include "log.h"
#include "programs.h"

namespace bootferry {
namespace {

UnitFiles unitsFor(const BootRequest& request, const InstalledPaths& paths) {
    for (const auto& option : request.ignoredCurlOptions) {
        logDebug(fmt::format("curl's option {}; ignoring", option));
    }
    for (const auto& option : request.ignoredDollyOptions) {
        logDebug(fmt::format("dolly's option {}; ignoring", option));
    }
    return generateUnits(request, paths);
}

std::optional<UnitFiles> unitsFor(const KernelCommandLine& line, const InstalledPaths& paths) {
    try {
        const auto request = parseBootRequest(line);
        return request ? std::optional(unitsFor(*request, paths)) : std::nullopt;
    } catch (const Error& error) {
        logError(error.what());
        return generateRefusal(error.what(), paths);
    }
}

void writeLink(const std::filesystem::path& path, const std::string& target) {
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::remove(path);
    std::filesystem::create_symlink(target, path);
}

void write(const UnitFiles& files, const std::string& normal, const std::string& early,
           const InstalledPaths& paths) {
    for (const auto& file : files.network) {
        writeFileAtomically(paths.networkDirectory + "/" + file.name, file.text);
    }
    for (const auto& secret : files.secrets) {
        writeFileAtomically(secret.path, secret.text, 0600);
    }
    for (const auto& unit : files.normal) {
        writeFileAtomically(normal + "/" + unit.path, unit.text);
    }
    for (const auto& unit : files.early) {
        writeFileAtomically(early + "/" + unit.path, unit.text);
    }
    for (const auto& link : files.earlyLinks) {
        writeLink(early + "/" + link.path, link.target);
    }
}

int run(const std::string& normal, const std::string& early) {
    const char* commandLineFile =
        std::getenv("BOOTFERRY_PROC_CMDLINE"); // NOLINT(concurrency-mt-unsafe): one thread
    if (commandLineFile == nullptr && !runningInInitrd()) {
        return EXIT_SUCCESS;
    }
    InstalledPaths paths{BOOTFERRY_BIN_DIR "/bootferryctl", BOOTFERRY_LIBEXEC_DIR "/bootferry-live-root"};
    if (const char* directory =
            std::getenv("BOOTFERRY_RUNTIME_DIRECTORY")) { // NOLINT(concurrency-mt-unsafe): one thread
        paths.runtimeDirectory = directory;
        paths.networkDirectory = paths.runtimeDirectory + "/network";
    }
    const auto text = readSmallFile(commandLineFile != nullptr ? commandLineFile : "/proc/cmdline");
    if (const auto files = unitsFor(KernelCommandLine::parse(text.value_or("")), paths)) {
        write(*files, normal, early, paths);
    }
    return EXIT_SUCCESS;
}

} // namespace
} // namespace bootferry

int bootferry_generator_main(int argc, char** argv) {
    bootferry::initLogging("bootferry-generator");
    if (argc != 4) {
        bootferry::logError(
            "usage: bootferry-generator NORMAL-DIR EARLY-DIR LATE-DIR (systemd.generator(7))");
        return EXIT_FAILURE;
    }
    try {
        return bootferry::run(argv[1], argv[2]);
    } catch (const std::exception& error) {
        bootferry::logError(fmt::format("no units for the live system were written: {}", error.what()));
        return EXIT_FAILURE;
    }
}
