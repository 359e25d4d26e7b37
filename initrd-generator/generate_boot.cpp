// SPDX-License-Identifier: LGPL-2.1-or-later
#include "generate_boot.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>

#include "boot_source.h"
#include "credentials.h"
#include "errors.h"
#include "files.h"
#include "root_path.h"
#include "secret_options.h"
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

// Whoever answers DHCP requests, or the request of the firmware, chooses the server: a login that is not for
// one server by name would go there.
void withholdLogins(const TransferRequest& transfer, UnitFiles& files, const InstalledPaths& paths) {
    static constexpr std::array forProxies{"proxy", "preproxy", "socks", "doh-url"};
    for (const auto& option : transfer.pluginOptions) {
        const bool isForProxy = std::any_of(forProxies.begin(), forProxies.end(), [&](const char* beginning) {
            return option.key.starts_with(beginning);
        });
        // A file of logins: its default entry is for every server.
        const bool isLoginFile = option.key.starts_with("netrc");
        if ((isSecretOption(option) || isLoginFile) && !isForProxy) {
            throw Error(
                ErrorCode::Invalid,
                fmt::format("{}:{} on the kernel command line would be sent to whatever server the network "
                            "names: remove it, and give a login as the credentials bootferry.user.HOST and "
                            "bootferry.password.HOST of that server",
                            option.plugin, option.key));
        }
    }
    files.secrets.push_back({paths.runtimeDirectory + "/" + serverFromNetworkFile, ""});
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
            const bool isFromNetwork =
                asksForRootPath(line) || liveSource(boot.line).value_or("").starts_with("bootorigin:");
            if (const auto* transfer = boot.request->transfer(); transfer != nullptr && isFromNetwork) {
                withholdLogins(*transfer, *boot.files, paths);
            }
        }
    } catch (const Error& error) {
        boot.request.reset();
        boot.refusal = error.what();
        boot.files = generateRefusal(error.what(), paths);
    }
    return boot;
}

} // namespace bootferry
