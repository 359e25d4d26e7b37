// SPDX-License-Identifier: LGPL-2.1-or-later
// Resolves a path of the command line, with all links followed, to an open folder and a name in it. The
// folder stays the same even if it is renamed or replaced meanwhile. The file of that name is held open, too,
// so that its inode number is not reused and identifies it.
#pragma once

#include <string>
#include <string_view>

#include <sys/stat.h>

#include "handles.h"

namespace bootferry {

struct FileLocation {
    UniqueFd folder;         // O_PATH
    std::string name;        // in it; empty: the path ends in a slash
    std::string path;        // as given, for messages
    std::string folderPath;  // for messages: as given, or where a link leads; ends in a slash, or is empty
    UniqueFd present;        // O_PATH, the file of that name; empty: there is none
    struct stat status {};   // of `present`
    bool isProcLink = false; // `present` is a link in /proc to an open file of a process
};

// Throws Error(TargetRefused), or, with an errno, the code of fileErrorCode().
[[noreturn]] void refuseTarget(const std::string& what, int error = 0);

// Follows a dangling last link, too: the file will be created where it points. Throws Error as
// fileErrorCode() has it: the folder does not exist, the name is too long, a link is not trusted.
[[nodiscard]] FileLocation locateFile(const std::string& path);

// Follows a link in /proc.
[[nodiscard]] bool isBlockDevice(const FileLocation& location);

// Throws Error if a file cannot be created there or replaced: NotPermitted, and TargetRefused if it is a
// folder, immutable, on a read-only file system…
void requireWritable(const FileLocation& location);

// Throws Error(NotPermitted) if another user may have created the present FIFO where a file was expected: it
// is in a sticky folder that others may write to, and belongs neither to this user nor to the folder's owner.
void requireTrustedFifo(const FileLocation& location);

// Whether the name in the folder, without following a link, is the file that the descriptor has open.
[[nodiscard]] bool isFileAt(int folder, const std::string& name, int fd);

[[nodiscard]] inline bool isSameFile(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// The name with a suffix. A name too long for the file system is cut and gets a hash, so that different names
// stay different.
[[nodiscard]] std::string nameBeside(int folder, const std::string& name, std::string_view suffix);

} // namespace bootferry
