// SPDX-License-Identifier: LGPL-2.1-or-later
// A source is closed, which ends its transfer, as soon as its head was received.
#include "probe.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "declared_image_size.h"
#include "decoder.h"
#include "expected_checksum.h"
#include "live_image_probe.h"
#include "live_layout.h"
#include "sandbox.h"
#include "source_stack.h"

namespace bootferry {
namespace {

// Several sources are read from their beginning, which is not reported as progress.
class NoProgress : public ProgressListener {
public:
    void progressed(const Progress&) override {}
};

// Reads more of the head, up to `wanted` bytes in total. False at the end of the source.
bool readMore(ResumingSource& source, std::vector<std::byte>& head, std::size_t wanted) {
    const auto used = head.size();
    head.resize(wanted);
    const auto count = wanted > used ? source.read(std::span(head).subspan(used)) : 0;
    head.resize(used + count);
    return count > 0;
}

void readUpTo(ResumingSource& source, std::vector<std::byte>& head, std::size_t wanted) {
    while (head.size() < wanted && readMore(source, head, wanted)) {
    }
}

// The folders of a volume are looked for in more bytes than the magics.
std::size_t wantedOf(std::span<const std::byte> head) {
    return liveFormat(head) == "ISO 9660" ? probedAtMost : liveProbeSize;
}

// The first bytes of the image, as many as are wanted, or what the first MiB decodes to.
std::vector<std::byte> decodedHead(ResumingSource& source, std::vector<std::byte> head, Decoder& decoder) {
    std::vector<std::byte> image(liveProbeSize);
    std::size_t produced = 0;
    std::size_t consumed = 0;
    bool ended = false;
    for (;;) {
        const auto step = decoder.decode(std::span<const std::byte>(head).subspan(consumed),
                                         std::span(image).subspan(produced), ended);
        consumed += step.consumed;
        produced += step.produced;
        if (produced == image.size()) {
            image.resize(std::max(produced, wantedOf(image)));
            if (produced == image.size()) {
                break;
            }
            continue;
        }
        if (step.consumed > 0 || step.produced > 0) {
            continue;
        }
        if (ended || head.size() >= probedAtMost) {
            break;
        }
        constexpr std::size_t piece = std::size_t{64} << 10U;
        ended = !readMore(source, head, std::min(probedAtMost, head.size() + piece));
    }
    image.resize(produced);
    return image;
}

void examine(ProbedSource& probed, std::span<const std::byte> image, std::optional<std::uint64_t> size,
             const std::string& rootImage) {
    const auto layer = recogniseCodec(image); // a second one, inside the decoded one
    probed.whyNotLive = whyNotLive(image, layer ? codecName(*layer) : "").value_or("");
    probed.format = liveFormat(image);
    probed.label = volumeLabel(image);
    probed.partitionTable = partitionTable(image);
    probed.layout = probeLayout(image, rootImage, size);
    // A shorter image than the head of one is cut off: what is missing declares nothing.
    std::vector<std::byte> head(declaredSizeProbe);
    std::copy_n(image.begin(), std::min(image.size(), head.size()), head.begin());
    probed.declared = declaredImageSize(head);
}

// first: receives the first byte.
ProbedSource probe(ResumingSource& source, const std::string& rootImage, std::byte& first) {
    std::vector<std::byte> head;
    readUpTo(source, head, codecMagicSize);
    first = head.empty() ? std::byte{} : head.front();
    ProbedSource probed;
    if (const auto codec = recogniseCodec(head)) {
        const auto decoder = makeDecoder(*codec);
        probed.compression = codecName(*codec);
        const auto image = decodedHead(source, std::move(head), *decoder);
        probed.decoded = decoder->declaredSize();
        examine(probed, image, probed.decoded, rootImage);
    } else {
        readUpTo(source, head, liveProbeSize);
        readUpTo(source, head, wantedOf(head));
        examine(probed, head, source.info().size, rootImage);
    }
    const auto info = source.info();
    probed.size = info.size;
    probed.validator = info.validator;
    probed.location = info.location;
    probed.resumable = info.resumable;
    probed.ranges = info.ranges;
    return probed;
}

// Many servers do not announce that they lack support for ranges, so try a request.
bool canResume(ResumingSource& source, const ProbedSource& probed, std::byte first) {
    if (!probed.resumable || probed.validator.empty() || probed.size.value_or(0) < 2) {
        return probed.resumable;
    }
    source.compareWith([first](std::span<std::byte> into) {
        into.front() = first;
        return into.size() == 1;
    });
    source.continueAtOnce({.offset = 1, .size = probed.size, .validator = probed.validator});
    std::byte one{};
    try {
        (void)source.read({&one, 1});
        return true;
    } catch (const Error& failure) {
        if (failure.code() == ErrorCode::Cancelled) {
            throw;
        }
        return failure.code() != ErrorCode::Range; // another failure does not show that it cannot
    }
}

// again: a second stack for the same source.
ProbedSource probeOrFailure(ResumingSource& source, ResumingSource& again, const std::string& rootImage) {
    try {
        std::byte first{};
        auto probed = probe(source, rootImage, first);
        probed.resumable = canResume(again, probed, first);
        probed.ranges = probed.ranges && probed.resumable;
        return probed;
    } catch (const Error& failure) {
        if (failure.code() == ErrorCode::Cancelled) {
            throw;
        }
        ProbedSource probed;
        probed.failure = failure;
        return probed;
    }
}

void reportChecksum(ChecksumOrigin& origin, SupervisorChannel& supervisor) {
    try {
        supervisor.checksumFound(origin.expectedChecksum().text());
    } catch (const Error& failure) {
        if (failure.code() == ErrorCode::Cancelled) {
            throw;
        }
        supervisor.checksumMissing(failure);
    }
}

// The process knows no other server than the list's, and ends before the image's is connected to: whoever
// takes over the one that receives the image finds the checksum decided. A failure ends the job.
void runTransferChecksum(const ReceivedJob& job, SupervisorChannel& supervisor, HandedFiles& files) {
    ProgressReporter reporter(supervisor, job.attempt);
    ChecksumOrigin list(job, reporter, files);
    files.complete();
    narrowSandbox(list.needs(), readableFolders(job, files));
    supervisor.pluginLoaded(list.plugin());
    supervisor.checksumFound(list.expectedChecksum().text());
    supervisor.done();
}

} // namespace

void runProbe(const ReceivedJob& job, SupervisorChannel& supervisor, HandedFiles& files) {
    if (job.purpose == JobPurpose::TransferChecksum) {
        runTransferChecksum(job, supervisor, files);
        return;
    }
    NoProgress listener;
    ProgressReporter reporter(listener, job.attempt);
    const auto origins = originsOf(job);
    std::vector<std::unique_ptr<SourceStack>> stacks; // two for each origin
    for (std::size_t i = 0; i < 2 * origins.size(); ++i) {
        stacks.push_back(std::make_unique<SourceStack>(job, std::vector{origins[i / 2]}, reporter, files,
                                                       [](std::size_t) {}));
    }
    ChecksumOrigin checksum(job, reporter, files);
    files.complete();
    auto needs = checksum.needs();
    for (const auto& stack : stacks) {
        needs |= stack->needs();
    }
    narrowSandbox(needs, readableFolders(job, files));
    supervisor.pluginLoaded(stacks.front()->plugin());
    if (job.purpose == JobPurpose::Probe) {
        for (std::size_t i = 0; i < stacks.size(); i += 2) {
            supervisor.sourceProbed(
                probeOrFailure(stacks[i]->source(), stacks[i + 1]->source(), job.rootImage));
            stacks[i].reset();
            stacks[i + 1].reset();
        }
    }
    if (job.purpose != JobPurpose::OptionCheck && job.request.checksumUrl) {
        reportChecksum(checksum, supervisor);
    }
    supervisor.done();
}

} // namespace bootferry
