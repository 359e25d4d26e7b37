// SPDX-License-Identifier: LGPL-2.1-or-later
// No name server is needed: the dynamic linker finds this program's getaddrinfo before that of the C library,
// for the module and for the libraries that it uses.
#include "resolve_checks.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <dlfcn.h>
#include <netdb.h>
#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "conduct_checks.h"
#include "open_resources.h"

namespace bootferry {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::string_view unanswered = "bootferry-plugin-check.invalid"; // RFC 6761
constexpr auto longestLookup = 4s;

std::atomic<bool> mustWait = false;
std::atomic<unsigned> begun = 0;
std::atomic<unsigned> running = 0;

int lookUpUnanswered() {
    ++running;
    ++begun;
    for (const auto end = Clock::now() + longestLookup; mustWait && Clock::now() < end;) {
        std::this_thread::sleep_for(10ms);
    }
    --running;
    return EAI_AGAIN;
}

// The resource's URL with another host.
std::string unansweredUrl(const std::string& url) {
    constexpr std::string_view mark = "://";
    const auto begin = url.find(mark) + mark.size();
    const auto end = std::min(url.find_first_of("/?#", begin), url.size());
    const auto bracket = url.find(']', begin); // of an IPv6 address
    const auto colon = url.find(':', bracket < end ? bracket : begin);
    return url.substr(0, begin) + std::string(unanswered) + url.substr(std::min(colon, end));
}

void expectThreadsToEnd(const Names& before) {
    mustWait = false;
    for (const auto end = Clock::now() + longestLookup; running > 0 && Clock::now() < end;) {
        std::this_thread::sleep_for(10ms);
    }
    std::this_thread::sleep_for(100ms); // for what comes after the lookup
    if (const auto left = newThreads(before); left > 0) {
        throw Late(fmt::format("{} threads go on after the lookup that they were started for", left));
    }
}

} // namespace

void cancelledWhileResolving(CheckSettings& settings) {
    auto plugin = settings.plugin;
    plugin.host = HostAge::Newest; // has resolve
    const auto threads = ownThreads();
    mustWait = true;
    auto attempt = std::make_unique<Attempt>(plugin);
    std::atomic<bool> returned = false;
    Clock::time_point cancelled;
    std::thread canceller([&] {
        while (begun == 0 && !returned) {
            std::this_thread::sleep_for(10ms);
        }
        cancelled = Clock::now();
        attempt->cancel();
    });
    std::optional<Failure> failure;
    std::exception_ptr thrown;
    try {
        failure = attempt->openUrl(unansweredUrl(settings.plugin.url));
    } catch (...) {
        thrown = std::current_exception();
    }
    const auto end = Clock::now();
    returned = true;
    canceller.join();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    if (begun == 0) {
        throw Skipped("it does not look up the URL's host by getaddrinfo(3)");
    }
    expectPromptly(cancelled,
                   "open, which was cancelled while a name server did not answer (host->resolve can be),",
                   end);
    expectFailure(failure, BOOTFERRY_ERROR_CANCELLED, "open while a name server does not answer");
    const auto start = Clock::now();
    attempt->free();
    expectPromptly(start, "session_free while a name server does not answer");
    attempt.reset(); // the host as well: a thread that still uses it crashes
    expectThreadsToEnd(threads);
}

} // namespace bootferry

// A lookup of that name alone is special, where it is one.
extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* name, const char* service,
                                                                  const addrinfo* hints, addrinfo** found) {
    static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const bool isNumeric = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
    return name != nullptr && !isNumeric && bootferry::unanswered == name ? bootferry::lookUpUnanswered()
                                                                          : real(name, service, hints, found);
}
