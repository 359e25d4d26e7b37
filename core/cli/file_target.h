// SPDX-License-Identifier: LGPL-2.1-or-later
// A file as a target: it gets its name only when it is complete, verified and synced. Until then it is
// unnamed (O_TMPFILE), or has a temporary name if the file system does not support that. The name is given
// through the descriptor, so that it goes to exactly the file that was verified. Foreign files in the folder
// are never opened, followed or truncated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fetch_record.h"
#include "file_location.h"
#include "prepared_target.h"
#include "transfer_request.h"

namespace bootferry {

// The version of the source whose bytes were written.
struct KnownSource {
    std::optional<std::uint64_t> size;
    std::string validator; // empty: the version cannot be identified
};

class FileTarget {
public:
    // Throws Error(TargetRefused, Io) if another process fetches to it or no file can be created there.
    explicit FileTarget(FileLocation location);
    ~FileTarget(); // deletes the file unless it was published or kept

    FileTarget(const FileTarget&) = delete;
    FileTarget& operator=(const FileTarget&) = delete;

    // Finds the FILE.part of an earlier fetch of the same source; open() then continues it. nullopt if it is
    // of another source, or if another program has changed or replaced it.
    [[nodiscard]] std::optional<Continuation> findPart(const TransferRequest& request);

    // Opens the part found, or an empty file, for writing; the descriptor is a duplicate. Throws
    // Error(TooLarge) with the numbers if a size is given and the file system has no room for it.
    [[nodiscard]] PreparedTarget open(std::optional<std::uint64_t> size);

    // Keeps the bytes written as FILE.part and records what is needed to continue. Returns its length;
    // nullopt if it is too short to be worth keeping, or if a foreign file has that name.
    [[nodiscard]] std::optional<std::uint64_t> keep(const TransferRequest& request,
                                                    const KnownSource& source) noexcept;
    [[nodiscard]] std::string partPath() const;

    // Gives the file its name, and `modified` (seconds since 1970 UTC) as its time, and syncs it, so that it
    // survives a power cut. A replaced file's permissions and owner are kept; returns false if the owner
    // could not be kept. Throws Error(TargetRefused) if the name refers to another file than at the
    // beginning, Error(Io).
    [[nodiscard]] bool publish(std::optional<std::int64_t> modified);

private:
    void requireRoom(std::uint64_t size) const;
    void takePart();
    void namePart();
    [[nodiscard]] bool keepOwnerAndMode() const;
    void openUnnamed(mode_t mode);
    void openNamed(mode_t mode);
    [[nodiscard]] bool isThereStill() const;
    [[noreturn]] void refuseChanged() const;
    [[nodiscard]] bool linkAs(const std::string& name) const;
    void linkTemporary();
    void rename(bool replaces);
    void syncFolder() const;
    [[nodiscard]] std::string what(const char* doing) const;

    FileLocation location_;
    FetchRecord record_;
    UniqueFd fd_;
    std::string temporary_; // the file's temporary name; empty: none
    std::string partName_;
    UniqueFd part_; // the part of an earlier fetch; until open()
    std::uint64_t continuesAt_ = 0;
};

} // namespace bootferry
