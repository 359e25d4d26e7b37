// SPDX-License-Identifier: LGPL-2.1-or-later
// The last mappings of each kind are remembered in static memory, which the handler of the signal may read.
#include "guarded_memory.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {
namespace {

struct Words {
    const char* beyond; // its end was passed
    const char* late;   // its time was over
};
constexpr std::array<Words, 5> words{{
    {"accessed a field of bootferry_host beyond its struct_size", "used the host after session_free"},
    {"accessed a field of bootferry_request beyond its struct_size",
     "used the request after open had returned"},
    {"accessed a field of bootferry_info beyond its struct_size",
     "used bootferry_info after info had returned"},
    {"read beyond the end of a text", "used a text after the call that it was passed to had returned"},
    {"accessed its buffer beyond the end", "used its buffer after the call had returned"},
}};

struct Region {
    std::atomic<std::uintptr_t> start = 0;
    std::atomic<std::uintptr_t> guard = 0;
    std::atomic<std::uintptr_t> end = 0;
    std::atomic<bool> isRevoked = false;
};
constexpr std::size_t remembered = 512;
std::array<std::array<Region, remembered>, words.size()> regions;
std::array<std::atomic<std::size_t>, words.size()> begun;
std::atomic<std::atomic<const char*>*> reasonWanted = nullptr;
struct sigaction actionBefore; // the default, or that of AddressSanitizer, which has more to say

std::size_t pageSize() {
    return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

const char* reasonAt(std::uintptr_t address) {
    for (std::size_t kind = 0; kind < words.size(); ++kind) {
        for (const auto& region : regions[kind]) { // NOLINT: no exception may leave
            if (address >= region.start && address < region.end) {
                return !region.isRevoked && address >= region.guard ? words[kind].beyond // NOLINT: likewise
                                                                    : words[kind].late;  // NOLINT: likewise
            }
        }
    }
    return nullptr;
}

// The access is repeated when this returns, and the process dies of it.
extern "C" void onCrash(int number, siginfo_t* info, void*) {
    if (auto* const wanted = reasonWanted.load()) {
        *wanted = reasonAt(reinterpret_cast<std::uintptr_t>(info->si_addr));
    }
    (void)::sigaction(number, &actionBefore, nullptr);
}

} // namespace

GuardedMemory::GuardedMemory(Lent kind, std::size_t size) {
    const auto page = pageSize();
    const auto pages = (size + page - 1) / page * page;
    mapped_ = pages + page;
    mapping_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping_ == MAP_FAILED) {
        throwErrno(errno, "mapping memory");
    }
    auto* base = static_cast<std::byte*>(mapping_);
    checkErrno(::mprotect(base + pages, page, PROT_NONE), "guarding memory");
    start_ = base + pages - size;
    const auto index = static_cast<std::size_t>(kind);
    place_ = index * remembered + begun.at(index)++ % remembered;
    auto& region = regions.at(index).at(place_ % remembered);
    region.isRevoked = false;
    region.start = reinterpret_cast<std::uintptr_t>(base);
    region.guard = reinterpret_cast<std::uintptr_t>(base + pages);
    region.end = reinterpret_cast<std::uintptr_t>(base + mapped_);
}

void GuardedMemory::revoke() {
    // Mapped anew, which frees the pages. Such mappings merge, so that their number stays small.
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    if (::mmap(mapping_, mapped_, PROT_NONE, flags, -1, 0) == MAP_FAILED) {
        throwErrno(errno, "revoking memory");
    }
    auto& region = regions.at(place_ / remembered).at(place_ % remembered);
    if (region.start == reinterpret_cast<std::uintptr_t>(mapping_)) {
        region.isRevoked = true;
    }
}

GuardedMemory::~GuardedMemory() {
    try {
        revoke();
    } catch (const Error&) { // NOLINT(bugprone-empty-catch): it stays accessible
    }
}

void explainCrashes(std::atomic<const char*>& reason) {
    reasonWanted = &reason;
    struct sigaction action {};
    action.sa_sigaction = &onCrash;
    action.sa_flags = SA_SIGINFO;
    checkErrno(::sigaction(SIGSEGV, &action, &actionBefore), "explaining crashes");
}

} // namespace bootferry
