// SPDX-License-Identifier: LGPL-2.1-or-later
// A mounted image as a folder of its own: paths and links in it lead nowhere but into it (openat2(2),
// RESOLVE_IN_ROOT), since whoever made the image could otherwise have a file of the initrd taken for a part
// of it. An absolute link means what it will mean once the image is the root.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "handles.h"

namespace bootferry {

struct ImageFile {
    UniqueFd fd;      // open for reading; a regular file
    std::string path; // where it really lies on this machine, links resolved
};

class ImageTree {
public:
    // While it lives, what is mounted at path cannot be unmounted. Throws Error(Io).
    explicit ImageTree(const std::string& path);

    // Nothing where there is no such name. Throws Error(NotLive) where it is no regular file, or a link that
    // leads to nothing in the image.
    [[nodiscard]] std::optional<ImageFile> findFile(const std::string& name) const;

    // The names in a folder of it; nothing where there is no such folder. "" is the top.
    [[nodiscard]] std::optional<std::vector<std::string>> names(const std::string& folder) const;

    // Has it what a system needs to start: usr or etc, and an init?
    [[nodiscard]] bool isRootTree() const;

private:
    [[nodiscard]] UniqueFd openInside(const std::string& name, int flags) const;
    [[nodiscard]] bool has(const std::string& name) const;

    UniqueFd top_;
};

} // namespace bootferry
