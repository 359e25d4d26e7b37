// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks in their order, and those of what is delivered and refused. How a plugin behaves over time is in
// conduct_checks.cpp.
#include "checks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "conduct_checks.h"
#include "connect_checks.h"
#include "cut_checks.h"
#include "digest.h"
#include "errors.h"
#include "flow_checks.h"
#include "option_checks.h"
#include "plain_text.h"
#include "receiver.h"
#include "session_checks.h"

namespace bootferry {
namespace {

void checkTable(const bootferry_plugin& table) {
    if (*table.version == '\0' || hasControlCharacter(table.version)) {
        throw Fault("its version is empty, or has control characters");
    }
    std::set<std::string> schemes;
    for (const auto* scheme = table.schemes; *scheme != nullptr; ++scheme) {
        const std::string name = *scheme;
        if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") != std::string::npos) {
            throw Fault(
                fmt::format("the scheme '{}' has characters other than a-z 0-9 + - .", escapedText(name)));
        }
        if (!schemes.insert(name).second) {
            throw Fault(fmt::format("the scheme '{}' is listed twice", name));
        }
    }
    constexpr std::uint32_t knownNeeds = BOOTFERRY_NEEDS_UNIX_SOCKETS | BOOTFERRY_NEEDS_LISTENING;
    const bool hasNeeds = table.struct_size >= offsetof(bootferry_plugin, needs) + sizeof table.needs;
    if (const auto unknown = hasNeeds && table.needs != nullptr ? table.needs("") & ~knownNeeds : 0;
        unknown != 0) {
        throw Fault(fmt::format("needs returns flags that this version of the interface does not have: {:#x}",
                                unknown));
    }
}

void wholeResource(CheckSettings& settings) {
    auto& reference = settings.reference;
    reference.begin();
    if (const auto version = settings.plugin.module->table().abi_version; version > BOOTFERRY_ABI_VERSION) {
        throw Fault(
            fmt::format("its abi_version is {}, and there is none above {}", version, BOOTFERRY_ABI_VERSION));
    }
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    const auto atFirst = attempt.info();
    Digest digest("sha256");
    std::vector<std::byte> buffer(65536);
    while (const auto count = attempt.mustRead(buffer)) {
        const auto bytes = std::span(buffer).first(count);
        reference.append(bytes);
        digest.update(bytes);
    }
    auto info = attempt.info();
    info.spliceable |= atFirst.spliceable; // at the end there is nothing left to splice
    checkTable(settings.plugin.module->table());
    for (const auto& size : {atFirst.size, info.size}) {
        if (size && *size != reference.size()) {
            throw Fault(fmt::format("info says {} bytes, read delivered {}", *size, reference.size()));
        }
    }
    const auto sha256 = digest.finish().hex;
    if (settings.expectedSha256 && *settings.expectedSha256 != sha256) {
        throw Fault(fmt::format("the bytes have the SHA-256 {}", sha256));
    }
    attempt.finish(BOOTFERRY_OUTCOME_COMMITTED);
    reference.complete(info);
    if (constexpr std::uint64_t little = 4096; reference.size() < little) {
        settings.remark =
            fmt::format("the resource has {} bytes: too few for what happens in its middle; use one "
                        "of a megabyte or more",
                        reference.size());
    }
}

void endStaysTheEnd(CheckSettings& settings) {
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    std::vector<std::byte> buffer(65536);
    while (attempt.mustRead(buffer) > 0) {
    }
    for (int i = 0; i < 3; ++i) {
        if (attempt.mustRead(buffer) != 0) {
            throw Fault("read delivered bytes after the end");
        }
    }
    attempt.finish(BOOTFERRY_OUTCOME_DISCARDED);
}

void oneByteReads(CheckSettings& settings) {
    constexpr std::uint64_t enough = 20000;
    constexpr std::array<std::size_t, 1> one{1};
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    (void)readFrom(attempt, settings.reference, 0, one, std::min(enough, settings.reference.size()));
    attempt.finish(BOOTFERRY_OUTCOME_DISCARDED); // the host has what it wanted
}

void oddReads(CheckSettings& settings) {
    constexpr std::array<std::size_t, 8> odd{1, 3, 4095, 65537, 7, 1048577, 511, 16385};
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    (void)readFrom(attempt, settings.reference, 0, odd, settings.reference.size());
    std::array<std::byte, 1> last{};
    if (attempt.mustRead(last) != 0) {
        throw Fault("with odd sizes read delivers more bytes than before");
    }
}

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

void requireResumable(const CheckSettings& settings) {
    if (!settings.reference.resumable()) {
        throw Skipped("the plugin cannot resume this resource");
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

// Changes only the last letter or digit, so that the validator keeps the form that the protocol requires; of
// one with neither, the character before a closing quote.
std::string anotherValidator(std::string validator) {
    auto at = validator.find_last_of("0123456789abcdef");
    if (at == std::string::npos) {
        at = validator.find_last_of("ABCDEFGHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz");
    }
    if (at == std::string::npos) {
        at = validator.find_last_not_of("\"'>)]} ");
    }
    auto& changed = validator[at == std::string::npos ? validator.size() - 1 : at];
    changed = changed == '1' ? '2' : '1';
    return validator;
}

void refusesAnotherValidator(CheckSettings& settings) {
    requireResumable(settings);
    if (settings.reference.size() < 2) {
        throw Skipped("the resource is too small");
    }
    if (settings.reference.validator().empty()) {
        throw Skipped("the plugin reports no validator");
    }
    const auto other = anotherValidator(settings.reference.validator());
    Attempt attempt(settings.plugin);
    expectFailure(attempt.open(settings.reference.size() / 2, other), BOOTFERRY_ERROR_RANGE,
                  "open with another validator");
}

void saysNotFound(CheckSettings& settings) {
    if (!settings.missingUrl) {
        throw Skipped("no --missing-url was given");
    }
    Attempt attempt(settings.plugin);
    expectFailure(attempt.openUrl(*settings.missingUrl), BOOTFERRY_ERROR_NOT_FOUND,
                  "open of a missing resource");
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

// Parts are delivered in full, and may be followed by more. The size is that of the whole resource.
void deliversParts(CheckSettings& settings) {
    const auto size = settings.reference.size();
    constexpr std::uint64_t most = 100'000;
    if (size < 4) {
        throw Skipped("the resource is too small");
    }
    for (const auto offset : {std::uint64_t{0}, size / 3}) {
        if (offset > 0 && !settings.reference.resumable()) {
            continue;
        }
        const auto length = std::min(most, size / 2);
        Attempt attempt(settings.plugin);
        const auto validator = offset > 0 ? settings.reference.validator() : "";
        if (const auto failure = attempt.openUrl(settings.plugin.url, offset, validator, length)) {
            throwFailure(*failure, fmt::format("open at {} with a length of {}", offset, length));
        }
        (void)readFrom(attempt, settings.reference, offset, usual, offset + length);
        if (const auto info = attempt.info(); info.size && *info.size != size) {
            throw Fault(
                fmt::format("opened with a length of {} info says {} bytes, the whole resource has {}",
                            length, *info.size, size));
        }
    }
}

// The host asks for more than a pipe takes. A pipe has one page where the user has too many of them
// (pipe(7)).
void spliceAll(CheckSettings& settings, std::size_t most, std::optional<int> pipeSize) {
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    if (!attempt.info().spliceable) {
        throw Skipped("the plugin does not offer it for this resource");
    }
    Receiver receiver(attempt, Way::Splice, pipeSize);
    std::vector<std::byte> buffer(most);
    std::uint64_t offset = 0;
    std::optional<Failure> failure;
    while (const auto count = receiver.take(buffer, failure)) {
        settings.reference.compare(offset, std::span(buffer).first(count));
        offset += count;
    }
    if (failure) {
        throwFailure(*failure, "splice");
    }
    if (offset != settings.reference.size()) {
        throw Fault(fmt::format("splice ends after {} of {} bytes", offset, settings.reference.size()));
    }
}

void splicesTheSame(CheckSettings& settings) {
    constexpr int page = 4096;
    spliceAll(settings, usual[0], std::nullopt);
    spliceAll(settings, std::size_t{1} << 20U, page);
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

// All other checks have the oldest host. In this one the plugin may use all there is, and the structures are
// longer than any that it can know.
void worksWithTheNewestHost(CheckSettings& settings) {
    auto newest = settings.plugin;
    newest.host = HostAge::Newest;
    const auto size = settings.reference.size();
    for (const auto offset : {std::uint64_t{0}, size / 2}) {
        if (offset > 0 && !settings.reference.resumable()) {
            continue;
        }
        Attempt attempt(newest);
        attempt.mustOpen(offset, offset > 0 ? settings.reference.validator() : "");
        (void)attempt.info();
        (void)readFrom(attempt, settings.reference, offset, usual, size);
        (void)attempt.info();
        attempt.finish(BOOTFERRY_OUTCOME_DISCARDED);
    }
    Attempt cancelled(newest);
    cancelled.cancel();
    expectFailure(cancelled.open(), BOOTFERRY_ERROR_CANCELLED, "open after a cancel");
}

void namesItsLibraries(CheckSettings& settings) {
    if (const auto& symbols = settings.undefinedSymbols; !symbols.empty()) {
        throw Fault(fmt::format("it uses {}{} of a library that it is not linked with, and loads only where "
                                "another program has that: see ldd -r",
                                symbols.front(),
                                symbols.size() > 1 ? fmt::format(" and {} more", symbols.size() - 1) : ""));
    }
}

// The rest is done once the verdict is known, see Check::exits.
void endsWithTheProcess(CheckSettings& settings) {
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    std::vector<std::byte> buffer(65536);
    (void)attempt.mustRead(buffer);
}

constexpr std::array checks{
    Check{"reads the whole resource", &wholeResource},
    Check{"describes its options", &wellFormedOptions},
    Check{"stays at the end once it has reached it", &endStaysTheEnd},
    Check{"delivers the same to reads of one byte", &oneByteReads},
    Check{"delivers the same to reads of odd sizes", &oddReads},
    Check{"delivers the same through splice", &splicesTheSame},
    Check{"keeps sessions apart", &twoSessionsAtATime},
    Check{"keeps sessions in several threads apart", &sessionsInThreads},
    Check{"may be called from one thread after the other", &anyThread},
    Check{"resumes at an offset, or says that it cannot", &resumes},
    Check{"resumes without a validator", &resumesWithoutValidator},
    Check{"resumes at the very end", &resumesAtTheEnd},
    Check{"delivers a part of the resource", &deliversParts},
    Check{"refuses an offset behind the end", &refusesPastTheEnd},
    Check{"refuses an offset of more than 32 bits", &refusesFarPastTheEnd},
    Check{"refuses to resume another version", &refusesAnotherValidator},
    Check{"has another validator for other bytes", &validatorOfAnotherVersion},
    Check{"refuses an option it does not know", &refusesUnknownOptions},
    Check{"reports a missing resource as NotFound", &saysNotFound},
    Check{"works with the newest host as well", &worksWithTheNewestHost},
    Check{"reports a refused connection as Unreachable", &refusedConnection},
    Check{"does not block where it must not", &doesNotBlock},
    Check{"stops before it connects when cancelled", &cancelledBeforeOpen},
    Check{"stops between reads when cancelled", &cancelledBetweenReads},
    Check{"stops while it waits when cancelled", &cancelledWhileWaiting},
    Check{"stops while it connects when cancelled", &cancelledWhileConnecting},
    Check{"stops in a read when the server is silent", &cancelledWhileTheServerIsSilent},
    Check{"delivers what there is before its buffer is full", &returnsWhatThereIs},
    Check{"fetches only what is wanted", &fetchesWhatIsWanted},
    Check{"delivers no wrong bytes when the connection is cut", &cutConnection},
    Check{"leaves no descriptor and no thread behind", &leavesNothingBehind},
    Check{"leaves nothing behind after failures and cancels", &leavesNothingAfterFailures},
    Check{"names the libraries that it uses", &namesItsLibraries},
    Check{"blocks signals in its threads", &blocksSignalsInThreads, true},
    Check{"lets the process end", &endsWithTheProcess, false, true},
};

} // namespace

std::span<const Check> pluginChecks() {
    return checks;
}

} // namespace bootferry
