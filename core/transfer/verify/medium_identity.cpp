// SPDX-License-Identifier: LGPL-2.1-or-later
#include "medium_identity.h"

#include <algorithm>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "block_device.h"
#include "digest.h"

namespace bootferry {
namespace {

constexpr std::size_t headSize = 64U * 1024;
constexpr std::size_t tablesSize = 34U * 512; // MBR and GPT, UEFI specification 5.3

bool hasPartitionTable(const std::vector<std::byte>& head) {
    return head.size() > tablesSize && head[510] == std::byte{0x55} && head[511] == std::byte{0xaa};
}

} // namespace

std::string mediumIdentity(int fd) {
    std::vector<std::byte> head(headSize);
    const auto count = TEMP_FAILURE_RETRY(::pread(fd, head.data(), head.size(), 0));
    if (count <= 0) {
        return {};
    }
    head.resize(static_cast<std::size_t>(count));
    Digest digest("sha256");
    digest.update(std::span(head).subspan(hasPartitionTable(head) ? tablesSize : 0));
    const auto number = mediumNumber(fd);
    return fmt::format("{}:{}", number ? std::to_string(*number) : "", digest.finish().hex);
}

} // namespace bootferry
