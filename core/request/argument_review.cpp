// SPDX-License-Identifier: LGPL-2.1-or-later
// The meanings are in a table by the usual name of each argument; a test compares it with the arguments that
// are read. An argument has no effect if a later one replaces it, or if it modifies a step that this boot
// does not have.
#include "argument_review.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "boot_source.h"
#include "errors.h"
#include "other_options.h"
#include "shown_argument.h"
#include "unknown_argument.h"

namespace bootferry {
namespace {

using Use = ReviewedArgument::Use;

enum class For {
    Boot,       // every boot
    Transfer,   // fetches only
    RamDisk,    // fetches to a RAM disk
    OnDemand,   // fetches, but for a disk that keeps changes
    Disk,       // fetches to a disk
    Kept,       // media that keep changes
    Persistent, // boots with rd.live.overlay.persistent
    CowFile,    // those of an ISO file
};

struct Meaning {
    std::string_view name;
    For what;
    std::string_view text;
};

constexpr Meaning meanings[] = {
    {"rd.kiwi.live.system", For::Transfer, "the block device that the image is written to"},
    {"ramdisk_size", For::RamDisk, "the size of the RAM disk, in KiB"},
    {"rd.kiwi.live.reset", For::Disk, "overwrite what the disk holds"},
    {"rd.bootferry.ondemand", For::OnDemand, "mount the image while it arrives"},
    {"rd.kiwi.live.curl_options", For::Transfer, "options for fetching, as curl has them"},
    {"rd.kiwi.live.dolly_options", For::Transfer, "options for fetching, as dolly has them"},
    {"rd.kiwi.live.pxe", For::Boot, "rename the boot interface to lan0"},
    {"rd.live.overlay.persistent", For::Kept,
     "keep changes on a partition of the disk, or in a file beside the ISO file"},
    {"rd.live.encrypt", For::Persistent, "encrypt the partition or file for changes (LUKS2)"},
    {"rd.live.overlay.cowfs", For::Persistent, "the file system of the partition or file for changes"},
    {"rd.live.cowfile.path", For::CowFile, "the file that keeps changes, beside the ISO file"},
    {"rd.live.cowfile.mbsize", For::CowFile, "the size of a new file for changes, in MiB"},
    {"rd.live.overlay.size", For::Boot, "the size of the temporary overlay (tmpfs)"},
    {"rd.live.overlay.readonly", For::Persistent, "show the kept changes, and keep new ones in memory"},
    {"rd.live.overlay.reset", For::Persistent, "discard the kept changes"},
    {"rd.live.overlay", For::Boot, "the kind of the overlay"},
    {"rd.overlay", For::Boot, "the kind of the overlay"},
    {"rd.live.image", For::Boot, "boot a live image, as root=live: does"},
    {"iso-scan/filename", For::Boot, "the ISO file, on a file system of this machine, that is the medium"},
    {"rd.live.dir", For::Boot, "the folder in the image that holds the root image"},
    {"rd.live.squashimg", For::Boot, "the name of the root image"},
    {"rootflags", For::Boot, "mount options of the root file system"},
    {"rd.live.check", For::Boot, "verify the checksum that is embedded in the image before use"},
    {"rd.bootferry.checksum", For::Transfer, "the expected checksum of the image, or a checksum list"},
    {"rd.bootferry.signature", For::Transfer, "the signature that the checksum list must have"},
    {"rd.bootferry.verify", For::Boot, "boot only an image whose checksum is in a signed list"},
    {"rd.bootferry.roothash", For::Boot, "verify each block of the root image when it is read"},
    {"rd.bootferry.roothash_signature", For::Boot, "the signature that the root hash must have"},
    {"rd.bootferry.verity", For::Boot, "where the hash tree of the root image is"},
    {"rd.kiwi.verity_options", For::Boot, "what happens when a block of the root image is damaged"},
    {"rd.bootferry.mirror", For::Transfer, "another URL of the same image"},
    {"rd.bootferry.stall_timeout", For::Transfer, "retry when nothing arrives for this time"},
    {"rd.bootferry.timeout", For::Transfer, "fail the boot when fetching takes longer"},
    {"rd.bootferry.connections", For::Transfer, "the maximum number of connections to one server"},
    {"rd.bootferry.report", For::Transfer, "post the progress to this URL"},
    {"rd.bootferry.option", For::Transfer, "an option of a transport plugin"},
};

// Why an argument has no effect in this boot; empty if it has one.
std::string_view whyNoEffect(For what, const BootRequest& request) {
    const bool fetches = request.transfer() != nullptr;
    switch (what) {
    case For::Boot:
        break;
    case For::Transfer:
    case For::RamDisk:
    case For::OnDemand:
    case For::Disk:
        if (!fetches) {
            return "a local medium is not fetched";
        }
        if (what == For::RamDisk && !request.isImageInMemory()) {
            return "the image is written to a disk";
        }
        if (what == For::OnDemand && request.overlay.persistent && !request.isImageInMemory()) {
            return "rd.live.overlay.persistent needs a complete image on the disk";
        }
        if (what == For::Disk && request.isImageInMemory()) {
            return "a RAM disk is always written";
        }
        break;
    case For::Kept:
    case For::Persistent:
    case For::CowFile:
        if (what != For::Kept && !request.overlay.persistent) {
            return "rd.live.overlay.persistent is not given";
        }
        if (request.isImageInMemory()) {
            return "a RAM disk keeps no changes; rd.kiwi.live.system= selects a disk";
        }
        if (const auto* medium = std::get_if<LocalMedium>(&request.image);
            what == For::CowFile && (medium == nullptr || medium->isoFile.empty())) {
            return "changes are kept on a partition without iso-scan/filename=";
        }
        break;
    }
    return {};
}

bool isNamed(const BootArgumentNames& known, const KernelArgument& argument) {
    return std::any_of(known.names.begin(), known.names.end(),
                       [&](std::string_view name) { return argument.is(name); });
}

std::string shownRoot(const KernelArgument& root) {
    if (!root.value || root.value->find("://") == std::string::npos) {
        return shownArgument(root);
    }
    try {
        std::string_view live = root.value->starts_with("live:") ? "live:" : "";
        if (onDemandSource(root.value->substr(live.size()))) {
            live = "live:nbd:";
        }
        return fmt::format("root={}{}", live, Url::parse(root.value->substr(live.size())).shown());
    } catch (const Error&) {
        return shownArgument(root);
    }
}

ReviewedArgument reviewRoot(const KernelArgument& root, bool isLast, bool isLive,
                            const BootRequest* request) {
    ReviewedArgument reviewed{.shown = shownRoot(root)};
    if (!isLast) {
        reviewed.use = Use::NoEffect;
        reviewed.meaning = "no effect: a later root= replaces it";
    } else if (request == nullptr) {
        reviewed.use = isLive ? Use::Read : Use::Foreign;
        reviewed.meaning = isLive ? "boot a live image" : "not read by bootferry, which boots root=live:...";
    } else if (const auto* transfer = request->transfer()) {
        reviewed.use = Use::Read;
        const bool isWritten = root.value->find("://") != std::string::npos;
        reviewed.meaning =
            fmt::format("fetch {} over {} to {}", isWritten ? "this image" : transfer->url.shown(),
                        transfer->url.scheme(), request->target);
    } else {
        reviewed.use = Use::Read;
        reviewed.meaning =
            fmt::format("boot the local medium {}", std::get<LocalMedium>(request->image).device);
    }
    return reviewed;
}

// BOOTIF= is set by the boot loader; bootferry reads it only with rd.kiwi.live.pxe.
ReviewedArgument reviewBootInterface(const KernelArgument& argument, bool isLast,
                                     const BootRequest* request) {
    const bool counts = isLast && request != nullptr && request->lan0;
    return {.shown = shownArgument(argument),
            .use = counts ? Use::Read : Use::Foreign,
            .meaning = counts ? "the network interface that was booted from: it is named lan0"
                              : "not read by bootferry without rd.kiwi.live.pxe"};
}

// An option of another live boot program. A refused one gets here only if it is switched off, or if the whole
// line was refused.
ReviewedArgument reviewOther(const KernelArgument& argument, const OtherOption& option, bool isLast,
                             const BootRequest* request) {
    ReviewedArgument reviewed{.shown = shownArgument(argument), .use = Use::NoEffect};
    const bool isNeedless = option.verdict == OtherOption::Verdict::Needless;
    if (!isLast) {
        reviewed.meaning = "no effect: a later one replaces it";
    } else if (!asksForSomething(argument)) {
        reviewed.meaning = argument.value.value_or("").starts_with("tmpfs")
                               ? "no effect: the overlay is a tmpfs anyway"
                               : "no effect: it is off";
    } else if (isNeedless || request != nullptr) {
        reviewed.meaning =
            fmt::format("no effect: {}", isNeedless ? option.text : "the image lies in memory");
    } else if (option.verdict == OtherOption::Verdict::InMemory) {
        reviewed.use = Use::Read; // of a line that is refused, the target may be unknown
        reviewed.meaning =
            fmt::format("have the image in memory; otherwise the boot is refused: {}", option.text);
    } else {
        reviewed.use = Use::Suspicious;
        reviewed.meaning = fmt::format("is not supported by bootferry: {}", option.text);
    }
    return reviewed;
}

// Whether parseBootRequest() refuses the boot because of this unknown argument.
bool isRefused(const KernelArgument& argument, bool isLive) {
    return isLive && (argument.name.starts_with("rd.bootferry.") || protectionMeantBy(argument));
}

ReviewedArgument reviewUnread(const KernelArgument& argument, bool isLive) {
    constexpr std::string_view ignored = "is ignored: ";
    ReviewedArgument reviewed{.shown = shownName(argument.name) + (argument.value ? "=..." : "")};
    if (auto unread = describeUnknown(argument.name)) {
        reviewed.use = Use::Suspicious;
        reviewed.meaning = std::move(*unread);
        if (isRefused(argument, isLive) && reviewed.meaning.starts_with(ignored)) {
            reviewed.meaning.replace(0, ignored.size(), "is refused: ");
        }
        return reviewed;
    }
    reviewed.shown = shownArgument(argument);
    reviewed.meaning = "not read by bootferry";
    return reviewed;
}

ReviewedArgument reviewServed(const KernelArgument& argument, const BootArgumentNames& known, bool isLast,
                              const BootRequest* request) {
    ReviewedArgument reviewed{.shown = shownArgument(argument), .use = Use::Read};
    const auto* row = std::find_if(std::begin(meanings), std::end(meanings), [&](const Meaning& meaning) {
        return meaning.name == known.names.front();
    });
    const auto meaning = row != std::end(meanings) ? row->text : std::string_view("an option of bootferry");
    std::string_view why;
    if (!isLast && !known.repeatable) {
        why = "a later one replaces it";
    } else if (row != std::end(meanings) && request != nullptr) {
        why = whyNoEffect(row->what, *request);
    }
    const bool off = !known.takesValue && !switchValue(argument).value_or(true);
    reviewed.meaning = fmt::format("{}{}", off ? "off: " : "", meaning);
    if (why.empty() && request != nullptr && known.names.front() == "rd.live.overlay.size") {
        reviewed.meaning += ": " + request->overlay.size; // with the unit that a number alone has
    }
    if (why.empty() && request != nullptr && request->verity.tree &&
        known.names.front() == "rd.bootferry.roothash") {
        reviewed.meaning += fmt::format(", by {}", request->verity.tree->shown());
    }
    if (!why.empty()) {
        reviewed.use = Use::NoEffect;
        reviewed.meaning = fmt::format("no effect: {} ({})", why, meaning);
    }
    return reviewed;
}

// A value with a blank that is not quoted becomes several words. Behind a word whose value may be secret,
// hides a word that could be the rest of it, or all of it ("-u NAME:PASSWORD"); and all words from a URL to a
// word with an '@', which may end its userinfo.
void hidePartsOfSecrets(std::vector<ReviewedArgument>& review, const KernelCommandLine& line) {
    static constexpr std::array<std::string_view, 8> harmless{"quiet", "splash", "ro",         "rw",
                                                              "debug", "rhgb",   "mediacheck", "nomodeset"};
    const auto& words = line.arguments();
    const auto hide = [&](std::size_t i) {
        review[i] = {.shown = "...",
                     .use = Use::Suspicious,
                     .meaning =
                         "not read by bootferry; if it belongs to the word before it, put that value in "
                         "double quotes"};
    };
    const auto isUrl = [&](std::size_t i) {
        return words[i].name.find("://") != std::string::npos ||
               words[i].value.value_or("").find("://") != std::string::npos;
    };
    std::size_t url = words.size(); // the last URL before this word
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool isForeign = review[i].use == Use::Foreign && !isUrl(i);
        const bool endsUserinfo = isForeign && (words[i].name.find('@') != std::string::npos ||
                                                words[i].value.value_or("").find('@') != std::string::npos);
        if (endsUserinfo && url < i) {
            review[url].shown = shownName(words[url].name) + (words[url].value ? "=..." : "");
            for (auto part = url + 1; part <= i; ++part) {
                hide(part);
            }
        } else if (isForeign && i > 0 &&
                   (expectsSecret(words[i - 1]) || (review[i - 1].shown.ends_with("...") && !words[i].value &&
                                                    words[i].name.find('.') == std::string::npos)) &&
                   std::find(harmless.begin(), harmless.end(), words[i].name) == harmless.end()) {
            hide(i);
        }
        url = isUrl(i) ? i : url;
    }
}

} // namespace

std::vector<ReviewedArgument> reviewArguments(const KernelCommandLine& line, const BootRequest* request) {
    const auto served = bootArgumentNames();
    // Without a live root bootferry ignores the line, although other programs may read the same names.
    const bool isLive = liveSource(line).has_value();
    std::vector<ReviewedArgument> review;
    for (const auto& argument : line.arguments()) {
        if (argument.is("root")) {
            review.push_back(reviewRoot(argument, line.find("root") == &argument, isLive, request));
            continue;
        }
        if (argument.is("BOOTIF")) {
            review.push_back(reviewBootInterface(argument, line.find("BOOTIF") == &argument, request));
            continue;
        }
        const auto known = std::find_if(served.begin(), served.end(),
                                        [&](const auto& names) { return isNamed(names, argument); });
        if (const auto* other = findOtherOption(argument.name); other != nullptr && isLive) {
            const bool isLast = line.find(other->name) == &argument;
            review.push_back(reviewOther(argument, *other, isLast, request));
            continue;
        }
        if (known == served.end() && findOtherOption(argument.name) != nullptr) {
            review.push_back(
                {.shown = shownArgument(argument), .meaning = "not read by bootferry in this boot"});
            continue;
        }
        if (known == served.end()) {
            review.push_back(reviewUnread(argument, isLive));
            continue;
        }
        if (!isLive) {
            review.push_back(
                {.shown = shownArgument(argument), .meaning = "not read by bootferry in this boot"});
            continue;
        }
        const auto last = std::find_if(line.arguments().rbegin(), line.arguments().rend(),
                                       [&](const auto& other) { return isNamed(*known, other); });
        review.push_back(reviewServed(argument, *known, &*last == &argument, request));
    }
    hidePartsOfSecrets(review, line);
    return review;
}

} // namespace bootferry
