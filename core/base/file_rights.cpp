// SPDX-License-Identifier: LGPL-2.1-or-later
// A file that is created in a folder with a default access control list inherits its named users. They would
// get the rights of the mask, so the list is replaced or removed before the mode is set.
#include "file_rights.h"

#include <cerrno>

#include <spdlog/fmt/fmt.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "descriptors.h"
#include "handles.h"

namespace bootferry {
namespace {

constexpr const char* listName = "system.posix_acl_access";
constexpr std::size_t longestList = 65536; // XATTR_SIZE_MAX
constexpr std::size_t headSize = 4;
constexpr std::size_t entrySize = 8;
constexpr mode_t allRights = 7; // of one class
constexpr unsigned groupShift = 3;

// linux/posix_acl.h
enum class Tag : std::uint16_t { Group = 0x04, Mask = 0x10, Others = 0x20 };

std::uint16_t numberAt(std::string_view list, std::size_t at) { // little endian
    return static_cast<std::uint16_t>(static_cast<unsigned char>(list[at]) |
                                      (static_cast<unsigned char>(list[at + 1]) << 8U));
}

bool isList(std::string_view list) {
    constexpr std::uint16_t version = 2;
    return list.size() > headSize && (list.size() - headSize) % entrySize == 0 &&
           numberAt(list, 0) == version && numberAt(list, 2) == 0;
}

// Where the entry of a tag that occurs once is.
std::optional<std::size_t> find(std::string_view list, Tag tag) {
    for (std::size_t at = headSize; at < list.size(); at += entrySize) {
        if (numberAt(list, at) == static_cast<std::uint16_t>(tag)) {
            return at;
        }
    }
    return std::nullopt;
}

mode_t rightsAt(std::string_view list, std::size_t entry) {
    return numberAt(list, entry + 2) & allRights;
}

bool isNone(int error) {
    return error == ENODATA || error == ENOTSUP;
}

// Empty: there is none; nullopt: it cannot be read.
std::optional<std::string> listOf(int fd) {
    std::string list(longestList, '\0');
    const auto path = descriptorPath(fd);
    const auto size = ::getxattr(path.c_str(), listName, list.data(), list.size());
    if (size < 0) {
        return isNone(errno) ? std::optional(std::string()) : std::nullopt;
    }
    list.resize(static_cast<std::size_t>(size));
    return list;
}

bool removeList(int fd) {
    return ::fremovexattr(fd, listName) == 0 || isNone(errno);
}

mode_t groupOf(mode_t mode) {
    return (mode >> groupShift) & allRights;
}

mode_t withGroup(mode_t mode, mode_t group) {
    return (mode & ~(allRights << groupShift)) | (group << groupShift);
}

} // namespace

std::optional<mode_t> groupRights(std::string_view list) {
    const auto group = isList(list) ? find(list, Tag::Group) : std::nullopt;
    if (!group) {
        return std::nullopt;
    }
    const auto mask = find(list, Tag::Mask);
    return rightsAt(list, *group) & (mask ? rightsAt(list, *mask) : allRights);
}

std::optional<std::string> withOthersRightsForGroup(std::string_view list) {
    const auto group = isList(list) ? find(list, Tag::Group) : std::nullopt;
    const auto others = group ? find(list, Tag::Others) : std::nullopt;
    if (!others) {
        return std::nullopt;
    }
    std::string narrowed(list);
    narrowed[*group + 2] = static_cast<char>(rightsAt(list, *group) & rightsAt(list, *others));
    return narrowed;
}

KeptRights giveRightsOf(int present, int to) {
    struct stat before {};
    struct stat now {};
    checkErrno(::fstat(present, &before), "looking at the file that is replaced");
    if (::fchown(to, before.st_uid, before.st_gid) < 0) {
        (void)!::fchown(to, static_cast<uid_t>(-1), before.st_gid);
    }
    checkErrno(::fstat(to, &now), "looking at the new file");
    KeptRights kept{.owner = now.st_uid == before.st_uid, .group = now.st_gid == before.st_gid};
    mode_t mode = before.st_mode & 0777U;
    const auto found = listOf(present);
    const bool isWithout = found && found->empty();
    if (!kept.group && isWithout) {
        mode = withGroup(mode, groupOf(mode) & mode & allRights);
    }
    const auto list = kept.group || !found || isWithout ? found : withOthersRightsForGroup(*found);
    if (isWithout) {
        kept.accessList = removeList(to);
    } else if (list) {
        kept.accessList = ::fsetxattr(to, listName, list->data(), list->size(), 0) == 0;
    }
    if (!kept.accessList) {
        const bool isKnown = !isWithout && list && removeList(to);
        mode = withGroup(mode, isKnown ? groupRights(*list).value_or(0) : 0);
    }
    checkErrno(::fchmod(to, mode), "setting the mode of the new file");
    return kept;
}

} // namespace bootferry
