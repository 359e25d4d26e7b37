// SPDX-License-Identifier: LGPL-2.1-or-later
// The whole data path in one loop: source → digest → (decoder) → writer. The pipeline requests the target
// only after it has received the head of a live image, and writes the head only after everything else has
// been written and verified and the supervisor agrees. Resuming, the digest and the count of received bytes
// apply to the bytes as served, before the decoder. Wrong bytes are rejected, and the whole source is
// received again from another origin and written over the same target, which stays incomplete until then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "block_writer.h"
#include "codec.h"
#include "decoding_writer.h"
#include "progress_reporter.h"
#include "restartable_source.h"
#include "splice_pipe.h"
#include "stream_digest.h"
#include "transfer_request.h"

namespace bootferry {

struct PipelineResult {
    std::uint64_t bytes = 0;          // received
    std::uint64_t written = 0;        // on the target
    std::optional<Checksum> checksum; // of the received bytes, if the request has a checksum
};

// What the pipeline needs from the supervisor. Calls that have an answer block until it comes, and throw a
// refusal as Error.
class PipelineSupervisor {
public:
    PipelineSupervisor() = default;
    PipelineSupervisor(const PipelineSupervisor&) = delete;
    PipelineSupervisor& operator=(const PipelineSupervisor&) = delete;
    virtual ~PipelineSupervisor() = default;

    // Before requestTarget(), where the image says of itself how long it is: the target must hold so many
    // bytes.
    virtual void expectAtLeast(std::uint64_t /*size*/) {}
    // Asked a second time if a continuation starts over: the first target keeps the bytes of the earlier
    // transfer.
    [[nodiscard]] virtual WriteTarget requestTarget(std::optional<std::uint64_t> size) = 0;
    // Once the first bytes of a version are here, before the target is asked for.
    virtual void sourceKnown(const SourceInfo& /*info*/) {}
    // All of a source was received, and has another checksum than the requested one.
    virtual void checksumDiffers(const Checksum& /*received*/) {}
    virtual void awaitCommit(const PipelineResult& result) = 0;
};

struct PipelineSettings {
    std::optional<Checksum> checksum;
    std::string checksumOrigin; // the list it was found in, for people; empty: part of the request
    bool requireLiveImage = true;
    bool decode = true;               // decode gzip, xz and zstd, if the stream begins with their magic
    bool requireDeclaredSize = false; // for a disk: later boots use the size to see that it is complete
    std::optional<Continuation> continuation; // of a file that is kept as it is served
};

// What a transfer refuses, whether the image is received in order or in pieces. Both throw Error(NotLive).
// head: the first liveProbeSize bytes, unless the image is smaller; size: of all of it.
void requireLiveHead(std::span<const std::byte> head, const PipelineSettings& settings);
void requireWholeImage(std::span<const std::byte> head, std::uint64_t size);

class Pipeline {
public:
    Pipeline(RestartableSource& source, PipelineSupervisor& supervisor, ProgressReporter& reporter,
             const PipelineSettings& settings);
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;
    ~Pipeline();

    // Returns when the target is committed. If this throws Error, the target cannot be mistaken for an image:
    // its head is empty or marked as incomplete, or the target was not requested yet.
    PipelineResult run();

private:
    PipelineResult receiveAndCommit();
    void receive();
    void receiveAndVerify(PipelineResult& result);
    void requireStartOver(const Error& why) const;
    void startOver(const Error& why);
    [[nodiscard]] bool lastReceived(std::span<std::byte> into);
    [[nodiscard]] std::optional<Codec> receiveMagic();
    void receivePlain();
    void receiveRest(const Continuation& earlier);
    void receiveEncoded(Codec codec);
    void receiveEncodedHead(DecodingWriter& decoding);
    bool receiveToWriter(std::size_t most = SIZE_MAX); // false: the end
    bool receiveToDecoder(DecodingWriter& decoding);   // false: the end
    [[nodiscard]] bool canSplice();
    bool spliceSome();
    [[nodiscard]] std::size_t receiveInto(std::span<std::byte> space);
    void announceLeast(std::optional<std::uint64_t> decoded);
    void requestTarget(std::optional<std::uint64_t> size);
    void checkHead() const;
    void checkSize() const;
    void verify(PipelineResult& result);

    RestartableSource& source_;
    PipelineSupervisor& supervisor_;
    ProgressReporter& reporter_;
    PipelineSettings settings_;
    BlockWriter writer_;
    std::optional<DecodingWriter> decoding_; // of an encoded stream; uses writer_
    bool continues_ = false;                 // the target has bytes of an earlier transfer
    bool atEnd_ = false;                     // the whole stream was received
    std::optional<StreamDigest> digest_;
    std::optional<SplicePipe> pipe_; // created at first use
};

} // namespace bootferry
