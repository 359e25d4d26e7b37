// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as the answers of a web server, through the curl plugin as the worker loads it: it never delivers
// more than the answer declares, nor ends as if all had come when it had not, and refuses with a reason that
// can be shown. The server is a thread on a loopback address; it sends the answer to any request and no more,
// so that nothing waits.
//
// The input is a line of letters that say what is asked for, and the answers to one connection after another
// (a redirect makes another one), divided by a line "%%".
#include <array>
#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugin_fetch.h"

using namespace bootferry;
using fuzz::require;

namespace {

// Each transfer has an address of its own below 127.0.0.0/8: a connection that a former one has left in the
// queue is known by it, and the ports of closed connections are not waited for.
class Server {
public:
    Server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        std::signal(SIGPIPE, SIG_IGN);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        require(::bind(listener_, generic, length) == 0 && ::listen(listener_, 128) == 0);
        require(::getsockname(listener_, generic, &length) == 0);
        port_ = ntohs(address.sin_port);
        std::thread([this] { serve(); }).detach();
    }

    // goesOn: the last answer has more bytes a moment later.
    std::string play(std::vector<std::string> answers, bool goesOn) {
        const std::lock_guard lock(mutex_);
        for (const int client : clients_) {
            ::close(client);
        }
        clients_.clear();
        answers_ = std::move(answers);
        goesOn_ = goesOn;
        sent_ = 0;
        address_ = 0x7f000001 + (address_ + 1) % 0xfffffd;
        const in_addr shown{.s_addr = htonl(address_)};
        std::array<char, INET_ADDRSTRLEN> text{};
        ::inet_ntop(AF_INET, &shown, text.data(), text.size());
        return std::string("http://") + text.data() + ":" + std::to_string(port_) + "/image";
    }

    std::uint64_t sent() {
        const std::lock_guard lock(mutex_);
        return sent_;
    }

private:
    void serve() {
        for (;;) {
            const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            require(client >= 0);
            sockaddr_in address{};
            socklen_t length = sizeof address;
            (void)::getsockname(client, reinterpret_cast<sockaddr*>(&address), &length);
            std::array<char, 4096> request{};
            (void)::recv(client, request.data(), request.size(), 0); // who speaks first is not plain HTTP
            const std::lock_guard lock(mutex_);
            if (ntohl(address.sin_addr.s_addr) != address_) {
                ::close(client);
                continue;
            }
            const bool isLast = clients_.size() + 1 >= answers_.size();
            sendText(client, isLast ? answers_.back() : answers_[clients_.size()]);
            if (goesOn_ && isLast) { // after libcurl has taken what there is: the rest is read past it
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                sendText(client, std::string(moreBytes, 'b'));
            }
            ::shutdown(client, SHUT_WR);
            clients_.push_back(client);
        }
    }

    void sendText(int client, const std::string& text) {
        const auto count = ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
        sent_ += static_cast<std::uint64_t>(std::max<ssize_t>(count, 0));
    }

    static constexpr std::size_t moreBytes = 3000;
    int listener_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::vector<std::string> answers_;
    std::vector<int> clients_;
    std::uint64_t sent_ = 0;
    bool goesOn_ = false;
    std::uint32_t address_ = 0;
};

} // namespace

// Before libFuzzer counts what there is to reach.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    (void)PluginModule::load(BOOTFERRY_FUZZED_PLUGINS "/curl.so");
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static Server server;
    fuzz::FuzzInput input(bytes, size);
    const auto wishes = input.upTo("\n");
    const auto wants = [wishes](char wish) { return wishes.find(wish) != std::string_view::npos; };
    std::vector<std::string> answers;
    do {
        answers.emplace_back(input.upTo("\n%%\n"));
    } while (!input.empty());
    OpenRequest request{.url = server.play(std::move(answers), wants('x'))};
    request.offset = wants('o') ? 5 : 0;
    request.validator = wants('v') ? "\"v\"" : wants('d') ? "Sun, 01 Nov 2026 00:00:00 GMT" : "";
    if (wants('l')) {
        request.length = 7;
    }
    PluginTransport transport(BOOTFERRY_FUZZED_PLUGINS, "http", {}, {},
                              [](const std::string& text) { require(plainText(text) == text); });
    try {
        fuzz::fetch(transport, request, wants('s'), [] { return server.sent(); });
    } catch (const Error& error) {
        fuzz::requireReason(error);
    }
    return 0;
}
