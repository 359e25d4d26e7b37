// SPDX-License-Identifier: LGPL-2.1-or-later
// One table holds every argument with its names and what it does to the request; the manual page is tested
// against it. An argument that begins with rd.bootferry. and is not in the table is refused: no other program
// uses that prefix, so it is a typing error.
#include "boot_request.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "curl_options.h"
#include "dolly_options.h"
#include "dolly_trust.h"
#include "errors.h"
#include "meant_argument.h"

namespace bootferry {
namespace {

// The table fills both requests; root= decides which one is used.
struct Draft {
    BootRequest boot;
    TransferRequest transfer;
    bool nameLan0 = false;
    CurlOptions curl;
    DollyOptions dolly;
};

enum class Kind { Switch, Value, MaybeEmptyValue, List };

struct Entry {
    std::array<std::string_view, 3> names; // the usual one first; empty: no more
    Kind kind;
    void (*set)(Draft& draft, const std::string& value, bool on);
};

Url mirrorUrl(const std::string& text) {
    auto url = Url::parse(text);
    if (url.userinfo()) {
        throw Error(ErrorCode::Invalid,
                    "a mirror cannot have a user name or password in its URL; the credentials "
                    "bootferry.user.HOST and bootferry.password.HOST are for the mirror HOST");
    }
    return url;
}

[[noreturn]] void notServed(const char* argument, const char* otherwise) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("{} is not served by this version, and without it {}: remove it from the kernel "
                            "command line where that is meant",
                            argument, otherwise));
}

const Entry entries[] = {
    {{"rd.kiwi.live.system", "rd.bootferry.system"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.target = parseDeviceNode(v); }},
    {{"ramdisk_size", "rd.bootferry.ramdisk_size"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.transfer.ramdiskSize = parseKibibytes(v); }},
    {{"rd.kiwi.live.reset", "rd.bootferry.reset"},
     Kind::Switch,
     [](Draft& d, const std::string&, bool on) { d.boot.reset = on; }},
    {{"rd.kiwi.live.curl_options", "rd.bootferry.curl_options"},
     Kind::MaybeEmptyValue,
     [](Draft& d, const std::string& v, bool) { d.curl = parseCurlOptions(v); }},
    {{"rd.kiwi.live.dolly_options", "rd.bootferry.dolly_options"},
     Kind::MaybeEmptyValue,
     [](Draft& d, const std::string& v, bool) { d.dolly = parseDollyOptions(v); }},
    {{"rd.kiwi.live.pxe", "rd.bootferry.pxe"},
     Kind::Switch,
     [](Draft& d, const std::string&, bool on) { d.nameLan0 = on; }},
    {{"rd.live.overlay.persistent", "rd.bootferry.overlay.persistent"},
     Kind::Switch,
     [](Draft& d, const std::string&, bool on) { d.boot.overlay.persistent = on; }},
    {{"rd.live.overlay.cowfs", "rd.bootferry.overlay.cowfs"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.overlay.cowFilesystem = parseCowFilesystem(v); }},
    {{"rd.live.overlay.size", "rd.bootferry.overlay.size"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.overlay.size = parseTmpfsSize(v); }},
    // KIWI's, not served yet. Without them the overlay would be written in the clear and the image read
    // unverified, which nobody asked for.
    {{"rd.live.encrypt"},
     Kind::Switch,
     [](Draft&, const std::string&, bool on) {
         if (on) {
             notServed("rd.live.encrypt", "what is written would lie on the disk in the clear");
         }
     }},
    {{"rd.kiwi.verity_options"},
     Kind::MaybeEmptyValue,
     [](Draft&, const std::string&, bool) {
         notServed("rd.kiwi.verity_options=", "the image would be read without being verified");
     }},
    {{"rd.live.dir", "rd.bootferry.dir"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.layout.dir = parseRelativePath(v); }},
    {{"rd.live.squashimg", "rd.bootferry.squashimg"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.layout.squashimg = parseRelativePath(v); }},
    {{"rootflags", "rd.bootferry.rootflags"},
     Kind::MaybeEmptyValue,
     [](Draft& d, const std::string& v, bool) { d.boot.layout.rootflags = v; }},
    {{"rd.live.check", "mediacheck", "rd.bootferry.check"},
     Kind::Switch,
     [](Draft& d, const std::string&, bool on) { d.boot.check = on; }},
    {{"rd.bootferry.checksum"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { setChecksum(d.transfer, v); }},
    {{"rd.bootferry.mirror"},
     Kind::List,
     [](Draft& d, const std::string& v, bool) { d.transfer.mirrors.push_back(mirrorUrl(v)); }},
    {{"rd.bootferry.stall_timeout"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.transfer.stallTimeout = parseSeconds(v); }},
    {{"rd.bootferry.timeout"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.transfer.timeout = parseSeconds(v); }},
    {{"rd.bootferry.connections"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.transfer.connections = parseConnections(v); }},
    {{"rd.bootferry.option"},
     Kind::List,
     [](Draft& d, const std::string& v, bool) { d.transfer.pluginOptions.push_back(parsePluginOption(v)); }},
};

bool isNamed(const Entry& entry, const KernelArgument& argument) {
    return std::any_of(entry.names.begin(), entry.names.end(),
                       [&](std::string_view name) { return !name.empty() && argument.is(name); });
}

void apply(const Entry& entry, const KernelArgument& argument, Draft& draft) {
    if (entry.kind == Kind::Switch) {
        const auto on = switchValue(argument);
        if (!on) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("{}: expected it alone, or with =1 or =0", shownArgument(argument)));
        }
        entry.set(draft, {}, *on);
        return;
    }
    if (!argument.value || (argument.value->empty() && entry.kind != Kind::MaybeEmptyValue)) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("{}= on the kernel command line needs a value", argument.name));
    }
    try {
        entry.set(draft, *argument.value, true);
    } catch (Error& error) {
        error.addContext(shownArgument(argument));
        throw;
    }
}

void applyEntries(const KernelCommandLine& line, Draft& draft) {
    for (const auto& entry : entries) {
        const KernelArgument* last = nullptr;
        for (const auto& argument : line.arguments()) {
            if (!isNamed(entry, argument)) {
                continue;
            }
            last = &argument;
            if (entry.kind == Kind::List) {
                apply(entry, argument, draft);
            }
        }
        if (last != nullptr && entry.kind != Kind::List) {
            apply(entry, *last, draft);
        }
    }
}

void refuseUnknown(const KernelCommandLine& line) {
    constexpr std::string_view prefix = "rd.bootferry.";
    for (const auto& argument : line.arguments()) {
        if (!argument.name.starts_with(prefix)) {
            continue;
        }
        const bool known = std::any_of(std::begin(entries), std::end(entries),
                                       [&](const Entry& entry) { return isNamed(entry, argument); });
        if (!known) {
            const auto meant = meantArgument(argument.name);
            throw Error(ErrorCode::Invalid,
                        fmt::format("{} on the kernel command line is not an option of bootferry{}; "
                                    "bootferry-kernel-command-line(7) lists them",
                                    argument.name, meant ? fmt::format(" (did you mean {}?)", *meant) : ""));
        }
    }
}

std::vector<std::string> remarksOn(const KernelCommandLine& line) {
    std::vector<std::string> remarks;
    for (const auto& argument : line.arguments()) {
        const bool known = std::any_of(std::begin(entries), std::end(entries),
                                       [&](const Entry& entry) { return isNamed(entry, argument); });
        const auto unread = known ? std::nullopt : describeUnread(argument.name);
        if (unread && unread->differs) {
            remarks.push_back(fmt::format("{} on the kernel command line {}", argument.name, unread->text));
        }
    }
    return remarks;
}

std::optional<LocalMedium> localMedium(const std::string& text) {
    static constexpr std::pair<std::string_view, std::string_view> tags[] = {
        {"CDLABEL=", "/dev/disk/by-label/"},
        {"LABEL=", "/dev/disk/by-label/"},
        {"UUID=", "/dev/disk/by-uuid/"},
    };
    for (const auto& [tag, folder] : tags) {
        if (text.starts_with(tag)) {
            const auto name = text.substr(tag.size());
            if (name.empty()) {
                throw Error(ErrorCode::Invalid, fmt::format("root=live:{} does not name a medium", text));
            }
            // People copy labels from the names of udev's links, where they are encoded already.
            const bool encoded = name.find("\\x") != std::string::npos;
            return LocalMedium{std::string(folder) + (encoded ? name : udevEncoded(name))};
        }
    }
    if (text.starts_with('/')) {
        try {
            return LocalMedium{parseDeviceNode(text)};
        } catch (Error& error) {
            error.addContext("root=live:" + text);
            throw;
        }
    }
    return std::nullopt;
}

std::string bootInterface(const KernelCommandLine& line) {
    const auto* argument = line.find("BOOTIF");
    if (argument == nullptr || !argument->value) {
        return {};
    }
    try {
        return parseBootInterface(*argument->value);
    } catch (Error& error) {
        error.addContext("BOOTIF= on the kernel command line");
        throw;
    }
}

// Options that no URL uses are refused, although KIWI ignores them: an unused --pinnedpubkey would be a
// security hole. A local medium has no transfer, so transfer options do not matter there.
void applyProgramOptions(TransferRequest& transfer, std::string_view argument, std::string_view schemes,
                         bool (*serves)(std::string_view scheme), const std::vector<PluginOption>& options) {
    const bool used = serves(transfer.url.scheme()) ||
                      (transfer.checksumUrl && serves(transfer.checksumUrl->scheme())) ||
                      std::any_of(transfer.mirrors.begin(), transfer.mirrors.end(),
                                  [serves](const Url& mirror) { return serves(mirror.scheme()); });
    if (!options.empty() && !used) {
        throw Error(ErrorCode::Invalid, fmt::format("{} applies to {} and not to {}; remove it from "
                                                    "the kernel command line",
                                                    argument, schemes, transfer.url.scheme()));
    }
    // The last one wins: rd.bootferry.option= is the more specific argument.
    transfer.pluginOptions.insert(transfer.pluginOptions.begin(), options.begin(), options.end());
}

void applyProgramOptions(Draft& draft) {
    applyProgramOptions(draft.transfer, "rd.kiwi.live.curl_options=", "http, https and ftp", &isCurlScheme,
                        draft.curl.pluginOptions);
    applyProgramOptions(
        draft.transfer, "rd.kiwi.live.dolly_options=", "dolly",
        [](std::string_view scheme) { return scheme == "dolly"; }, draft.dolly.pluginOptions);
    draft.boot.ignoredCurlOptions = std::move(draft.curl.ignored);
    draft.boot.ignoredDollyOptions = std::move(draft.dolly.ignored);
}

} // namespace

std::optional<BootRequest> parseBootRequest(const KernelCommandLine& line) {
    constexpr std::string_view live = "live:";
    const auto* root = line.find("root");
    if (root == nullptr || !root->value || !root->value->starts_with(live)) {
        return std::nullopt;
    }
    const auto source = root->value->substr(live.size());

    Draft draft;
    refuseUnknown(line);
    draft.boot.remarks = remarksOn(line);
    applyEntries(line, draft);
    if (draft.nameLan0) {
        draft.boot.lan0 = bootInterface(line);
    }
    if (auto medium = localMedium(source)) {
        draft.boot.image = std::move(*medium);
        return draft.boot;
    }
    if (source.find("://") == std::string::npos) {
        throw Error(
            ErrorCode::Invalid,
            "root=live: on the kernel command line is followed by neither a URL nor a medium; expected "
            "live:http://SERVER/PATH, or live:CDLABEL=..., live:LABEL=..., live:UUID=..., live:/dev/...");
    }
    try {
        draft.transfer.url = Url::parse(source);
    } catch (Error& error) {
        error.addContext("the kernel command line's root=live:");
        throw;
    }
    applyProgramOptions(draft);
    requireProofOfDollyServer(draft.transfer, {});
    draft.transfer.target = draft.boot.target;
    draft.transfer.reset = draft.boot.reset;
    draft.boot.image = std::move(draft.transfer);
    return draft.boot;
}

std::string shownArgument(const KernelArgument& argument) {
    static constexpr std::string_view withSecrets[] = {
        "rd.bootferry.option", "rd.kiwi.live.curl_options", "rd.bootferry.curl_options",
        "rd.kiwi.live.dolly_options", "rd.bootferry.dolly_options"};
    if (!argument.value) {
        return argument.name;
    }
    const bool mayBeSecret = std::any_of(std::begin(withSecrets), std::end(withSecrets),
                                         [&](std::string_view name) { return argument.is(name); }) ||
                             argument.value->find("://") != std::string::npos ||
                             argument.value->find('@') != std::string::npos;
    return mayBeSecret ? argument.name + "=..." : argument.name + "=" + *argument.value;
}

std::vector<BootArgumentNames> bootArgumentNames() {
    std::vector<BootArgumentNames> result;
    for (const auto& entry : entries) {
        auto& argument = result.emplace_back();
        argument.takesValue = entry.kind != Kind::Switch;
        argument.repeatable = entry.kind == Kind::List;
        std::copy_if(entry.names.begin(), entry.names.end(), std::back_inserter(argument.names),
                     [](std::string_view name) { return !name.empty(); });
    }
    return result;
}

} // namespace bootferry
