// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether another program writes to a file that has a name while this one writes to it. The times of the file
// show nothing then. inotify(7) reports who has closed it after writing; a lease (fcntl(2), F_RDLCK) is
// refused while somebody has it open for writing, whom inotify does not report yet. Reading is no matter.
#pragma once

#include "handles.h"

namespace bootferry {

class WriteWatch {
public:
    // Watches from now on. Without inotify, or on a network file system, nothing is noticed.
    explicit WriteWatch(int file);

    // True if another program has written to the file since, or has it open for writing. This opens the file
    // anew and closes `file`, which becomes the new descriptor; other descriptors of this program count as
    // another one's. Those of a process that was killed may need a moment to close, so that it waits for
    // them. Throws Error(Io).
    [[nodiscard]] bool findsWriter(UniqueFd& file);

    // True if another program has written and closed the file.
    [[nodiscard]] bool hasSeenWriter();

private:
    [[nodiscard]] bool hasEvents() const;

    UniqueFd events_;
    bool seen_ = false;
};

} // namespace bootferry
