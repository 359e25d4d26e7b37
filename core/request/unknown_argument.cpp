// SPDX-License-Identifier: LGPL-2.1-or-later
// A name is compared without its prefix: all options share a few prefixes, which would make "rd.live.ram" and
// "rd.live.dir" look alike. The number of errors that are tolerated depends on the length of the rest.
#include "unknown_argument.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "boot_request.h"
#include "edit_distance.h"
#include "other_options.h"
#include "text.h"

namespace bootferry {
namespace {

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

// "rd.bootfery.dir": what follows a misspelt prefix of bootferry's; empty if there is none.
std::string_view behindMisspeltPrefix(std::string_view name) {
    struct Prefix {
        std::string_view text;
        std::size_t tolerated;
    };
    static constexpr Prefix prefixes[] = {
        {"rd.bootferry.", 2}, {"rd.kiwi.live.", 2}, {"rd.live.", 1}, {"rd.kiwi.", 1}};
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
        for (const auto& prefix : prefixes) {
            if (editDistance(name.substr(0, dot + 1), prefix.text) <= prefix.tolerated) {
                return name.substr(dot + 1);
            }
        }
    }
    return {};
}

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
    if (parts.ours) {
        return parts;
    }
    const auto whole = folded(name);
    if (const auto rest = behindMisspeltPrefix(whole); !rest.empty()) {
        parts = {.ours = true, .rest = std::string(rest)};
    }
    return parts;
}

struct KnownName {
    std::string_view name;
    std::string folded;
    std::string rest; // without the prefix
};

std::vector<KnownName> findKnownNames() {
    std::vector<KnownName> known;
    const auto add = [&known](std::string_view name) {
        known.push_back({.name = name, .folded = folded(name), .rest = withoutPrefix(name).rest});
    };
    for (const auto& argument : bootArgumentNames()) {
        for (const auto name : argument.names) {
            // Names such as "check" and "overlay", of dracut before 104, resemble too much.
            constexpr std::size_t longestOldName = 8;
            if (name.find('.') != std::string_view::npos || name.size() > longestOldName) {
                add(name);
            }
        }
    }
    for (const auto& option : otherOptions()) {
        // Names such as "module" and "fetch" resemble too much.
        const bool isTelling = option.name.starts_with("rd.") || option.name.starts_with("persistence");
        if (isTelling && option.verdict == OtherOption::Verdict::Refused) {
            add(option.name);
        }
    }
    return known;
}

// The same for every argument of a line, which may have hundreds that are somebody else's.
const std::vector<KnownName>& knownNames() {
    static const auto known = findKnownNames();
    return known;
}

constexpr std::size_t longName = 16;

// ours: with a prefix of bootferry's, the name cannot be another program's.
constexpr std::size_t tolerated(std::size_t length, bool ours) {
    if (length < 5) {
        return ours && length > 2 ? 1 : 0;
    }
    return length < 10 ? (ours ? 2 : 1) : length < longName ? 2 : 3;
}

// The distance, if it is at most that: lengths that differ by more need not be compared.
std::optional<std::size_t> distanceWithin(std::string_view one, std::string_view other, std::size_t most) {
    const auto longer = std::max(one.size(), other.size()) - std::min(one.size(), other.size());
    const auto edits = longer <= most ? editDistance(one, other) : SIZE_MAX;
    return edits <= most ? std::optional(edits) : std::nullopt;
}

// The distance between the unknown name and a known one; nullopt if they are too different.
std::optional<std::size_t> distance(std::string_view whole, const Parts& parts, const KnownName& known) {
    const auto most = tolerated(known.rest.size(), parts.ours);
    // The prefix may contain the error ("rd.kwii.live.system").
    const auto edits = distanceWithin(whole, known.folded, most);
    // Or the prefix is a different one. "rd.timeout" belongs to dracut; "overlay.size" and "rd.curl_options"
    // belong to no program.
    if (parts.ours || known.rest.find('.') != std::string::npos) {
        if (const auto ofRest = distanceWithin(parts.rest, known.rest,
                                               parts.ours || known.rest.size() >= longName ? most : 0)) {
            return std::min(edits.value_or(SIZE_MAX), 1 + *ofRest);
        }
    }
    if (edits) {
        return edits;
    }
    constexpr std::string_view group = "overlay.";
    if (parts.ours && known.rest.starts_with(group) && parts.rest == known.rest.substr(group.size())) {
        return 2;
    }
    return std::nullopt;
}

// The option of another program whose name differs only in upper and lower case, '-', '_' and '.'.
std::optional<std::string_view> otherCase(std::string_view name) {
    for (const auto& option : otherOptions()) {
        if (folded(option.name) == folded(name)) {
            return option.name;
        }
    }
    return std::nullopt;
}

bool isOurs(std::string_view name) {
    const auto text = folded(name);
    return text.starts_with("rd.kiwi.live.") || text.starts_with("rd.live.") ||
           text.starts_with("rd.bootferry.");
}

// Other words for the same thing, behind a prefix of bootferry's.
std::optional<std::string_view> otherWord(const Parts& parts) {
    struct Word {
        std::string_view rest;
        std::string_view name;
    };
    static constexpr Word words[] = {
        {"squashfs", "rd.live.squashimg"},
        {"curlopts", "rd.kiwi.live.curl_options"},
        {"curl.opts", "rd.kiwi.live.curl_options"},
        {"dollyopts", "rd.kiwi.live.dolly_options"},
        {"dolly.opts", "rd.kiwi.live.dolly_options"},
        {"target", "rd.kiwi.live.system"},
        {"device", "rd.kiwi.live.system"},
        {"disk", "rd.kiwi.live.system"},
        {"persistent", "rd.live.overlay.persistent"},
        {"persistence", "rd.live.overlay.persistent"},
    };
    const auto* found = std::find_if(std::begin(words), std::end(words),
                                     [&](const Word& word) { return parts.ours && word.rest == parts.rest; });
    return found != std::end(words) ? std::optional(found->name) : std::nullopt;
}

// "rd.live.overlay.size-512m": the name of an option, and something else than '=' before its value.
std::optional<std::string_view> nameBeforeValue(std::string_view unknown) {
    const auto end = unknown.find_last_of("-:");
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto name = folded(unknown.substr(0, end));
    for (const auto& known : knownNames()) {
        if (known.folded == name) {
            return known.name;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> nearestArgument(std::string_view unknown) {
    const auto whole = folded(unknown);
    const auto parts = withoutPrefix(unknown);
    std::optional<std::string_view> nearest;
    std::size_t least = SIZE_MAX;
    for (const auto& known : knownNames()) {
        const auto now = distance(whole, parts, known);
        if (now && *now < least) {
            least = *now;
            nearest = known.name;
        }
    }
    return nearest;
}

} // namespace

std::optional<std::string_view> similarArgument(std::string_view unknown) {
    if (const auto other = otherWord(withoutPrefix(unknown))) {
        return other;
    }
    const auto nearest = nearestArgument(unknown);
    return nearest ? nearest : nameBeforeValue(unknown);
}

std::optional<std::string_view> protectionMeantBy(const KernelArgument& unknown) {
    static constexpr std::array<std::string_view, 11> protecting{"rd.bootferry.verify",
                                                                 "rd.bootferry.signature",
                                                                 "rd.bootferry.checksum",
                                                                 "rd.bootferry.roothash",
                                                                 "rd.bootferry.roothash_signature",
                                                                 "rd.live.encrypt",
                                                                 "rd.overlay.crypt",
                                                                 "rd.bootferry.overlay.encrypt",
                                                                 "rd.live.check",
                                                                 "rd.bootferry.check",
                                                                 "mediacheck"};
    const auto meant = asksForSomething(unknown) ? similarArgument(unknown.name) : std::nullopt;
    const bool protects =
        meant && std::find(protecting.begin(), protecting.end(), *meant) != protecting.end();
    return protects ? meant : std::nullopt;
}

std::optional<std::string> describeUnknown(std::string_view name) {
    if (findOtherOption(name) != nullptr && !isOurs(name)) {
        return std::nullopt; // written as its own program has it
    }
    if (const auto meant = similarArgument(name)) {
        return fmt::format("is ignored: there is no such option; did you mean {}?", *meant);
    }
    if (const auto meant =
            isOurs(name) && findOtherOption(name) == nullptr ? otherCase(name) : std::nullopt) {
        return fmt::format("is ignored: there is no such option; did you mean {}?", *meant);
    }
    if (isOurs(name)) {
        return "is ignored: there is no such option; bootferry-kernel-command-line(7) lists them";
    }
    return std::nullopt;
}

} // namespace bootferry
