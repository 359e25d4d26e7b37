// SPDX-License-Identifier: LGPL-2.1-or-later
// Three kinds of threads: this one waits for the whole image and commits it, one serves the kernel, and those
// of the sessions fill. The end of any of them ends the others.
#include "on_demand.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "boot_profile.h"
#include "channel.h"
#include "declared_image_size.h"
#include "files.h"
#include "fill_memory.h"
#include "fill_record.h"
#include "live_image_probe.h"
#include "log.h"
#include "nbd_server.h"
#include "needed_files.h"
#include "piece_sessions.h"
#include "pipeline.h"
#include "quantities.h"
#include "supervisor_watch.h"

namespace bootferry {
namespace {

[[noreturn]] void impossible(const std::string& why) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("the image cannot be read while it arrives, and is fetched as a whole: {}", why));
}

// Asks for the head only: of a longer answer, much would be under way when it is given up.
class HeadTransport : public Transport {
public:
    HeadTransport(Transport& transport, std::size_t origin, std::uint64_t head, std::size_t& answered)
        : transport_(transport), origin_(origin), head_(head), answered_(answered) {}

    std::unique_ptr<ByteSource> open(const OpenRequest& request) override {
        auto part = request;
        part.length = std::max(head_, request.offset + 1) - request.offset;
        auto source = transport_.open(part);
        answered_ = origin_;
        return source;
    }

private:
    Transport& transport_;
    std::size_t origin_;
    std::uint64_t head_;
    std::size_t& answered_;
};

// What a server says of the image, and its first pieces.
struct Beginning {
    static constexpr std::size_t mostPieces = 2;
    static_assert(mostPieces * PieceMap::pieceSize >= liveProbeSize);

    FillVersion version;
    SourceInfo info;
    std::size_t origin = 0; // that has answered
    std::vector<std::byte> head;
};

FillVersion versionOf(const SourceInfo& info, std::span<const std::byte> head) {
    if (const auto codec = recogniseCodec(head)) {
        impossible(fmt::format("it is compressed ({})", codecName(*codec)));
    }
    if (!info.size) {
        impossible("the server does not report its size");
    }
    if (!info.resumable) {
        impossible("the server does not deliver parts of it");
    }
    if (info.validator.empty()) {
        impossible("the server does not report which version of it it has");
    }
    if (*info.size > PieceMap::largestImage) {
        impossible("it is larger than 2 TiB");
    }
    return {.size = *info.size,
            .validator = info.validator,
            .strongValidator = info.strongValidator,
            .showsOffset = info.showsOffset,
            .ranges = info.ranges,
            .location = info.location};
}

void requireAcceptable(const ReceivedJob& job, const Beginning& beginning) {
    PipelineSettings settings;
    settings.requireLiveImage = job.request.requireLiveImage;
    settings.requireDeclaredSize = job.request.requireDeclaredSize;
    requireLiveHead(beginning.head, settings);
    if (settings.requireLiveImage) {
        requireWholeImage(beginning.head, beginning.version.size);
    }
}

// Many HTTP servers do not say whether they deliver parts. One that does not answers a request for a part
// with the whole, which a plugin reports as Range.
void requireParts(const ReceivedJob& job, const Origin& origin, const Beginning& beginning) {
    if (beginning.version.ranges || beginning.version.size <= beginning.head.size()) {
        return;
    }
    Patience patience({.silence = job.request.stallTimeout, .read = {}, .transfer = {}}, channel::cancelFd);
    try {
        (void)patience.during([&] {
            return origin.transport->open({.url = origin.url.redacted(),
                                           .offset = PieceMap::pieceSize,
                                           .validator = beginning.version.validator,
                                           .cancelFd = patience.cancelFd(),
                                           .length = PieceMap::pieceSize,
                                           .rawUrl = origin.url.asWritten()});
        });
    } catch (const Error& error) {
        if (patience.causeOf(error, {}, 0).code() == ErrorCode::Range) {
            impossible("the server does not deliver parts of it");
        }
        logInfo(
            fmt::format("asking for a part of the image: {}; ignoring", error.what())); // is retried later
    }
}

// As patiently as any transfer: there may be no network yet.
Beginning begin(const ReceivedJob& job, const SourceStack& stack, ProgressReporter& reporter) {
    Beginning beginning;
    beginning.head.resize(Beginning::mostPieces * PieceMap::pieceSize);
    std::vector<std::unique_ptr<HeadTransport>> transports;
    auto origins = stack.plainOrigins();
    for (std::size_t index = 0; index < origins.size(); ++index) {
        transports.push_back(std::make_unique<HeadTransport>(*origins[index].transport, index,
                                                             beginning.head.size(), beginning.origin));
        origins[index].transport = transports.back().get();
    }
    ResumingSource source(std::move(origins), resumeSettings(job), reporter);
    std::size_t filled = 0;
    while (filled < beginning.head.size()) {
        const auto count = source.read(std::span(beginning.head).subspan(filled));
        if (count == 0) {
            break;
        }
        filled += count;
    }
    beginning.head.resize(filled);
    beginning.info = source.info();
    beginning.version = versionOf(beginning.info, beginning.head);
    requireAcceptable(job, beginning);
    requireParts(job, stack.plainOrigins()[beginning.origin], beginning);
    return beginning;
}

// Before the network is used.
void requireNoFiles(const ReceivedJob& job, const HandedFiles& files) {
    if (const auto needed = neededFiles(job.request, job.proxies)) {
        impossible(*needed);
    }
    if (files.any()) {
        impossible("the files that its options name cannot be read any more when the initrd is gone");
    }
}

// Each new connection is redirected anew.
void requireNoFiles(const SourceInfo& info) {
    if (info.location.empty()) {
        return;
    }
    std::optional<std::string> needed;
    try {
        needed = neededFiles(Url::parse(info.location));
    } catch (const Error& error) {
        needed = error.what();
    }
    if (needed) {
        impossible(fmt::format("its server redirects, and {}", *needed));
    }
}

// IMAGE.profile, beside the image; a signed query stays. nullopt: none that can be used.
std::optional<std::vector<Extent>> fetchProfile(const ReceivedJob& job, const Origin& origin,
                                                std::uint64_t imageSize, int cancelFd) {
    constexpr std::chrono::seconds longest{60}; // the end of the transfer waits for it
    Patience patience({.silence = job.request.stallTimeout, .read = {}, .transfer = longest}, cancelFd);
    try {
        auto url = origin.url.redacted();
        url.insert(std::min(url.find('?'), url.size()), ".profile");
        const auto source = patience.during([&] {
            return origin.transport->open({.url = url, .validator = {}, .cancelFd = patience.cancelFd()});
        });
        std::string text(longestProfile + 1, '\0');
        std::size_t filled = 0;
        for (std::size_t count = 1; count > 0 && filled < text.size(); filled += count) {
            const auto room = std::as_writable_bytes(std::span(text).subspan(filled));
            count = patience.during([&] { return source->read(room); });
        }
        text.resize(filled);
        auto extents = readProfile(text, imageSize);
        logInfo(extents ? fmt::format("a boot profile names {} parts of the image", extents->size())
                        : std::string("the boot profile is not one of this image; ignoring"));
        return extents;
    } catch (const Error& error) { // most images have none
        logDebug(fmt::format("no boot profile: {}; ignoring", error.what()));
        return std::nullopt;
    }
}

// The thread that serves; its end ends the fill.
class Serving {
public:
    Serving(int socket, int cancelFd, ImageFill& fill)
        : fill_(fill), stop_(cancelFd, std::chrono::microseconds(0)), server_(socket, stop_.fd(), fill),
          thread_([this] { run(); }) {}
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;
    ~Serving() {
        stop_.startClock(); // with zero patience: it expires at once
        wait();
    }

    // Returns when the kernel has disconnected.
    void wait() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

private:
    void run() {
        try {
            server_.serve();
            fill_.failed(Error(ErrorCode::Cancelled, "the kernel has ended the connection of the image"));
        } catch (const Error& error) {
            fill_.failed(error);
        } catch (const std::exception& error) {
            fill_.failed(Error(ErrorCode::Internal, error.what()));
        }
    }

    ImageFill& fill_;
    GiveUpSignal stop_;
    NbdServer server_;
    std::thread thread_; // last: uses the others
};

// What is asked of the whole: an option of a plugin bounds each session only.
std::optional<std::uint64_t> limitRateOf(const TransferRequest& request) {
    auto rate = request.limitRate;
    for (const auto& option : request.pluginOptions) {
        if (const auto asked = option.key == "limit-rate" ? parseRate(option.value) : std::nullopt) {
            rate = std::min(rate.value_or(*asked), *asked);
        }
    }
    return rate;
}

PieceSessions::Settings sessionSettings(const ReceivedJob& job, std::optional<std::size_t> provedOrigin,
                                        int cancelFd, SupervisorChannel& supervisor) {
    PieceSessions::Settings settings;
    settings.stallTimeout = job.request.stallTimeout;
    settings.cancelFd = cancelFd;
    settings.connections = job.request.connections;
    settings.limitRate = limitRateOf(job.request);
    settings.provedOrigin = provedOrigin;
    settings.opened = [&supervisor](std::size_t origin) { supervisor.opened(origin); };
    return settings;
}

bool hasBegun(const FillMemory& memory) {
    const auto version = memory.version();
    return version && PieceMap(version->size, memory.present()).isPresent(0);
}

// A machine that is switched off before the image has arrived begins its next boot with what is on the disk
// then: what arrived in the last seconds before is fetched again.
constexpr std::chrono::seconds recordInterval{5};

// What tells the versions of an image from each other, beside what the server says.
std::span<const std::byte> proofOf(const FillMemory& memory) {
    return memory.head().first(Beginning::mostPieces * PieceMap::pieceSize);
}

// A new fill, or one of an earlier boot. Its first pieces have arrived with the version. They are present
// last: a process that takes the place of this one begins anew if they are not.
void beginFill(const Beginning& beginning, const FillTarget& target, const WriteTarget& device,
               FillMemory& memory) {
    memory.begin(beginning.version);
    std::memcpy(memory.head().data(), beginning.head.data(), beginning.head.size());
    (void)FillRecord::begin(target, device, beginning.version, proofOf(memory), memory.present());
    PieceMap map(beginning.version.size, memory.present());
    if (map.presentBytes() > 0) {
        logInfo(fmt::format("{} of {} are on the disk since an earlier boot", formatSize(map.presentBytes()),
                            formatSize(map.size())));
    }
    for (std::uint64_t piece = 0;
         map.bytesOf({.first = 0, .count = piece + 1}).length <= beginning.head.size() &&
         piece < map.pieces();
         ++piece) {
        map.arrived(piece);
    }
}

// Returns when all of the image is on the target, but for the head.
void fillAll(const ReceivedJob& job, const SourceStack& stack, const FillVersion& version,
             const std::optional<Beginning>& beginning, ImageFill& fill, FillTarget& target,
             std::optional<FillRecord>& record, const SupervisorWatch& watch, SupervisorChannel& supervisor,
             ProgressReporter& reporter) {
    const auto origins = stack.plainOrigins();
    const auto proved = beginning ? std::optional(beginning->origin) : std::nullopt;
    const auto settings = sessionSettings(job, proved, watch.cancelFd(), supervisor);
    PieceSessions sessions(origins, version, settings, fill, target, reporter);
    const auto useProfile = [&] {
        if (!beginning) {
            return;
        }
        if (auto profile = fetchProfile(job, origins[beginning->origin], version.size, watch.cancelFd())) {
            fill.setProfile(std::move(*profile));
        }
    };
    // Fetching the profile takes a connection as well.
    const auto connections = PieceSessions::countFor(version.ranges, settings.connections);
    const bool mayOverlap = connections < settings.connections && !settings.limitRate;
    if (!mayOverlap) {
        useProfile();
    }
    sessions.start();
    if (mayOverlap) {
        useProfile();
    }
    while (!fill.waitUntilFull(recordInterval)) {
        if (fill.isStopped()) {
            throw Error(ErrorCode::Cancelled, "cancelled");
        }
        if (record) {
            record->save(fill.presentPieces());
        }
    }
}

// Without a supervisor, nobody clears what is behind the image, and nobody can put the target in the place of
// this process: a disk stays incomplete then.
void commit(std::uint64_t size, const FillTarget& target, Serving& serving, SupervisorChannel& supervisor,
            ProgressReporter& reporter) {
    const PipelineResult result{.bytes = size, .written = size, .checksum = {}};
    reporter.setState(TransferState::Verifying);
    target.stage();
    reporter.setState(TransferState::Committing);
    try {
        supervisor.awaitCommit(result);
    } catch (const SupervisorGone&) {
        logInfo("all of the image has arrived");
        serving.wait();
        return;
    }
    target.commit();
    try {
        supervisor.finished(result); // answered when nobody reads through this process any more
    } catch (const SupervisorGone&) {
        serving.wait();
    }
}

} // namespace

void serveOnDemand(const ReceivedJob& job, const SourceStack& stack, const HandedFiles& files,
                   SupervisorChannel& supervisor, ProgressReporter& reporter) {
    if (job.request.checksum || job.request.checksumUrl) {
        throw Error(ErrorCode::Invalid,
                    "an image that is read while it arrives cannot have a checksum: nothing "
                    "could be checked before it is read");
    }
    std::optional<Beginning> beginning;
    if (const bool takesOver = supervisor.ready(); !takesOver) {
        const bool inInitrd = runningInInitrd();
        if (inInitrd) {
            requireNoFiles(job, files);
        }
        beginning = begin(job, stack, reporter);
        if (inInitrd) {
            requireNoFiles(beginning->info);
        }
        supervisor.sourceKnown(beginning->info);
    }
    const auto ends = supervisor.requestFill(beginning ? beginning->version.size : unknownSize);
    FillMemory memory(ends.memory);
    if (!beginning && !hasBegun(memory)) { // the one before died at once
        beginning = begin(job, stack, reporter);
        supervisor.sourceKnown(beginning->info);
    }
    const auto version = beginning ? beginning->version : *memory.version();
    FillTarget target(ends.target, memory.head(), version.size);
    if (beginning) {
        beginFill(*beginning, target, ends.target, memory);
    }
    ReadRecord reads(memory.reads(), version.size);
    ImageFill fill(target, memory.present(),
                   PieceSessions::countFor(version.ranges, job.request.connections));
    fill.noteReadsIn(reads);
    reporter.setTotal(version.size);
    reporter.setBytes(fill.presentBytes());
    reporter.setWritten(fill.presentBytes());
    reporter.setState(TransferState::Transferring, "filling");
    const SupervisorWatch watch;
    Serving serving(ends.nbdSocket.get(), watch.cancelFd(), fill);
    auto record = FillRecord::find(ends.target, version, proofOf(memory));
    try {
        fillAll(job, stack, version, beginning, fill, target, record, watch, supervisor, reporter);
        commit(version.size, target, serving, supervisor, reporter);
    } catch (const Error& error) {
        // The kernel reports a failed flush once: the next one would succeed, without what was lost.
        if (error.code() == ErrorCode::Io) {
            fill.forgetAllBut(record ? record->flushed() : std::vector<std::uint64_t>());
        }
        throw;
    }
}

} // namespace bootferry
