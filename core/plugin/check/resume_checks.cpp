// SPDX-License-Identifier: LGPL-2.1-or-later
#include "resume_checks.h"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"

namespace bootferry {
namespace {

void requireResumable(const CheckSettings& settings) {
    if (!settings.reference.resumable()) {
        throw Skipped("the plugin cannot resume this resource");
    }
}

// Where a validator can be changed and keeps the form that the protocol requires: at its last letter or
// digit; of one with neither, before a closing quote.
std::size_t placeToChange(const std::string& validator) {
    for (const auto* const characters :
         {"0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz"}) {
        if (const auto at = validator.find_last_of(characters); at != std::string::npos) {
            return at;
        }
    }
    const auto at = validator.find_last_not_of("\"'>)]} ");
    return at == std::string::npos ? validator.size() - 1 : at;
}

// One character is another one, comes twice, or is missing: a comparison of the beginnings alone takes the
// last two for the same.
std::vector<std::string> otherValidators(const std::string& validator) {
    const auto at = placeToChange(validator);
    std::vector<std::string> others(3, validator);
    others[0][at] = validator[at] == '1' ? '2' : '1';
    others[1].insert(at, 1, validator[at]);
    others[2].erase(at, 1);
    if (others[2].empty()) { // which is none
        others.pop_back();
    }
    return others;
}

} // namespace

void resumes(CheckSettings& settings) {
    const auto size = settings.reference.size();
    if (size < 2) {
        throw Skipped("the resource is too small");
    }
    for (const auto offset : {size / 2, size - 1, std::uint64_t{1}}) {
        Attempt attempt(settings.plugin);
        if (!settings.reference.resumable()) {
            const auto failure = attempt.open(offset);
            if (!failure || failure->code != BOOTFERRY_ERROR_RANGE) {
                throw Fault(fmt::format(
                    "info does not set RESUMABLE, but open at {} {}", offset,
                    failure ? "fails with " + codeName(failure->code) + " instead of Range" : "works"));
            }
            continue;
        }
        attempt.mustOpen(offset, settings.reference.validator());
        (void)readFrom(attempt, settings.reference, offset, usual, size);
        std::array<std::byte, 1> more{};
        if (attempt.mustRead(more) != 0) {
            throw Fault(fmt::format("opened at {} the plugin delivers bytes behind the end", offset));
        }
        if (const auto info = attempt.info(); info.size && *info.size != size) {
            throw Fault(fmt::format("opened at {} info says {} bytes, the whole resource has {}", offset,
                                    *info.size, size));
        }
        if (const auto validator = attempt.info().validator;
            !validator.empty() && validator != settings.reference.validator()) {
            throw Fault(fmt::format("opened at {} its validator is '{}', at 0 it was '{}'", offset, validator,
                                    settings.reference.validator()));
        }
        attempt.finish(BOOTFERRY_OUTCOME_DISCARDED);
    }
}

// The host passes none to a mirror whose bytes a checksum verifies, and where several servers share a name.
void resumesWithoutValidator(CheckSettings& settings) {
    requireResumable(settings);
    const auto size = settings.reference.size();
    const auto offset = size / 2;
    Attempt attempt(settings.plugin);
    if (const auto failure = attempt.open(offset)) {
        throwFailure(*failure, fmt::format("open at {} without a validator", offset));
    }
    (void)readFrom(attempt, settings.reference, offset, usual, size);
}

void resumesAtTheEnd(CheckSettings& settings) {
    requireResumable(settings);
    Attempt attempt(settings.plugin);
    const auto end = settings.reference.size();
    if (const auto failure = attempt.open(end, settings.reference.validator());
        failure && failure->code == BOOTFERRY_ERROR_RANGE) {
        throw Fault(
            fmt::format("open at {} failed with Range; if the server's refusal does not say where the "
                        "resource ends, as Apache's does not, check with another server",
                        end));
    } else if (failure) {
        throwFailure(*failure, fmt::format("open at {}", end));
    }
    std::array<std::byte, 16> buffer{};
    if (attempt.mustRead(buffer) != 0) {
        throw Fault("opened at the very end the plugin delivers bytes");
    }
}

void refusesPastTheEnd(CheckSettings& settings) {
    requireResumable(settings);
    Attempt attempt(settings.plugin);
    expectFailure(attempt.open(settings.reference.size() + 1000, settings.reference.validator()),
                  BOOTFERRY_ERROR_RANGE, "open behind the end");
}

// A plugin that keeps an offset in 32 bits begins at its lower half.
void refusesFarPastTheEnd(CheckSettings& settings) {
    requireResumable(settings);
    constexpr auto beyond32Bits = std::uint64_t{1} << 32U;
    if (settings.reference.size() >= beyond32Bits) {
        throw Skipped("the resource is larger than 4 GiB");
    }
    Attempt attempt(settings.plugin);
    expectFailure(attempt.open(beyond32Bits + 1, settings.reference.validator()), BOOTFERRY_ERROR_RANGE,
                  "open at an offset of more than 32 bits");
}

void refusesAnotherValidator(CheckSettings& settings) {
    requireResumable(settings);
    if (settings.reference.size() < 2) {
        throw Skipped("the resource is too small");
    }
    if (settings.reference.validator().empty()) {
        throw Skipped("the plugin reports no validator");
    }
    for (const auto& other : otherValidators(settings.reference.validator())) {
        Attempt attempt(settings.plugin);
        expectFailure(attempt.open(settings.reference.size() / 2, other), BOOTFERRY_ERROR_RANGE,
                      fmt::format("open with another validator, '{}' instead of '{}',", other,
                                  settings.reference.validator()));
    }
}

// What a resource looks like when its bytes have changed: another one, since the checker cannot change it.
void validatorOfAnotherVersion(CheckSettings& settings) {
    if (!settings.changedUrl) {
        throw Skipped("no --changed-url was given");
    }
    const auto before = settings.reference.validator();
    if (before.empty()) {
        throw Skipped("the plugin reports no validator");
    }
    Attempt first(settings.plugin); // which keeps its own
    first.mustOpen();
    (void)first.info();
    Attempt changed(settings.plugin);
    if (const auto failure = changed.openUrl(*settings.changedUrl)) {
        throwFailure(*failure, "open of the changed resource");
    }
    if (changed.info().validator == before) {
        throw Fault(fmt::format("the validator of other bytes is the same: '{}'", before));
    }
    if (first.info().validator != before) {
        throw Fault("the validator of one session is that of another one, which was opened later");
    }
    Attempt resumed(settings.plugin);
    expectFailure(resumed.openUrl(*settings.changedUrl, 1, before), BOOTFERRY_ERROR_RANGE,
                  "open of the changed resource with the validator of before");
}

} // namespace bootferry
