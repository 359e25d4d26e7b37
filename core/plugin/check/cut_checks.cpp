// SPDX-License-Identifier: LGPL-2.1-or-later
// The connection is closed by the proxy in the middle of what the server sends, or by the check at a moment
// at which the plugin waits for nothing. A library that connects anew by itself may go on.
#include "cut_checks.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "receiver.h"

namespace bootferry {
namespace {

constexpr std::array<std::size_t, 3> smallPieces{1, 511, 4097};
constexpr std::uint64_t unlimited = UINT64_MAX;

void requireRetried(const Failure& failure, const std::string& when, const char* call) {
    if (!isRetried(failure.code)) {
        throw Fault(fmt::format("{}, {} fails with {} instead of Unreachable, so that a boot fails: {}", when,
                                call, codeName(failure.code), failure.message));
    }
}

// Reads and compares up to `end`, as far as that takes no longer than a check should. Returns the offset
// reached, or nothing once the plugin has rightly failed or ended.
std::optional<std::uint64_t> readOn(CheckSettings& settings, Attempt& attempt, Way way, std::uint64_t offset,
                                    std::size_t piece, std::uint64_t end, const std::string& when) {
    constexpr int enoughCalls = 10'000;
    const auto& reference = settings.reference;
    Receiver receiver(attempt, way);
    std::vector<std::byte> buffer(piece);
    for (int calls = 0; offset < end && calls < enoughCalls; ++calls) {
        std::optional<Failure> failure;
        const auto count = receiver.take(buffer, failure);
        if (failure) {
            requireRetried(*failure, when, receiver.call());
            return std::nullopt;
        }
        if (count == 0 && attempt.info().size && offset < reference.size()) {
            throw Fault(fmt::format("{}, {} returns 0, as at the end, after {} of {} bytes", when,
                                    receiver.call(), offset, reference.size()));
        }
        if (count == 0 && offset < reference.size()) {
            settings.remark = fmt::format(
                "{}, {} returns 0 after {} of {} bytes, and info knows no size: can the protocol tell? What "
                "proves the end is the last chunk, or the close_notify of TLS, and never a closed connection",
                when, receiver.call(), offset, reference.size());
        }
        if (count == 0) {
            return std::nullopt;
        }
        try {
            reference.compare(offset, std::span(buffer).first(count));
        } catch (const Fault& fault) {
            throw Fault(fmt::format("{}, {}s of {} bytes: {}", when, receiver.call(), piece, fault.what()));
        }
        offset += count;
    }
    return offset;
}

const char* nameOf(FaultyProxy::Fault fault) {
    return fault == FaultyProxy::Fault::Reset ? "reset" : "closed";
}

// By the proxy: the last bytes and the end of the connection arrive together. Since it also counts bytes of
// the protocol, that may be earlier than half of the resource, or before it is open.
void cutInTheMiddle(CheckSettings& settings, Way way, std::size_t piece,
                    FaultyProxy::Fault fault = FaultyProxy::Fault::Close) {
    constexpr std::size_t callsBefore = 100;
    const auto when = fmt::format("when the connection is {} in the middle", nameOf(fault));
    const auto half = settings.reference.size() / 2;
    const auto near = half > callsBefore * piece ? half - callsBefore * piece : 0;
    Attempt attempt(settings.plugin);
    planProxy(settings, fault, half);
    if (const auto failure = attempt.openUrl(settings.proxy->url())) {
        requireRetried(*failure, when, "open");
        return;
    }
    if (const auto offset = readOn(settings, attempt, way, 0, usual[0], near, when)) {
        (void)readOn(settings, attempt, way, *offset, piece, unlimited, when);
    }
}

// How many bytes the server sends depends on the protocol, so they are counted first.
void cutNearTheEnd(CheckSettings& settings) {
    constexpr std::array<std::uint64_t, 2> missing{1, 300};
    std::uint64_t all = 0;
    {
        Attempt whole(settings.plugin);
        openThroughProxy(settings, whole, FaultyProxy::Fault::Close, unlimited);
        (void)readFrom(whole, settings.reference, 0, usual, settings.reference.size());
        const auto seen = settings.proxy->seen();
        all = seen.connections == 1 ? seen.passed : 0;
    }
    for (const auto count : missing) {
        if (all < settings.reference.size() || all < count) {
            return; // they come another way
        }
        const auto when = fmt::format("when the connection is closed {} bytes before the end", count);
        Attempt attempt(settings.plugin);
        planProxy(settings, FaultyProxy::Fault::Close, all - count);
        if (const auto failure = attempt.openUrl(settings.proxy->url())) {
            requireRetried(*failure, when, "open");
        } else {
            (void)readOn(settings, attempt, Way::Read, 0, usual[0], unlimited, when);
        }
    }
}

// Within what the server answers before open can return: at its first byte and at ever later ones, until open
// succeeds. What comes after that is cut elsewhere.
void cutWithinOpen(CheckSettings& settings, FaultyProxy::Fault fault, std::uint64_t offset) {
    constexpr std::uint64_t latest = 65536;
    constexpr unsigned nextOne = 4; // times as far
    const auto validator = offset > 0 ? settings.reference.validator() : "";
    for (std::uint64_t bytes = 0; bytes <= latest; bytes = bytes == 0 ? 1 : bytes * nextOne) {
        const auto when =
            fmt::format("when the connection is {} after {} bytes of the server", nameOf(fault), bytes);
        Attempt attempt(settings.plugin);
        planProxy(settings, fault, bytes);
        if (const auto failure = attempt.openUrl(settings.proxy->url(), offset, validator)) {
            requireRetried(*failure, when, "open");
            continue;
        }
        (void)readOn(settings, attempt, Way::Read, offset, usual[0], unlimited, when);
        return;
    }
}

// By the check, while the plugin is not called and what it fetches ahead has arrived.
void cutBetweenReads(CheckSettings& settings, Way way, std::size_t piece, std::uint64_t at) {
    constexpr std::size_t callsBefore = 16;
    constexpr std::chrono::milliseconds untilAllHasArrived{100};
    const auto near = at > callsBefore * piece ? at - callsBefore * piece : 0;
    const std::array pieces{piece};
    Attempt attempt(settings.plugin);
    openThroughProxy(settings, attempt, FaultyProxy::Fault::Close, unlimited);
    auto offset = readFrom(attempt, settings.reference, 0, usual, near);
    offset = readFrom(attempt, settings.reference, offset, pieces, at);
    std::this_thread::sleep_for(untilAllHasArrived);
    const auto before = settings.proxy->seen().connections;
    settings.proxy->closeAll();
    (void)readOn(settings, attempt, way, offset, piece, unlimited,
                 offset < settings.reference.size() ? "when the connection is closed between reads"
                                                    : "when the connection is closed at the end");
    if (settings.proxy->seen().connections > before) {
        settings.remark =
            "after a closed connection it connects again by itself: trying again is the host's task, which "
            "also compares the versions; if a library does so, the plugin must make sure that the "
            "resource is still the same";
    }
}

void cut(CheckSettings& settings, Way way, std::size_t piece) {
    const auto size = settings.reference.size();
    for (const auto at : {std::uint64_t{0}, std::min<std::uint64_t>(1, size), size / 2, size}) {
        cutBetweenReads(settings, way, piece, at);
    }
    if (size > 1) {
        cutInTheMiddle(settings, way, piece);
    }
}

} // namespace

void cutConnection(CheckSettings& settings) {
    const auto size = settings.reference.size();
    requireProxied(settings);
    for (const auto fault : {FaultyProxy::Fault::Close, FaultyProxy::Fault::Reset}) {
        cutWithinOpen(settings, fault, 0);
    }
    if (settings.reference.resumable() && size > 1) {
        cutWithinOpen(settings, FaultyProxy::Fault::Close, size / 2);
    }
    if (size > 1) {
        cutInTheMiddle(settings, Way::Read, usual[0], FaultyProxy::Fault::Reset);
    }
    cutNearTheEnd(settings);
    for (const auto piece : smallPieces) {
        cut(settings, Way::Read, piece);
    }
    if (settings.reference.spliceable()) {
        cut(settings, Way::Splice, smallPieces[1]);
        cut(settings, Way::Splice, usual[0]);
        cutInTheMiddle(settings, Way::Splice, usual[0], FaultyProxy::Fault::Reset);
    }
}

} // namespace bootferry
