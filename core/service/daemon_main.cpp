// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferryd: one event loop, which never waits for a device: what blocks is a BackgroundStep. It opens
// devices and never uses the network.
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "argument_values.h"
#include "build_config.h"
#include "bus_objects.h"
#include "environment.h"
#include "files.h"
#include "idle_exit.h"
#include "log.h"
#include "manager.h"
#include "percent.h"
#include "private_bus.h"
#include "programs.h"
#include "resolver_file.h"
#include "root_follower.h"
#include "service_credentials.h"
#include "signed_list.h"
#include "standard_streams.h"
#include "system_bus.h"
#include "usual_options.h"

namespace bootferry {
namespace {

constexpr const char* help = R"(bootferryd [--private-socket=PATH] [--idle-exit=TIME] [--outlive-initrd]

Fetches images over the network into block devices, as D-Bus clients request it.
Started by systemd (bootferryd.socket); by hand it makes its own socket.

  --private-socket=PATH  listen here instead of /run/bootferry/private
  --idle-exit=TIME       exit when idle for this time (never);
                         no effect in an initrd
      --outlive-initrd   follow the switch of root
  -h, --help             show this
      --version          show the version
)";

ServiceSettings readSettings() {
    ServiceSettings settings;
    settings.program.path = environment("BOOTFERRY_WORKER", BOOTFERRY_LIBEXEC_DIR "/bootferry-transfer");
    if (::geteuid() == 0) {
        settings.program.user = environment("BOOTFERRY_WORKER_USER", BOOTFERRY_WORKER_USER);
    }
    settings.pluginDir = environment("BOOTFERRY_PLUGIN_DIR", BOOTFERRY_PLUGIN_DIR);
    settings.credentials = readServiceCredentials();
    settings.runtimeDirectory = environment("BOOTFERRY_RUNTIME_DIRECTORY", "/run/bootferry");
    settings.settingsFolder = settingsFolder();
    settings.inInitrd = runningInInitrd();
    return settings;
}

struct Options {
    std::optional<std::string> socketPath;
    std::optional<std::chrono::seconds> idleExit;
    bool outlivesInitrd = false;
};

UniqueFd privateSocket(const std::optional<std::string>& path, const ServiceSettings& settings) {
    const int passed = sd_listen_fds(1);
    if (passed > 1 || (passed == 1 && path)) {
        throw Error(ErrorCode::Invalid,
                    "expected one listening socket, from systemd or by --private-socket=");
    }
    if (passed == 1) {
        checkSd(sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, nullptr, 0), "taking over the socket");
        return UniqueFd(SD_LISTEN_FDS_START);
    }
    std::filesystem::create_directories(settings.runtimeDirectory);
    return PrivateBus::listen(path.value_or(settings.runtimeDirectory + "/private"));
}

// The outermost object: everything that lives as long as the process, and its shutdown.
class Daemon {
public:
    explicit Daemon(const Options& options)
        : event_(makeHandle<EventHandle>([](sd_event** event) { return sd_event_default(event); },
                                         "making an event loop")),
          manager_(event_.get(), readSettings()), objects_(event_.get(), manager_),
          privateBus_(event_.get(), privateSocket(options.socketPath, manager_.settings()), objects_),
          systemBus_(event_.get(),
                     environment("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/run/dbus/system_bus_socket"),
                     objects_) {
        for (const int number : {SIGTERM, SIGINT}) {
            checkSd(sd_event_add_signal(event_.get(), nullptr, number, onStop, this), "watching signals");
        }
        checkSd(sd_event_add_post(event_.get(), nullptr, onLoop, this), "watching the event loop");
        if (manager_.settings().inInitrd) {
            resolver_.emplace(event_.get());
        } else if (options.idleExit) {
            idleExit_.emplace(event_.get(), *options.idleExit,
                              IdleExit::Callbacks{.needed = [this] { return needed(); },
                                                  .lastUse = [this] { return objects_.lastUse(); },
                                                  .leave = [this] { leave(); }});
        }
        if (options.outlivesInitrd) {
            root_.emplace();
            lastingSocket_ = manager_.settings().runtimeDirectory + "/ondemand";
            lastingBus_.emplace(event_.get(), PrivateBus::listen(lastingSocket_), objects_);
        }
        (void)sd_event_set_watchdog(event_.get(), 1);
    }

    int run() {
        (void)sd_notify(0, "READY=1");
        return checkSd(sd_event_loop(event_.get()), "running the event loop");
    }

private:
    // The first signal cancels the transfers and waits for their end; a second one ends the service at once.
    static int onStop(sd_event_source*, const signalfd_siginfo*, void* userdata) {
        auto& self = *static_cast<Daemon*>(userdata);
        self.followRoot(); // nothing else may have happened since the switch
        if (self.root_ && self.root_->isDone() && !self.manager_.idle()) {
            logWarning("the system runs from the image that arrives: ignoring the signal");
            return 0;
        }
        if (self.stopping_) {
            return sd_event_exit(self.event_.get(), 0);
        }
        self.stop();
        self.manager_.stopAll();
        return 0;
    }

    // New clients wait for the next service: systemd keeps the socket.
    void stop() {
        stopping_ = true;
        (void)sd_notify(0, "STOPPING=1");
        privateBus_.stopListening();
        if (lastingBus_) {
            lastingBus_->stopListening();
            (void)::unlink(lastingSocket_.c_str());
        }
        manager_.refuseMore();
    }

    [[nodiscard]] bool needed() const { return !manager_.idle() || privateBus_.hasClients(); }

    // The name is released first: calls that arrive before the bus has taken it back are still answered.
    void leave() {
        logInfo("the service is idle: exiting");
        stop();
        nameReleased_ = false;
        systemBus_.releaseName([this] { nameReleased_ = true; });
    }

    // After each iteration: exits if stopped and idle, else updates the status.
    static int onLoop(sd_event_source*, void* userdata) {
        auto& self = *static_cast<Daemon*>(userdata);
        self.followRoot();
        if (self.root_ && self.root_->isDone() && !self.stopping_ && self.manager_.idle()) {
            self.leave(); // the booted system has a service of its own
        }
        if (self.stopping_ && self.nameReleased_ && self.manager_.idle()) {
            return sd_event_exit(self.event_.get(), 0);
        }
        self.notifyStatus();
        return 0;
    }

    void followRoot() {
        if (root_ && root_->follow()) {
            resolver_.reset(); // the name servers are the booted system's business
            manager_.refuseMore("this bootferryd fetches the image that the system runs from, and nothing "
                                "else: try again when that is complete, or use bootferryctl");
        }
    }

    void notifyStatus() {
        std::string status = "Idle";
        for (const auto& [id, transfer] : manager_.transfers()) {
            if (!transfer->ended()) {
                status = statusText(transfer->status());
            }
        }
        if (status != notifiedStatus_) {
            notifiedStatus_ = status;
            (void)sd_notifyf(0, "STATUS=%s", notifiedStatus_.c_str());
        }
    }

    static std::string statusText(const TransferStatus& status) {
        auto text = fmt::format("{} to {}: ", status.url, status.target);
        text += status.detail.empty() ? stateName(status.state) : status.detail;
        const auto percent = percentOf(status.bytes, status.total);
        if (percent && (status.detail.empty() || status.state == TransferState::Transferring)) {
            text += fmt::format(", {} %", *percent);
        }
        return text;
    }

    EventHandle event_;
    Manager manager_;
    BusObjects objects_;
    PrivateBus privateBus_;
    SystemBus systemBus_;
    std::string lastingSocket_;            // the booted system has a socket of its own in place of the first
    std::optional<PrivateBus> lastingBus_; // on it
    std::optional<ResolverFile> resolver_;
    std::optional<IdleExit> idleExit_;
    std::optional<RootFollower> root_;
    std::string notifiedStatus_;
    bool stopping_ = false;
    bool nameReleased_ = true; // false while the release is pending
};

void blockSignals() {
    sigset_t mask;
    sigemptyset(&mask);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT}) {
        sigaddset(&mask, number);
    }
    if (const int result = ::pthread_sigmask(SIG_BLOCK, &mask, nullptr); result != 0) {
        throwErrno(result, "blocking signals");
    }
}

int run(const std::vector<std::string>& words) {
    constexpr std::string_view socketOption = "--private-socket=";
    constexpr std::string_view idleOption = "--idle-exit=";
    if (answersUsualOption(words, "bootferryd", help)) {
        return EXIT_SUCCESS;
    }
    Options options;
    for (const auto& word : words) {
        if (word.starts_with(socketOption)) {
            options.socketPath = word.substr(socketOption.size());
        } else if (word.starts_with(idleOption)) {
            options.idleExit = parseSeconds(word.substr(idleOption.size()));
        } else if (word == "--outlive-initrd") {
            options.outlivesInitrd = true;
        } else {
            throw Error(ErrorCode::Invalid,
                        fmt::format("unknown argument '{}': see bootferryd --help", word));
        }
    }
    blockSignals();
    return Daemon(options).run();
}

} // namespace
} // namespace bootferry

int bootferryd_main(int argc, char** argv) {
    bootferry::initLogging("bootferryd");
    try {
        return bootferry::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        bootferry::logError(error.what());
        return EXIT_FAILURE;
    }
}
