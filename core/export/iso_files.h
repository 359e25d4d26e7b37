// SPDX-License-Identifier: LGPL-2.1-or-later
// The files of an ISO, read by libarchive from an open descriptor: nothing is mounted, and no root is needed.
// A path of the ISO is only ever compared, never used as a path of this machine, so that ".." and links in it
// lead nowhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace bootferry {

class IsoFiles {
public:
    // Reads the list. iso: a regular file, which must outlive the object; its position is changed. Throws
    // Error(NotLive) for a damaged ISO.
    explicit IsoFiles(int iso);

    // Of regular files and links, without a slash in front.
    [[nodiscard]] std::vector<std::string> paths() const;

    // The bytes of the file, or of the one that a link beside it names. Throws Error(NotFound) if there is
    // none, (NotLive) if the ISO is damaged, and (TooLarge) beyond `most` bytes.
    void read(const std::string& path, std::uint64_t most,
              const std::function<void(std::span<const std::byte>)>& take) const;

private:
    struct File {
        std::uint64_t size = 0;
        std::string link; // the path that it stands for; empty: it is a file
    };

    [[nodiscard]] std::string resolved(const std::string& path) const;

    int iso_;
    std::map<std::string, File> files_;
};

} // namespace bootferry
