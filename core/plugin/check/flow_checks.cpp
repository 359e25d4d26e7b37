// SPDX-License-Identifier: LGPL-2.1-or-later
// A read that waits until its buffer is full delivers nothing for as long as that takes: on a slow line the
// host sees a stall, and drops what had arrived.
#include "flow_checks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "conduct_checks.h"

namespace bootferry {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest = std::size_t{1} << 20U; // that the host reads at a time

// How many bytes the first read with a buffer of this size delivers, when half of the largest one's arrive
// and then none: it is cancelled when that has lasted for a while. Nothing if it has another reason to fail.
std::optional<std::size_t> firstRead(const CheckSettings& settings, std::size_t size) {
    constexpr auto quiet = 2s;
    constexpr auto longest = 20s; // until the bytes have arrived
    Attempt attempt(settings.plugin);
    openThroughProxy(settings, attempt, FaultyProxy::Fault::Silence,
                     std::min<std::uint64_t>(settings.reference.size(), largest) / 2);
    std::atomic<bool> returned = false;
    std::thread canceller([&] {
        const auto wait = [&](std::chrono::milliseconds time) {
            for (const auto end = std::chrono::steady_clock::now() + time;
                 !returned && std::chrono::steady_clock::now() < end;) {
                std::this_thread::sleep_for(20ms);
            }
        };
        const auto end = std::chrono::steady_clock::now() + longest;
        while (!returned && settings.proxy->affected() == 0 && std::chrono::steady_clock::now() < end) {
            wait(20ms);
        }
        wait(quiet);
        attempt.cancel();
    });
    std::vector<std::byte> buffer(size);
    std::optional<Failure> failure;
    std::exception_ptr thrown;
    std::size_t count = 0;
    try {
        count = attempt.read(buffer, failure);
    } catch (...) {
        thrown = std::current_exception();
    }
    returned = true;
    canceller.join();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    if (failure && (failure->code != BOOTFERRY_ERROR_CANCELLED || settings.proxy->affected() == 0)) {
        return std::nullopt;
    }
    return count;
}

} // namespace

// A plugin whose server sends large blocks, of which none has arrived, delivers nothing to small reads
// either.
void returnsWhatThereIs(CheckSettings& settings) {
    constexpr std::size_t little = 4096;
    requireProxied(settings);
    if (settings.reference.size() < 4 * little) {
        throw Skipped("the resource is too small");
    }
    if (firstRead(settings, largest) == 0U && firstRead(settings, little).value_or(0) > 0) {
        throw Late(fmt::format(
            "a read of {} bytes returned nothing while the server was silent, although fewer had arrived, "
            "which "
            "a read of {} bytes delivers: return what there is, and ask the server for less at a time",
            largest, little));
    }
}

// TCP has no messages: an answer comes in as many pieces as the network makes of it, on loopback in one.
void takesSmallPieces(CheckSettings& settings) {
    constexpr std::uint64_t bytesInPieces = 1500;
    constexpr std::uint64_t enough = 65536;
    constexpr const char* what = "where the server's bytes arrive a few at a time,";
    requireProxied(settings);
    Attempt attempt(settings.plugin);
    planProxy(settings, FaultyProxy::Fault::Trickle, bytesInPieces);
    if (const auto failure = attempt.openUrl(settings.proxy->url())) {
        throwFailure(*failure, fmt::format("{} open", what));
    }
    try {
        (void)readFrom(attempt, settings.reference, 0, usual, std::min(settings.reference.size(), enough));
    } catch (const Unreached&) {
        throw;
    } catch (const Fault& fault) {
        throw Fault(fmt::format("{} {}", what, fault.what()));
    }
}

// What the sockets hold counts as fetched, too.
void fetchesWhatIsWanted(CheckSettings& settings) {
    constexpr std::uint64_t enough = 512U * 1024U;
    requireProxied(settings);
    const auto size = settings.reference.size();
    if (size < enough) {
        throw Skipped("the resource is too small");
    }
    const auto passedBy = [&](std::uint64_t offset) {
        Attempt attempt(settings.plugin);
        settings.proxy->plan(FaultyProxy::Fault::Close, UINT64_MAX);
        const auto validator = offset > 0 ? settings.reference.validator() : "";
        if (const auto failure = attempt.openUrl(settings.proxy->url(), offset, validator)) {
            throwFailure(*failure, fmt::format("through a proxy, open at {}", offset));
        }
        std::array<std::byte, 1> byte{};
        (void)attempt.mustRead(byte);
        return settings.proxy->seen().passed;
    };
    const auto late = size / 4 * 3;
    if (const auto passed = settings.reference.resumable() ? passedBy(late) : 0; passed >= late) {
        throw Fault(fmt::format(
            "opened at {}, it fetches {} bytes: those before the offset must not be fetched, or a "
            "boot that resumes takes longer each time",
            late, passed));
    }
    if (passedBy(0) >= size) {
        settings.remark =
            "the whole resource had been fetched after the first read: what is fetched ahead must have a "
            "limit, since the host may pause for long (see the guide); try a larger resource";
    }
}

void freedWhileTheServerIsSilent(const CheckSettings& settings) {
    if (settings.proxy == nullptr) {
        return;
    }
    Attempt attempt(settings.plugin);
    settings.proxy->plan(FaultyProxy::Fault::Close, UINT64_MAX);
    if (attempt.openUrl(settings.proxy->url())) {
        return;
    }
    std::array<std::byte, 1> byte{};
    std::optional<Failure> failure;
    (void)attempt.read(byte, failure);
    settings.proxy->silenceAll();
    const auto start = std::chrono::steady_clock::now();
    attempt.free();
    expectPromptly(start, "session_free while the server is silent");
}

} // namespace bootferry
