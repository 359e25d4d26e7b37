// SPDX-License-Identifier: LGPL-2.1-or-later
// The resource as it was read once, plainly, from its first byte to its end; every later check compares with
// it. It lies in memory that processes share, because each check runs in a process of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "handles.h"

namespace bootferry {

class Reference {
public:
    Reference();
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;
    ~Reference();

    // While it is read.
    void append(std::span<const std::byte> bytes);
    void complete(bool resumable, const std::string& validator);

    // Thereafter, in every process.
    [[nodiscard]] bool isComplete() const { return facts_->complete; }
    [[nodiscard]] std::uint64_t size() const { return facts_->size; }
    [[nodiscard]] bool resumable() const { return facts_->resumable; }
    [[nodiscard]] std::string validator() const { return facts_->validator; }
    // Throws Fault that says where the bytes differ.
    void compare(std::uint64_t offset, std::span<const std::byte> bytes) const;

private:
    struct Facts {
        bool complete;
        bool resumable;
        std::uint64_t size;
        char validator[1024];
    };
    UniqueFd content_;
    Facts* facts_ = nullptr;
};

} // namespace bootferry
