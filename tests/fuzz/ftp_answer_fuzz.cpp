// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as the replies of an FTP server, through the curl plugin as the worker loads it. The server is a
// thread on a loopback address; it sends all replies at once, whatever the commands are, and the file to
// every client that connects to its other port, so that nothing waits.
//
// The input is a line of letters that say what is asked for, the replies, in which @P is the port of the file
// (EPSV) and @Q the same as two numbers (PASV), a line "%%", and the file.
#include <array>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "plugin_fetch.h"

using namespace bootferry;
using fuzz::require;

namespace {

void replaceAll(std::string& text, std::string_view from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

// Each transfer has an address of its own, so that a connection that a former one has left in a queue is
// known.
class Server {
public:
    Server() {
        std::signal(SIGPIPE, SIG_IGN);
        std::thread([this] { serve(); }).detach();
    }

    std::string play(std::string replies, std::string_view file) {
        const std::lock_guard lock(mutex_);
        for (auto* client : {&control_, &data_}) {
            if (*client >= 0) {
                ::close(std::exchange(*client, -1));
            }
        }
        replaceAll(replies, "@P", std::to_string(files_.port));
        replaceAll(replies, "@Q",
                   std::to_string(files_.port / 256) + "," + std::to_string(files_.port % 256));
        replies_ = std::move(replies);
        file_ = file;
        sent_ = 0;
        return "ftp://" + address_.next() + ":" + std::to_string(commands_.port) + "/image";
    }

    std::uint64_t sent() {
        const std::lock_guard lock(mutex_);
        return sent_;
    }

private:
    void serve() {
        for (;;) {
            std::array<pollfd, 2> waiting{{{commands_.socket, POLLIN, 0}, {files_.socket, POLLIN, 0}}};
            require(::poll(waiting.data(), waiting.size(), -1) > 0);
            for (const auto& one : waiting) {
                if (one.revents != 0) {
                    answer(one.fd == files_.socket);
                }
            }
        }
    }

    void answer(bool isFile) {
        const auto [client, address] = (isFile ? files_ : commands_).accept();
        const std::lock_guard lock(mutex_);
        auto& place = isFile ? data_ : control_;
        if (!address_.is(address) || place >= 0) { // of a former transfer, or once more
            ::close(client);
            return;
        }
        const auto& text = isFile ? file_ : replies_;
        const auto count = ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
        sent_ += isFile ? static_cast<std::uint64_t>(std::max<ssize_t>(count, 0)) : 0;
        ::shutdown(client, SHUT_WR);
        place = client;
    }

    fuzz::Listener commands_;
    fuzz::Listener files_;
    std::mutex mutex_;
    std::string replies_;
    std::string file_;
    int control_ = -1;
    int data_ = -1;
    std::uint64_t sent_ = 0;
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
    std::string replies(input.upTo("%%\n"));
    OpenRequest request{.url = server.play(std::move(replies), input.rest())};
    request.offset = wants('o') ? 5 : 0;
    request.validator = wants('v') ? "1793491200-10" : "";
    fuzz::fetch("ftp", request, wants('s'), [] { return server.sent(); });
    return 0;
}
