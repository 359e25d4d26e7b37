// SPDX-License-Identifier: LGPL-2.1-or-later
// The channel is drained before an exit is handled: it may still hold a last packet.
#include "worker_child.h"

#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include <dirent.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "channel_socket.h"
#include "descriptors.h"
#include "event_loop.h"
#include "files.h"
#include "limited_process.h"
#include "spawn.h"

namespace bootferry {
namespace {

constexpr std::chrono::seconds exitGrace{2};

// proc(5): the name before the state may contain anything. 0 if the thread is gone.
char stateOfThread(const std::string& path) {
    try {
        const auto stat = readSmallFile(path).value_or("");
        const auto name = stat.rfind(") ");
        return name != std::string::npos && name + 2 < stat.size() ? stat[name + 2] : '\0';
    } catch (const Error&) {
        return 0;
    }
}

} // namespace

WorkerChild::WorkerChild(sd_event* event, const WorkerProgram& program, WorkerRole role,
                         WorkerChildListener& listener)
    : event_(event), name_(processName(role)), listener_(listener) {
    auto [ours, theirs] = makePacketSockets();
    auto [cancelRead, cancelWrite] = makePipe();
    auto [outputRead, outputWrite] = makePipe();
    socket_ = std::move(ours);
    cancelPipe_ = std::move(cancelWrite);
    pid_ = spawnWorker(program, role, theirs, cancelRead, outputWrite);
    try {
        watch(std::move(outputRead));
    } catch (const Error&) {
        killAndReap(pid_);
        throw;
    }
}

WorkerChild::~WorkerChild() {
    killAndReap(pid_);
}

void WorkerChild::watch(UniqueFd output) {
    constexpr const char* what = "watching the worker";
    output_.emplace(event_, std::move(output));
    input_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_io(event_, source, socket_.get(), EPOLLIN, onPacket, this);
        },
        what);
    child_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_child(event_, source, pid_, WEXITED, onExit, this);
        },
        what);
    checkSd(sd_event_source_set_priority(child_.get(), SD_EVENT_PRIORITY_IDLE), what);
}

// Only one call waits at a time, so an answer finds room unless the process does not read.
void WorkerChild::send(const PacketWriter& packet, std::span<const int> descriptors) {
    try {
        if (!sendPacket(socket_.get(), packet.bytes(), descriptors, MSG_DONTWAIT)) {
            stop(channel::Breach("it does not read the answers"));
        }
    } catch (const Error&) {
        // The process is gone; onExit() reports its end.
    }
}

void WorkerChild::cancel() {
    if (cancelPipe_) {
        (void)!::write(cancelPipe_.get(), "", 1); // an end of file alone is also what our death looks like
        cancelPipe_.reset();                      // stays readable for the process's lifetime
    }
}

void WorkerChild::kill(std::string why) {
    if (pid_ > 0) {
        if (whyKilled_.empty()) {
            whyKilled_ = std::move(why);
        }
        ::kill(pid_, SIGKILL);
    }
}

void WorkerChild::stop(const channel::Breach& breach) {
    stop(fmt::format("{} {}", name_, breach.what()));
}

void WorkerChild::stop(std::string breach) {
    breach_ = std::move(breach);
    (void)sd_event_source_set_enabled(input_.get(), SD_EVENT_OFF);
    kill("violated the protocol, and was killed");
}

EventSourceHandle WorkerChild::timer(std::chrono::seconds time, sd_event_time_handler_t handler) {
    return startTimer(event_, time, handler, this, "setting the time limit of a worker's end");
}

void WorkerChild::giveGrace(std::chrono::seconds time, const char* since) {
    if (pid_ <= 0) {
        return;
    }
    auto limit = timer(time, onGraceOver);
    std::uint64_t earlier = 0;
    std::uint64_t later = 0;
    if (grace_ && sd_event_source_get_time(grace_.get(), &earlier) >= 0 &&
        sd_event_source_get_time(limit.get(), &later) >= 0 && earlier < later) {
        return;
    }
    grace_ = std::move(limit);
    graceText_ = fmt::format("did not end within {} s after {}, and was killed", time.count(), since);
}

void WorkerChild::limitSilence(std::chrono::seconds time, const char* since) {
    if (pid_ > 0) {
        silence_ = timer(time, onSilence);
        silenceLimit_ = time;
        silenceText_ = fmt::format("reported nothing for {} s after {}, and was killed", time.count(), since);
    }
}

bool WorkerChild::isAsleep() const {
    const auto threads = fmt::format("/proc/{}/task", pid_);
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(threads.c_str()), ::closedir);
    if (!folder) {
        return false;
    }
    while (const auto* entry = ::readdir(folder.get())) { // NOLINT(concurrency-mt-unsafe): one thread
        const auto state = stateOfThread(fmt::format("{}/{}/stat", threads, entry->d_name));
        if (state == 'R' || state == 'D') {
            return false;
        }
    }
    return true;
}

std::string WorkerChild::describeExit() const {
    if (!whyKilled_.empty() && exit_.si_code == CLD_KILLED && exit_.si_status == SIGKILL) {
        return fmt::format("{} {}", name_, whyKilled_);
    }
    if (exit_.si_code == CLD_EXITED) {
        return fmt::format("{} ended early with status {}", name_, exit_.si_status);
    }
    return fmt::format("{} crashed (signal {}, {})", name_, exit_.si_status, sigdescr_np(exit_.si_status));
}

bool WorkerChild::receive() {
    std::array<std::byte, channel::longestPacket> room; // NOLINT(cppcoreguidelines-pro-type-member-init)
    const auto packet = receivePacket(socket_.get(), room, 0, MSG_DONTWAIT);
    if (!packet) {
        return false;
    }
    if (packet->size == 0) { // the process is exiting, for a reason of its own, or has to
        (void)sd_event_source_set_enabled(input_.get(), SD_EVENT_OFF);
        giveGrace(exitGrace, "it had closed its channel");
        return false;
    }
    if (!packet->whole) {
        throw channel::Breach("it sent a message that is too long, or descriptors");
    }
    if (silence_) {
        (void)sd_event_source_set_time_relative(
            silence_.get(), static_cast<std::uint64_t>(std::chrono::microseconds(silenceLimit_).count()));
    }
    listener_.packetArrived(*this, std::span(room).first(packet->size));
    return true;
}

bool WorkerChild::receiveGuarded() noexcept {
    try {
        return !breach_ && receive();
    } catch (const channel::Breach& breach) {
        stop(breach);
        return false;
    } catch (const std::exception& error) {
        stop(error.what());
        return false;
    }
}

int WorkerChild::onPacket(sd_event_source*, int, std::uint32_t, void* userdata) {
    (void)static_cast<WorkerChild*>(userdata)->receiveGuarded();
    return 0;
}

int WorkerChild::onGraceOver(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<WorkerChild*>(userdata);
    self.kill(self.graceText_);
    return 0;
}

int WorkerChild::onSilence(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<WorkerChild*>(userdata);
    self.kill(self.silenceText_);
    return 0;
}

int WorkerChild::onExit(sd_event_source*, const siginfo_t* info, void* userdata) {
    auto& self = *static_cast<WorkerChild*>(userdata);
    self.pid_ = -1; // sd-event reaps it
    self.exit_ = *info;
    while (self.receiveGuarded()) {
    }
    self.output_->drain();
    self.grace_.reset();
    self.silence_.reset();
    self.listener_.childEnded(self); // last: it may destroy self
    return 0;
}

} // namespace bootferry
