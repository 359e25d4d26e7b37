// SPDX-License-Identifier: LGPL-2.1-or-later
// The bytes are in a memfd, the facts in an anonymous shared mapping: child processes inherit both.
#include "reference.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {

Reference::Reference()
    : content_(checkErrno(memfd_create("reference", MFD_CLOEXEC), "making a memory file")) {
    void* shared = mmap(nullptr, sizeof(Facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        throwErrno(errno, "mapping shared memory");
    }
    facts_ = static_cast<Facts*>(shared); // zeroed
}

Reference::~Reference() {
    munmap(facts_, sizeof(Facts));
}

void Reference::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto written =
            checkErrno(pwrite(content_.get(), bytes.data(), bytes.size(), static_cast<off_t>(facts_->size)),
                       "storing the bytes");
        facts_->size += static_cast<std::uint64_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void Reference::complete(const ResourceInfo& info) {
    facts_->resumable = info.resumable;
    facts_->spliceable = info.spliceable;
    facts_->ranges = info.ranges;
    info.validator.copy(facts_->validator, sizeof facts_->validator - 1);
    facts_->complete = true;
}

void Reference::compare(std::uint64_t offset, std::span<const std::byte> bytes) const {
    if (offset + bytes.size() > facts_->size) {
        throw Fault(
            fmt::format("the plugin delivered more than the {} bytes of the first read", facts_->size));
    }
    std::array<std::byte, 65536> expected{};
    while (!bytes.empty()) {
        const auto want = std::min(bytes.size(), expected.size());
        const auto got = static_cast<std::size_t>(
            checkErrno(pread(content_.get(), expected.data(), want, static_cast<off_t>(offset)),
                       "reading the stored bytes"));
        const auto differ =
            std::mismatch(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(got), expected.begin());
        if (const auto at = static_cast<std::size_t>(differ.first - bytes.begin()); at < got) {
            throw Fault(fmt::format("the byte at {} differs from the first read, in which reads had 65536 "
                                    "bytes (either may be wrong: --expect-sha256 tells)",
                                    offset + at));
        }
        offset += got;
        bytes = bytes.subspan(got);
    }
}

} // namespace bootferry
