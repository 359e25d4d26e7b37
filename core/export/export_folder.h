// SPDX-License-Identifier: LGPL-2.1-or-later
// FOLDER, from which machines boot while an export writes into it:
//
//   NAME/VERSION/  kernel, initrd, NAME.iso, SHA256SUMS: complete, or not there; never changed
//   entries        name one VERSION each; replaced by rename when that is complete
//
// A machine that has read an old entry finds the version that this entry names: an export keeps the versions
// that the entries named before it, and the next export removes them. So there are usually two versions. What
// an interrupted export leaves has two fixed names (".new", ".old" in NAME), and the next one removes it.
// Links are not followed below FOLDER: others may be able to write there, and an export often runs as root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "handles.h"

namespace bootferry {

inline constexpr std::size_t versionNameLength = 16; // of lower case hexadecimal digits

class ExportFolder {
public:
    // Locks FOLDER. Throws Error: NotFound, TargetRefused if it is not a folder or another export writes into
    // it.
    ExportFolder(std::string path, std::string name);

    [[nodiscard]] const std::string& path() const { return path_; } // absolute
    [[nodiscard]] int fd() const { return folder_.get(); }

    // Text of an entry's file below FOLDER, "" if it is not there; remembers which versions it names.
    [[nodiscard]] std::string readEntry(const std::string& file);
    // Replaces it. Creates the folder that it is in.
    void replaceEntry(const std::string& file, std::string_view text);

    // An empty folder for a version in the making.
    void beginVersion();
    // A new file in it, for reading and writing, that everybody may read.
    [[nodiscard]] UniqueFd createFile(const std::string& file);
    // Another name for an open file. Throws Error.
    void linkFile(int source, const std::string& file);
    // True if the version exists with files of these sizes and this list.
    [[nodiscard]] bool hasVersion(const std::string& version,
                                  const std::vector<std::pair<std::string, std::uint64_t>>& files,
                                  const std::string& sums) const;
    // Gives the folder of beginVersion() the version's name, and syncs it.
    void finishVersion(const std::string& version);
    void dropBegun();

    // Removes versions that are neither `version` nor named by an entry that was read; none if the entries
    // named `version` already, as when an export is repeated. Returns how many.
    std::size_t removeOthers(const std::string& version);

private:
    void remove(const char* name);

    std::string path_;
    std::string name_;
    UniqueFd folder_;
    UniqueFd versions_; // NAME
    UniqueFd begun_;
    std::string entries_; // all that were read
};

} // namespace bootferry
