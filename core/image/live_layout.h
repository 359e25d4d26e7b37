// SPDX-License-Identifier: LGPL-2.1-or-later
// How live images are laid out: the one table of their folders and root images. bootferry-live-root, which
// mounts them, and `bootferryctl check`, which answers before the reboot, name them by it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

inline constexpr std::string_view defaultLiveFolder = "LiveOS";
inline constexpr std::string_view defaultRootImage = "squashfs.img";
// KIWI names the folder inside the squashfs so, whatever the name outside.
inline constexpr std::string_view containedRootImage = "LiveOS/rootfs.img";
// What a root tree has: one of the folders, and one of the programs.
inline constexpr std::array rootTreeFolders{"usr", "etc"};
inline constexpr std::array rootTreeInits{"usr/lib/systemd/systemd",
                                          "lib/systemd/systemd",
                                          "sbin/init",
                                          "usr/sbin/init",
                                          "usr/bin/init",
                                          "bin/init",
                                          "init"};

struct KnownLayout {
    std::string_view name;
    std::string_view users;  // who lays an image out so
    std::string_view folder; // of the root image
    std::string_view image;  // its name; "*" stands for anything before the rest
    bool served;             // by rd.live.dir= and rd.live.squashimg=
};
[[nodiscard]] std::span<const KnownLayout> knownLayouts();
// Two more names for a layout: the image is the root tree, or it is the file that KIWI has as
// LiveOS/squashfs.img.
inline constexpr std::string_view rootTreeLayout = "root tree";
inline constexpr std::string_view bareLayout = "bare";

// The row whose root image has this path; nullptr if none has.
[[nodiscard]] const KnownLayout* layoutOfPath(std::string_view path);
// True for the name of a row, and for these two names.
[[nodiscard]] bool isLayoutName(std::string_view name);

struct FoundLayout {
    const KnownLayout* layout;
    std::string image; // the path of its root image
    bool served;       // false as well if there are several root images, which would have to be stacked
};
// names: the files of a folder, none if there is no such folder.
[[nodiscard]] std::optional<FoundLayout>
findLayout(const std::function<std::vector<std::string>(const std::string& folder)>& names);

// "live/filesystem.squashfs (live-build: Debian and others)"; the path alone if no row has it.
[[nodiscard]] std::string layoutDescription(const std::string& path);
// Why FoundLayout::served is false, as the end of a sentence.
[[nodiscard]] std::string_view whyNotServed(const std::string& path);

// "rd.live.dir=live rd.live.squashimg=filesystem.squashfs"
[[nodiscard]] std::string layoutArguments(std::string_view path);

// What the first bytes of an image say of its layout.
struct ProbedLayout {
    enum class State : std::uint32_t {
        NotKnown,  // why says why
        Found,     // the wanted root image is there
        RootTree,  // the image is the root
        Elsewhere, // a known layout, whose root image is at `image`
        NotServed, // likewise, but bootferry cannot boot it
        None,      // there is no live system; why names what there is
    };
    State state = State::NotKnown;
    std::string layout; // a name of the table; empty: none of them
    std::string image;  // the path of the root image
    std::string why;    // as the end of a sentence

    bool operator==(const ProbedLayout&) const = default;
};

// head: the first MiB of the image, or all of it. wanted: the path of the root image that the boot looks for,
// "LiveOS/squashfs.img". size: of the image; nullopt: not known. Pure; the texts are those of the image.
[[nodiscard]] ProbedLayout probeLayout(std::span<const std::byte> head, const std::string& wanted,
                                       std::optional<std::uint64_t> size = std::nullopt);

} // namespace bootferry
