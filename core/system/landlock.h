// SPDX-License-Identifier: LGPL-2.1-or-later
// Landlock (landlock(7)): the kernel refuses the calling process every file that is not listed here, on top
// of what its user may do. The list of system calls (sandbox.h) cannot do that, since it sees no paths.
#pragma once

#include <array>
#include <string>
#include <vector>

#include <sys/syscall.h>

namespace bootferry::landlock {

#if defined(SYS_landlock_create_ruleset)
constexpr int createRuleset = SYS_landlock_create_ruleset;
constexpr int addRule = SYS_landlock_add_rule;
constexpr int restrictSelf = SYS_landlock_restrict_self;
#else // an older C library; only alpha and MIPS have other numbers
constexpr int createRuleset = 444;
constexpr int addRule = 445;
constexpr int restrictSelf = 446;
#endif
inline constexpr std::array calls{createRuleset, addRule, restrictSelf};

struct Rules {
    // Files to read, and folders whose files, at any depth, may be read and listed. Links are followed now.
    // What does not exist is skipped. Everything else is refused, and nothing may be written, created or
    // removed.
    std::vector<std::string> readable;
    // Abstract Unix sockets of other processes may be connected to.
    bool abstractSockets = false;
};

// Irrevocable, for the calling thread and the threads that it starts. Open descriptors, and files without a
// path (memfd_create(2), pipes), are not affected. Call with no_new_privs set. Returns false, and restricts
// nothing, if the kernel has no Landlock or a container refuses it. Throws Error(Io).
bool restrictFiles(const Rules& rules);

} // namespace bootferry::landlock
