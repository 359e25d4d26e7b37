// SPDX-License-Identifier: LGPL-2.1-or-later
// The state file is read once a second: it is replaced on each change, in a folder that may not exist yet,
// and watching both would cost more.
#include "resolver_file.h"

#include <string_view>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "event_loop.h"
#include "files.h"
#include "log.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::chrono::seconds interval{1};
constexpr std::string_view mark = "# Written by bootferryd from systemd-networkd's state.\n";

// "192.0.2.1#name", "[2001:db8::1]:53" … (systemd.network(5), DNS=): resolv.conf(5) takes plain addresses
// only.
std::string_view plainAddress(std::string_view address) {
    address = address.substr(0, address.find('#'));
    if (address.starts_with('[')) {
        return address.substr(1, address.find(']') - 1);
    }
    return address;
}

bool mayWrite(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0) {
        // A dangling link counts as written by another program.
        return ::lstat(path.c_str(), &status) < 0;
    }
    const auto present = readSmallFile(path).value_or("");
    return present.empty() || present.starts_with(mark);
}

} // namespace

std::string resolvConfText(const std::string& networkState) {
    std::string servers;
    std::string domains;
    for (const auto line : linesOf(networkState)) {
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        const auto key = line.substr(0, equals);
        for (const auto word : wordsOf(line.substr(equals + 1))) {
            if (key == "DNS") {
                servers += fmt::format("nameserver {}\n", plainAddress(word));
            } else if (key == "DOMAINS") {
                domains += fmt::format(" {}", word);
            }
        }
    }
    if (servers.empty()) {
        return {};
    }
    return std::string(mark) + servers + (domains.empty() ? "" : "search" + domains + "\n");
}

ResolverFile::ResolverFile(sd_event* event, std::string networkState, std::string target)
    : event_(event), networkState_(std::move(networkState)), target_(std::move(target)) {
    update();
    updateLater();
}

void ResolverFile::update() noexcept {
    try {
        const auto text = resolvConfText(readSmallFile(networkState_).value_or(""));
        if (!text.empty() && text != written_ && mayWrite(target_)) {
            writeFileAtomically(target_, text);
            written_ = text;
            logInfo(fmt::format("wrote the network's name servers to '{}'", target_));
        }
    } catch (const std::exception& error) {
        logWarning(fmt::format("updating the name servers: {}, ignoring", error.what()));
    }
}

void ResolverFile::updateLater() {
    timer_ = startTimer(event_, interval, onTimer, this, "scheduling the next check of the name servers");
}

int ResolverFile::onTimer(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<ResolverFile*>(userdata);
    self.update();
    self.updateLater();
    return 0;
}

} // namespace bootferry
