// SPDX-License-Identifier: LGPL-2.1-or-later
// probeLayout() decides like LiveRoot::mountMedium() of core/live, of which it sees less: where that would
// mount, this one says "not known".
#include "live_layout.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "iso_volume.h"
#include "live_image_probe.h"
#include "plain_text.h"

namespace bootferry {
namespace {

constexpr std::array table{
    KnownLayout{"LiveOS", "KIWI, Fedora and others", "LiveOS", "squashfs.img", true},
    KnownLayout{"LiveOS", "dracut without a squashfs", "LiveOS", "rootfs.img", true},
    KnownLayout{"live-build", "Debian and others", "live", "*.squashfs", true},
    KnownLayout{"casper", "Ubuntu and others", "casper", "*.squashfs", false},
    KnownLayout{"archiso", "Arch Linux and others", "arch/x86_64", "airootfs.*", false},
};

constexpr std::size_t mostNames = 6;
constexpr std::size_t longestName = 40;

bool matches(std::string_view name, std::string_view pattern) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) {
        return name == pattern;
    }
    const auto begin = pattern.substr(0, star);
    const auto end = pattern.substr(star + 1);
    return name.size() > begin.size() + end.size() && name.starts_with(begin) && name.ends_with(end);
}

std::string listed(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    const auto shown = std::min(names.size(), mostNames);
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
        text += fmt::format("{}'{}'", i == 0 ? "" : ", ", plainText(names[i], longestName));
    }
    return text + (names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "");
}

// Of one volume.
class VolumeProbe {
public:
    VolumeProbe(const IsoVolume& volume, const std::string& wanted) : volume_(volume), wanted_(wanted) {}

    ProbedLayout run() {
        if (auto found = wantedImage()) {
            return std::move(*found);
        }
        // The first candidate decides: a later one counts only once the earlier ones are known to be absent.
        if (!unknown_.empty()) {
            return undecided();
        }
        if (isRootTree()) {
            return {.state = ProbedLayout::State::RootTree,
                    .layout = std::string(rootTreeLayout),
                    .image = {},
                    .why = {}};
        }
        if (!unknown_.empty()) {
            return undecided();
        }
        auto other = findLayout([this](const std::string& folder) { return files(folder); });
        if (!unknown_.empty()) {
            return undecided(); // there may be others beside the one that is seen
        }
        if (other) {
            return {.state = other->served ? ProbedLayout::State::Elsewhere : ProbedLayout::State::NotServed,
                    .layout = std::string(other->layout->name),
                    .image = std::move(other->image),
                    .why = {}};
        }
        const auto names = namesIn({}, [](const IsoVolume::Entry&) { return true; });
        if (volume_.hasUdf()) {
            return notKnown(
                fmt::format("its files are in a UDF volume, which is not read here (ISO 9660: {})",
                            names.empty() ? "no file" : listed(names)));
        }
        return none(fmt::format("it is an ISO 9660 volume without a live system: it has no '{}', nor another "
                                "known root image; its top folder {}",
                                plainText(wanted_, longestName),
                                names.empty() ? "is empty" : "contains " + listed(names)));
    }

private:
    static ProbedLayout notKnown(std::string why) {
        return {.state = ProbedLayout::State::NotKnown, .layout = {}, .image = {}, .why = std::move(why)};
    }

    // A boot cannot read a part that lies behind the end of the image.
    [[nodiscard]] ProbedLayout undecided() const {
        return isLost_ ? none(fmt::format("it is cut off or damaged: {}", unknown_)) : notKnown(unknown_);
    }

    static ProbedLayout none(std::string why) {
        return {.state = ProbedLayout::State::None, .layout = {}, .image = {}, .why = std::move(why)};
    }

    IsoVolume::Lookup find(const std::string& path) {
        auto lookup = volume_.find(path);
        if (unknown_.empty()) {
            unknown_ = lookup.unknown;
            isLost_ = lookup.isLost;
        }
        return lookup;
    }

    std::optional<ProbedLayout> wantedImage() {
        const auto image = find(wanted_).found;
        if (!image) {
            return std::nullopt;
        }
        switch (image->kind) {
        case IsoVolume::Kind::Link:
            return notKnown(fmt::format("its '{}' is a link", plainText(wanted_, longestName)));
        case IsoVolume::Kind::Folder:
            return none(fmt::format("its '{}' is a folder", plainText(wanted_, longestName)));
        case IsoVolume::Kind::File:
            break;
        }
        if (image->size == 0) {
            return none(fmt::format("its '{}' is empty", plainText(wanted_, longestName)));
        }
        if (volume_.isBehindEnd(*image)) {
            return none(fmt::format("it is cut off or damaged: its '{}' lies behind its end",
                                    plainText(wanted_, longestName)));
        }
        const auto* row = layoutOfPath(wanted_);
        return ProbedLayout{.state = ProbedLayout::State::Found,
                            .layout = std::string(row != nullptr ? row->name : std::string_view()),
                            .image = wanted_,
                            .why = {}};
    }

    bool isRootTree() {
        const auto has = [this](const char* path) { return find(path).found.has_value(); };
        return std::any_of(rootTreeFolders.begin(), rootTreeFolders.end(), has) &&
               std::any_of(rootTreeInits.begin(), rootTreeInits.end(), has);
    }

    template <typename Wanted>
    std::vector<std::string> namesIn(const std::string& path, Wanted wanted) {
        const auto folder = find(path).found;
        if (!folder || folder->kind != IsoVolume::Kind::Folder) {
            return {};
        }
        auto content = volume_.list(*folder, path);
        if (unknown_.empty()) {
            unknown_ = std::move(content.unknown);
            isLost_ = content.isLost;
        }
        std::vector<std::string> names;
        for (auto& entry : content.entries) {
            if (wanted(entry)) {
                names.push_back(std::move(entry.name));
            }
        }
        return names;
    }

    std::vector<std::string> files(const std::string& path) {
        return namesIn(path, [](const IsoVolume::Entry& entry) {
            return entry.kind == IsoVolume::Kind::Link ||
                   (entry.kind == IsoVolume::Kind::File && entry.size > 0);
        });
    }

    const IsoVolume& volume_;
    const std::string& wanted_;
    std::string unknown_; // the first reason
    bool isLost_ = false; // the reason is that a part lies behind the end of the image
};

} // namespace

std::span<const KnownLayout> knownLayouts() {
    return table;
}

const KnownLayout* layoutOfPath(std::string_view path) {
    const auto slash = path.rfind('/');
    const auto folder = path.substr(0, slash == std::string_view::npos ? 0 : slash);
    const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    const auto* row = std::find_if(table.begin(), table.end(), [&](const KnownLayout& layout) {
        return layout.folder == folder && matches(name, layout.image);
    });
    return row != table.end() ? row : nullptr;
}

bool isLayoutName(std::string_view name) {
    return name == rootTreeLayout || name == bareLayout ||
           std::any_of(table.begin(), table.end(),
                       [name](const KnownLayout& layout) { return layout.name == name; });
}

// live-build's own name for a single one is filesystem.squashfs.
std::optional<FoundLayout>
findLayout(const std::function<std::vector<std::string>(const std::string& folder)>& names) {
    for (const auto& layout : table) {
        auto images = names(std::string(layout.folder));
        images.erase(std::remove_if(images.begin(), images.end(),
                                    [&](const auto& name) { return !matches(name, layout.image); }),
                     images.end());
        if (images.empty()) {
            continue;
        }
        const auto usual = std::find(images.begin(), images.end(), "filesystem.squashfs");
        const auto image = usual != images.end() ? usual : std::min_element(images.begin(), images.end());
        return FoundLayout{.layout = &layout,
                           .image = fmt::format("{}/{}", layout.folder, *image),
                           .served = layout.served && images.size() == 1};
    }
    return std::nullopt;
}

std::string layoutDescription(const std::string& path) {
    const auto* row = layoutOfPath(path);
    return row != nullptr ? fmt::format("{} ({}: {})", path, row->name, row->users) : path;
}

std::string_view whyNotServed(const std::string& path) {
    const auto* row = layoutOfPath(path);
    return row != nullptr && row->served ? "there are several root images, which bootferry does not stack"
                                         : "bootferry does not serve this layout";
}

std::string layoutArguments(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? fmt::format("rd.live.dir=/ rd.live.squashimg={}", path)
                                           : fmt::format("rd.live.dir={} rd.live.squashimg={}",
                                                         path.substr(0, slash), path.substr(slash + 1));
}

ProbedLayout probeLayout(std::span<const std::byte> head, const std::string& wanted,
                         std::optional<std::uint64_t> size) {
    if (const auto volume = IsoVolume::in(head, size)) {
        return VolumeProbe(*volume, wanted).run();
    }
    ProbedLayout found;
    const auto format = liveFormat(head);
    if (format == "squashfs" || format == "erofs") {
        found.layout = bareLayout;
        found.why = fmt::format("a {}'s files lie elsewhere", format);
    } else {
        found.why = format.empty() ? "" : fmt::format("the folders of {} are not read here", format);
    }
    return found;
}

} // namespace bootferry
