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
#include "boot_source.h"
#include "curl_options.h"
#include "dolly_options.h"
#include "dolly_trust.h"
#include "errors.h"
#include "on_demand.h"
#include "other_options.h"
#include "plain_text.h"
#include "shown_argument.h"
#include "signed_list.h"
#include "text.h"
#include "unknown_argument.h"
#include "verity_request.h"

namespace bootferry {
namespace {

// The table fills both requests; root= decides which one is used.
struct Draft {
    BootRequest boot;
    TransferRequest transfer;
    bool nameLan0 = false;
    std::string isoFile;
    CurlOptions curl;
    DollyOptions dolly;
};

enum class Kind {
    Switch,
    Value,
    MaybeEmptyValue,
    MaybeValue, // alone, too
    List,
};

struct Entry {
    std::array<std::string_view, 5> names; // the usual one first; empty: no more
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

Url reportUrl(const std::string& text) {
    auto url = Url::parse(text);
    if (url.scheme() != "http" && url.scheme() != "https") {
        throw Error(ErrorCode::Invalid,
                    fmt::format("reports are posted over http or https, not {}", url.scheme()));
    }
    if (url.userinfo()) {
        throw Error(ErrorCode::Invalid, "the URL for reports cannot have a user name or password");
    }
    return url;
}

std::string parseFileName(const std::string& text) {
    auto path = parseRelativePath(text);
    if (path.empty()) {
        throw Error(ErrorCode::Invalid, "expected the path of a file on a file system of this machine");
    }
    return path;
}

// Of rd.overlay=, which is a switch for an overlayfs in dracut, too.
void setOverlay(OverlayRequest& overlay, const std::string& value) {
    static constexpr std::array switches{"", "1", "yes", "on", "0", "no", "off"};
    overlay.temporary = lowered(value) == "none";
    if (overlay.temporary || std::find(switches.begin(), switches.end(), value) != switches.end()) {
        return;
    }
    constexpr std::string_view tmpfs = "tmpfs";
    constexpr std::string_view size = "size=";
    if (!value.starts_with(tmpfs) || (value.size() > tmpfs.size() && value[tmpfs.size()] != ':')) {
        throw Error(ErrorCode::Unsupported,
                    "the only overlays are the temporary one (none, tmpfs:size=...) and the partition "
                    "that rd.live.overlay.persistent creates on the disk of the image");
    }
    const auto options = value.substr(std::min(tmpfs.size() + 1, value.size()));
    if (options.empty()) {
        return;
    }
    if (!options.starts_with(size) || options.find(',') != std::string::npos) {
        throw Error(ErrorCode::Unsupported, "of the options of tmpfs, only one size= is supported");
    }
    overlay.size = parseTmpfsSize(std::string_view(options).substr(size.size()));
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
    {{"rd.bootferry.ondemand"},
     Kind::Switch,
     [](Draft& d, const std::string&, bool on) { d.transfer.onDemand = on; }},
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
    {{"rd.live.encrypt", "rd.bootferry.overlay.encrypt"},
     Kind::Switch,
     [](Draft& d, const std::string&, bool on) { d.boot.overlay.encrypt = on; }},
    {{"rd.live.overlay.cowfs", "rd.bootferry.overlay.cowfs"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.overlay.cowFilesystem = parseCowFilesystem(v); }},
    {{"rd.live.overlay.size", "rd.bootferry.overlay.size"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.overlay.size = parseTmpfsSize(v); }},
    {{"rd.live.overlay.readonly", "rd.overlay.readonly", "rd.live.overlayfs.readonly",
      "rd.bootferry.overlay.readonly", "readonly_overlay"},
     Kind::Switch,
     [](Draft& d, const std::string&, bool on) { d.boot.overlay.readOnly = on; }},
    {{"rd.live.overlay.reset", "rd.overlay.reset", "rd.bootferry.overlay.reset", "reset_overlay"},
     Kind::Switch,
     [](Draft& d, const std::string&, bool on) { d.boot.overlay.reset = on; }},
    // Two entries: on "rd.live.overlay=LABEL=x rd.overlay" both count in dracut.
    {{"rd.live.overlay", "overlay"},
     Kind::MaybeValue,
     [](Draft& d, const std::string& v, bool) { setOverlay(d.boot.overlay, v); }},
    {{"rd.overlay"},
     Kind::MaybeValue,
     [](Draft& d, const std::string& v, bool) { setOverlay(d.boot.overlay, v); }},
    {{"rd.live.image", "liveimg"},
     Kind::Switch,
     [](Draft&, const std::string&, bool) {}}, // liveSource() reads it
    {{"iso-scan/filename", "rd.bootferry.iso_scan"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.isoFile = parseFileName(v); }},
    {{"rd.live.cowfile.path", "rd.bootferry.cowfile.path"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.overlay.cowFile = parseFileName(v); }},
    {{"rd.live.cowfile.mbsize", "rd.bootferry.cowfile.mbsize"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.overlay.cowFileMib = parseMebibytes(v); }},
    {{"rd.live.dir", "rd.bootferry.dir", "live_dir"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.layout.dir = parseRelativePath(v); }},
    {{"rd.live.squashimg", "rd.bootferry.squashimg"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.layout.squashimg = parseRelativePath(v); }},
    {{"rootflags", "rd.bootferry.rootflags"},
     Kind::MaybeEmptyValue,
     [](Draft& d, const std::string& v, bool) { d.boot.layout.rootflags = parseMountOptions(v); }},
    {{"rd.live.check", "mediacheck", "rd.bootferry.check", "check"},
     Kind::Switch,
     [](Draft& d, const std::string&, bool on) { d.boot.check = on; }},
    {{"rd.bootferry.checksum"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { setChecksum(d.transfer, v); }},
    {{"rd.bootferry.signature"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { setSignature(d.transfer, v); }},
    {{"rd.bootferry.verify"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { setVerify(d.transfer, v); }},
    {{"rd.bootferry.roothash"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.verity.rootHash = parseRootHash(v); }},
    {{"rd.bootferry.roothash_signature"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { setRootHashSignature(d.boot.verity, v); }},
    {{"rd.bootferry.verity"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { setVerityTree(d.boot.verity, v); }},
    {{"rd.kiwi.verity_options", "rd.bootferry.verity_options"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.verity.options = parseVerityOptions(v); }},
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
    {{"rd.bootferry.report"},
     Kind::Value,
     [](Draft& d, const std::string& v, bool) { d.boot.report = reportUrl(v); }},
    {{"rd.bootferry.option"},
     Kind::List,
     [](Draft& d, const std::string& v, bool) { d.transfer.pluginOptions.push_back(parsePluginOption(v)); }},
};

bool isNamed(const Entry& entry, const KernelArgument& argument) {
    return std::any_of(entry.names.begin(), entry.names.end(),
                       [&](std::string_view name) { return !name.empty() && argument.is(name); });
}

// The function that refuses a value quotes it, and does not know whether it contains a URL or a login.
Error withoutSecrets(const Error& error, const KernelArgument& argument) {
    const auto& value = argument.value.value_or("");
    std::string text = error.what();
    const bool isShown = shownArgument(argument) == fmt::format("{}={}", argument.name, value);
    for (auto length = isShown ? std::size_t{0} : value.size(); length > 0; --length) {
        const auto quoted =
            "'" + escapedText(std::string_view(value).substr(0, length)); // the error may have cut it
        if (const auto place = text.find(quoted); place != std::string::npos) {
            text.replace(place + 1, quoted.size() - 1, "...");
            return {error.code(), text};
        }
    }
    return error;
}

void apply(const Entry& entry, const KernelArgument& argument, Draft& draft) {
    if (entry.kind == Kind::Switch) {
        const auto on = switchValue(argument);
        if (!on) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("{}: expected no value, or =1 or =0", shownArgument(argument)));
        }
        entry.set(draft, {}, *on);
        return;
    }
    const bool mayBeEmpty = entry.kind == Kind::MaybeEmptyValue || entry.kind == Kind::MaybeValue;
    if ((!argument.value && entry.kind != Kind::MaybeValue) ||
        (argument.value && argument.value->empty() && !mayBeEmpty)) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("{}= on the kernel command line needs a value", argument.name));
    }
    try {
        entry.set(draft, argument.value.value_or(""), true);
    } catch (const Error& error) {
        auto shown = withoutSecrets(error, argument);
        shown.addContext(shownArgument(argument));
        throw shown;
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
            const auto meant = similarArgument(argument.name);
            throw Error(ErrorCode::Invalid,
                        fmt::format("{} on the kernel command line is not an option of bootferry{}; "
                                    "bootferry-kernel-command-line(7) lists them",
                                    shownName(argument.name),
                                    meant ? fmt::format(" (did you mean {}?)", *meant) : ""));
        }
    }
}

// A warning is not enough for a misspelt option without which the boot is unverified, or changes lie in the
// clear.
void refuseIfMeantToProtect(const KernelArgument& argument) {
    if (const auto meant = protectionMeantBy(argument)) {
        throw Error(
            ErrorCode::Invalid,
            fmt::format("{} on the kernel command line is not an option of bootferry (did you mean {}?), and "
                        "without it the boot would not be protected as it is meant to be",
                        shownName(argument.name), *meant));
    }
}

std::vector<std::string> remarksOn(const KernelCommandLine& line) {
    std::vector<std::string> remarks;
    for (const auto& argument : line.arguments()) {
        const bool known = std::any_of(std::begin(entries), std::end(entries),
                                       [&](const Entry& entry) { return isNamed(entry, argument); });
        const bool judged = known || findOtherOption(argument.name) != nullptr;
        const auto unread = judged ? std::nullopt : describeUnknown(argument.name);
        if (unread) {
            refuseIfMeantToProtect(argument);
            remarks.push_back(
                fmt::format("{} on the kernel command line {}", shownName(argument.name), *unread));
        }
    }
    return remarks;
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

// "none" asks for changes in the image itself where dracut can write to it, so a warning tells that they are
// lost.
void judgeOverlay(BootRequest& boot) {
    if (boot.overlay.temporary && boot.overlay.persistent) {
        throw Error(
            ErrorCode::Invalid,
            "rd.live.overlay=none and rd.live.overlay.persistent on the kernel command line contradict "
            "each other: remove one of them");
    }
    if (boot.overlay.readOnly && boot.overlay.reset) {
        throw Error(
            ErrorCode::Invalid,
            "rd.live.overlay.readonly and rd.live.overlay.reset on the kernel command line contradict "
            "each other: remove one of them");
    }
    if (boot.overlay.temporary && !boot.isImageInMemory()) {
        boot.remarks.emplace_back("rd.live.overlay=none on the kernel command line does not make the image "
                                  "writable: changes are lost at the next boot without "
                                  "rd.live.overlay.persistent");
    }
    if (boot.overlay.encrypt && !boot.encryptsChanges()) {
        boot.remarks.emplace_back(
            "rd.live.encrypt on the kernel command line has no effect: no changes are kept, "
            "which needs rd.live.overlay.persistent and an image that is not in memory");
    }
}

void judgeOnDemand(const BootRequest& boot) {
    if (boot.transfer() == nullptr || !boot.transfer()->onDemand) {
        return;
    }
    if (boot.check) {
        throw Error(ErrorCode::Invalid,
                    "rd.bootferry.ondemand and rd.live.check on the kernel command line contradict each "
                    "other: the check reads the whole image before it is used; remove one of them");
    }
    if (boot.verity.isRequested()) {
        throw Error(ErrorCode::Unsupported,
                    "rd.bootferry.ondemand and rd.bootferry.roothash= on the kernel command line cannot be "
                    "combined yet; remove one of them");
    }
}

// The partition for changes is made behind a complete image.
void deployFirstToKeepChanges(BootRequest& boot) {
    auto* transfer = std::get_if<TransferRequest>(&boot.image);
    if (transfer == nullptr || !transfer->onDemand || !boot.overlay.persistent || boot.isImageInMemory()) {
        return;
    }
    transfer->onDemand = false;
    boot.remarks.emplace_back(
        "rd.bootferry.ondemand on the kernel command line has no effect with rd.live.overlay.persistent: the "
        "partition for changes is made behind a complete image, so that all of it is fetched first");
}

// Options that no URL uses are refused, although KIWI ignores them: an unused --pinnedpubkey would be a
// security hole. A local medium has no transfer, so transfer options do not matter there.
void applyProgramOptions(Draft& draft, std::string_view argument, std::string_view schemes,
                         bool (*serves)(std::string_view scheme), const std::vector<PluginOption>& options) {
    auto& transfer = draft.transfer;
    const auto beside = draft.boot.verity.fetched();
    const auto isServed = [serves](const Url& url) { return serves(url.scheme()); };
    const bool used = isServed(transfer.url) || std::any_of(beside.begin(), beside.end(), isServed) ||
                      (transfer.checksumUrl && serves(transfer.checksumUrl->scheme())) ||
                      std::any_of(transfer.mirrors.begin(), transfer.mirrors.end(), isServed);
    if (!options.empty() && !used) {
        throw Error(ErrorCode::Invalid, fmt::format("{} applies to {} and not to {}; remove it from "
                                                    "the kernel command line",
                                                    argument, schemes, transfer.url.scheme()));
    }
    // The last one wins: rd.bootferry.option= is the more specific argument.
    transfer.pluginOptions.insert(transfer.pluginOptions.begin(), options.begin(), options.end());
}

void applyProgramOptions(Draft& draft) {
    applyProgramOptions(draft, "rd.kiwi.live.curl_options=", "http, https, ftp and tftp", &isCurlScheme,
                        draft.curl.pluginOptions);
    applyProgramOptions(
        draft, "rd.kiwi.live.dolly_options=", "dolly",
        [](std::string_view scheme) { return scheme == "dolly"; }, draft.dolly.pluginOptions);
    draft.boot.ignoredCurlOptions = std::move(draft.curl.ignored);
    draft.boot.ignoredDollyOptions = std::move(draft.dolly.ignored);
}

} // namespace

std::optional<BootRequest> parseBootRequest(const KernelCommandLine& line) {
    const auto source = liveSource(line);
    if (!source) {
        return std::nullopt;
    }
    Draft draft;
    refuseUnknown(line);
    draft.boot.remarks = remarksOn(line);
    applyEntries(line, draft);
    if (draft.nameLan0) {
        draft.boot.lan0 = bootInterface(line);
    }
    if (auto medium = localMedium(*source)) {
        medium->isoFile = std::move(draft.isoFile);
        draft.boot.image = std::move(*medium);
        completeVerity(draft.boot.verity, nullptr);
        if (draft.transfer.signedOnly) {
            demandSignature(draft.boot);
        }
    } else {
        const auto onDemand = onDemandSource(*source);
        draft.transfer.onDemand = draft.transfer.onDemand || onDemand;
        draft.transfer.url = imageUrl(onDemand.value_or(*source));
        if (!draft.isoFile.empty()) {
            throw Error(
                ErrorCode::Invalid,
                "iso-scan/filename= names an ISO file on a disk of this machine, and root=live: the "
                "URL of an image: write root=live:CDLABEL=LABEL with the label of that ISO, or remove "
                "iso-scan/filename=");
        }
        completeVerity(draft.boot.verity, &draft.transfer.url);
        applyProgramOptions(draft);
        requireSignedList(draft.transfer);
        requireReadableOnDemand(draft.transfer);
        requireProofOfDollyServer(draft.transfer, {});
        draft.transfer.target = draft.boot.target;
        draft.transfer.reset = draft.boot.reset;
        draft.boot.image = std::move(draft.transfer);
    }
    refuseOtherOptions(line, draft.boot.isImageInMemory());
    judgeOverlay(draft.boot);
    judgeOnDemand(draft.boot);
    deployFirstToKeepChanges(draft.boot);
    for (auto& remark :
         remarksOnVerity(draft.boot.verity, draft.boot.isImageInMemory(), draft.boot.overlay.persistent)) {
        draft.boot.remarks.push_back(std::move(remark));
    }
    return draft.boot;
}

void demandSignature(BootRequest& boot) {
    auto* transfer = std::get_if<TransferRequest>(&boot.image);
    if (transfer == nullptr) {
        // Of the medium, only blocks below that hash are used, but for changes that are kept. With
        // check-at-most-once, a medium that answers a second read otherwise would not be noticed.
        const auto& options = boot.verity.options;
        if (std::find(options.begin(), options.end(), "check-at-most-once") != options.end()) {
            throw Error(ErrorCode::Invalid,
                        "only a signed image may be booted here, and its blocks have to be "
                        "verified at every read: remove check-at-most-once from "
                        "rd.kiwi.verity_options= or /etc/veritytab");
        }
        if (boot.verity.isRequested() && !boot.verity.signature.empty() && !boot.overlay.persistent) {
            return;
        }
        throw Error(ErrorCode::Invalid,
                    "only a signed image may be booted here: fetch it with rd.bootferry.checksum=URL of a "
                    "signed list; "
                    "a local medium needs a signed root hash, rd.bootferry.roothash= with "
                    "rd.bootferry.roothash_signature=, and keeps no changes");
    }
    transfer->signedOnly = true;
    requireSignedList(*transfer);
    requireReadableOnDemand(*transfer);
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
