// SPDX-License-Identifier: LGPL-2.1-or-later
// A file as a target: it gets its name only when it is complete, verified and synced. Until then it is
// unnamed (O_TMPFILE), or has a temporary name if the file system does not support that, and nobody else may
// read or write it. The name is given through the descriptor, so that it goes to exactly the file that was
// verified. Foreign files in the folder are never opened, followed or truncated.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "fetch_record.h"
#include "file_location.h"
#include "prepared_target.h"
#include "transfer_request.h"
#include "write_watch.h"

namespace bootferry {

// The version of the source whose bytes were written.
struct KnownSource {
    std::optional<std::uint64_t> size;
    std::string validator; // empty: the version cannot be identified
};

// Whether the FILE.part of an earlier fetch is continued.
struct FoundPart {
    std::optional<Continuation> continuation;
    std::string whyNot; // a sentence, if there is one that is not used; empty: nothing to say
};

class FileTarget {
public:
    static constexpr std::uint64_t leastPart = std::uint64_t{1} << 20U; // a shorter part is not kept

    // Throws Error(TargetRefused, Io) if another process fetches to it or no file can be created there.
    explicit FileTarget(FileLocation location);
    ~FileTarget(); // deletes the file unless it was published or kept

    FileTarget(const FileTarget&) = delete;
    FileTarget& operator=(const FileTarget&) = delete;

    // Looks for the FILE.part of an earlier fetch; open() continues it if it is of the same source and no
    // other program has changed or replaced it. Throws Error(TargetRefused) if a process still writes to it.
    [[nodiscard]] FoundPart findPart(const TransferRequest& request);

    // Throws Error(TooLarge) with the numbers if the file system has no room for a file of this size.
    void requireRoom(std::uint64_t size) const;

    // Opens the part found, or an empty file, for writing; the descriptor is a duplicate. A second call,
    // after a start over, sets the part aside and opens an empty file. Throws Error(TooLarge) with the
    // numbers if a size is given and the file system has no room for it.
    [[nodiscard]] PreparedTarget open(std::optional<std::uint64_t> size);

    // All bytes have arrived, and the source says that they are of one version: only the checksum can still
    // reject them. open() resets this.
    void receivedAll() { isComplete_ = true; }
    // The source starts over: unless all had arrived, what came behind the part may be of another version,
    // and is not kept. open() resets this.
    void startsOver() { startsOver_ = true; }

    // Keeps the bytes written as FILE.part and records what is needed to continue, else what keepEarlier()
    // keeps. Returns the part's length; nullopt if nothing is kept: it would be too short to be worth it, or
    // a foreign file has that name.
    [[nodiscard]] std::optional<std::uint64_t> keep(const TransferRequest& request,
                                                    const KnownSource& source) noexcept;
    // The same for all of the bytes, whose checksum is not the requested one: a wrong --checksum= does not
    // cost them. Less than all is not kept.
    [[nodiscard]] std::optional<std::uint64_t> keepWhole(const TransferRequest& request,
                                                         const KnownSource& source) noexcept;
    // Keeps only the bytes of the part that an earlier fetch had received.
    [[nodiscard]] std::optional<std::uint64_t> keepEarlier() noexcept;
    // Why a part was not kept although it is long enough: the end of a sentence, or empty.
    [[nodiscard]] const std::string& whyNotKept() const { return whyNotKept_; }
    [[nodiscard]] std::string partPath() const;

    // Gives the file its name, and `modified` (seconds since 1970 UTC) as its time, and syncs it, so that it
    // survives a power cut. A replaced file's owner, permissions and access control list are kept;
    // returns a sentence that says which of them could not be kept, or an empty one. Throws
    // Error(TargetRefused) if the name refers to another file than at the beginning, or another program has
    // written to that file or to what is to replace it, Error(Io). For this and for keeping, the descriptors
    // that open() has returned must be closed.
    [[nodiscard]] std::string publish(std::optional<std::int64_t> modified);

private:
    [[nodiscard]] std::string whyNotOurs(int part) const;
    [[nodiscard]] std::string whyNotUsable(const TransferRequest& request) const;
    [[nodiscard]] std::optional<std::uint64_t> keep(const TransferRequest& request, const KnownSource& source,
                                                    bool isWhole) noexcept;
    [[nodiscard]] static bool isWhole(const PartialState& left);
    [[nodiscard]] bool isOfSameChecksum(const PartialState& left) const;
    [[nodiscard]] bool continuesPart() const { return fd_ && !earlier_ && continuesAt_ > 0; }
    [[nodiscard]] KnownSource versionOf(const KnownSource& source) const;
    [[nodiscard]] bool isEarlierBetter(const KnownSource& source, std::uint64_t length) const;
    void lockPart() const;
    void takePart();
    void setPartAside(std::optional<std::uint64_t> size, bool isComplete);
    void setWholeAside();
    void removeEarlier();
    void recordFinished(PartialState state, int part) noexcept;
    void requireFreePartName() const;
    void namePart();
    [[nodiscard]] std::string keepRights() const;
    void setUsualMode() const;
    [[nodiscard]] mode_t modeOfNewFile() const;
    void openUnnamed();
    [[nodiscard]] UniqueFd createNamed(std::string& name, mode_t mode) const;
    [[nodiscard]] bool isThereStill() const;
    [[noreturn]] void refuseChanged() const;
    void refuseForeignBytes();
    [[nodiscard]] bool hasForeignBytes() noexcept;
    [[nodiscard]] bool linkAs(const std::string& name) const;
    void linkTemporary();
    void rename(bool replaces);
    // As renameat2(2) with RENAME_NOREPLACE; isFree() is asked where the file system has no such flag.
    [[nodiscard]] int renameTemporary(const std::string& name, const std::function<bool()>& isFree) const;
    void syncFolder() const;
    [[nodiscard]] std::string what(const char* doing) const;

    FileLocation location_;
    FetchRecord record_;
    UniqueFd fd_;
    std::string temporary_; // the file's temporary name; empty: none
    std::string partName_;
    UniqueFd part_;                 // the part of an earlier fetch; until open()
    UniqueFd earlier_;              // the same, if the source has started over
    std::uint64_t continuesAt_ = 0; // bytes that an earlier fetch received; 0: none
    std::string checksum_;          // the checksum that this fetch requests, in the form of the record
    bool isComplete_ = false;       // see receivedAll()
    bool startsOver_ = false;
    bool leavesPart_ = false; // FILE.part is not the one recorded, or others may write to it
    mode_t mode_ = 0;         // the mode that a new FILE gets; set by open()
    std::string whyNotKept_;
    std::optional<WriteWatch> watch_;        // of fd_ or part_, if it has a name
    std::optional<WriteWatch> earlierWatch_; // of earlier_
};

} // namespace bootferry
