// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps the root of this process the machine's. When systemd switches root, it moves the new root over the
// initrd's and takes the mounts below /run, /dev, /proc and /sys with it; a process that outlives the switch
// still has the initrd's root, which is empty then. /run itself is the same as before, and its parent is the
// new root.
#pragma once

#include "handles.h"

namespace bootferry {

class RootFollower {
public:
    RootFollower(); // throws Error(Io)

    // Changes the root if it was switched; reads nothing but the folders that others are mounted on. Returns
    // whether it was switched now. A failure is logged.
    bool follow();

private:
    UniqueFd run_;
    bool done_ = false;
};

} // namespace bootferry
