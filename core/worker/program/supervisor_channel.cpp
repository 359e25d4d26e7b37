// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls wait without a time limit: preparing a disk may take any time, and the worker is killed if the
// supervisor dies (PR_SET_PDEATHSIG), or on demand sees the end of the channel. Texts are cut to fit before
// they are sent, since one that is too long is a breach and ends the worker.
#include "supervisor_channel.h"

#include "plain_text.h"

namespace bootferry {
namespace {

PacketWriter newCall(channel::Call call) {
    PacketWriter packet;
    packet.number(static_cast<std::uint32_t>(call));
    return packet;
}

PacketWriter resultCall(channel::Call call, const PipelineResult& result) {
    auto packet = newCall(call);
    packet.wide(result.bytes);
    packet.wide(result.written);
    packet.text(result.checksum ? result.checksum->text() : std::string());
    return packet;
}

} // namespace

PacketReader SupervisorChannel::Answer::reader() const {
    PacketReader answer{std::span(room).first(packet.size)};
    if (static_cast<channel::Answer>(answer.number()) == channel::Answer::Granted) {
        return answer;
    }
    const auto code = errorCodeFromNumber(static_cast<int>(answer.number()));
    throw Error(code.value_or(ErrorCode::Internal), answer.text());
}

void SupervisorChannel::call(const PacketWriter& packet, Answer& answer, std::size_t descriptors) const {
    try {
        (void)sendPacket(channel::socketFd, packet.bytes(), {}, 0);
    } catch (const Error&) {
        throw SupervisorGone();
    }
    auto received = receivePacket(channel::socketFd, answer.room, descriptors, 0);
    if (!received || !received->whole || received->size == 0) {
        throw SupervisorGone();
    }
    answer.packet = std::move(*received);
}

void SupervisorChannel::tell(const PacketWriter& packet) {
    try {
        (void)sendPacket(channel::socketFd, packet.bytes(), {}, 0);
    } catch (const Error&) {
        return;
    }
}

ReceivedJob SupervisorChannel::job() {
    Answer answer;
    call(newCall(channel::Call::Job), answer, 1);
    answer.reader().end();
    if (answer.packet.descriptors.size() != 1) {
        throw Error(ErrorCode::Protocol, "the supervisor's job came without its contents");
    }
    return readJob(answer.packet.descriptors.front().get());
}

relay::Ends SupervisorChannel::endsOf(Answer& answer) {
    if (answer.packet.descriptors.size() != 2) {
        throw Error(ErrorCode::Protocol, "the supervisor's relay came without its descriptors");
    }
    return {.pipe = std::move(answer.packet.descriptors[0]),
            .socket = std::move(answer.packet.descriptors[1])};
}

SupervisorChannel::Verification SupervisorChannel::verification() {
    Answer answer;
    call(newCall(channel::Call::Job), answer, 2);
    auto reader = answer.reader();
    auto job = readVerifyJob(reader);
    return {.job = std::move(job), .ends = endsOf(answer)};
}

relay::Ends SupervisorChannel::relayEnds() {
    Answer answer;
    call(newCall(channel::Call::Relay), answer, 2);
    answer.reader().end();
    return endsOf(answer);
}

SupervisorChannel::KeyFile SupervisorChannel::keyFile(const std::string& path) {
    auto request = newCall(channel::Call::File);
    request.text(path);
    if (path.empty() || path.size() + request.bytes().size() > channel::longestPacket) {
        return {}; // not a possible file name
    }
    Answer answer;
    call(request, answer, 1);
    try {
        answer.reader().end();
    } catch (const Error& error) {
        // The plugin gives the better text, since it knows what the file is for, but not the class: the file
        // may be hidden from its user, or its library may not tell why it failed.
        return {.fd = {}, .refusal = error.code()};
    }
    if (answer.packet.descriptors.empty()) {
        return {};
    }
    return {.fd = std::move(answer.packet.descriptors.front()), .refusal = std::nullopt};
}

void SupervisorChannel::expectAtLeast(std::uint64_t size) {
    auto packet = newCall(channel::Call::AtLeast);
    packet.wide(size);
    (void)sendPacket(channel::socketFd, packet.bytes(), {}, 0);
}

WriteTarget SupervisorChannel::callForTarget(std::optional<std::uint64_t> size, Answer& answer,
                                             std::size_t descriptors) {
    auto request = newCall(channel::Call::Target);
    request.wide(size.value_or(unknownSize));
    call(request, answer, descriptors);
    auto reader = answer.reader();
    WriteTarget target;
    target.blockSize = reader.number();
    target.capacity = reader.wide();
    reader.end();
    if (answer.packet.descriptors.size() != descriptors) {
        throw Error(ErrorCode::Protocol, "the supervisor's target came without its descriptor");
    }
    target_ = std::move(answer.packet.descriptors.front());
    target.fd = target_.get();
    return target;
}

WriteTarget SupervisorChannel::requestTarget(std::optional<std::uint64_t> size) {
    Answer answer;
    return callForTarget(size, answer, 1);
}

SupervisorChannel::FillEnds SupervisorChannel::requestFill(std::uint64_t size) {
    Answer answer;
    FillEnds ends{.target = callForTarget(size, answer, 3), .nbdSocket = {}, .memory = {}};
    ends.nbdSocket = std::move(answer.packet.descriptors[1]);
    ends.memory = std::move(answer.packet.descriptors[2]);
    return ends;
}

bool SupervisorChannel::ready() {
    Answer answer;
    call(newCall(channel::Call::Ready), answer);
    auto reader = answer.reader();
    const bool takesOver = reader.number() != 0;
    reader.end();
    return takesOver;
}

void SupervisorChannel::sourceKnown(const SourceInfo& info) {
    auto packet = newCall(channel::Call::Source);
    packet.wide(info.size.value_or(unknownSize));
    packet.text(info.validator.size() <= channel::longestValidator ? info.validator : std::string());
    packet.wide(static_cast<std::uint64_t>(std::max<std::int64_t>(info.modified.value_or(0), 0)));
    tell(packet);
}

void SupervisorChannel::checksumDiffers(const Checksum& received) {
    auto packet = newCall(channel::Call::Differs);
    packet.text(received.text());
    (void)sendPacket(channel::socketFd, packet.bytes(), {}, 0);
}

void SupervisorChannel::opened(std::size_t origin) {
    auto packet = newCall(channel::Call::Opened);
    packet.number(static_cast<std::uint32_t>(origin));
    tell(packet);
}

void SupervisorChannel::awaitCommit(const PipelineResult& result) {
    Answer answer;
    call(resultCall(channel::Call::Staged, result), answer);
    answer.reader().end();
}

void SupervisorChannel::progressed(const Progress& progress) {
    auto packet = newCall(channel::Call::Progress);
    packet.text(stateName(progress.state));
    packet.text(plainText(progress.detail));
    packet.wide(progress.bytes);
    packet.wide(progress.total);
    packet.wide(progress.written);
    packet.number(progress.attempt);
    const std::lock_guard lock(mutex_);
    if (!ended_) {
        tell(packet);
    }
}

void SupervisorChannel::pluginLoaded(const std::string& nameAndVersion) {
    auto packet = newCall(channel::Call::Plugin);
    packet.text(plainText(nameAndVersion, channel::longestName));
    (void)sendPacket(channel::socketFd, packet.bytes(), {}, 0);
}

void SupervisorChannel::sourceProbed(const ProbedSource& probed) {
    auto packet = newCall(channel::Call::Probed);
    packet.number(probed.failure ? static_cast<std::uint32_t>(probed.failure->code()) : 0);
    packet.text(probed.failure ? plainText(probed.failure->what(), channel::longestReason) : std::string());
    packet.wide(probed.size.value_or(unknownSize));
    packet.text(probed.validator.size() <= channel::longestValidator ? probed.validator : std::string());
    packet.number((probed.resumable ? channel::probedResumable : 0) |
                  (probed.ranges ? channel::probedRanges : 0));
    packet.text(probed.compression);
    packet.text(probed.format);
    packet.text(plainText(probed.whyNotLive, channel::longestWhyNotLive));
    packet.wide(probed.declared.value_or(unknownSize));
    packet.wide(probed.decoded.value_or(unknownSize));
    packet.text(plainText(probed.location, channel::longestLocation));
    packet.text(plainText(probed.label, channel::longestLabel));
    packet.text(probed.partitionTable);
    packet.number(static_cast<std::uint32_t>(probed.layout.state));
    packet.text(probed.layout.layout);
    packet.text(plainText(probed.layout.image, channel::longestName));
    // Of a text that says why the image is not live, nothing is left for this one to say.
    packet.text(probed.whyNotLive.empty() ? plainText(probed.layout.why, channel::longestWhyNotLive)
                                          : std::string());
    (void)sendPacket(channel::socketFd, packet.bytes(), {}, 0);
}

void SupervisorChannel::checksumFound(const std::string& checksum) {
    auto packet = newCall(channel::Call::Checksum);
    packet.number(0);
    packet.text(checksum);
    (void)sendPacket(channel::socketFd, packet.bytes(), {}, 0);
}

void SupervisorChannel::checksumMissing(const Error& reason) {
    auto packet = newCall(channel::Call::Checksum);
    packet.number(static_cast<std::uint32_t>(reason.code()));
    packet.text(plainText(reason.what(), channel::longestReason));
    (void)sendPacket(channel::socketFd, packet.bytes(), {}, 0);
}

void SupervisorChannel::done() {
    end(newCall(channel::Call::Done));
}

void SupervisorChannel::relayed() {
    end(newCall(channel::Call::Relayed));
}

void SupervisorChannel::abandoned() {
    end(newCall(channel::Call::Abandoned));
}

void SupervisorChannel::end(const PacketWriter& packet) {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    Answer answer;
    call(packet, answer);
    answer.reader().end();
}

void SupervisorChannel::finished(const PipelineResult& result) {
    end(resultCall(channel::Call::Finished, result));
}

void SupervisorChannel::failed(const Error& reason) {
    auto packet = newCall(channel::Call::Failed);
    packet.number(static_cast<std::uint32_t>(reason.code()));
    packet.text(plainText(reason.what(), channel::longestReason));
    end(packet);
}

} // namespace bootferry
