// SPDX-License-Identifier: LGPL-2.1-or-later
// The folders of an ISO 9660 volume, as far as they lie in the first bytes of the image (ECMA-119; names from
// Rock Ridge, IEEE P1282, else from Joliet, else in lower case: as the kernel's isofs shows them). Only a
// path is followed, never a tree, so that folders that contain each other are no loop; every place and length
// comes from the image and is compared with what is there. What the bytes do not show is reported as unknown.
//
// No library does this: libblkid(3) knows no folders; libarchive reads a whole stream in the order of its
// places, ends at the first one that is missing, and must not be added to an initrd; libcdio opens files by
// their names, and its licence is not ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bootferry {

class IsoVolume {
public:
    enum class Kind { File, Folder, Link }; // Link: to a name, or to a folder that was moved

    struct Entry {
        std::string name;
        Kind kind = Kind::File;
        std::uint64_t place = 0; // in bytes, like the size
        std::uint64_t size = 0;
    };

    struct Folder {
        std::vector<Entry> entries;
        std::string unknown; // why entries are missing, as the end of a sentence; empty: none is
        bool isLost = false; // because they lie behind the end of the image
    };

    struct Lookup {
        std::optional<Entry> found;
        std::string unknown; // why it is not known whether there is such a name; empty: it is known
        bool isLost = false; // because that lies behind the end of the image
    };

    struct Reading { // of one folder
        bool complete = true;
        std::size_t continued = 0; // fields that were read elsewhere
    };

    // nullopt if there is no primary volume descriptor. head must outlive the object. size: of the image;
    // nullopt: not known.
    [[nodiscard]] static std::optional<IsoVolume> in(std::span<const std::byte> head,
                                                     std::optional<std::uint64_t> size = std::nullopt);

    [[nodiscard]] std::string label() const; // bytes of the image, without the padding

    // A UDF volume lies beside it, and may have other files, as on Windows media.
    [[nodiscard]] bool hasUdf() const { return hasUdf_; }

    [[nodiscard]] bool isBehindEnd(const Entry& entry) const; // not all of it is in the image

    // "" is the top folder. Links are not followed.
    [[nodiscard]] Lookup find(const std::string& path) const;
    [[nodiscard]] Folder list(const Entry& folder, const std::string& name) const;

private:
    IsoVolume(std::span<const std::byte> head, std::optional<std::uint64_t> size)
        : head_(head), size_(size) {}

    void useJoliet(std::size_t descriptor);
    void lookForRockRidge();
    [[nodiscard]] Entry root() const;
    [[nodiscard]] std::optional<Entry> entryOf(std::span<const std::byte> record, Reading& reading) const;
    [[nodiscard]] bool isSame(const std::string& name, const std::string& wanted) const;

    std::span<const std::byte> head_;
    std::optional<std::uint64_t> size_;
    std::size_t primary_ = 0; // places of the descriptors
    std::size_t tree_ = 0;    // the descriptor whose folders are shown
    std::uint64_t blockSize_ = 0;
    bool hasUdf_ = false;
    bool isJoliet_ = false;
    std::optional<std::size_t> skipped_; // bytes before the Rock Ridge fields; nullopt: there are none
};

} // namespace bootferry
