// SPDX-License-Identifier: LGPL-2.1-or-later
// A dolly server: builds the chain, sends the image to its first node (with a fan-out to the first few),
// tells the size, and waits until all nodes have acknowledged it. dolly cannot resume and a chain with a
// broken link is none, so that the first failure ends it; the nodes wait for the next server by themselves.
#pragma once

#include <string>
#include <vector>

#include "chain.h"
#include "node_link.h"
#include "progress.h"
#include "source_image.h"

namespace bootferry::dolly {

class ChainListener : public ProgressListener {
public:
    // Each node once: it has understood the dollytab; then once more: it is ready to receive.
    virtual void heardFrom(const NodeLine& node) = 0;
};

class ChainSender {
public:
    ChainSender(Chain chain, Ports ports, NodeLink::Patience patience, ChainListener& listener);

    // Blocks until all nodes have acknowledged. Throws Error that names the node and what is wrong.
    void send(SourceImage& image);

private:
    void connect();
    void greet(NodeLink& node, const std::string& tab);
    void challenge(NodeLink& node);
    void awaitReadiness();
    void take(std::string& heard, std::size_t& ready);
    void sendBytes(SourceImage& image);
    void awaitAcknowledgements(std::uint64_t size);
    void tell(TransferState state, std::string detail);

    Chain chain_;
    Ports ports_;
    NodeLink::Patience patience_;
    ChainListener& listener_;
    Progress progress_;
    std::vector<NodeLink> children_;
};

} // namespace bootferry::dolly
