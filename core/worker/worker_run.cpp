// SPDX-License-Identifier: LGPL-2.1-or-later
// The supervisor's end. Each process is treated as hostile: WorkerConduct judges each packet, and a breach
// ends the process at once. With a checksum there are two: the receiving one asks for the relay, and is given
// one end; the verifying one is started then, and gets the other end, and later the target. Each closes its
// end when it ends, which ends the other. The worker has ended when both have.
#include "worker_run.h"

#include <array>
#include <chrono>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include "channel.h"
#include "channel_socket.h"
#include "job_message.h"
#include "key_file.h"
#include "log.h"
#include "packet.h"

namespace bootferry {
namespace {

// The time to exit for a cancelled worker (the plugin ABI grants its read one second), and for one that has
// reported its end, which still frees its sessions, or whose other process has ended.
constexpr std::chrono::seconds cancelGrace{2};
constexpr std::chrono::seconds endGrace{10};
// For the receiving process after the image is committed: a dolly node confirms only when the nodes behind it
// have (ack-timeout, ten minutes). Meanwhile it says so every few seconds; one that is silent hangs.
constexpr std::chrono::seconds farewellGrace{1200};
constexpr std::chrono::seconds farewellSilence{20};
// For the verifying process if the receiving one says that all is done: it may still flush.
constexpr std::chrono::seconds flushGrace{300};

PacketWriter granted() {
    PacketWriter packet;
    packet.number(static_cast<std::uint32_t>(channel::Answer::Granted));
    return packet;
}

} // namespace

void WorkerRun::Side::answer(const PacketWriter& packet, std::span<const int> descriptors) {
    if (std::exchange(waiting, false)) {
        conduct.answered();
        child.send(packet, descriptors);
    }
}

void WorkerRun::Side::refuse(const Error& error) {
    PacketWriter packet;
    packet.number(static_cast<std::uint32_t>(channel::Answer::Refused));
    packet.number(static_cast<std::uint32_t>(error.code()));
    packet.text(std::string_view(error.what()).substr(0, channel::longestReason));
    answer(packet, {});
}

WorkerRun::WorkerRun(sd_event* event, const WorkerProgram& program, WorkerJob job, WorkerListener& listener)
    : event_(event), program_(program), listener_(listener), job_(std::move(job)),
      verifyJob_(verifyJobOf(job_)), transfers_(job_.purpose == JobPurpose::Transfer),
      onDemand_(job_.request.onDemand), role_(roleOf(job_.purpose, job_.request)),
      first_(event_, program_, job_, role_, *this) {
    first_.progress.attempt = job_.attempt;
}

void WorkerRun::giveTarget(const PreparedTarget& target) {
    const int fd = target.fd.get();
    giveTarget(target, {&fd, 1});
}

void WorkerRun::giveTarget(const PreparedTarget& target, const UniqueFd& nbdSocket, const UniqueFd& memory) {
    const std::array fds{target.fd.get(), nbdSocket.get(), memory.get()};
    giveTarget(target, fds);
}

void WorkerRun::giveTarget(const PreparedTarget& target, std::span<const int> descriptors) {
    writing().conduct.targetGiven(target.capacity);
    auto packet = granted();
    packet.number(target.blockSize);
    packet.wide(target.capacity);
    writing().answer(packet, descriptors);
}

void WorkerRun::refuseTarget(const Error& reason) {
    refusal_ = reason;
    writing().refuse(reason);
}

void WorkerRun::permitCommit() {
    mayCommit_ = true;
    writing().answer(granted(), {});
}

void WorkerRun::proceed(bool takesOver) {
    auto packet = granted();
    packet.number(static_cast<std::uint32_t>(takesOver));
    first_.answer(packet, {});
}

void WorkerRun::dismiss() {
    first_.answer(granted(), {});
    first_.child.giveGrace(endGrace, "it had reported its end");
}

void WorkerRun::cancel() {
    if (std::exchange(cancelled_, true)) {
        return;
    }
    cancel(first_);
    if (verifying_) {
        cancel(*verifying_);
    }
}

void WorkerRun::giveUp(const Error& why) {
    constexpr const char* how = "missed its time limit, and was killed";
    failure_ = failure_ ? failure_ : why;
    first_.child.kill(how);
    if (verifying_) {
        verifying_->child.kill(how);
    }
}

bool WorkerRun::isAsleep() const {
    return first_.child.isAsleep() && (!verifying_ || verifying_->child.isAsleep());
}

bool WorkerRun::waitsForAnswer() const {
    return verifying_ ? verifying_->waiting : first_.waiting;
}

bool WorkerRun::hasReceived() const {
    const auto state = (verifying_ ? *verifying_ : first_).progress.state;
    return mayCommit_ || state == TransferState::Verifying || state == TransferState::Committing;
}

WorkerRun::Side& WorkerRun::writing() {
    return verifying_ ? *verifying_ : first_;
}

WorkerRun::Side& WorkerRun::sideOf(const WorkerChild& child) {
    return &child == &first_.child ? first_ : *verifying_;
}

void WorkerRun::cancel(Side& side) {
    side.conduct.cancelled();
    side.child.cancel();
    side.refuse(Error(ErrorCode::Cancelled, "cancelled"));
    side.child.giveGrace(cancelGrace, "it was cancelled");
}

void WorkerRun::packetArrived(WorkerChild& child, std::span<const std::byte> packet) {
    auto& side = sideOf(child);
    wasHeard_ = true;
    std::visit([&](auto&& word) { take(side, std::forward<decltype(word)>(word)); },
               side.conduct.judge(packet, std::chrono::steady_clock::now()));
}

void WorkerRun::take(Side& side, const WorkerConduct::JobWanted&) {
    if (&side != &first_) {
        auto packet = granted();
        writeVerifyJob(packet, verifyJob_);
        const auto ends = std::exchange(relayEnds_, {});
        const std::array fds{ends.pipe.get(), ends.socket.get()};
        side.child.send(packet, fds);
        return;
    }
    const auto job = writeJob(job_);
    job_ = {}; // its secrets are no longer needed
    const int fd = job.get();
    side.child.send(granted(), {&fd, 1});
}

void WorkerRun::take(Side& side, const WorkerConduct::FileWanted& file) {
    side.waiting = true;
    try {
        const auto copy = copyOfKeyFile(file.path);
        const int fd = copy.get();
        side.answer(granted(), {&fd, 1});
    } catch (const Error& error) {
        side.refuse(error);
    }
}

void WorkerRun::take(Side&, const WorkerConduct::PluginLoaded& plugin) {
    listener_.pluginLoaded(plugin.nameAndVersion);
}

// From the verifying process, passes on only what the receiving one cannot know. When it starts over, the
// receiving one reports what follows, but not what was written until then.
void WorkerRun::take(Side& side, const Progress& progress) {
    const auto before = std::exchange(side.progress, progress);
    if (&side != &first_ && progress.state == TransferState::Waiting && progress.written == before.written) {
        return;
    }
    auto both = first_.progress;
    if (verifying_) {
        const auto& last = verifying_->progress;
        both.written = last.written;
        if (last.state == TransferState::Verifying || last.state == TransferState::Committing) {
            both.state = last.state;
            both.detail = last.detail;
            both.bytes = last.bytes;
        }
    }
    listener_.progressed(both);
}

void WorkerRun::take(Side&, const WorkerConduct::AtLeast& image) {
    listener_.imageHasAtLeast(image.size);
}

void WorkerRun::take(Side&, const WorkerConduct::Opened& opened) {
    listener_.opened(opened.origin);
}

void WorkerRun::take(Side&, const WorkerConduct::SourceKnown& source) {
    listener_.sourceKnown(source.size, source.validator, source.modified);
}

void WorkerRun::take(Side&, const WorkerConduct::SourceProbed& word) {
    listener_.sourceProbed(word.probed);
}

void WorkerRun::take(Side&, const WorkerConduct::ChecksumFound& found) {
    listener_.checksumFound(found.checksum);
}

void WorkerRun::take(Side&, const WorkerConduct::ChecksumMissing& missing) {
    listener_.checksumMissing(missing.reason);
}

void WorkerRun::take(Side&, const WorkerConduct::ChecksumDiffers& differs) {
    listener_.checksumDiffers(differs.received);
}

void WorkerRun::take(Side& side, const WorkerConduct::RelayWanted&) {
    side.waiting = true;
    if (cancelled_) {
        side.refuse(Error(ErrorCode::Cancelled, "cancelled"));
        return;
    }
    try {
        auto relay = relay::makeRelay();
        WorkerJob job; // what the conduct is compared with
        job.request.checksum = verifyJob_.checksum;
        job.request.continuation = verifyJob_.continuation;
        job.attempt = verifyJob_.attempt;
        verifying_.emplace(event_, program_, job, WorkerRole::Verifier,
                           static_cast<WorkerChildListener&>(*this));
        relayEnds_ = std::move(relay.verifier);
        const std::array fds{relay.receiver.pipe.get(), relay.receiver.socket.get()};
        side.answer(granted(), fds);
    } catch (const Error& error) {
        refusal_ = error;
        side.refuse(error);
    }
}

void WorkerRun::take(Side& side, const WorkerConduct::TargetWanted& wanted) {
    side.waiting = true;
    if (cancelled_) {
        side.refuse(Error(ErrorCode::Cancelled, "cancelled"));
    } else {
        listener_.targetWanted(wanted.size);
    }
}

void WorkerRun::take(Side& side, const WorkerConduct::Staged& staged) {
    result_ = staged.result;
    side.waiting = true;
    if (cancelled_) {
        side.refuse(Error(ErrorCode::Cancelled, "cancelled"));
    } else if (failure_) {
        side.refuse(*failure_);
    } else {
        listener_.staged(result_);
    }
}

void WorkerRun::take(Side& side, const WorkerConduct::Done&) {
    finish(side);
}

void WorkerRun::take(Side& side, const WorkerConduct::Finished&) {
    if (!onDemand_) {
        finish(side);
        return;
    }
    side.finished = true;
    side.waiting = true;
    listener_.filled();
}

void WorkerRun::take(Side& side, const WorkerConduct::Relayed&) {
    finish(side);
}

// After the end of the verifying process, a failure of the receiving one is only a consequence. The
// reverse is not: the verifying one has its own judgement of the bytes. If both judge alike, the
// receiving one names all origins, and may be heard second.
void WorkerRun::take(Side& side, const WorkerConduct::Failed& failed) {
    if (!failure_ && (culprit_ == nullptr || &side != &first_)) {
        failure_ = refusal_ ? *refusal_ : failed.reason;
        verifierFailed_ = &side != &first_;
    } else if (verifierFailed_ && !refusal_ && &side == &first_ && failure_->code() == failed.reason.code()) {
        failure_ = failed.reason;
    }
    dismiss(side);
}

void WorkerRun::take(Side& side, const WorkerConduct::Ready&) {
    side.waiting = true;
    if (cancelled_) {
        side.refuse(Error(ErrorCode::Cancelled, "cancelled"));
    } else {
        listener_.ready();
    }
}

void WorkerRun::take(Side& side, const WorkerConduct::Abandoned&) {
    side.abandoned = true;
    dismiss(side);
}

void WorkerRun::finish(Side& side) {
    side.finished = true;
    dismiss(side);
}

void WorkerRun::dismiss(Side& side) {
    side.child.send(granted(), {});
    side.child.giveGrace(endGrace, "it had reported its end");
}

// After a success, the other process may take its time, within limits: a sender may wait to hear that the
// bytes are safe.
void WorkerRun::childEnded(WorkerChild& child) {
    auto& side = sideOf(child);
    side.waiting = false;
    if (!side.finished && !side.abandoned && !failure_ && culprit_ == nullptr) {
        culprit_ = &side;
    }
    auto* other = &side != &first_ ? &first_ : verifying_ ? &*verifying_ : nullptr;
    if (other != nullptr && other->child.isRunning()) {
        if (!side.finished || child.breach()) {
            other->child.cancel();
            other->child.giveGrace(endGrace, "the other process had ended");
        } else if (other == &first_) {
            other->child.giveGrace(farewellGrace, "that");
            other->child.limitSilence(farewellSilence, "that");
        } else {
            other->child.giveGrace(flushGrace, "the other process had ended");
        }
        return;
    }
    const auto failure = verdict();
    result_.crashed = failure && !cancelled_ && !failure_ && !breach();
    listener_.ended(result_, failure); // last: it may destroy this
}

std::optional<std::string> WorkerRun::breach() const {
    if (const auto& breach = first_.child.breach(); breach || !verifying_) {
        return breach;
    }
    return verifying_->child.breach();
}

// Of a transfer with two processes, the one that has verified and committed the image decides.
bool WorkerRun::succeeded() const {
    if (refusal_ || !(mayCommit_ || !transfers_)) {
        return false;
    }
    if (role_ == WorkerRole::Receiver) {
        return verifying_ && verifying_->finished && !verifying_->child.breach();
    }
    return first_.finished && !first_.child.breach() && !failure_;
}

std::string WorkerRun::howFirstEnded() const {
    if (const auto& how = first_.child.breach()) {
        return *how;
    }
    return failure_ ? failure_->what() : first_.child.describeExit();
}

// What one process did, and not what the other one noticed of it.
std::optional<Error> WorkerRun::verdict() const {
    if (succeeded()) {
        if (!first_.finished) {
            logWarning(fmt::format("the image is complete, but {}: ignoring", howFirstEnded()));
        }
        return std::nullopt;
    }
    if (const auto how = breach()) {
        return Error(ErrorCode::Internal, *how);
    }
    if (failure_) {
        return failure_;
    }
    if (cancelled_) {
        return Error(ErrorCode::Cancelled, "cancelled");
    }
    return Error(ErrorCode::Internal, (culprit_ != nullptr ? *culprit_ : first_).child.describeExit());
}

} // namespace bootferry
