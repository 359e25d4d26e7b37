// SPDX-License-Identifier: LGPL-2.1-or-later
// ext4, xfs and btrfs are not taken for an image, although they can be one: a disk that holds one is far more
// often somebody's data.
#include "disk_contents.h"

#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "declared_image_size.h"
#include "disk_description.h"
#include "errors.h"
#include "incomplete_mark.h"

namespace bootferry {
namespace {

std::uint64_t deviceSize(int fd) {
    struct stat status {};
    checkErrno(::fstat(fd, &status), "looking at the disk");
    if (S_ISREG(status.st_mode)) {
        return static_cast<std::uint64_t>(status.st_size);
    }
    std::uint64_t size = 0;
    checkErrno(::ioctl(fd, BLKGETSIZE64, &size), "asking for the disk's size");
    return size;
}

std::vector<std::byte> readHead(int fd) {
    std::vector<std::byte> head(declaredSizeProbe);
    std::size_t used = 0;
    while (used < head.size()) {
        const auto n = checkErrno(
            TEMP_FAILURE_RETRY(::pread(fd, head.data() + used, head.size() - used, static_cast<off_t>(used))),
            "reading the disk");
        if (n == 0) {
            break;
        }
        used += static_cast<std::size_t>(n);
    }
    head.resize(used);
    return head;
}

bool isMarkedIncomplete(std::span<const std::byte> head) {
    return head.size() >= incompleteMark.size() &&
           std::memcmp(head.data(), incompleteMark.data(), incompleteMark.size()) == 0;
}

} // namespace

DiskContents readDiskContents(int fd) {
    const auto head = readHead(fd);
    if (isMarkedIncomplete(head)) {
        return {.state = DiskState::Incomplete, .description = "an image that is not complete"};
    }
    DiskContents contents;
    contents.description = describeDisk(fd, deviceSize(fd));
    const auto image = declaredImageSize(head);
    if (image && *image > 0 && *image <= deviceSize(fd)) {
        contents.state = DiskState::Deployed;
        contents.imageSize = *image;
    } else if (image) {
        contents.state = DiskState::Foreign;
        contents.description = "an image that is larger than the disk: " + contents.description;
    } else if (!contents.description.empty()) {
        contents.state = DiskState::Foreign;
    }
    return contents;
}

} // namespace bootferry
