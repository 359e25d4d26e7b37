// SPDX-License-Identifier: LGPL-2.1-or-later
// Any packets from a worker to its supervisor, over a real socket: what WorkerConduct lets through is within
// the rules (texts that can be shown, numbers that a file can have, nothing after the end), and everything
// else is a breach with a reason. The input is what the worker sends, and what the supervisor does meanwhile.
#include <algorithm>
#include <array>

#include <sys/socket.h>

#include "argument_values.h"
#include "channel_socket.h"
#include "fuzz_input.h"
#include "plain_text.h"
#include "worker_conduct.h"

using namespace bootferry;
using fuzz::require;

namespace {

constexpr auto largest = static_cast<std::uint64_t>(INT64_MAX);

bool isShowable(const std::string& text, std::size_t longest = longestPlainText) {
    return plainText(text, longest) == text;
}

bool isReason(const Error& error) {
    return *error.what() != '\0' && isShowable(error.what(), channel::longestReason);
}

struct Socket {
    std::array<int, 2> ends{};
    Socket() { require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0); }
};

// What the supervisor does with each word relies on these.
class Judge {
public:
    Judge(std::size_t origins, JobPurpose purpose) : origins_(origins), purpose_(purpose) {}
    void capacity(std::uint64_t bytes) { capacity_ = std::min(bytes, largest); }
    void operator()(const WorkerConduct::JobWanted&) {}
    void operator()(const WorkerConduct::FileWanted& word) {
        require(!word.path.empty() && word.path.find('\0') == std::string::npos);
        require(++files_ <= channel::mostFiles);
    }
    void operator()(const WorkerConduct::PluginLoaded& word) {
        require(isShowable(word.nameAndVersion, channel::longestName));
    }
    void operator()(const Progress& word) {
        require(!isFinal(word.state) && isShowable(word.detail));
        require(word.bytes <= largest && word.written <= capacity_);
        require(word.total == unknownSize || (word.total <= largest && word.bytes <= word.total));
        require(word.attempt >= attempt_ && (word.bytes >= bytes_ || word.bytes == 0));
        attempt_ = word.attempt;
        bytes_ = word.bytes;
    }
    void operator()(const WorkerConduct::AtLeast& word) { require(word.size <= largest); }
    void operator()(const WorkerConduct::SourceKnown& word) {
        require(!word.size || *word.size <= largest);
        require(word.validator.size() <= channel::longestValidator);
        require(word.validator.find_first_of(std::string("\0\n\r", 3)) == std::string::npos);
        require(!word.modified || *word.modified > 0);
    }
    void operator()(const WorkerConduct::Opened& word) { require(word.origin < origins_); }
    void operator()(const WorkerConduct::SourceProbed& word) {
        require(++probed_ <= origins_ && purpose_ == JobPurpose::Probe);
        const auto& probed = word.probed;
        require(!probed.failure || isReason(*probed.failure));
        require(probed.failure || !probed.format.empty() || !probed.whyNotLive.empty());
        require(probed.layout.layout.empty() || isLayoutName(probed.layout.layout));
        require(probed.layout.state != ProbedLayout::State::None || !probed.layout.why.empty());
        for (const auto* text :
             {&probed.compression, &probed.format, &probed.whyNotLive, &probed.location, &probed.label,
              &probed.partitionTable, &probed.layout.image, &probed.layout.why}) {
            require(isShowable(*text, channel::longestLocation));
        }
    }
    void operator()(const WorkerConduct::ChecksumFound& word) {
        require(parseChecksum(word.checksum) == word.checksum);
    }
    void operator()(const WorkerConduct::ChecksumMissing& word) { require(isReason(word.reason)); }
    void operator()(const WorkerConduct::ChecksumDiffers& word) {
        require(parseChecksum(word.received) == word.received);
    }
    void operator()(const WorkerConduct::TargetWanted& word) {
        require(purpose_ == JobPurpose::Transfer && !std::exchange(targetAsked_, true));
        require(!word.size || *word.size <= largest);
    }
    void operator()(const WorkerConduct::Staged& word) {
        staged_ = word.result;
        require(word.result.written <= capacity_ && word.result.bytes <= largest);
    }
    void operator()(const WorkerConduct::Finished& word) {
        require(word.result == staged_);
        end();
    }
    void operator()(const WorkerConduct::Failed& word) {
        require(isReason(word.reason));
        end();
    }
    void operator()(const WorkerConduct::Done&) { end(); }
    void operator()(const WorkerConduct::RelayWanted&) { require(purpose_ == JobPurpose::Transfer); }
    void operator()(const WorkerConduct::Relayed&) { end(); }
    void operator()(const WorkerConduct::Abandoned&) { end(); }
    void operator()(const WorkerConduct::Ready&) { require(purpose_ == JobPurpose::Transfer); }
    [[nodiscard]] bool hasEnded() const { return ended_; }

private:
    void end() { ended_ = true; }

    std::size_t origins_;
    JobPurpose purpose_;
    std::uint64_t capacity_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint32_t attempt_ = 1;
    std::size_t files_ = 0;
    std::size_t probed_ = 0;
    WorkerResult staged_;
    bool targetAsked_ = false;
    bool ended_ = false;
};

WorkerJob jobOf(fuzz::FuzzInput& input, WorkerRole& role) {
    WorkerJob job;
    job.purpose = static_cast<JobPurpose>(input.number<std::uint8_t>() % 4);
    role = static_cast<WorkerRole>(input.number<std::uint8_t>() % 3);
    job.request.url = Url::parse("http://h/a");
    job.request.mirrors.resize(input.number<std::uint8_t>() % 4, job.request.url);
    job.request.onDemand = role == WorkerRole::Alone && input.flag();
    if (role == WorkerRole::Verifier || input.flag()) {
        job.request.checksum = "sha256:" + std::string(64, 'a');
    } else if (input.flag()) {
        job.request.checksumUrl = job.request.url;
    }
    return job;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const Socket socket;
    fuzz::FuzzInput input(bytes, size);
    WorkerRole role{};
    const auto job = jobOf(input, role);
    WorkerConduct conduct(job, role);
    Judge judge(1 + job.request.mirrors.size(), job.purpose);
    auto now = WorkerConduct::Time(std::chrono::hours(1));
    try {
        while (!input.empty()) {
            const auto event = input.number<std::uint8_t>();
            if ((event & 1U) != 0) {
                conduct.answered();
            }
            if ((event & 2U) != 0) {
                const auto capacity = input.number<std::uint64_t>();
                conduct.targetGiven(capacity);
                judge.capacity(capacity);
            }
            if ((event & 4U) != 0) {
                conduct.cancelled();
            }
            now += std::chrono::milliseconds(event >> 3U);
            const auto packet = input.piece();
            if (packet.empty()) {
                continue; // would be the end of the channel
            }
            (void)sendPacket(socket.ends[1], fuzz::asBytes(packet), {}, 0);
            std::array<std::byte, channel::longestPacket> room{};
            const auto received = receivePacket(socket.ends[0], room, 0, 0);
            require(received && received->whole == (packet.size() <= room.size()));
            if (!received->whole) {
                return 0;
            }
            const bool hadEnded = judge.hasEnded();
            const auto word = conduct.judge(std::span(room).first(received->size), now);
            require(!hadEnded);
            std::visit(judge, word);
        }
    } catch (const Error& breach) {
        require(breach.code() == ErrorCode::Internal && isReason(breach));
    }
    return 0;
}
