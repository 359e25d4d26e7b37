// SPDX-License-Identifier: LGPL-2.1-or-later
// One line per plugin: name, version and schemes, separated by tabs (see transfer_main.cpp). The program has
// loaded third-party code when it writes them, so the texts are reduced to plain characters here.
#include "plugin_listing.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plain_text.h"
#include "sd_check.h"
#include "spawn.h"
#include "text.h"
#include "worker_output.h"

namespace bootferry {
namespace {

constexpr std::size_t longestList = 64U * 1024U;
constexpr std::size_t longestField = 128;
constexpr std::size_t callsWaiting = 256;
constexpr std::uint64_t timeLimitUSec = 10'000'000;
constexpr std::chrono::seconds failureKept{2};

constexpr SdCheck check{"answering ListPlugins"};

// When an entry of the folder was last added, removed or replaced; 0 if there is no folder.
std::uint64_t stampOf(const std::string& folder) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) < 0) {
        return 0;
    }
    return static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
}

std::pair<UniqueFd, UniqueFd> makePipe() {
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "creating a pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// line: NAME, VERSION and the schemes, separated by tabs.
void appendPlugin(sd_bus_message* reply, std::string_view line) {
    const auto takeField = [&] {
        const auto end = std::min(line.find('\t'), line.size());
        auto field = plainText(line.substr(0, end), longestField);
        line.remove_prefix(std::min(end + 1, line.size()));
        return field;
    };
    const auto name = takeField();
    const auto version = takeField();
    check(sd_bus_message_open_container(reply, 'r', "ssas"));
    check(sd_bus_message_append(reply, "ss", name.c_str(), version.c_str()));
    check(sd_bus_message_open_container(reply, 'a', "s"));
    for (const auto scheme : wordsOf(line)) {
        check(sd_bus_message_append(reply, "s", plainText(scheme, longestField).c_str()));
    }
    check(sd_bus_message_close_container(reply));
    check(sd_bus_message_close_container(reply));
}

void reply(sd_bus_message* call, const std::string& list) {
    const auto answer = makeHandle<BusMessageHandle>(
        [&](sd_bus_message** m) { return sd_bus_message_new_method_return(call, m); },
        "answering ListPlugins");
    check(sd_bus_message_open_container(answer.get(), 'a', "(ssas)"));
    for (const auto line : linesOf(list)) {
        appendPlugin(answer.get(), line);
    }
    check(sd_bus_message_close_container(answer.get()));
    check(sd_bus_send(nullptr, answer.get(), nullptr));
}

} // namespace

class PluginListing::Run {
public:
    explicit Run(PluginListing& owner) : owner_(owner) {
        auto [output, theirOutput] = makePipe();
        auto [errors, theirErrors] = makePipe();
        output_ = std::move(output);
        checkErrno(::fcntl(output_.get(), F_SETFL, O_NONBLOCK), "creating a pipe");
        errors_.emplace(owner.event_, std::move(errors));
        pid_ = spawnPluginList(owner.program_, theirOutput, theirErrors);
        try {
            watch();
        } catch (const Error&) {
            killAndReap();
            throw;
        }
    }

    ~Run() { killAndReap(); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

private:
    void watch() {
        child_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_child(owner_.event_, source, pid_, WEXITED, onExit, this);
            },
            "watching a process");
        input_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_io(owner_.event_, source, output_.get(), EPOLLIN, onOutput, this);
            },
            "watching a pipe");
        timeLimit_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_time_relative(owner_.event_, source, CLOCK_MONOTONIC, timeLimitUSec, 0,
                                                  onTimeLimit, this);
            },
            "setting a process's time limit");
    }

    void killAndReap() noexcept {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
            pid_ = -1;
        }
    }

    static int onTimeLimit(sd_event_source*, std::uint64_t, void* userdata) {
        auto& self = *static_cast<Run*>(userdata);
        if (self.pid_ > 0) {
            ::kill(self.pid_, SIGKILL); // onExit() follows
        }
        return 0;
    }

    // True if something was read: there may be more.
    bool read() {
        std::array<char, 4096> chunk{};
        const auto n = TEMP_FAILURE_RETRY(::read(output_.get(), chunk.data(), chunk.size()));
        if (n > 0 && text_.size() < longestList) {
            text_.append(chunk.data(), static_cast<std::size_t>(n));
        }
        return n > 0;
    }

    static int onOutput(sd_event_source* source, int, std::uint32_t events, void* userdata) {
        auto& self = *static_cast<Run*>(userdata);
        if (!self.read() && (events & EPOLLHUP) != 0) {
            (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        }
        return 0;
    }

    static int onExit(sd_event_source*, const siginfo_t* info, void* userdata) {
        auto& self = *static_cast<Run*>(userdata);
        self.pid_ = -1; // sd-event reaps it
        while (self.read()) {
        }
        self.errors_->drain();
        const bool good = info->si_code == CLD_EXITED && info->si_status == 0;
        self.owner_.listed(good ? std::optional(std::move(self.text_)) : std::nullopt); // destroys self
        return 0;
    }

    PluginListing& owner_;
    UniqueFd output_;
    std::optional<WorkerOutput> errors_;
    pid_t pid_ = -1;
    std::string text_;
    EventSourceHandle child_;
    EventSourceHandle input_;
    EventSourceHandle timeLimit_;
};

PluginListing::PluginListing(sd_event* event, WorkerProgram program, std::string pluginDir)
    : event_(event), program_(std::move(program)), pluginDir_(std::move(pluginDir)) {}

PluginListing::~PluginListing() = default;

void PluginListing::answer(sd_bus_message* call) {
    const auto stamp = stampOf(pluginDir_);
    const auto now = std::chrono::steady_clock::now();
    if (last_ && (last_->list ? last_->stamp == stamp : now - last_->since < failureKept)) {
        answerFrom(*last_, call);
        return;
    }
    if (waiting_.size() >= callsWaiting) {
        throw Error(ErrorCode::Unreachable, "too many calls of ListPlugins are pending");
    }
    if (!run_) {
        stamp_ = stamp;
        run_ = std::make_unique<Run>(*this);
    }
    waiting_.emplace_back(sd_bus_message_ref(call));
}

void PluginListing::listed(std::optional<std::string> text) {
    last_ = Listing{.stamp = stamp_, .since = std::chrono::steady_clock::now(), .list = std::move(text)};
    for (const auto& call : std::exchange(waiting_, {})) {
        try {
            answerFrom(*last_, call.get());
        } catch (const Error&) { // NOLINT(bugprone-empty-catch): the caller is gone
        }
    }
    run_.reset();
}

void PluginListing::answerFrom(const Listing& listing, sd_bus_message* call) {
    if (listing.list) {
        reply(call, *listing.list);
    } else {
        (void)sd_bus_reply_method_errorf(call, "org.bootferry1.Error.Internal", "%s",
                                         "the plugins could not be listed: see the journal");
    }
}

} // namespace bootferry
