// SPDX-License-Identifier: LGPL-2.1-or-later
// run() shows the order of the steps. If the source changes midway, or its bytes are wrong, receive() begins
// again on the same target; the head is written last, so that a mixture of two versions cannot boot.
#include "pipeline.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "declared_image_size.h"
#include "live_image_probe.h"
#include "origins.h"
#include "quantities.h"

namespace bootferry {

void requireLiveHead(std::span<const std::byte> head, const PipelineSettings& settings) {
    if (!settings.requireLiveImage) {
        return;
    }
    const auto layer = recogniseCodec(head); // a second layer, inside the decoded one
    if (const auto reason = whyNotLive(head, layer ? codecName(*layer) : "")) {
        throw Error(ErrorCode::NotLive, fmt::format("not a live image: {}", *reason));
    }
    if (settings.requireDeclaredSize && !declaredImageSize(head)) {
        throw Error(ErrorCode::NotLive,
                    "an ext4, xfs or btrfs image cannot be deployed to a disk, since a later boot "
                    "could not distinguish it from somebody's data: put it into a squashfs or an ISO, "
                    "or boot it from memory");
    }
}

// The server's file may be truncated: then its size and the Content-Length agree.
void requireWholeImage(std::span<const std::byte> head, std::uint64_t size) {
    const auto declared = declaredImageSize(head);
    if (declared && *declared > size) {
        throw Error(ErrorCode::NotLive,
                    fmt::format("the image is incomplete: its header says {}, but the server "
                                "has only {} ({} and {} bytes)",
                                formatSize(*declared), formatSize(size), *declared, size));
    }
}

Pipeline::Pipeline(RestartableSource& source, PipelineSupervisor& supervisor, ProgressReporter& reporter,
                   const PipelineSettings& settings)
    : source_(source), supervisor_(supervisor), reporter_(reporter), settings_(settings) {
    if (settings_.checksum) {
        digest_.emplace(settings_.checksum->algorithm);
    }
    source_.compareWith([this](std::span<std::byte> into) { return lastReceived(into); });
    source_.discardIf([this] { return writer_.canStartOver(); });
}

Pipeline::~Pipeline() {
    source_.compareWith({});
    source_.discardIf({});
}

PipelineResult Pipeline::run() {
    try {
        return receiveAndCommit();
    } catch (...) {
        if (!decoding_) { // else its thread may be using the writer
            reporter_.setWritten(writer_.written());
        }
        throw;
    }
}

PipelineResult Pipeline::receiveAndCommit() {
    PipelineResult result;
    for (bool verified = false; !verified;) {
        try {
            receiveAndVerify(result);
            verified = true;
        } catch (const StartOver& reason) {
            startOver(reason);
        } catch (const AllOriginsFailed&) {
            throw;
        } catch (const Error& failure) {
            if (!isWrongBytes(failure.code())) {
                throw;
            }
            requireStartOver(failure);
            source_.reject(failure, atEnd_);
            startOver(failure);
        }
    }
    reporter_.setState(TransferState::Committing);
    supervisor_.awaitCommit(result);
    writer_.commit();
    reporter_.setWritten(writer_.size());
    source_.finish();
    return result;
}

void Pipeline::receiveAndVerify(PipelineResult& result) {
    receive();
    atEnd_ = true;
    checkSize();
    result = {.bytes = reporter_.progress().bytes, .written = writer_.size(), .checksum = {}};
    supervisor_.sourceKnown(source_.info()); // the version that was finally received
    reporter_.setState(TransferState::Verifying);
    writer_.stage();
    reporter_.setWritten(writer_.written());
    verify(result);
}

void Pipeline::requireStartOver(const Error& why) const {
    if (!writer_.canStartOver()) {
        throw Error(why.code(), fmt::format("{}; data written to a pipe cannot be taken back", why.what()));
    }
}

void Pipeline::startOver(const Error& why) {
    requireStartOver(why);
    reporter_.setState(TransferState::Waiting, fmt::format("starting over: {}", why.what()));
    decoding_.reset();
    source_.startOver();
    if (std::exchange(continues_, false)) {
        writer_.releaseTarget();
    }
    writer_.startOver();
    atEnd_ = false;
    if (digest_) {
        digest_->reset();
    }
}

// The source compares these bytes with those that the server sends after a lost connection.
bool Pipeline::lastReceived(std::span<std::byte> into) {
    return decoding_ ? decoding_->copyLast(into) : writer_.copyLast(into);
}

void Pipeline::receive() {
    if (const auto earlier = std::exchange(settings_.continuation, std::nullopt)) {
        receiveRest(*earlier);
    } else if (const auto codec = settings_.decode ? receiveMagic() : std::nullopt) {
        receiveEncoded(*codec);
    } else {
        receivePlain();
    }
}

std::optional<Codec> Pipeline::receiveMagic() {
    while (writer_.size() < codecMagicSize && receiveToWriter(codecMagicSize - writer_.size())) {
    }
    return recogniseCodec(writer_.head());
}

void Pipeline::receivePlain() {
    while (writer_.size() < liveProbeSize && receiveToWriter()) {
    }
    checkHead();
    supervisor_.sourceKnown(source_.info());
    announceLeast(std::nullopt);
    requestTarget(source_.info().size);
    while (canSplice() ? spliceSome() : receiveToWriter()) {
    }
}

// All of it is hashed at the end: the part has a name, so another program may write to it meanwhile.
void Pipeline::receiveRest(const Continuation& earlier) {
    if (settings_.requireLiveImage || settings_.decode) {
        throw Error(ErrorCode::Internal, "only what is kept as it is served can be continued");
    }
    source_.continueFrom(earlier);
    requestTarget(earlier.size);
    writer_.continueAt(earlier.offset);
    continues_ = true;
    while (canSplice() ? spliceSome() : receiveToWriter()) {
    }
}

void Pipeline::receiveEncoded(Codec codec) {
    auto& decoding = decoding_.emplace(makeDecoder(codec), writer_);
    receiveEncodedHead(decoding);
    checkHead();
    if (writer_.size() == 0) {
        throw Error(ErrorCode::Corrupt, fmt::format("the {} stream decodes to nothing", codecName(codec)));
    }
    announceLeast(decoding.declaredSize());
    requestTarget(std::nullopt); // the decoded size is known only at the end
    if (const auto size = decoding.declaredSize()) {
        writer_.requireRoom(*size);
    }
    decoding.start();
    while (receiveToDecoder(decoding)) {
    }
    decoding.finish();
    reporter_.setWritten(writer_.written());
}

void Pipeline::receiveEncodedHead(DecodingWriter& decoding) {
    const auto magic = writer_.head();
    std::memcpy(decoding.space().data(), magic.data(), magic.size());
    decoding.advance(magic.size());
    writer_.startOver();
    do {
        (void)receiveToDecoder(decoding);
    } while (!decoding.decodeHead(liveProbeSize));
}

bool Pipeline::receiveToWriter(std::size_t most) {
    const auto space = writer_.space();
    const auto count = receiveInto(space.first(std::min(most, space.size())));
    writer_.advance(count);
    reporter_.setWritten(writer_.written());
    return count > 0;
}

bool Pipeline::receiveToDecoder(DecodingWriter& decoding) {
    const auto count = receiveInto(decoding.space());
    atEnd_ = count == 0; // set before the decoder can throw because data is missing
    decoding.advance(count);
    reporter_.setWritten(decoding.written());
    return count > 0;
}

// Bytes that are hashed pass through the memory of this process, where nobody can change them before they are
// written.
bool Pipeline::canSplice() {
    return !digest_ && writer_.canWriteFromPipe() && source_.info().spliceable;
}

bool Pipeline::spliceSome() {
    if (!pipe_) {
        pipe_.emplace();
    }
    const auto count = source_.splice(pipe_->writeEnd(), SplicePipe::wantedSize);
    writer_.writeFromPipe(pipe_->readEnd(), count);
    reporter_.setWritten(writer_.written());
    return count > 0;
}

std::size_t Pipeline::receiveInto(std::span<std::byte> space) {
    const auto count = source_.read(space);
    if (digest_ && !continues_) {
        digest_->update(space.first(count));
    }
    return count;
}

// An image that does not fit is refused before the target is changed.
void Pipeline::announceLeast(std::optional<std::uint64_t> decoded) {
    auto least = decoded.value_or(0);
    if (const auto declared = declaredImageSize(writer_.head()); settings_.requireLiveImage && declared) {
        least = std::max(least, *declared);
    }
    if (least > 0 && !writer_.hasTarget()) {
        supervisor_.expectAtLeast(least);
    }
}

void Pipeline::requestTarget(std::optional<std::uint64_t> size) {
    if (!writer_.hasTarget()) {
        writer_.setTarget(supervisor_.requestTarget(size));
    }
}

void Pipeline::checkHead() const {
    requireLiveHead(writer_.head(), settings_);
}

void Pipeline::checkSize() const {
    if (settings_.requireLiveImage) {
        requireWholeImage(writer_.head(), writer_.size());
    }
}

void Pipeline::verify(PipelineResult& result) {
    if (!digest_) {
        return;
    }
    if (continues_) {
        digest_->updateFromFile(writer_.target().fd, 0, writer_.size());
    }
    result.checksum = digest_->finish();
    if (*result.checksum != *settings_.checksum) {
        const auto& origin = settings_.checksumOrigin;
        supervisor_.checksumDiffers(*result.checksum);
        throw Error(ErrorCode::Checksum,
                    fmt::format("the checksum does not match: expected {}{}, received {}",
                                settings_.checksum->text(), origin.empty() ? "" : " (from " + origin + ")",
                                result.checksum->text()));
    }
}

} // namespace bootferry
