// SPDX-License-Identifier: LGPL-2.1-or-later
// A node that refuses the connection is not up yet; connecting is retried as long as the predecessor waits.
#include "successor.h"

#include <cerrno>

namespace bootferry::dolly {
namespace {

using plugin::Failure;

constexpr std::chrono::seconds answerTime{30};

std::vector<std::string> interfacesOf(const Dollytab& tab, std::size_t host) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < tab.dataConnections(); ++i) {
        names.push_back(tab.interfaceName(host, i));
    }
    return names;
}

NodeLink reach(const std::string& name, const std::vector<std::string>& interfaces, const Settings& settings,
               NameResolver& resolver, Waiter& waiter) {
    NodeLink node(name, "the next node, " + name + ",", answerTime);
    waiter.announce("waiting for the next node, " + name);
    node.connect(interfaces, settings.ports, resolver, waiter, [&](const NodeLink::FailedTry& failed) {
        if (settings.retries && failed.error != ECONNREFUSED && failed.unanswered >= *settings.retries) {
            throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                          failed.resolution.endpoints.empty() ? "the next node, " + name + ", has no address"
                                                              : "cannot reach the next node, " + name,
                          failed.error);
        }
    });
    return node;
}

} // namespace

std::vector<NodeLink> connectSuccessors(const Predecessor& predecessor, const Settings& settings,
                                        NameResolver& resolver, Waiter& waiter) {
    const plugin::Interruption predecessorIsGone(
        waiter, predecessor.control.get(), POLLRDHUP,
        {BOOTFERRY_ERROR_UNREACHABLE,
         predecessor.peer.text() + " closed the connection before the nodes behind us were reached"});
    const auto& tab = predecessor.tab;
    std::vector<NodeLink> successors;
    for (const auto child : tab.childrenOf(predecessor.place)) {
        successors.push_back(reach(tab.hosts[child], interfacesOf(tab, child), settings, resolver, waiter));
    }
    const auto password =
        predecessor.passwordUsed ? std::optional(settings.password.value_or("")) : std::nullopt;
    for (auto& successor : successors) {
        if (!successor.greet(predecessor.generation, password, tab.text, waiter)) {
            throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                          "the next node, " + successor.name() + ", has another password");
        }
    }
    return successors;
}

} // namespace bootferry::dolly
