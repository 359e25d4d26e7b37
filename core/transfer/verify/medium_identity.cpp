// SPDX-License-Identifier: LGPL-2.1-or-later
#include "medium_identity.h"

#include <algorithm>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "digest.h"
#include "files.h"

namespace bootferry {
namespace {

constexpr std::size_t headSize = 64U * 1024;
constexpr std::size_t tablesSize = 34U * 512; // MBR and GPT, UEFI specification 5.3

// Of the disk, if this is a partition. Empty where the kernel has none.
std::string sequenceOf(dev_t number) {
    for (const char* folder : {"", "../"}) {
        const auto path =
            fmt::format("/sys/dev/block/{}:{}/{}diskseq", ::major(number), ::minor(number), folder);
        if (const auto text = readSmallFile(path)) {
            return text->substr(0, text->find('\n'));
        }
    }
    return {};
}

bool hasPartitionTable(const std::vector<std::byte>& head) {
    return head.size() > tablesSize && head[510] == std::byte{0x55} && head[511] == std::byte{0xaa};
}

} // namespace

std::string mediumIdentity(int fd) {
    struct stat status {};
    std::vector<std::byte> head(headSize);
    const auto count = TEMP_FAILURE_RETRY(::pread(fd, head.data(), head.size(), 0));
    if (count <= 0 || ::fstat(fd, &status) < 0) {
        return {};
    }
    head.resize(static_cast<std::size_t>(count));
    Digest digest("sha256");
    digest.update(std::span(head).subspan(hasPartitionTable(head) ? tablesSize : 0));
    return fmt::format("{}:{}", sequenceOf(status.st_rdev), digest.finish().hex);
}

} // namespace bootferry
