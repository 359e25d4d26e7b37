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

#include <sys/socket.h>
#include <unistd.h>

#include "plugin_fetch.h"

using namespace bootferry;
using fuzz::require;

namespace {

class Server {
public:
    Server() {
        std::signal(SIGPIPE, SIG_IGN);
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
        return "http://" + address_.next() + ":" + std::to_string(listener_.port) + "/image";
    }

    std::uint64_t sent() {
        const std::lock_guard lock(mutex_);
        return sent_;
    }

private:
    void serve() {
        for (;;) {
            const auto [client, address] = listener_.accept();
            std::array<char, 4096> request{};
            (void)::recv(client, request.data(), request.size(), 0); // who speaks first is not plain HTTP
            const std::lock_guard lock(mutex_);
            if (!address_.is(address)) {
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
    fuzz::Listener listener_;
    std::mutex mutex_;
    std::vector<std::string> answers_;
    std::vector<int> clients_;
    std::uint64_t sent_ = 0;
    bool goesOn_ = false;
    fuzz::TransferAddress address_;
};

} // namespace

// Before libFuzzer counts what there is to reach.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    (void)PluginModule::load(BOOTFERRY_FUZZED_PLUGINS "/curl.so");
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static auto& server = *new Server; // its thread does not end with main()
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
    fuzz::fetch("http", request, wants('s'), [] { return server.sent(); });
    return 0;
}
