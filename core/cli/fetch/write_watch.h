// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds out whether another program writes to a file while this one does, which is possible as soon as the
// file has a name. The file's times do not show it, since this program changes them as well. inotify(7)
// reports a program that has closed the file after writing; a lease (fcntl(2), F_RDLCK) is refused while a
// program that inotify has not reported yet has the file open for writing. Reading is harmless.
#pragma once

#include "handles.h"

namespace bootferry {

class WriteWatch {
public:
    // Watches from now on. Without inotify, or on a network file system, nothing is noticed.
    explicit WriteWatch(int file);

    // True if another program has written to the file since, or has it open for writing. Opens the file
    // again, closes `file` and puts the new descriptor there; any other descriptor of this program counts as
    // another program's. Waits a moment for descriptors of a killed process to be closed. Throws Error(Io).
    [[nodiscard]] bool findsWriter(UniqueFd& file);

    // True if another program has written and closed the file.
    [[nodiscard]] bool hasSeenWriter();

private:
    [[nodiscard]] bool hasEvents() const;

    UniqueFd events_;
    bool seen_ = false;
};

} // namespace bootferry
