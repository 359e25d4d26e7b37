// SPDX-License-Identifier: LGPL-2.1-or-later
// One event loop serves bootferryd's signals, plymouthd's answers, timers and SIGTERM. The program ends when
// plymouthd has shown the last contents, or after a timeout.
#include "transfer_splash.h"

#include <algorithm>
#include <csignal>

#include "event_loop.h"

namespace bootferry {
namespace {

constexpr std::chrono::seconds followAgain{2};
// The time for plymouthd to show the last contents. It may be gone or busy, and the boot must not wait for
// it.
constexpr std::chrono::seconds lingerTime{2};

} // namespace

TransferSplash::TransferSplash(std::string barMode)
    : barMode_(std::move(barMode)), event_(makeEventLoop()), plymouth_(event_.get(), [this] {
          if (ending_) {
              (void)sd_event_exit(event_.get(), 0);
          }
      }) {
    sigset_t mask;
    sigemptyset(&mask);
    for (const int number : {SIGTERM, SIGINT}) {
        sigaddset(&mask, number);
    }
    if (const int result = ::pthread_sigmask(SIG_BLOCK, &mask, nullptr); result != 0) {
        throwErrno(result, "blocking signals");
    }
    for (const int number : {SIGTERM, SIGINT}) {
        checkSd(sd_event_add_signal(event_.get(), nullptr, number, onStop, this), "watching signals");
    }
}

void TransferSplash::run() {
    follow();
    checkSd(sd_event_loop(event_.get()), "running the event loop");
}

void TransferSplash::follow() {
    try {
        client_ = std::make_unique<ServiceClient>(event_.get(), ServiceClient::forBoot);
        client_->watch([this](const TransferStatus& status) { changed(status); }, [this] { followLater(); });
        // All of them first: the end of the oldest one alone is not the end.
        const auto transfers = client_->transfers();
        for (const auto& status : transfers) {
            transfers_[status.id] = status;
        }
        if (!transfers_.empty()) {
            changed(TransferStatus(transfers_.rbegin()->second));
        }
    } catch (const Error&) {
        followLater(); // bootferryd has not started yet, or has ended
    }
}

// A lost ServiceClient calls this too, so the event loop replaces it later. The transfers are forgotten,
// since a restarted bootferryd numbers its transfers from one.
void TransferSplash::followLater() {
    transfers_.clear();
    if (!ending_) {
        timer_ = startTimer(event_.get(), followAgain, onFollow, this, "setting a timer");
    }
}

void TransferSplash::changed(const TransferStatus& status) {
    if (ending_) {
        return; // the last message stays
    }
    transfers_[status.id] = status;
    const auto& newest = transfers_.rbegin()->second;
    auto contents = splashContents(newest, barMode_);
    if (std::all_of(transfers_.begin(), transfers_.end(),
                    [](const auto& t) { return isFinal(t.second.state); })) {
        endWith(contents);
        return;
    }
    contents.message = pace_.next(MessagePace::Time::clock::now(), newest.state, contents.message);
    plymouth_.show(std::move(contents));
}

void TransferSplash::endWith(const SplashContents& contents) {
    ending_ = true;
    plymouth_.show(contents);
    if (plymouth_.isUpToDate()) {
        (void)sd_event_exit(event_.get(), 0);
        return;
    }
    timer_ = startTimer(event_.get(), lingerTime, onLingered, this, "setting a timer");
}

int TransferSplash::onFollow(sd_event_source*, std::uint64_t, void* userdata) {
    static_cast<TransferSplash*>(userdata)->follow();
    return 0;
}

int TransferSplash::onLingered(sd_event_source*, std::uint64_t, void* userdata) {
    return sd_event_exit(static_cast<TransferSplash*>(userdata)->event_.get(), 0);
}

// The boot continues without a transfer, or ends: restore the splash.
int TransferSplash::onStop(sd_event_source*, const signalfd_siginfo*, void* userdata) {
    static_cast<TransferSplash*>(userdata)->endWith({});
    return 0;
}

} // namespace bootferry
