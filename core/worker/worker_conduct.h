// SPDX-License-Identifier: LGPL-2.1-or-later
// What a worker may send, and when. The worker uses the network and is treated as hostile: its packets are
// judged here and nowhere else, against its life cycle and its earlier packets. Texts are made plain and cut,
// numbers limited to what a file can have; what a correct worker never does is a breach, which ends it. The
// verifying process of a transfer is judged in the same way: it decodes what comes from the network.
// Values in, values out: no descriptor, no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "channel.h"
#include "errors.h"
#include "progress.h"
#include "token_bucket.h"
#include "worker_process.h"

namespace bootferry {

class PacketReader;

class WorkerConduct {
public:
    using Time = std::chrono::steady_clock::time_point;

    struct JobWanted {};
    struct FileWanted {
        std::string path;
    };
    struct PluginLoaded {
        std::string nameAndVersion;
    };
    struct AtLeast {
        std::uint64_t size;
    };
    struct SourceKnown {
        std::optional<std::uint64_t> size;
        std::string validator; // a line of text; empty if there is none, or it is not fit for one
        std::optional<std::int64_t> modified; // seconds since 1970 UTC
    };
    struct Opened {
        std::uint32_t origin; // in the request: 0 is its URL, the mirrors follow
    };
    struct SourceProbed {
        ProbedSource probed;
    };
    struct ChecksumFound {
        std::string checksum; // "sha256:HEX"
    };
    struct ChecksumMissing {
        Error reason;
    };
    struct ChecksumDiffers {
        std::string received; // "sha256:HEX", of the requested algorithm
    };
    struct Done {};
    struct TargetWanted {
        std::optional<std::uint64_t> size;
    };
    struct Staged {
        WorkerResult result;
    };
    struct Finished {
        WorkerResult result;
    };
    struct Failed {
        Error reason;
    };
    struct RelayWanted {};
    struct Relayed {};
    struct Abandoned {};
    struct Ready {};
    using Message =
        std::variant<JobWanted, FileWanted, PluginLoaded, Progress, AtLeast, SourceKnown, Opened,
                     SourceProbed, ChecksumFound, ChecksumMissing, ChecksumDiffers, Done, TargetWanted,
                     Staged, Finished, Failed, RelayWanted, Relayed, Abandoned, Ready>;

    // Uses only the parts of the job that packets are compared with. A verifier's job states the checksum.
    WorkerConduct(const WorkerJob& job, WorkerRole role);

    // Throws channel::Breach.
    [[nodiscard]] Message judge(std::span<const std::byte> packet, Time now);

    void targetGiven(std::uint64_t capacity); // in answer to TargetWanted
    void answered();                          // to any waiting call
    void cancelled();                         // from now on a failure may be Cancelled

private:
    void pace(Time now);
    void expect(bool allowed, const char* call) const;
    [[nodiscard]] bool transfers() const;
    [[nodiscard]] bool mayCall() const;
    [[nodiscard]] bool receives() const; // may call as the process that uses the network
    [[nodiscard]] bool writes() const;   // may call as the process that writes the target
    // Is this call allowed now? Then the rest of its packet, read and bounded.
    Message read(channel::Call call, PacketReader& packet);
    Message file(PacketReader& packet);
    static Message source(PacketReader& packet);
    Message opened(PacketReader& packet) const;
    static Message target(PacketReader& packet);
    Progress progress(PacketReader& packet);
    Progress progress(Progress next);
    WorkerResult result(PacketReader& packet) const;
    Error failure(PacketReader& packet) const;
    [[nodiscard]] Error failure(std::uint32_t number, const std::string& text) const;
    ProbedSource probed(PacketReader& packet) const;
    [[nodiscard]] static ProbedLayout layout(PacketReader& packet);
    Message checksum(PacketReader& packet) const;
    Message differs(PacketReader& packet) const;

    WorkerRole role_;
    std::optional<std::string> checksum_; // the checksum that the bytes must have; set for a verifier
    std::size_t origins_;
    JobPurpose purpose_;
    std::size_t originsLeft_; // origins whose probe was not reported yet
    bool checksumLeft_;       // to be reported: of a list
    unsigned targetsLeft_;    // a second one if the first holds bytes of an earlier fetch
    std::uint64_t capacity_ = 0;
    Progress last_;
    WorkerResult staged_;
    TokenBucket rate_;
    std::size_t files_ = 0;
    bool jobGiven_ = false;
    bool pluginReported_ = false;
    bool leastReported_ = false;
    bool targetRequested_ = false;
    bool targetGiven_ = false;
    bool stagedSeen_ = false;
    bool relayGiven_ = false;
    const bool onDemand_;
    bool readySeen_ = false;
    bool ended_ = false;
    bool waiting_ = false; // for an answer
    bool cancelled_ = false;
};

} // namespace bootferry
