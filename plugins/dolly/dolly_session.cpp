// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dolly_session.h"

#include <string_view>

#include "node_line.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;

// dolly://HOST/..., with the server's HOST; the path has no meaning.
std::string serverOf(std::string_view url) {
    auto authority = url.substr(url.find("://") + 3);
    authority = authority.substr(0, authority.find_first_of("/?"));
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end + 1 != authority.size()) {
            throw Failure(BOOTFERRY_ERROR_INVALID,
                          "a dolly URL has no port: use the options control-port and data-port");
        }
        return std::string(authority.substr(1, end - 1));
    }
    if (authority.find(':') != std::string_view::npos) {
        throw Failure(BOOTFERRY_ERROR_INVALID,
                      "a dolly URL has no port: use the options control-port and data-port");
    }
    return std::string(authority);
}

} // namespace

void DollySession::open(const bootferry_request& request) {
    const auto server = serverOf(request.url);
    if (request.offset > 0) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "dolly sends images from their beginning only");
    }
    if ((request.flags & BOOTFERRY_REQUEST_ELSEWHERE) != 0) {
        settings_.password.reset(); // it belongs to another server
    }
    if (!settings_.password) {
        settings_.password = host().credential("password");
    }
    waiter_.emplace(request.cancel_fd, [this](const std::string& what) { host().status(what); });
    NameResolver resolver(settings_.family, NameResolver::Patience::Brief);
    auto predecessor = Reception(host(), settings_, server, resolver, *waiter_).receive();
    host().log(BOOTFERRY_LOG_INFO, predecessor.peer.text() + " sends; we are '" + predecessor.ownName() +
                                       "', host " + std::to_string(predecessor.place + 1) + " of " +
                                       std::to_string(predecessor.tab.hosts.size()));
    greetUpward(predecessor);
    auto successors = connectSuccessors(predecessor, settings_, resolver, *waiter_);
    waiter_->announce("waiting for the ring to be built");
    relay_ = std::make_unique<Relay>(host(), settings_, std::move(predecessor), std::move(successors));
}

void DollySession::greetUpward(const Predecessor& predecessor) const {
    const auto line =
        composeNodeLine({.node = predecessor.ownName(), .ready = false}, predecessor.generation);
    // If the predecessor is gone, the next step fails.
    (void)::send(predecessor.control.get(), line.data(), line.size(), MSG_NOSIGNAL);
}

plugin::Info DollySession::info() {
    plugin::Info info;
    if (relay_) {
        info.size = relay_->total().value_or(BOOTFERRY_SIZE_UNKNOWN);
    }
    return info;
}

void DollySession::finish(bootferry_outcome outcome) {
    if (outcome == BOOTFERRY_OUTCOME_COMMITTED) {
        relay_->acknowledge(*waiter_);
    }
    relay_.reset(); // closing without an acknowledgement reports a failure in dolly's protocol
}

} // namespace bootferry::dolly
