// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory that a plugin gets, of exactly its size: it ends at the end of a page with an inaccessible page
// after it, so that a plugin crashes if it accesses a field that its version of the ABI does not have, and so
// it does if it uses the memory after its time. The address is not used again. Of a crash in it the reason is
// noted.
#pragma once

#include <atomic>
#include <cstddef>

namespace bootferry {

enum class Lent { Host, Request, Info, Text, Buffer };

class GuardedMemory {
public:
    explicit GuardedMemory(Lent kind, std::size_t size); // zeroed. Throws Error(Io).
    GuardedMemory(const GuardedMemory&) = delete;
    GuardedMemory& operator=(const GuardedMemory&) = delete;
    ~GuardedMemory(); // inaccessible from now on, and its pages are freed
    [[nodiscard]] std::byte* get() const { return start_; }
    void revoke(); // accessing it crashes from now on
    template <typename Structure>
    [[nodiscard]] Structure* as() const {
        return reinterpret_cast<Structure*>(start_);
    }

private:
    void* mapping_ = nullptr;
    std::size_t mapped_ = 0;
    std::byte* start_ = nullptr;
    std::size_t place_ = 0; // among those that are remembered
};

// From now on, a SIGSEGV in such memory stores the reason (a literal), which ends the sentence "it crashed:
// it …", before the process dies of it. Throws Error(Io).
void explainCrashes(std::atomic<const char*>& reason);

} // namespace bootferry
