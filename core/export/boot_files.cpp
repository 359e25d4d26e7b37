// SPDX-License-Identifier: LGPL-2.1-or-later
// Of several pairs the one with the shortest names is taken, which is how the distributions name their usual
// one ("vmlinuz" beside "vmlinuz-6.1.0-18-amd64"), unless they are of several machines or versions.
#include "boot_files.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "plain_text.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::array table{
    BootFilesLayout{"KIWI", "boot/*/loader/linux", "boot/*/loader/initrd"},
    BootFilesLayout{"Debian's live-build", "live/vmlinuz*", "live/initrd.img*"},
    BootFilesLayout{"Ubuntu's casper", "casper/vmlinuz*", "casper/initrd*"},
    BootFilesLayout{"Fedora", "images/pxeboot/vmlinuz*", "images/pxeboot/initrd*.img"},
    BootFilesLayout{"Arch Linux", "arch/boot/*/vmlinuz-linux*", "arch/boot/*/initramfs-linux*.img"},
};

constexpr std::size_t mostShown = 6;
constexpr std::size_t longestShown = 60;

struct Candidate {
    std::string path;
    std::vector<std::string> wildcards; // what the stars stand for
};

// A star takes as little as it can, so that each path has one reading.
std::optional<std::vector<std::string>> match(std::string_view path, std::string_view pattern) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) {
        return path == pattern ? std::optional(std::vector<std::string>()) : std::nullopt;
    }
    if (!path.starts_with(pattern.substr(0, star))) {
        return std::nullopt;
    }
    const auto rest = path.substr(star);
    for (std::size_t length = 0; length <= std::min(rest.size(), rest.find('/')); ++length) {
        if (auto others = match(rest.substr(length), pattern.substr(star + 1))) {
            others->insert(others->begin(), std::string(rest.substr(0, length)));
            return others;
        }
    }
    return std::nullopt;
}

std::vector<Candidate> candidates(const std::vector<std::string>& paths, std::string_view pattern) {
    std::vector<Candidate> found;
    for (const auto& path : paths) {
        if (auto wildcards = match(lowered(path), pattern)) {
            found.push_back({path, std::move(*wildcards)});
        }
    }
    return found;
}

std::string listed(const std::vector<std::string>& paths) {
    std::string text;
    for (std::size_t i = 0; i < std::min(paths.size(), mostShown); ++i) {
        text += fmt::format("{}'{}'", i == 0 ? "" : ", ", plainText(paths[i], longestShown));
    }
    return text +
           (paths.size() > mostShown ? fmt::format(" and {} more", paths.size() - mostShown) : std::string());
}

std::string placesOf(std::string_view BootFilesLayout::*file) {
    std::string text;
    for (const auto& layout : table) {
        text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", layout.*file, layout.users);
    }
    return text;
}

void requirePath(const std::vector<std::string>& paths, const std::string& path, const char* what) {
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
        throw Error(ErrorCode::NotFound, fmt::format("the ISO has no file '{}' for the {}",
                                                     plainText(path, longestPlainText), what));
    }
}

// The one whose last wildcard is empty, as in "vmlinuz", if there is one such path only.
template <typename Pair, typename Path>
const Pair* usualOf(const std::vector<Pair>& pairs, Path kernel) {
    if (pairs.size() == 1) {
        return pairs.data();
    }
    const Pair* found = nullptr;
    for (const auto& pair : pairs) {
        if (kernel(pair).wildcards.back().empty()) {
            if (found != nullptr) {
                return nullptr;
            }
            found = &pair;
        }
    }
    return found;
}

struct Pair {
    Candidate kernel;
    Candidate initrd;
};

std::vector<Pair> pairsOf(const std::vector<std::string>& paths, const BootFilesLayout& layout,
                          const std::optional<std::string>& kernel,
                          const std::optional<std::string>& initrd) {
    const auto kernels = kernel ? std::vector<Candidate>{{*kernel, {""}}} : candidates(paths, layout.kernel);
    const auto initrds = initrd ? std::vector<Candidate>{{*initrd, {""}}} : candidates(paths, layout.initrd);
    const bool sameText = !kernel && !initrd && !(kernels.size() == 1 && initrds.size() == 1);
    std::vector<Pair> pairs;
    for (const auto& first : kernels) {
        for (const auto& second : initrds) {
            if (!sameText || first.wildcards == second.wildcards) {
                pairs.push_back({first, second});
            }
        }
    }
    return pairs;
}

} // namespace

std::span<const BootFilesLayout> bootFilesLayouts() {
    return table;
}

BootFiles findBootFiles(const std::vector<std::string>& paths, const std::optional<std::string>& kernel,
                        const std::optional<std::string>& initrd) {
    if (kernel) {
        requirePath(paths, *kernel, "kernel");
    }
    if (initrd) {
        requirePath(paths, *initrd, "initrd");
    }
    if (kernel && initrd) {
        return {*kernel, *initrd};
    }
    for (const auto& layout : table) {
        const auto pairs = pairsOf(paths, layout, kernel, initrd);
        if (pairs.empty()) {
            continue;
        }
        // The side that is not given by hand decides.
        const auto side = [&](const Pair& pair) -> const Candidate& {
            return kernel ? pair.initrd : pair.kernel;
        };
        if (const auto* usual = usualOf(pairs, side)) {
            return {usual->kernel.path, usual->initrd.path};
        }
        std::vector<std::string> names;
        for (const auto& pair : pairs) {
            names.push_back(side(pair).path);
        }
        throw Error(ErrorCode::NotFound,
                    fmt::format("the ISO has several kernels or initrds ({}): choose with "
                                "--kernel=PATH and --initrd=PATH",
                                listed(names)));
    }
    throw Error(
        ErrorCode::NotFound,
        fmt::format("the ISO has no kernel and initrd where they are looked for: kernels at {}; initrds "
                    "at {}. Name them with --kernel=PATH and --initrd=PATH",
                    placesOf(&BootFilesLayout::kernel), placesOf(&BootFilesLayout::initrd)));
}

std::string findKernel(const std::vector<std::string>& paths, const std::optional<std::string>& kernel) {
    if (kernel) {
        requirePath(paths, *kernel, "kernel");
        return *kernel;
    }
    for (const auto& layout : table) {
        const auto kernels = candidates(paths, layout.kernel);
        if (kernels.empty()) {
            continue;
        }
        if (const auto* usual =
                usualOf(kernels, [](const Candidate& found) -> const Candidate& { return found; })) {
            return usual->path;
        }
        std::vector<std::string> names;
        for (const auto& found : kernels) {
            names.push_back(found.path);
        }
        throw Error(
            ErrorCode::NotFound,
            fmt::format("the ISO has several kernels ({}): choose with --kernel=PATH", listed(names)));
    }
    throw Error(ErrorCode::NotFound,
                fmt::format("the ISO has no kernel where one is looked for: {}. Name it with --kernel=PATH",
                            placesOf(&BootFilesLayout::kernel)));
}

} // namespace bootferry
