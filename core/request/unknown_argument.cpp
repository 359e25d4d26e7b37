// SPDX-License-Identifier: LGPL-2.1-or-later
// A name is compared without its prefix: all options share a few prefixes, which would make "rd.live.ram" and
// "rd.live.dir" look alike. The number of errors that are tolerated depends on the length of the rest.
#include "unknown_argument.h"

#include <algorithm>
#include <array>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "boot_request.h"
#include "other_options.h"
#include "similar_names.h"
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
    for (const auto& option : otherOptions()) {
        // Names such as "module" and "fetch" resemble too much.
        if (option.name.starts_with("rd.") && option.verdict == OtherOption::Verdict::Refused) {
            names.push_back(option.name);
        }
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

std::optional<std::string_view> similarArgument(std::string_view unknown) {
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

std::optional<std::string> describeUnknown(std::string_view name) {
    if (const auto meant = similarArgument(name)) {
        return fmt::format("is ignored: there is no such option; did you mean {}?", *meant);
    }
    if (isOurs(name)) {
        return "is ignored: there is no such option; bootferry-kernel-command-line(7) lists them";
    }
    return std::nullopt;
}

} // namespace bootferry
