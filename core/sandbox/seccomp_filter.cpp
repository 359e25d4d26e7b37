// SPDX-License-Identifier: LGPL-2.1-or-later
#include "seccomp_filter.h"

#include <cerrno>

#include <spdlog/fmt/fmt.h>

#include "errors.h"

namespace bootferry {
namespace {

void check(int result, const char* what) {
    // -EDOM, and __NR_SCMP_ERROR for an unknown name: this architecture has no such call, so none is missing.
    if (result < 0 && result != -EDOM) {
        throw Error(ErrorCode::Io, -result, fmt::format("setting up the sandbox ({})", what));
    }
}

} // namespace

scmp_arg_cmp argumentEqual(unsigned argument, int value) {
    return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = static_cast<scmp_datum_t>(value), .datum_b = 0};
}

scmp_arg_cmp argumentMasked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

SeccompFilter::SeccompFilter(std::uint32_t otherwise) : filter_(seccomp_init(otherwise)) {
    if (!filter_) {
        throw Error(ErrorCode::Io, ENOMEM, "setting up the sandbox");
    }
    check(seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_TSYNC, 1), "for all threads");
}

void SeccompFilter::add(std::uint32_t action, const char* name,
                        std::initializer_list<scmp_arg_cmp> comparisons) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) {
        check(seccomp_rule_add_array(filter_.get(), action, number, static_cast<unsigned>(comparisons.size()),
                                     comparisons.begin()),
              name);
    }
}

void SeccompFilter::allow(const char* name, std::initializer_list<scmp_arg_cmp> comparisons) {
    add(SCMP_ACT_ALLOW, name, comparisons);
}

void SeccompFilter::allowAll(std::span<const char* const> names) {
    for (const char* name : names) {
        allow(name);
    }
}

// The kernel ignores the upper half of the argument that selects a function.
void SeccompFilter::allowFunctions(const char* name, unsigned argument,
                                   std::initializer_list<unsigned> functions) {
    constexpr scmp_datum_t lowerHalf = 0xffff'ffff;
    for (const auto function : functions) {
        allow(name, {argumentMasked(argument, lowerHalf, function)});
    }
}

void SeccompFilter::addNumber(std::uint32_t action, int number, const char* what) {
    check(seccomp_rule_add_array(filter_.get(), action, number, 0, nullptr), what);
}

void SeccompFilter::assumeNoNewPrivileges() {
    check(seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_NNP, 0), "without privileges");
}

void SeccompFilter::load() {
    check(seccomp_load(filter_.get()), "loading it");
}

} // namespace bootferry
