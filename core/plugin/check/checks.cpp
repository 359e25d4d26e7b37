// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks in their order: reading, options, sessions and threads, offsets, refusals, cancelling, leaks.
#include "checks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "digest.h"

namespace bootferry {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto promptly = 1500ms; // the ABI says a second; the machine may be busy

void wholeResource(CheckSettings& settings) {
    auto& reference = settings.reference;
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    Digest digest("sha256");
    std::vector<std::byte> buffer(65536);
    while (const auto count = attempt.mustRead(buffer)) {
        const auto bytes = std::span(buffer).first(count);
        reference.append(bytes);
        digest.update(bytes);
    }
    const auto info = attempt.info();
    if (info.size && *info.size != reference.size()) {
        throw Fault(fmt::format("info says {} bytes, read delivered {}", *info.size, reference.size()));
    }
    const auto sha256 = digest.finish().hex;
    if (settings.expectedSha256 && *settings.expectedSha256 != sha256) {
        throw Fault(fmt::format("the bytes have the SHA-256 {}", sha256));
    }
    attempt.finish(BOOTFERRY_OUTCOME_COMMITTED);
    reference.complete(info.resumable, info.validator);
}

void wellFormedOptions(CheckSettings& settings) {
    constexpr std::size_t mostOptions = 1000;
    std::size_t number = 0;
    for (const auto* option = settings.plugin.module->table().options; option->key != nullptr; ++option) {
        const std::string key = option->key;
        if (key.empty() ||
            key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != std::string::npos) {
            throw Fault(fmt::format("the option's key '{}' has characters other than a-z 0-9 - .", key));
        }
        if (option->help == nullptr || *option->help == '\0' ||
            std::string_view(option->help).find('\n') != std::string_view::npos) {
            throw Fault(fmt::format("the help of the option '{}' is not one line", key));
        }
        if (++number > mostOptions) {
            throw Fault("the list of options has no end");
        }
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

// Reads and compares up to `end`. Returns the offset reached, which may be past `end`.
std::uint64_t readFrom(Attempt& attempt, const Reference& reference, std::uint64_t offset,
                       std::span<const std::size_t> sizes, std::uint64_t end) {
    std::vector<std::byte> buffer(*std::max_element(sizes.begin(), sizes.end()));
    for (std::size_t turn = 0; offset < end; ++turn) {
        const auto wanted = sizes[turn % sizes.size()];
        const auto count = attempt.mustRead(std::span(buffer).first(wanted));
        if (count == 0) {
            throw Fault(fmt::format("it ends after {} of {} bytes", offset, reference.size()));
        }
        reference.compare(offset, std::span(buffer).first(count));
        offset += count;
    }
    return offset;
}

void oneByteReads(CheckSettings& settings) {
    constexpr std::uint64_t enough = 20000;
    constexpr std::array<std::size_t, 1> one{1};
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    (void)readFrom(attempt, settings.reference, 0, one, std::min(enough, settings.reference.size()));
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

constexpr std::array<std::size_t, 1> usual{65536};

void twoSessionsAtATime(CheckSettings& settings) {
    const auto end = std::min<std::uint64_t>(settings.reference.size(), 1U << 20U);
    Attempt first(settings.plugin);
    first.mustOpen();
    const auto reached = readFrom(first, settings.reference, 0, usual, std::min<std::uint64_t>(end, 1));
    Attempt second(settings.plugin);
    second.mustOpen();
    (void)readFrom(second, settings.reference, 0, usual, end);
    (void)readFrom(first, settings.reference, reached, usual, end);
    Attempt third(settings.plugin);
    third.mustOpen();
    (void)readFrom(third, settings.reference, 0, usual, end);
}

void anyThread(CheckSettings& settings) {
    std::string fault;
    const auto inAThread = [&fault](auto action) {
        std::thread([&] {
            try {
                action();
            } catch (const std::exception& error) {
                fault = error.what();
            }
        }).join();
        if (!fault.empty()) {
            throw Fault("called from several threads in turn: " + fault);
        }
    };
    std::unique_ptr<Attempt> attempt;
    inAThread([&] { attempt = std::make_unique<Attempt>(settings.plugin); });
    inAThread([&] { attempt->mustOpen(); });
    inAThread([&] { (void)readFrom(*attempt, settings.reference, 0, usual, settings.reference.size()); });
    inAThread([&] { attempt.reset(); });
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
        attempt.finish(BOOTFERRY_OUTCOME_DISCARDED);
    }
}

void requireResumable(const CheckSettings& settings) {
    if (!settings.reference.resumable()) {
        throw Skipped("the plugin cannot resume this resource");
    }
}

void resumesAtTheEnd(CheckSettings& settings) {
    requireResumable(settings);
    Attempt attempt(settings.plugin);
    attempt.mustOpen(settings.reference.size(), settings.reference.validator());
    std::array<std::byte, 16> buffer{};
    if (attempt.mustRead(buffer) != 0) {
        throw Fault("opened at the very end the plugin delivers bytes");
    }
}

void expectFailure(const std::optional<Failure>& failure, bootferry_error code, const std::string& what) {
    if (!failure) {
        throw Fault(fmt::format("{} succeeds, but must fail with {}", what, codeName(code)));
    }
    if (failure->code != code) {
        throw Fault(fmt::format("{} fails with {} instead of {}: {}", what, codeName(failure->code),
                                codeName(code), failure->message));
    }
}

void refusesPastTheEnd(CheckSettings& settings) {
    requireResumable(settings);
    Attempt attempt(settings.plugin);
    expectFailure(attempt.open(settings.reference.size() + 1000, settings.reference.validator()),
                  BOOTFERRY_ERROR_RANGE, "open behind the end");
}

// Changes only the last letter or digit, so that the validator keeps the form that the protocol requires.
void refusesAnotherValidator(CheckSettings& settings) {
    requireResumable(settings);
    auto other = settings.reference.validator();
    const auto at = other.find_last_of("0123456789abcdef");
    if (at == std::string::npos || settings.reference.size() < 2) {
        throw Skipped("the plugin reports no validator");
    }
    other[at] = other[at] == '1' ? '2' : '1';
    Attempt attempt(settings.plugin);
    expectFailure(attempt.open(settings.reference.size() / 2, other), BOOTFERRY_ERROR_RANGE,
                  "open with another validator");
}

void refusesUnknownOptions(CheckSettings& settings) {
    Attempt attempt(settings.plugin);
    expectFailure(attempt.setOption("no-such-option-anywhere", "1"), BOOTFERRY_ERROR_INVALID,
                  "setting an unknown option");
}

void saysNotFound(CheckSettings& settings) {
    if (!settings.missingUrl) {
        throw Skipped("no --missing-url was given");
    }
    Attempt attempt(settings.plugin);
    expectFailure(attempt.openUrl(*settings.missingUrl), BOOTFERRY_ERROR_NOT_FOUND,
                  "open of a missing resource");
}

void expectPromptly(Clock::time_point since, const char* what) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - since);
    if (took > promptly) {
        throw Fault(fmt::format("{} returned only after {} ms", what, took.count()));
    }
}

void cancelledBeforeOpen(CheckSettings& settings) {
    Attempt attempt(settings.plugin);
    attempt.cancel();
    const auto start = Clock::now();
    expectFailure(attempt.open(), BOOTFERRY_ERROR_CANCELLED, "open after a cancel");
    expectPromptly(start, "open after a cancel");
}

void cancelledBetweenReads(CheckSettings& settings) {
    if (settings.reference.size() < 2) {
        throw Skipped("the resource is too small");
    }
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    std::array<std::byte, 1> byte{};
    (void)attempt.mustRead(byte);
    attempt.cancel();
    const auto start = Clock::now();
    std::optional<Failure> failure;
    (void)attempt.read(byte, failure);
    expectFailure(failure, BOOTFERRY_ERROR_CANCELLED, "read after a cancel");
    expectPromptly(start, "read after a cancel");
}

void cancelledWhileWaiting(CheckSettings& settings) {
    if (!settings.waitingUrl) {
        throw Skipped("no --waiting-url was given");
    }
    constexpr auto untilItWaits = 500ms;
    Attempt attempt(settings.plugin);
    Clock::time_point cancelled;
    std::thread canceller([&] {
        std::this_thread::sleep_for(untilItWaits);
        cancelled = Clock::now();
        attempt.cancel();
    });
    auto failure = attempt.openUrl(*settings.waitingUrl);
    std::vector<std::byte> buffer(65536);
    while (!failure && attempt.read(buffer, failure) > 0) {
    }
    canceller.join();
    expectFailure(failure, BOOTFERRY_ERROR_CANCELLED, "the call that waited");
    expectPromptly(cancelled, "the call that waited");
}

std::size_t entriesOf(const char* folder) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        (void)entry;
        ++count;
    }
    return count;
}

// A joined thread may stay in /proc for a moment.
std::size_t threadsNow(std::size_t expected) {
    auto count = entriesOf("/proc/self/task");
    for (int i = 0; i < 100 && count > expected; ++i) {
        std::this_thread::sleep_for(10ms);
        count = entriesOf("/proc/self/task");
    }
    return count;
}

void leavesNothingBehind(CheckSettings& settings) {
    const auto session = [&](bool toTheEnd) {
        Attempt attempt(settings.plugin);
        attempt.mustOpen();
        std::vector<std::byte> buffer(65536);
        while (attempt.mustRead(buffer) > 0 && toTheEnd) {
        }
    };
    session(true); // what a library keeps for the whole process is not a leak
    const auto descriptors = entriesOf("/proc/self/fd");
    const auto threads = entriesOf("/proc/self/task");
    for (int i = 0; i < 5; ++i) {
        session(i % 2 == 0);
        const Attempt neverOpened(settings.plugin);
    }
    if (const auto now = entriesOf("/proc/self/fd"); now > descriptors) {
        throw Fault(fmt::format("ten sessions left {} descriptors open", now - descriptors));
    }
    if (const auto now = threadsNow(threads); now > threads) {
        throw Fault(fmt::format("ten sessions left {} threads running", now - threads));
    }
}

constexpr std::array checks{
    Check{"reads the whole resource", &wholeResource},
    Check{"describes its options", &wellFormedOptions},
    Check{"stays at the end once it has reached it", &endStaysTheEnd},
    Check{"delivers the same to reads of one byte", &oneByteReads},
    Check{"delivers the same to reads of odd sizes", &oddReads},
    Check{"keeps sessions apart", &twoSessionsAtATime},
    Check{"may be called from one thread after the other", &anyThread},
    Check{"resumes at an offset, or says that it cannot", &resumes},
    Check{"resumes at the very end", &resumesAtTheEnd},
    Check{"refuses an offset behind the end", &refusesPastTheEnd},
    Check{"refuses to resume another version", &refusesAnotherValidator},
    Check{"refuses an option it does not know", &refusesUnknownOptions},
    Check{"reports a missing resource as NotFound", &saysNotFound},
    Check{"stops before it connects when cancelled", &cancelledBeforeOpen},
    Check{"stops between reads when cancelled", &cancelledBetweenReads},
    Check{"stops while it waits when cancelled", &cancelledWhileWaiting},
    Check{"leaves no descriptor and no thread behind", &leavesNothingBehind},
};

} // namespace

std::span<const Check> pluginChecks() {
    return checks;
}

} // namespace bootferry
