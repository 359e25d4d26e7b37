// SPDX-License-Identifier: LGPL-2.1-or-later
// The source of the verifying process: the bytes of the pipe from the process that uses the network
// (relay_channel.h). That process is treated as hostile. Bytes are copied out of the pipe, never spliced:
// what is hashed and written is memory of this process alone, which nobody can change in between.
#pragma once

#include <optional>
#include <utility>

#include "progress_reporter.h"
#include "relay_channel.h"
#include "restartable_source.h"

namespace bootferry {

class RelayedSource : public RestartableSource {
public:
    RelayedSource(relay::Ends ends, ProgressReporter& reporter)
        : ends_(std::move(ends)), reporter_(reporter) {}

    // Besides what RestartableSource says: throws PeerGone, and Error(Internal) if the receiving process
    // violates the protocol.
    [[nodiscard]] std::size_t read(std::span<std::byte> into) override;
    [[nodiscard]] SourceInfo info() override { return info_; }
    void finish() override;
    void startOver() override;
    void reject(const Error& failure, bool atEnd) override { rejected_.emplace(failure, atEnd); }
    void continueFrom(const Continuation& earlier) override { received_ = earlier.offset; }
    void compareWith(LastBytes lastBytes) override { lastBytes_ = std::move(lastBytes); }
    void discardIf(std::function<bool()> canDiscard) override { canDiscard_ = std::move(canDiscard); }

private:
    struct Message;
    void take(const Message& message);
    [[nodiscard]] Message receive() const;
    void takeSource(PacketReader packet);
    void takeBytes(std::uint64_t count);
    void answerLastBytes(std::uint64_t count) const;
    void answerCanDiscard() const;
    [[nodiscard]] std::size_t readPipe(std::span<std::byte> into);
    void discardUntilRestarted();

    relay::Ends ends_;
    ProgressReporter& reporter_;
    LastBytes lastBytes_;
    std::function<bool()> canDiscard_;
    SourceInfo info_;
    std::optional<std::pair<Error, bool>> rejected_; // and whether the whole source was read
    std::uint64_t received_ = 0;                     // since the first byte of the source
    std::uint64_t announced_ = 0;                    // bytes that are still in the pipe
    bool begun_ = false;
    bool ended_ = false;
    bool discarding_ = false;
};

} // namespace bootferry
