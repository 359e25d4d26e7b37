// SPDX-License-Identifier: LGPL-2.1-or-later
// The content of the resource, as the first check read it from the first byte to the end; later checks
// compare with it. It is in shared memory, because each check runs in its own process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "attempt.h"
#include "handles.h"

namespace bootferry {

class Reference {
public:
    Reference();
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;
    ~Reference();

    // For the first check, which may be repeated.
    void begin() { *facts_ = {}; }
    void append(std::span<const std::byte> bytes);
    void complete(const ResourceInfo& info);

    // For the other checks, in any process.
    [[nodiscard]] bool isComplete() const { return facts_->complete; }
    [[nodiscard]] std::uint64_t size() const { return facts_->size; }
    [[nodiscard]] bool resumable() const { return facts_->resumable; }
    [[nodiscard]] bool ranges() const { return facts_->ranges; }
    [[nodiscard]] bool spliceable() const { return facts_->spliceable; }
    [[nodiscard]] std::string validator() const { return facts_->validator; }
    // Throws Fault with the first offset where the bytes differ.
    void compare(std::uint64_t offset, std::span<const std::byte> bytes) const;

private:
    struct Facts {
        bool complete;
        bool resumable;
        bool spliceable;
        bool ranges;
        std::uint64_t size;
        char validator[1024];
    };
    UniqueFd content_;
    Facts* facts_ = nullptr;
};

} // namespace bootferry
