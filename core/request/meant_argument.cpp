// SPDX-License-Identifier: LGPL-2.1-or-later
// A name is compared without its prefix: all options share a few prefixes, which would make "rd.live.ram" and
// "rd.live.dir" look alike. The number of errors that are tolerated depends on the length of the rest.
#include "meant_argument.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "boot_request.h"
#include "similar_names.h"
#include "text.h"

namespace bootferry {
namespace {

struct NotServed {
    std::string_view name;
    bool differs;
    std::string_view instead; // the end of a sentence
};

// dracut.cmdline(7), "Booting live images", of dracut 059 and of dracut-ng 10x (rd.overlay…); KIWI's
// documentation, "Boot parameters".
constexpr NotServed notServed[] = {
    {"rd.live.image", false, "root=live: says it already"},
    {"rd.live.ram", false,
     "an image that is fetched to a RAM disk lies in memory already, and a local medium stays in use"},
    {"rd.live.debug", false, "see the journal for messages"},
    {"rd.live.overlay", true, "changes are kept on a disk with rd.live.overlay.persistent"},
    {"rd.live.overlay.overlayfs", false, "the overlay is always an overlayfs"},
    {"rd.live.overlay.thin", false, "the overlay is always an overlayfs"},
    {"rd.live.overlay.nouserconfirmprompt", false, "nobody is asked"},
    {"rd.live.overlay.readonly", true, "the root file system is writable"},
    {"rd.live.overlay.reset", true, "rd.kiwi.live.reset deploys again, with a fresh overlay"},
    {"rd.live.cowfile.mbsize", true, "changes are kept on a partition, not in a file"},
    {"rd.live.cowfile.path", true, "changes are kept on a partition, not in a file"},
    {"rd.overlay", true, "changes are kept on a disk with rd.live.overlay.persistent"},
    {"rd.overlay.readonly", true, "the root file system is writable"},
    {"rd.overlay.reset", true, "rd.kiwi.live.reset deploys again, with a fresh overlay"},
    {"rd.overlay.size", true, "rd.live.overlay.size= is the size of the temporary overlay"},
    {"rd.writable.fsimg", false, "the root file system is writable through an overlayfs"},
    {"live.updates", true, "the root file system is that of the image"},
    {"iso-scan/filename", true, "an ISO in a file of a local file system cannot be booted"},
};

// Lower case, with '-' and '_' replaced by '.'.
std::string folded(std::string_view name) {
    auto text = lowered(name);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '-' || c == '_'; }, '.');
    return text;
}

struct Parts {
    bool ours = false; // the prefix is one of bootferry's
    std::string rest;  // folded
};

Parts withoutPrefix(std::string_view name) {
    static constexpr std::array prefixes{std::string_view("rd."), std::string_view("kiwi."),
                                         std::string_view("live."), std::string_view("bootferry.")};
    Parts parts{.rest = folded(name)};
    for (bool found = true; found;) {
        found = false;
        for (const auto prefix : prefixes) {
            if (parts.rest.starts_with(prefix)) {
                parts.rest.erase(0, prefix.size());
                parts.ours = parts.ours || prefix != "rd.";
                found = true;
            }
        }
    }
    return parts;
}

std::vector<std::string_view> knownNames() {
    std::vector<std::string_view> names;
    for (const auto& argument : bootArgumentNames()) {
        names.insert(names.end(), argument.names.begin(), argument.names.end());
    }
    return names;
}

constexpr std::size_t tolerated(std::size_t length) {
    return length < 5 ? 0 : length < 10 ? 1 : length < 16 ? 2 : 3;
}

// The distance between the unknown name and a known one; nullopt if they are too different.
std::optional<std::size_t> distance(std::string_view unknown, const Parts& parts, std::string_view known) {
    const auto knownParts = withoutPrefix(known);
    // The prefix may contain the error ("rd.kwii.live.system").
    const auto whole = editDistance(folded(unknown), folded(known));
    if (whole <= tolerated(knownParts.rest.size())) {
        return whole;
    }
    // Or the prefix is a different one. "rd.timeout" belongs to dracut; "overlay.size" and "rd.curl_options"
    // belong to no program.
    const bool telling = knownParts.rest.find('.') != std::string::npos;
    const auto rest = editDistance(parts.rest, knownParts.rest);
    const auto most = parts.ours ? tolerated(knownParts.rest.size()) : 0;
    if ((parts.ours || telling) && rest <= most) {
        return 1 + rest;
    }
    constexpr std::string_view group = "overlay.";
    if (parts.ours && knownParts.rest.starts_with(group) &&
        parts.rest == knownParts.rest.substr(group.size())) {
        return 2;
    }
    return std::nullopt;
}

bool isOurs(std::string_view name) {
    const auto text = folded(name);
    return text.starts_with("rd.kiwi.live.") || text.starts_with("rd.live.") ||
           text.starts_with("rd.bootferry.");
}

} // namespace

std::optional<std::string_view> meantArgument(std::string_view unknown) {
    const auto parts = withoutPrefix(unknown);
    std::optional<std::string_view> nearest;
    std::size_t least = SIZE_MAX;
    for (const auto known : knownNames()) {
        const auto now = distance(unknown, parts, known);
        if (now && *now < least) {
            least = *now;
            nearest = known;
        }
    }
    return nearest;
}

std::optional<UnreadArgument> describeUnread(std::string_view name) {
    const auto* known = std::find_if(std::begin(notServed), std::end(notServed),
                                     [&](const NotServed& row) { return folded(row.name) == folded(name); });
    if (known != std::end(notServed)) {
        return UnreadArgument{.text = fmt::format("is not supported by bootferry: {}", known->instead),
                              .differs = known->differs};
    }
    if (const auto meant = meantArgument(name)) {
        return UnreadArgument{
            .text = fmt::format("is ignored: there is no such option; did you mean {}?", *meant)};
    }
    if (isOurs(name)) {
        return UnreadArgument{.text = "is ignored: there is no such option; "
                                      "bootferry-kernel-command-line(7) lists them"};
    }
    return std::nullopt;
}

} // namespace bootferry
