// SPDX-License-Identifier: LGPL-2.1-or-later
#include "name_lookup.h"

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <thread>

#include <netdb.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "bootferry/plugin.hpp"
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

// With the signals of a plugin's thread, in whose place it runs.
void startDetached(std::function<void()> work) {
    const kit::SignalsBlocked blocked;
    try {
        std::thread(std::move(work)).detach();
    } catch (const std::system_error& error) {
        throwErrno(error.code().value(), "starting a thread to resolve a name");
    }
}

int resolve(const std::string& name, int cancelFd, ResolvedName& kept, bootferry_resolution& result) {
    try {
        kept.lookup = lookUpName(name, cancelFd);
    } catch (const Error& error) {
        kept.lookup = {};
        kept.lookup.failure = error.what();
        result.message = kept.lookup.failure.c_str();
        return BOOTFERRY_ERROR_IO;
    }
    kept.addresses.clear();
    for (const auto& address : kept.lookup.addresses) {
        kept.addresses.push_back(address.c_str());
    }
    result.addresses = kept.addresses.data();
    result.count = static_cast<std::uint32_t>(kept.addresses.size());
    result.message = kept.lookup.failure.c_str();
    return kept.lookup.cancelled ? BOOTFERRY_ERROR_CANCELLED
           : result.count > 0    ? 0
                                 : BOOTFERRY_ERROR_UNREACHABLE;
}

} // namespace

NameLookup askResolver(const std::string& name, int flags) noexcept {
    try {
        return ask(name, flags);
    } catch (const std::exception&) {
        NameLookup lookup;
        lookup.failure = "no memory"; // short enough to need none
        return lookup;
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

int resolveForPlugin(const char* name, int cancelFd, ResolvedName& kept,
                     bootferry_resolution& result) noexcept {
    result.addresses = nullptr;
    result.count = 0;
    if (name == nullptr || *name == '\0') {
        result.message = "the host name is empty";
        return BOOTFERRY_ERROR_INVALID;
    }
    try {
        return resolve(name, cancelFd, kept, result);
    } catch (const std::exception&) {
        result.message = "no memory to resolve a name";
        return BOOTFERRY_ERROR_IO;
    }
}

} // namespace bootferry
