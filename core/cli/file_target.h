// SPDX-License-Identifier: LGPL-2.1-or-later
// A file as a target: it appears under its name only when it is whole, verified and on the medium. Until then
// its bytes have no name at all (O_TMPFILE), or one of their own where the file system cannot do that; what
// was verified is what gets the name, by its descriptor. Nothing that lies in the folder is opened, followed
// or made shorter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fetch_record.h"
#include "file_location.h"
#include "prepared_target.h"
#include "transfer_request.h"

namespace bootferry {

// The version whose bytes were written.
struct KnownSource {
    std::optional<std::uint64_t> size;
    std::string validator; // empty: nothing shows which one it is
};

class FileTarget {
public:
    // Throws Error(TargetRefused, Io): another process fetches to it, or no file can come to be there.
    explicit FileTarget(FileLocation location);
    ~FileTarget(); // what was neither published nor kept goes

    FileTarget(const FileTarget&) = delete;
    FileTarget& operator=(const FileTarget&) = delete;

    // What an earlier try has left of the same thing in FILE.part, which open() then goes on with. Nothing
    // where it is of something else, or somebody else has written to it or put it there.
    [[nodiscard]] std::optional<Continuation> findPart(const TransferRequest& request);

    // Empty, but for what was found, and open for writing; the descriptor is a duplicate of ours. Throws
    // Error(TooLarge) with the numbers where a size is given and the file system has no room for it.
    [[nodiscard]] PreparedTarget open(std::optional<std::uint64_t> size);

    // What was written is FILE.part, with all that has to be known to go on with it. The bytes that it has;
    // nothing where they are few, or somebody else's file has that name.
    [[nodiscard]] std::optional<std::uint64_t> keep(const TransferRequest& request,
                                                    const KnownSource& source) noexcept;
    [[nodiscard]] std::string partPath() const;

    // What was written is the file now, and stays so when the power is cut. A file that is replaced hands on
    // its permissions and its owner; false: the owner could not be kept. Throws Error(TargetRefused) where
    // the name means something else than it did at the beginning, Error(Io).
    [[nodiscard]] bool publish();

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
    std::string temporary_; // the name that the bytes have; empty: none
    std::string partName_;
    UniqueFd part_; // ours, from an earlier try; until open()
    std::uint64_t continuesAt_ = 0;
};

} // namespace bootferry
