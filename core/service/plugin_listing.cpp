// SPDX-License-Identifier: LGPL-2.1-or-later
// One line a plugin: name, version and schemes, divided by tabs (see transfer_main.cpp).
#include "plugin_listing.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn.h"
#include "text.h"
#include "worker_output.h"

namespace bootferry {
namespace {

constexpr std::size_t longestList = 64U * 1024U;
constexpr std::size_t runsAllowed = 8;

void check(int result) {
    checkSd(result, "answering ListPlugins");
}

std::pair<UniqueFd, UniqueFd> makePipe() {
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "creating a pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// NAME, VERSION and the schemes, with tabs between.
void appendPlugin(sd_bus_message* reply, std::string_view line) {
    const auto takeField = [&] {
        const auto end = std::min(line.find('\t'), line.size());
        std::string field(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
        return field;
    };
    const auto name = takeField();
    const auto version = takeField();
    check(sd_bus_message_open_container(reply, 'r', "ssas"));
    check(sd_bus_message_append(reply, "ss", name.c_str(), version.c_str()));
    check(sd_bus_message_open_container(reply, 'a', "s"));
    for (const auto scheme : wordsOf(line)) {
        check(sd_bus_message_append(reply, "s", std::string(scheme).c_str()));
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
    Run(PluginListing& owner, sd_bus_message* call) : owner_(owner), call_(sd_bus_message_ref(call)) {
        auto [output, theirOutput] = makePipe();
        auto [errors, theirErrors] = makePipe();
        output_ = std::move(output);
        checkErrno(::fcntl(output_.get(), F_SETFL, O_NONBLOCK), "creating a pipe");
        errors_.emplace(owner.event_, std::move(errors));
        pid_ = spawnPluginList(owner.program_, theirOutput, theirErrors);
        child_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_child(owner.event_, source, pid_, WEXITED, onExit, this);
            },
            "watching a process");
        input_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_io(owner.event_, source, output_.get(), EPOLLIN, onOutput, this);
            },
            "watching a pipe");
    }

    ~Run() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

private:
    // True: there may be more later.
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
        try {
            if (info->si_code == CLD_EXITED && info->si_status == 0) {
                reply(self.call_.get(), self.text_);
            } else {
                (void)sd_bus_reply_method_errorf(self.call_.get(), "org.bootferry1.Error.Internal", "%s",
                                                 "the plugins could not be listed: see the journal");
            }
        } catch (const Error&) {
            // The caller is gone.
        }
        auto& runs = self.owner_.runs_;
        runs.remove_if(
            [&](const auto& run) { return run.get() == &self; }); // destroys us: nothing after this
        return 0;
    }

    PluginListing& owner_;
    BusMessageHandle call_;
    UniqueFd output_;
    std::optional<WorkerOutput> errors_;
    pid_t pid_ = -1;
    std::string text_;
    EventSourceHandle child_;
    EventSourceHandle input_;
};

PluginListing::PluginListing(sd_event* event, WorkerProgram program)
    : event_(event), program_(std::move(program)) {}

PluginListing::~PluginListing() = default;

void PluginListing::answer(sd_bus_message* call) {
    if (runs_.size() >= runsAllowed) {
        throw Error(ErrorCode::Unreachable, "too many callers ask for the plugins at once");
    }
    runs_.push_back(std::make_unique<Run>(*this, call));
}

} // namespace bootferry
