// SPDX-License-Identifier: LGPL-2.1-or-later
// The receiving half of a transfer whose bytes are verified: delivers a source into the pipe to the verifying
// process, spliced where the source allows it, and does what that process asks for (relay_channel.h). This
// process has no target and computes no digest.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "progress_reporter.h"
#include "relay_channel.h"
#include "resuming_source.h"
#include "splice_pipe.h"

namespace bootferry {

class RelaySender {
public:
    // Borrows everything but the ends. cancelFd: readable when the transfer is cancelled.
    RelaySender(ResumingSource& source, ProgressReporter& reporter, relay::Ends ends, int cancelFd);
    RelaySender(const RelaySender&) = delete;
    RelaySender& operator=(const RelaySender&) = delete;
    ~RelaySender();

    // Returns after the target was committed and the source finished. Throws what the source throws, and
    // PeerGone.
    void run(const std::optional<Continuation>& continuation);

    // True as soon as the verifying process was found to be gone: then any other failure is a consequence.
    [[nodiscard]] bool peerIsGone() const { return peerIsGone_; }

private:
    struct Again {
        std::optional<Error> failure; // the bytes were wrong
        bool atEnd = false;
    };
    struct Message {
        relay::FromVerifier kind;
        std::vector<std::byte> content;
    };

    void deliver();
    bool deliverSome(); // false: the end
    void forward(std::size_t count);
    [[nodiscard]] std::size_t moveToPeer(std::size_t count);
    bool awaitRoom(); // false: the verifying process wants to begin again
    void reportSource();
    [[nodiscard]] std::optional<Again> awaitVerdict();
    void startOver(const Again& again);
    [[nodiscard]] bool lastBytes(std::span<std::byte> into);
    [[nodiscard]] bool canDiscard();

    [[nodiscard]] bool isAgainWanted() const;
    Message await(relay::FromVerifier wanted);
    void poll(bool forRoom);
    void receive();
    void send(const PacketWriter& packet);
    static Again againOf(const Message& message);

    ResumingSource& source_;
    ProgressReporter& reporter_;
    relay::Ends ends_;
    int cancelFd_;
    std::deque<Message> received_;
    std::optional<SourceInfo> reported_;
    std::optional<SplicePipe> spliced_;   // holds what the source delivered until the peer has room for it
    std::unique_ptr<std::byte[]> buffer_; // of a source that cannot be spliced
    std::span<const std::byte> copied_;   // in buffer_, not forwarded yet; empty while splicing
    bool peerIsGone_ = false;
};

} // namespace bootferry
