// SPDX-License-Identifier: LGPL-2.1-or-later
#include "name_lookup.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <system_error>
#include <thread>

#include <netdb.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "errors.h"
#include "handles.h"

namespace bootferry {
namespace {

constexpr std::size_t longestAddress = 64; // with the name of an interface
constexpr std::size_t mostAddresses = 64;

NameLookup ask(const std::string& name, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* raw = nullptr;
    NameLookup lookup;
    if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &raw); error != 0) {
        lookup.failure =
            fmt::format("host name '{}' does not resolve: {}", name,
                        error == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(error));
        return lookup;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, &::freeaddrinfo);
    for (const auto* entry = list.get(); entry != nullptr && lookup.addresses.size() < mostAddresses;
         entry = entry->ai_next) {
        std::array<char, longestAddress> text{};
        if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0) {
            lookup.addresses.emplace_back(text.data());
        }
    }
    if (lookup.addresses.empty()) {
        lookup.failure = fmt::format("host name '{}' has no address", name);
    }
    return lookup;
}

struct Question {
    NameLookup answer; // the thread's until `answered` is readable
    UniqueFd answered{checkErrno(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "making an eventfd")};
};

// Signals are the host's, except that of a call which the sandbox refuses: blocked, it would end the process.
void startDetached(std::function<void()> work) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    try {
        std::thread(std::move(work)).detach();
    } catch (const std::system_error& error) {
        failed = error.code().value();
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (failed != 0) {
        throwErrno(failed, "starting a thread to resolve a name");
    }
}

} // namespace

NameLookup askResolver(const std::string& name, int flags) noexcept {
    try {
        return ask(name, flags);
    } catch (const std::exception&) { // no memory, of which the next step needs some as well
        return {};
    }
}

NameLookup lookUpName(const std::string& name, int cancelFd, const AskResolver& ask) {
    if (auto numeric = ask(name, AI_NUMERICHOST); !numeric.addresses.empty()) {
        return numeric;
    }
    const auto question = std::make_shared<Question>();
    startDetached([question, name, ask] {
        question->answer = ask(name, AI_ADDRCONFIG);
        (void)::eventfd_write(question->answered.get(), 1);
    });
    std::array<pollfd, 2> both{
        {{.fd = cancelFd, .events = POLLIN, .revents = 0},
         {.fd = question->answered.get(), .events = POLLIN, .revents = 0}},
    };
    while (::poll(both.data(), both.size(), -1) < 0) {
        if (errno != EINTR) {
            throwErrno(errno, "waiting for a resolver");
        }
    }
    NameLookup lookup;
    if (both[0].revents != 0) {
        lookup.cancelled = true;
        lookup.failure = "cancelled";
        return lookup;
    }
    return std::move(question->answer);
}

} // namespace bootferry
