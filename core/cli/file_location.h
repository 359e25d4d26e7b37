// SPDX-License-Identifier: LGPL-2.1-or-later
// What a name on the command line means, once every link is followed: a folder, open, and a name in it. A
// folder that is renamed or replaced meanwhile stays the one that was looked at, and what had the name is
// held open, since the number of an inode is used again as soon as nobody has it.
#pragma once

#include <string>
#include <string_view>

#include <sys/stat.h>

#include "handles.h"

namespace bootferry {

struct FileLocation {
    UniqueFd folder;         // O_PATH
    std::string name;        // in it; empty: the path ends in a slash
    std::string path;        // as it was asked for, for people
    UniqueFd present;        // O_PATH, what has that name; none: nothing
    struct stat status {};   // of what is present
    bool isProcLink = false; // what is present is a link of /proc, which leads to what a process has open
};

// A last link that leads nowhere is followed as well: the file comes to be where it points. Throws
// Error(TargetRefused) where there is no such folder, the name is too long, or a link is not to be trusted.
[[nodiscard]] FileLocation locateFile(const std::string& path);

// Of what a link of /proc leads to, as well.
[[nodiscard]] bool isBlockDevice(const FileLocation& location);

// Throws Error(TargetRefused) where no file can come to be there: it is a folder, write-protected, immutable,
// on a read-only file system…
void requireWritable(const FileLocation& location);

// Whether the name in the folder, a link not followed, means what the descriptor is open for.
[[nodiscard]] bool isFileAt(int folder, const std::string& name, int fd);

[[nodiscard]] inline bool isSameFile(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// The name with a suffix, shortened in a way that keeps names apart where the file system has no room for
// both.
[[nodiscard]] std::string nameBeside(int folder, const std::string& name, std::string_view suffix);

} // namespace bootferry
