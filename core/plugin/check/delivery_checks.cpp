// SPDX-License-Identifier: LGPL-2.1-or-later
#include "delivery_checks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "digest.h"
#include "plain_text.h"
#include "receiver.h"

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

} // namespace

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

void splicesTheSame(CheckSettings& settings) {
    constexpr int page = 4096;
    spliceAll(settings, usual[0], std::nullopt);
    spliceAll(settings, std::size_t{1} << 20U, page);
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

} // namespace bootferry
