// SPDX-License-Identifier: LGPL-2.1-or-later
// The supervisor's end. The worker is taken for hostile: each of its calls is accepted only where the life
// cycle has a place for it, and anything else it does to the channel ends it. Nothing here waits for it.
#include "worker_process.h"

#include <array>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "channel.h"
#include "job_message.h"
#include "spawn.h"

namespace bootferry {
namespace {

// A cancelled worker has this long to end by itself: the plugin ABI grants its read one second.
constexpr std::uint64_t cancelGraceUSec = 2'000'000;

std::pair<UniqueFd, UniqueFd> makeSocketPair() {
    std::array<int, 2> ends{};
    checkErrno(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()),
               "creating the worker's channel");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::pair<UniqueFd, UniqueFd> makePipe() {
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "creating the worker's cancel pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string describeExit(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) {
        return fmt::format("the transfer process ended early with status {}", info.si_status);
    }
    return fmt::format("the transfer process crashed (signal {}, {})", info.si_status,
                       sigdescr_np(info.si_status));
}

} // namespace

class WorkerProcess::State {
public:
    State(sd_event* event, const WorkerProgram& program, WorkerJob job, WorkerListener& listener)
        : event_(event), listener_(listener), job_(std::move(job)) {
        auto [ours, theirs] = makeSocketPair();
        auto [cancelRead, cancelWrite] = makePipe();
        cancelPipe_ = std::move(cancelWrite);
        startChannel(std::move(ours));
        pid_ = spawnWorker(program, theirs, cancelRead);
        try {
            watchChild();
        } catch (const Error&) {
            killAndReap();
            throw;
        }
    }

    ~State() { killAndReap(); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void giveTarget(const PreparedTarget& target) {
        reply("hut", target.fd.get(), target.blockSize, target.capacity);
    }

    void refuse(const Error& reason) {
        refusal_ = reason;
        replyError(reason);
    }

    void permitCommit() { reply(""); }

    void cancel() {
        if (std::exchange(cancelled_, true)) {
            return;
        }
        cancelPipe_.reset(); // end of file: readable for as long as the worker lives
        replyError(Error(ErrorCode::Cancelled, "cancelled"));
        grace_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_time_relative(event_, source, CLOCK_MONOTONIC, cancelGraceUSec, 0,
                                                  onGraceOver, this);
            },
            "timing a cancelled worker");
    }

private:
    static const sd_bus_vtable vtable[];

    void startChannel(UniqueFd socket) {
        bus_ = makeHandle<BusHandle>([](sd_bus** bus) { return sd_bus_new(bus); },
                                     "creating the worker's channel");
        checkSd(sd_bus_set_fd(bus_.get(), socket.get(), socket.get()), "creating the worker's channel");
        (void)socket.release(); // sd-bus closes it
        sd_id128_t id{};
        checkSd(sd_id128_randomize(&id), "creating the worker's channel");
        checkSd(sd_bus_set_server(bus_.get(), 1, id), "creating the worker's channel");
        checkSd(sd_bus_set_anonymous(bus_.get(), 1), "creating the worker's channel");
        checkSd(sd_bus_negotiate_fds(bus_.get(), 1), "creating the worker's channel");
        checkSd(
            sd_bus_add_object_vtable(bus_.get(), nullptr, channel::path, channel::interface, vtable, this),
            "creating the worker's channel");
        checkSd(sd_bus_start(bus_.get()), "creating the worker's channel");
        checkSd(sd_bus_attach_event(bus_.get(), event_, SD_EVENT_PRIORITY_NORMAL),
                "creating the worker's channel");
    }

    // The channel is drained before the death is looked at: a last word may still be in it.
    void watchChild() {
        child_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_child(event_, source, pid_, WEXITED, onChildExit, this);
            },
            "watching the worker");
        checkSd(sd_event_source_set_priority(child_.get(), SD_EVENT_PRIORITY_IDLE), "watching the worker");
    }

    void killAndReap() noexcept {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
            pid_ = -1;
        }
    }

    template <typename... Values>
    void reply(const char* types, Values... values) {
        if (const auto call = std::exchange(pending_, nullptr)) {
            (void)sd_bus_reply_method_return(call.get(), types, values...);
        }
    }

    void replyError(const Error& error) {
        if (const auto call = std::exchange(pending_, nullptr)) {
            const auto name = fmt::format("org.bootferry1.Error.{}", errorName(error.code()));
            (void)sd_bus_reply_method_errorf(call.get(), name.c_str(), "%s", error.what());
        }
    }

    // Runs one method; what it throws becomes the call's error, and a worker that breaks the rules is killed.
    template <typename Method>
    static int guarded(void* userdata, sd_bus_message* message, Method method) noexcept {
        auto& self = *static_cast<State*>(userdata);
        try {
            return method(self, message);
        } catch (const std::exception& error) {
            self.breach_ = error.what();
            ::kill(self.pid_, SIGKILL);
            return -EBADMSG;
        }
    }

    void expect(bool allowed, const char* call) const {
        if (!allowed || finished_ || pending_) {
            throw Error(ErrorCode::Internal, fmt::format("the transfer process called {} out of turn", call));
        }
    }

    static int onJob(sd_bus_message* message, void* userdata, sd_bus_error*) {
        return guarded(userdata, message, [](State& self, sd_bus_message* call) {
            self.expect(!std::exchange(self.jobGiven_, true), "Job");
            const auto answer = makeHandle<BusMessageHandle>(
                [&](sd_bus_message** m) { return sd_bus_message_new_method_return(call, m); },
                "answering a worker");
            appendJob(answer.get(), self.job_);
            self.job_ = {}; // secrets are needed no longer than this
            return sd_bus_send(nullptr, answer.get(), nullptr);
        });
    }

    static int onProgress(sd_bus_message* message, void* userdata, sd_bus_error*) {
        return guarded(userdata, message, [](State& self, sd_bus_message* call) {
            const char* state = nullptr;
            const char* detail = nullptr;
            Progress progress;
            checkSd(sd_bus_message_read(call, "sstttu", &state, &detail, &progress.bytes, &progress.total,
                                        &progress.written, &progress.attempt),
                    "reading the worker's progress");
            const auto known = stateFromName(state);
            self.expect(known && !isFinal(*known), "Progress");
            progress.state = *known;
            progress.detail = detail;
            self.listener_.progressed(progress);
            return 1;
        });
    }

    static int onPlugin(sd_bus_message* message, void* userdata, sd_bus_error*) {
        return guarded(userdata, message, [](State& self, sd_bus_message* call) {
            self.expect(!std::exchange(self.pluginTold_, true), "Plugin");
            const char* nameAndVersion = nullptr;
            checkSd(sd_bus_message_read(call, "s", &nameAndVersion), "reading the plugin's name");
            self.listener_.pluginLoaded(nameAndVersion);
            return 1;
        });
    }

    static int onTarget(sd_bus_message* message, void* userdata, sd_bus_error*) {
        return guarded(userdata, message, [](State& self, sd_bus_message* call) {
            self.expect(!std::exchange(self.targetAsked_, true), "Target");
            std::uint64_t size = 0;
            checkSd(sd_bus_message_read(call, "t", &size), "reading the worker's request");
            self.pending_.reset(sd_bus_message_ref(call));
            if (self.cancelled_) {
                self.replyError(Error(ErrorCode::Cancelled, "cancelled"));
            } else {
                self.listener_.targetWanted(size != unknownSize ? std::optional(size) : std::nullopt);
            }
            return 1;
        });
    }

    static int onStaged(sd_bus_message* message, void* userdata, sd_bus_error*) {
        return guarded(userdata, message, [](State& self, sd_bus_message* call) {
            self.expect(self.targetAsked_ && !std::exchange(self.stagedSeen_, true), "Staged");
            self.readResult(call);
            self.pending_.reset(sd_bus_message_ref(call));
            if (self.cancelled_) {
                self.replyError(Error(ErrorCode::Cancelled, "cancelled"));
            } else {
                self.listener_.staged(self.result_);
            }
            return 1;
        });
    }

    static int onFinished(sd_bus_message* message, void* userdata, sd_bus_error*) {
        return guarded(userdata, message, [](State& self, sd_bus_message* call) {
            self.expect(self.stagedSeen_, "Finished");
            self.readResult(call);
            self.finished_ = true;
            return sd_bus_reply_method_return(call, "");
        });
    }

    static int onFailed(sd_bus_message* message, void* userdata, sd_bus_error*) {
        return guarded(userdata, message, [](State& self, sd_bus_message* call) {
            self.expect(true, "Failed");
            std::uint32_t number = 0;
            const char* text = nullptr;
            checkSd(sd_bus_message_read(call, "us", &number, &text), "reading the worker's failure");
            const auto code = errorCodeFromNumber(static_cast<int>(number)).value_or(ErrorCode::Internal);
            self.failure_ = self.refusal_ ? *self.refusal_ : Error(code, text);
            self.finished_ = true;
            return sd_bus_reply_method_return(call, "");
        });
    }

    void readResult(sd_bus_message* call) {
        const char* digest = nullptr;
        checkSd(sd_bus_message_read(call, "tts", &result_.bytes, &result_.written, &digest),
                "reading a result");
        result_.digest = digest;
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
        while (sd_bus_process(self.bus_.get(), nullptr) > 0) {
        }
        self.pid_ = -1; // sd-event reaps it
        self.pending_.reset();
        self.grace_.reset();
        self.listener_.ended(self.result_, self.verdict(*info)); // may destroy us: nothing after this
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
    WorkerJob job_;
    pid_t pid_ = -1;
    UniqueFd cancelPipe_;
    BusHandle bus_;
    EventSourceHandle child_;
    EventSourceHandle grace_;
    BusMessageHandle pending_; // the one call that waits for our answer
    WorkerResult result_;
    std::optional<Error> failure_;
    std::optional<Error> refusal_;
    std::optional<std::string> breach_;
    bool jobGiven_ = false;
    bool pluginTold_ = false;
    bool targetAsked_ = false;
    bool stagedSeen_ = false;
    bool finished_ = false;
    bool cancelled_ = false;
};

const sd_bus_vtable WorkerProcess::State::vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Job", "", "a(sa{ss})a(sss)a{ss}sbbbttusu", onJob, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Progress", "sstttu", "", onProgress,
                  SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_METHOD_NO_REPLY),
    SD_BUS_METHOD("Plugin", "s", "", onPlugin, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_METHOD_NO_REPLY),
    SD_BUS_METHOD("Target", "t", "hut", onTarget, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Staged", "tts", "", onStaged, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Finished", "tts", "", onFinished, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Failed", "us", "", onFailed, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
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
