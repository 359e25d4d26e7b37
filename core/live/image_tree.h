// SPDX-License-Identifier: LGPL-2.1-or-later
// A mounted image, inside which all paths and links are resolved (openat2(2), RESOLVE_IN_ROOT). Otherwise an
// image could pass off a file of the initrd as its own. An absolute link resolves as it will when the image
// is the root.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "handles.h"

namespace bootferry {

struct ImageFile {
    UniqueFd fd;      // open for reading; a regular file
    std::string path; // on this machine, with links resolved
};

class ImageTree {
public:
    // The file system mounted at path cannot be unmounted while this object exists. Throws Error(Io).
    explicit ImageTree(const std::string& path);

    // nullopt if there is no such name. Throws Error(NotLive) if it is not a regular file, or a link that
    // dangles inside the image.
    [[nodiscard]] std::optional<ImageFile> findFile(const std::string& name) const;

    // The names in a folder of the image, "" being its root; nullopt if there is no such folder.
    [[nodiscard]] std::optional<std::vector<std::string>> names(const std::string& folder) const;

    // True if it has what a system needs to start: usr or etc, and an init.
    [[nodiscard]] bool isRootTree() const;

private:
    [[nodiscard]] UniqueFd openInside(const std::string& name, int flags) const;
    [[nodiscard]] bool has(const std::string& name) const;

    UniqueFd top_;
};

} // namespace bootferry
