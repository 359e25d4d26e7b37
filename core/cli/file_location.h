// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a file goes: its folder, open, and its name in there. A folder that is renamed or replaced meanwhile
// stays the one that was looked at, and names are compared with descriptors, never with other names.
#pragma once

#include <string>
#include <string_view>

#include <sys/stat.h>

#include "handles.h"

namespace bootferry {

struct FileLocation {
    UniqueFd folder;  // O_PATH
    std::string name; // in it
    std::string path; // as it was asked for, for people
    UniqueFd present; // O_PATH, what has that name: while it is open, no other file gets its inode number
};

// Throws Error(TargetRefused, Io) where no file can come to be there.
[[nodiscard]] FileLocation locateFile(const std::string& path);

[[nodiscard]] inline bool isSameFile(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// Whether the name in the folder, a link not followed, means what the descriptor is open for.
[[nodiscard]] bool isFileAt(int folder, const std::string& name, int fd);

// The name with a suffix, shortened in a way that keeps names apart where the file system has no room for
// both.
[[nodiscard]] std::string nameBeside(int folder, const std::string& name, std::string_view suffix);

} // namespace bootferry
