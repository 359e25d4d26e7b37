// SPDX-License-Identifier: LGPL-2.1-or-later
// A dolly server: builds the chain, sends the image and then its size to the first node (to the first few
// with a fan-out), and waits until all nodes have acknowledged it. dolly cannot resume, and a broken chain is
// useless, so the first failure ends the transfer; the nodes then wait for the next server.
//
// The protocol and the connections to a node are shared with the plugin and live in plugins/dolly/protocol
// and plugins/support, which need plugin.hpp only: a plugin may not depend on core/. Their Failures become
// Errors here.
#pragma once

#include <string>
#include <vector>

#include "chain.h"
#include "node_line.h"
#include "node_link.h"
#include "progress.h"
#include "source_image.h"

namespace bootferry::dolly {

class ChainListener : public ProgressListener {
public:
    // Called twice for each node: when it has read the dollytab, and when it is ready to receive.
    virtual void heardFrom(const NodeLine& node) = 0;
};

class ChainSender {
public:
    ChainSender(Chain chain, Ports ports, NodeLink::Patience patience, ChainListener& listener);

    // Blocks until all nodes have acknowledged. Throws Error that names the node and what is wrong.
    void send(SourceImage& image);

private:
    void sendThrough(SourceImage& image);
    void connect(NodeLink& node);
    void greet(NodeLink& node);
    void awaitReadiness();
    void takeLines(std::string& received, std::size_t& ready);
    void sendBytes(SourceImage& image);
    void awaitAcknowledgements(std::uint64_t size);
    void report(TransferState state, std::string detail);

    Chain chain_;
    Ports ports_;
    NodeLink::Patience patience_;
    ChainListener& listener_;
    Progress progress_;
    NameResolver resolver_{plugin::Family::Any, NameResolver::Patience::Usual};
    Waiter waiter_{-1}; // a signal ends the program
    std::vector<NodeLink> children_;
};

} // namespace bootferry::dolly
