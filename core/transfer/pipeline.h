// SPDX-License-Identifier: LGPL-2.1-or-later
// The whole way of the data in one loop: source → digest → (decoder) → writer, with the target asked for only
// when the head has arrived and is that of a live image, and the head written only when everything else is
// safe, verified, and the supervisor agrees. Resuming happens before the decoder, in the bytes as served; so
// do the digest and the count of what was received.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "block_writer.h"
#include "codec.h"
#include "decoding_writer.h"
#include "progress_reporter.h"
#include "resuming_source.h"
#include "splice_pipe.h"
#include "stream_digest.h"

namespace bootferry {

struct PipelineResult {
    std::uint64_t bytes = 0;          // received
    std::uint64_t written = 0;        // on the target
    std::optional<Checksum> checksum; // of what was received, where one was asked for
};

// The supervisor, seen from the pipeline. The calls that answer block until it has answered; a refusal is
// thrown as Error.
class PipelineSupervisor {
public:
    PipelineSupervisor() = default;
    PipelineSupervisor(const PipelineSupervisor&) = delete;
    PipelineSupervisor& operator=(const PipelineSupervisor&) = delete;
    virtual ~PipelineSupervisor() = default;

    // Before requestTarget(), where the image says of itself how long it is: the target must hold so many
    // bytes.
    virtual void expectAtLeast(std::uint64_t /*size*/) {}
    [[nodiscard]] virtual WriteTarget requestTarget(std::optional<std::uint64_t> size) = 0;
    virtual void awaitCommit(const PipelineResult& result) = 0;
};

struct PipelineSettings {
    std::optional<Checksum> checksum;
    std::string checksumOrigin; // where it was found, for people; empty: it was given as it is
    bool requireLiveImage = true;
    bool decode = true;               // gzip, xz and zstd, where the stream begins as they do
    bool requireDeclaredSize = false; // for a disk, which later boots know by it as whole
};

class Pipeline {
public:
    Pipeline(ResumingSource& source, PipelineSupervisor& supervisor, ProgressReporter& reporter,
             const PipelineSettings& settings);

    // Returns when the target is committed. Throws Error; the target's head is then still zero, or untouched.
    PipelineResult run();

private:
    void receive();
    [[nodiscard]] std::optional<Codec> receiveMagic();
    void receivePlain();
    void receiveEncoded(Codec codec);
    void receiveEncodedHead(DecodingWriter& decoding);
    bool receiveSome(std::size_t most = SIZE_MAX); // false: the end
    bool receiveSome(DecodingWriter& decoding);
    [[nodiscard]] bool maySplice();
    bool spliceSome();
    [[nodiscard]] std::size_t receiveInto(std::span<std::byte> space);
    void announceLeast(std::optional<std::uint64_t> decoded);
    void askForTarget(std::optional<std::uint64_t> size);
    void checkHead() const;
    void checkSize() const;
    void verify(PipelineResult& result);

    ResumingSource& source_;
    PipelineSupervisor& supervisor_;
    ProgressReporter& reporter_;
    PipelineSettings settings_;
    BlockWriter writer_;
    std::optional<StreamDigest> digest_;
    std::optional<SplicePipe> pipe_; // once it is wanted
};

} // namespace bootferry
