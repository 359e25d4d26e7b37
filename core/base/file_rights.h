// SPDX-License-Identifier: LGPL-2.1-or-later
// A file that replaces another one gets its owner, its permissions and its POSIX access control list
// (acl(5)), and gives nobody more rights than before. With a list, the group's bits of the mode are not the
// group's: they are the mask, the most that the group and all named users and groups may do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace bootferry {

struct KeptRights {
    bool owner = false;
    bool group = false;      // false: the new group may do only what everybody may
    bool accessList = false; // false: named users and groups have no rights
};

// `present` may be opened with O_PATH. Set-user-ID and set-group-ID bits are not kept: writing to a file
// clears them as well. Without /proc no list can be read, and the group gets no rights. Throws Error(Io).
[[nodiscard]] KeptRights giveRightsOf(int present, int to);

// The rights that a list gives to the owning group. The list is in the kernel's form, that of the extended
// attribute system.posix_acl_access (linux/posix_acl_xattr.h); nullopt: it cannot be read. Pure.
[[nodiscard]] std::optional<mode_t> groupRights(std::string_view list);

// The list with no more rights for the owning group than for everybody else. Pure.
[[nodiscard]] std::optional<std::string> withOthersRightsForGroup(std::string_view list);

} // namespace bootferry
