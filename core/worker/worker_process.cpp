// SPDX-License-Identifier: LGPL-2.1-or-later
// The supervisor's end. The worker is treated as hostile: WorkerConduct judges each packet, and a breach ends
// the worker at once. Nothing here waits for the worker, and at most one packet of it is held.
#include "worker_process.h"

#include <array>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "channel.h"
#include "channel_socket.h"
#include "job_message.h"
#include "key_file.h"
#include "packet.h"
#include "spawn.h"
#include "worker_conduct.h"
#include "worker_output.h"

namespace bootferry {
namespace {

// The time to exit for a cancelled worker (the plugin ABI grants its read one second), and for one that has
// reported its end, which still frees its sessions.
constexpr std::uint64_t cancelGraceUSec = 2'000'000;
constexpr std::uint64_t endGraceUSec = 10'000'000;

std::pair<UniqueFd, UniqueFd> makeSocketPair() {
    std::array<int, 2> ends{};
    checkErrno(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()),
               "creating the worker's channel");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::pair<UniqueFd, UniqueFd> makePipe() {
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "creating the worker's pipes");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string describeExit(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) {
        return fmt::format("the transfer process ended early with status {}", info.si_status);
    }
    return fmt::format("the transfer process crashed (signal {}, {})", info.si_status,
                       sigdescr_np(info.si_status));
}

PacketWriter granted() {
    PacketWriter packet;
    packet.number(static_cast<std::uint32_t>(channel::Answer::Granted));
    return packet;
}

} // namespace

class WorkerProcess::State {
public:
    State(sd_event* event, const WorkerProgram& program, WorkerJob job, WorkerListener& listener)
        : event_(event), listener_(listener), conduct_(job), job_(std::move(job)) {
        auto [ours, theirs] = makeSocketPair();
        auto [cancelRead, cancelWrite] = makePipe();
        auto [outputRead, outputWrite] = makePipe();
        socket_ = std::move(ours);
        cancelPipe_ = std::move(cancelWrite);
        pid_ = spawnWorker(program, theirs, cancelRead, outputWrite);
        try {
            watch(std::move(outputRead));
        } catch (const Error&) {
            killAndReap();
            throw;
        }
    }

    ~State() { killAndReap(); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void giveTarget(const PreparedTarget& target) {
        conduct_.targetGiven(target.capacity);
        auto packet = granted();
        packet.number(target.blockSize);
        packet.wide(target.capacity);
        const int fd = target.fd.get();
        answer(packet, {&fd, 1});
    }

    void refuse(const Error& reason) {
        refusal_ = reason;
        answerRefused(reason);
    }

    void permitCommit() { answer(granted(), {}); }

    void cancel() {
        if (std::exchange(cancelled_, true)) {
            return;
        }
        conduct_.cancelled();
        cancelPipe_.reset(); // end of file: stays readable for the worker's lifetime
        answerRefused(Error(ErrorCode::Cancelled, "cancelled"));
        giveGrace(cancelGraceUSec);
    }

private:
    // The channel is drained before the exit is handled: it may still hold a last packet.
    void watch(UniqueFd output) {
        constexpr const char* what = "watching the worker";
        output_.emplace(event_, std::move(output));
        input_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_io(event_, source, socket_.get(), EPOLLIN, onPacket, this);
            },
            what);
        child_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_child(event_, source, pid_, WEXITED, onChildExit, this);
            },
            what);
        checkSd(sd_event_source_set_priority(child_.get(), SD_EVENT_PRIORITY_IDLE), what);
    }

    void giveGrace(std::uint64_t usec) {
        grace_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_time_relative(event_, source, CLOCK_MONOTONIC, usec, 0, onGraceOver,
                                                  this);
            },
            "setting the time limit of a worker's end");
    }

    void killAndReap() noexcept {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
            pid_ = -1;
        }
    }

    void stop(const std::string& breach) {
        breach_ = breach;
        (void)sd_event_source_set_enabled(input_.get(), SD_EVENT_OFF);
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
        }
    }

    // Only one call waits at a time, so an answer finds room unless the worker does not read.
    void send(const PacketWriter& packet, std::span<const int> descriptors) {
        try {
            if (!sendPacket(socket_.get(), packet.bytes(), descriptors, MSG_DONTWAIT)) {
                stop("the transfer process violated the protocol: it does not read the answers");
            }
        } catch (const Error&) {
            // The worker is gone; onChildExit() reports its end.
        }
    }

    void answer(const PacketWriter& packet, std::span<const int> descriptors) {
        if (std::exchange(waiting_, false)) {
            conduct_.answered();
            send(packet, descriptors);
        }
    }

    void answerRefused(const Error& error) {
        PacketWriter packet;
        packet.number(static_cast<std::uint32_t>(channel::Answer::Refused));
        packet.number(static_cast<std::uint32_t>(error.code()));
        packet.text(std::string_view(error.what()).substr(0, channel::longestReason));
        answer(packet, {});
    }

    // True if there may be more.
    bool receive() {
        std::array<std::byte, channel::longestPacket> room; // NOLINT(cppcoreguidelines-pro-type-member-init)
        const auto packet = receivePacket(socket_.get(), room, 0, MSG_DONTWAIT);
        if (!packet) {
            return false;
        }
        if (packet->size == 0) { // the worker is exiting, or has to
            (void)sd_event_source_set_enabled(input_.get(), SD_EVENT_OFF);
            if (pid_ > 0) {
                ::kill(pid_, SIGKILL);
            }
            return false;
        }
        if (!packet->whole) {
            throw Error(ErrorCode::Internal, "the transfer process violated the protocol: it sent a message "
                                             "that is too long, or descriptors");
        }
        std::visit([this](auto&& word) { take(std::forward<decltype(word)>(word)); },
                   conduct_.judge(std::span(room).first(packet->size), std::chrono::steady_clock::now()));
        return true;
    }

    void take(const WorkerConduct::JobWanted&) {
        const auto job = writeJob(job_);
        job_ = {}; // its secrets are no longer needed
        const int fd = job.get();
        send(granted(), {&fd, 1});
    }

    void take(const WorkerConduct::FileWanted& file) {
        waiting_ = true;
        try {
            const auto copy = copyOfKeyFile(file.path);
            const int fd = copy.get();
            answer(granted(), {&fd, 1});
        } catch (const Error& error) {
            answerRefused(error);
        }
    }

    void take(const WorkerConduct::PluginLoaded& plugin) { listener_.pluginLoaded(plugin.nameAndVersion); }

    void take(const Progress& progress) { listener_.progressed(progress); }

    void take(const WorkerConduct::AtLeast& image) { listener_.imageHasAtLeast(image.size); }

    void take(const WorkerConduct::Opened& opened) { listener_.opened(opened.place); }
    void take(const WorkerConduct::SourceKnown& source) {
        listener_.sourceKnown(source.size, source.validator, source.modified);
    }

    void take(const WorkerConduct::SourceLooked& looked) { listener_.sourceLooked(looked.look); }

    void take(const WorkerConduct::ChecksumFound& found) { listener_.checksumFound(found.checksum); }

    void take(const WorkerConduct::ChecksumMissing& missing) { listener_.checksumMissing(missing.reason); }

    void take(const WorkerConduct::Looked&) { end(std::nullopt); }

    void take(const WorkerConduct::TargetWanted& wanted) {
        waiting_ = true;
        if (cancelled_) {
            answerRefused(Error(ErrorCode::Cancelled, "cancelled"));
        } else {
            listener_.targetWanted(wanted.size);
        }
    }

    void take(const WorkerConduct::Staged& staged) {
        result_ = staged.result;
        waiting_ = true;
        if (cancelled_) {
            answerRefused(Error(ErrorCode::Cancelled, "cancelled"));
        } else {
            listener_.staged(result_);
        }
    }

    void take(const WorkerConduct::Finished&) { end(std::nullopt); }

    void take(const WorkerConduct::Failed& failed) { end(refusal_ ? *refusal_ : failed.reason); }

    void end(const std::optional<Error>& failure) {
        failure_ = failure;
        finished_ = true;
        send(granted(), {});
        giveGrace(endGraceUSec);
    }

    // An exception of the listener is not the worker's breach, but ends the worker all the same.
    bool receiveGuarded() noexcept {
        try {
            return !breach_ && receive();
        } catch (const std::exception& error) {
            stop(error.what());
            return false;
        }
    }

    static int onPacket(sd_event_source*, int, std::uint32_t, void* userdata) {
        (void)static_cast<State*>(userdata)->receiveGuarded();
        return 0;
    }

    static int onGraceOver(sd_event_source*, std::uint64_t, void* userdata) {
        auto& self = *static_cast<State*>(userdata);
        if (self.pid_ > 0) {
            ::kill(self.pid_, SIGKILL);
        }
        return 0;
    }

    static int onChildExit(sd_event_source*, const siginfo_t* info, void* userdata) {
        auto& self = *static_cast<State*>(userdata);
        self.pid_ = -1; // sd-event reaps it
        while (self.receiveGuarded()) {
        }
        self.output_->drain();
        self.waiting_ = false;
        self.grace_.reset();
        self.result_.crashed = !self.breach_ && !self.finished_ && !self.cancelled_;
        self.listener_.ended(self.result_, self.verdict(*info)); // last: it may destroy self
        return 0;
    }

    [[nodiscard]] std::optional<Error> verdict(const siginfo_t& info) const {
        if (breach_) {
            return Error(ErrorCode::Internal, *breach_);
        }
        if (finished_) {
            return failure_;
        }
        if (cancelled_) {
            return Error(ErrorCode::Cancelled, "cancelled");
        }
        return Error(ErrorCode::Internal, describeExit(info));
    }

    sd_event* event_;
    WorkerListener& listener_;
    WorkerConduct conduct_;
    WorkerJob job_;
    pid_t pid_ = -1;
    UniqueFd cancelPipe_;
    UniqueFd socket_;
    std::optional<WorkerOutput> output_;
    EventSourceHandle input_;
    EventSourceHandle child_;
    EventSourceHandle grace_;
    WorkerResult result_;
    std::optional<Error> failure_;
    std::optional<Error> refusal_;
    std::optional<std::string> breach_;
    bool waiting_ = false; // a call waits for an answer
    bool finished_ = false;
    bool cancelled_ = false;
};

WorkerProcess::WorkerProcess(sd_event* event, const WorkerProgram& program, WorkerJob job,
                             WorkerListener& listener)
    : state_(std::make_unique<State>(event, program, std::move(job), listener)) {}

WorkerProcess::~WorkerProcess() = default;

void WorkerProcess::giveTarget(const PreparedTarget& target) {
    state_->giveTarget(target);
}
void WorkerProcess::refuseTarget(const Error& reason) {
    state_->refuse(reason);
}
void WorkerProcess::permitCommit() {
    state_->permitCommit();
}
void WorkerProcess::cancel() {
    state_->cancel();
}

} // namespace bootferry
