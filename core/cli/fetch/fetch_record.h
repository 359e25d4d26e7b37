// SPDX-License-Identifier: LGPL-2.1-or-later
// FILE.bootferry: a small file beside FILE that names the process that fetches to it and describes FILE.part.
// The process holds a lock on it (flock(2)), so that a second fetch is refused at once instead of racing for
// the name. The record of a killed process is not locked and is reused. A foreign file of that name is never
// changed.
#pragma once

#include <optional>
#include <string>

#include "file_location.h"
#include "handles.h"
#include "partial_state.h"

namespace bootferry {

class FetchRecord {
public:
    // location: of FILE; must outlive this. Throws Error(TargetRefused) if another process fetches to FILE or
    // a foreign file has the record's name, Error(Io).
    explicit FetchRecord(const FileLocation& location);
    ~FetchRecord(); // removes the record, unless keep() was called

    FetchRecord(const FetchRecord&) = delete;
    FetchRecord& operator=(const FetchRecord&) = delete;

    // The state of the part that an earlier fetch left.
    [[nodiscard]] const std::optional<PartialState>& partial() const { return partial_; }

    // An earlier fetch wrote a description of a part that is not readable any more.
    [[nodiscard]] bool isDamaged() const { return damaged_; }
    [[nodiscard]] bool isOfAnotherUser() const;
    [[nodiscard]] std::string recordPath() const; // for messages

    // Writes and syncs the record. Throws Error(Io), and Error(TargetRefused) if there is none.
    void setPartial(std::optional<PartialState> partial);
    void keep() { kept_ = true; }

private:
    [[nodiscard]] bool create();
    [[nodiscard]] bool takeOver();
    [[nodiscard]] bool lock() const;
    [[nodiscard]] bool isInPlace() const;
    [[noreturn]] void refuse() const;
    void writeFirst(bool isNew) const;
    void write() const;

    int folder_;
    std::string name_; // of the record
    std::string path_; // of FILE
    std::string folderPath_;
    UniqueFd fd_; // empty: there is no record, because its name is another user's
    std::optional<PartialState> partial_;
    bool damaged_ = false;
    bool kept_ = false;
};

} // namespace bootferry
