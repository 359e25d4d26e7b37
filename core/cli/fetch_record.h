// SPDX-License-Identifier: LGPL-2.1-or-later
// FILE.bootferry: a small file beside FILE that says who fetches to it, and what FILE.part is. It is locked
// (flock(2)) for as long as that process lives, so that a second fetch is refused at once instead of racing
// for the name; what a killed process leaves behind has no lock and is taken over. A file of that name which
// is not ours is never changed.
#pragma once

#include <optional>
#include <string>

#include "handles.h"
#include "partial_state.h"

namespace bootferry {

class FetchRecord {
public:
    // folder: open, borrowed. name: of FILE in it; path: as people know it. Throws Error(TargetRefused) where
    // another process fetches to FILE or something else has the record's name, Error(Io).
    FetchRecord(int folder, const std::string& name, const std::string& path);
    ~FetchRecord(); // removes it, unless it is to be kept

    FetchRecord(const FetchRecord&) = delete;
    FetchRecord& operator=(const FetchRecord&) = delete;

    // What one before us has left.
    [[nodiscard]] const std::optional<PartialState>& partial() const { return partial_; }

    // On the medium when it returns. Throws Error(Io).
    void setPartial(std::optional<PartialState> partial);
    void keep() { kept_ = true; }

private:
    [[nodiscard]] bool create();
    [[nodiscard]] bool takeOver();
    [[nodiscard]] bool lock() const;
    [[nodiscard]] bool isInPlace() const;
    [[noreturn]] void refuse() const;
    void write() const;

    int folder_;
    std::string name_; // of the record
    std::string path_; // of FILE
    UniqueFd fd_;
    std::optional<PartialState> partial_;
    bool kept_ = false;
};

} // namespace bootferry
