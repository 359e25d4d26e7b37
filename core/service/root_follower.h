// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps the root of this process the machine's. When systemd switches root, it moves the new root over the
// initrd's; a process that outlives the switch still has the initrd's root, which is empty then. How it is
// seen, and where the new root is, depends on the version:
//
//   - until 253, /run is moved into the new root, which is its parent then;
//   - from 254 on, the new root gets a /run of its own, and the one before is detached: it has no parent any
//     more. What is mounted over the initrd's root is found by entering this process's own mount namespace.
#pragma once

#include "handles.h"

namespace bootferry {

class RootFollower {
public:
    RootFollower(); // throws Error(Io)

    // Changes the root if it was switched; reads nothing but the folders that others are mounted on. Returns
    // whether it was followed now. A failure is logged.
    bool follow();
    [[nodiscard]] bool isDone() const { return done_; }

private:
    bool followByRun();
    bool followByNamespace();

    UniqueFd run_;
    UniqueFd mounts_; // the mount namespace
    bool done_ = false;
};

} // namespace bootferry
