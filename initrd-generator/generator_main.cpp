// SPDX-License-Identifier: LGPL-2.1-or-later
// The systemd generator: reads the kernel command line and writes unit files. It uses no network and never
// fails the boot itself: an error in the command line becomes a unit that fails with the reason, where people
// look for it. In tests, $BOOTFERRY_PROC_CMDLINE and $BOOTFERRY_RUNTIME_DIRECTORY replace /proc/cmdline,
// /run/bootferry and the check for an initrd.
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "environment.h"
#include "files.h"
#include "generate_boot.h"
#include "generate_units.h"
#include "log.h"
#include "programs.h"
#include "root_path.h"
#include "standard_streams.h"
#include "usual_options.h"

namespace bootferry {
namespace {

void report(const GeneratedBoot& boot) {
    if (boot.refusal) {
        logError(*boot.refusal);
    }
    if (!boot.request) {
        return;
    }
    for (const auto& remark : boot.request->remarks) {
        logWarning(remark);
    }
    for (const auto& option : boot.request->ignoredCurlOptions) {
        logDebug(fmt::format("curl's option {}; ignoring", option));
    }
    for (const auto& option : boot.request->ignoredDollyOptions) {
        logDebug(fmt::format("dolly's option {}; ignoring", option));
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
    for (const auto& unit : files.lasting) {
        writeFileAtomically(paths.lastingDirectory + "/" + unit.path, unit.text);
    }
    for (const auto& link : files.earlyLinks) {
        writeLink(early + "/" + link.path, link.target);
    }
}

constexpr const char* help = R"(bootferry-generator NORMAL-DIR EARLY-DIR LATE-DIR

Turns the kernel command line into the units that boot a live image. Run by
systemd in the initrd: systemd.generator(7), bootferry-generator(8).

  -h, --help     show this
      --version  show the version
)";

int run(const std::string& normal, const std::string& early) {
    const auto commandLineFile = environment("BOOTFERRY_PROC_CMDLINE");
    if (!commandLineFile && !runningInInitrd()) {
        return EXIT_SUCCESS;
    }
    const auto paths = installedPaths();
    const auto text = readSmallFile(commandLineFile.value_or("/proc/cmdline"));
    const auto boot = generateBoot(
        KernelCommandLine::parse(text.value_or("")), paths,
        [&paths] { return readBootOrigin(paths.efiVariables); },
        readSmallFile(paths.runtimeDirectory + "/" + rootPathFile));
    report(boot);
    if (!boot.files) {
        return EXIT_SUCCESS;
    }
    try {
        write(*boot.files, normal, early, paths);
    } catch (const std::exception& error) {
        const auto reason =
            fmt::format("the units for the live system could not be written: {}", error.what());
        logError(reason);
        write(generateRefusal(reason, paths), normal, early, paths);
    }
    return EXIT_SUCCESS;
}

} // namespace
} // namespace bootferry

int bootferry_generator_main(int argc, char** argv) {
    bootferry::initLogging("bootferry-generator");
    try {
        if (bootferry::answersUsualOption({argv + 1, argv + argc}, "bootferry-generator", bootferry::help)) {
            return EXIT_SUCCESS;
        }
        if (argc != 4) {
            bootferry::logError(
                "usage: bootferry-generator NORMAL-DIR EARLY-DIR LATE-DIR (systemd.generator(7))");
            return EXIT_FAILURE;
        }
        return bootferry::run(argv[1], argv[2]);
    } catch (const std::exception& error) {
        bootferry::logError(fmt::format("no units for the live system were written: {}", error.what()));
        return EXIT_FAILURE;
    }
}
