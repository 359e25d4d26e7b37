// SPDX-License-Identifier: LGPL-2.1-or-later
#include "generate_boot.h"

#include "boot_source.h"
#include "errors.h"
#include "files.h"
#include "root_path.h"
#include "signed_list.h"
#include "verity_table.h"

namespace bootferry {
namespace {

// The request of the line, with bootorigin: replaced by a URL, and with the root hash of the initrd's
// /etc/veritytab.
std::optional<BootRequest> completedRequest(const KernelCommandLine& line, const InstalledPaths& paths,
                                            const BootOriginReader& bootOrigin) {
    const auto file = paths.verityTable.empty() ? std::nullopt : readSmallFile(paths.verityTable);
    const auto table = file.value_or("");
    auto request = parseBootRequest(withVerityTable(withBootOrigin(line, bootOrigin), table));
    if (request && overridesVerityTable(line, table)) {
        request->remarks.emplace_back("rd.bootferry.roothash= on the kernel command line replaces the root "
                                      "hash of the initrd's /etc/veritytab");
    }
    return request;
}

} // namespace

GeneratedBoot generateBoot(const KernelCommandLine& line, const InstalledPaths& paths,
                           const BootOriginReader& bootOrigin, const std::optional<std::string>& rootPath) {
    GeneratedBoot boot{.line = line};
    try {
        boot.line = withRootPath(line, rootPath);
        // Another program's root stays with it, whatever else is on the line.
        boot.request = liveSource(boot.line) ? completedRequest(boot.line, paths, bootOrigin)
                                             : parseBootRequest(boot.line);
        if (boot.request) {
            if (requiresSignatures(settingsFolder())) {
                demandSignature(*boot.request);
            }
            boot.files = generateUnits(*boot.request, paths);
        }
    } catch (const Error& error) {
        boot.request.reset();
        boot.refusal = error.what();
        boot.files = generateRefusal(error.what(), paths);
    }
    return boot;
}

} // namespace bootferry
