// SPDX-License-Identifier: LGPL-2.1-or-later
// A list of system calls for the kernel (seccomp(2)), built with libseccomp. A rule whose call this
// architecture does not have is left out: what is not there needs no permission, and cannot be misused.
// Every function throws Error(Io).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>

#include <seccomp.h>

namespace bootferry {

// seccomp.h's SCMP_A0 and its like are compound literals, which C++ does not have.
[[nodiscard]] scmp_arg_cmp argumentEqual(unsigned argument, int value);
[[nodiscard]] scmp_arg_cmp argumentMasked(unsigned argument, scmp_datum_t mask, scmp_datum_t value);

class SeccompFilter {
public:
    // otherwise: what happens to a call without a rule (SCMP_ACT_...).
    explicit SeccompFilter(std::uint32_t otherwise);

    // A rule applies if all its comparisons are true.
    void add(std::uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> comparisons = {});
    void allow(const char* name, std::initializer_list<scmp_arg_cmp> comparisons = {});
    void allowAll(std::span<const char* const> names);
    // For calls with many functions: allows these values of the argument that selects one.
    void allowFunctions(const char* name, unsigned argument, std::initializer_list<unsigned> functions);
    // By number, for calls whose names older versions of libseccomp lack.
    void addNumber(std::uint32_t action, int number, const char* what);

    // no_new_privs is set already. libseccomp would set it again, with a prctl(2) that an earlier filter
    // refuses.
    void assumeNoNewPrivileges();

    // Irrevocable, for all threads of the process.
    void load();

private:
    struct Release {
        void operator()(void* filter) const noexcept { seccomp_release(filter); }
    };
    std::unique_ptr<void, Release> filter_;
};

} // namespace bootferry
