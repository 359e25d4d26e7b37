// SPDX-License-Identifier: LGPL-2.1-or-later
#include "worker_conduct.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "packet.h"
#include "plain_text.h"

namespace bootferry {
namespace {

using channel::Call;

constexpr std::uint64_t latestChange = 253'402'300'799; // the end of the year 9999, seconds since 1970 UTC
constexpr auto largest = static_cast<std::uint64_t>(INT64_MAX); // no file and no device has more bytes
constexpr std::uint32_t mostAttempts = 1U << 30U;               // one a second for 34 years

// A correct worker sends a change of state at once, and everything else a few times a second.
constexpr double burst = 512;
constexpr double perSecond = 128;

[[noreturn]] void breach(const std::string& how) {
    throw channel::Breach(how);
}

std::string storableValidator(std::string validator) {
    const bool isLine = std::all_of(validator.begin(), validator.end(), [](char character) {
        return static_cast<unsigned char>(character) >= ' ' && character != '\x7f';
    });
    return isLine && validator.size() <= channel::longestValidator ? std::move(validator) : std::string();
}

void requireSize(std::uint64_t size, const char* what) {
    if (size > largest) {
        breach(fmt::format("{} {} bytes is more than a file can have", size, what));
    }
}

} // namespace

WorkerConduct::WorkerConduct(const WorkerJob& job, WorkerRole role)
    : role_(role), origins_(1 + job.request.mirrors.size()), purpose_(job.purpose),
      originsLeft_(job.purpose == JobPurpose::Probe ? origins_ : 0),
      checksumLeft_(job.request.checksumUrl.has_value() && job.purpose != JobPurpose::OptionCheck &&
                    job.purpose != JobPurpose::Transfer),
      targetsLeft_(job.request.continuation ? 2 : 1), rate_(burst, perSecond),
      onDemand_(job.request.onDemand) {
    if (role == WorkerRole::Verifier) {
        checksum_ = parseChecksum(job.request.checksum.value_or(""));
    }
    pluginReported_ = role == WorkerRole::Verifier; // a verifier loads no plugin
    last_.attempt = job.attempt;
}

void WorkerConduct::targetGiven(std::uint64_t capacity) {
    targetGiven_ = true;
    capacity_ = std::min(capacity, largest);
}

void WorkerConduct::answered() {
    waiting_ = false;
}

void WorkerConduct::cancelled() {
    cancelled_ = true;
}

void WorkerConduct::pace(Time now) {
    if (!rate_.take(now)) {
        breach("it sends too many messages");
    }
}

void WorkerConduct::expect(bool allowed, const char* call) const {
    if (!allowed || ended_) {
        breach(fmt::format("it called {} out of turn", call));
    }
}

bool WorkerConduct::transfers() const {
    return purpose_ == JobPurpose::Transfer;
}

bool WorkerConduct::mayCall() const {
    return jobGiven_ && !waiting_;
}

bool WorkerConduct::receives() const {
    return mayCall() && role_ != WorkerRole::Verifier;
}

bool WorkerConduct::writes() const {
    return transfers() && mayCall() && role_ != WorkerRole::Receiver;
}

WorkerConduct::Message WorkerConduct::judge(std::span<const std::byte> packet, Time now) {
    pace(now);
    PacketReader reader(packet);
    try {
        const auto call = static_cast<Call>(reader.number());
        auto message = read(call, reader);
        reader.end();
        waiting_ = waiting_ || call == Call::File || call == Call::Target || call == Call::Staged ||
                   call == Call::Relay || call == Call::Ready;
        ended_ = call == Call::Finished || call == Call::Done || call == Call::Failed ||
                 call == Call::Relayed || call == Call::Abandoned;
        return message;
    } catch (const Error& error) {
        if (error.code() == ErrorCode::Protocol) {
            breach(error.what());
        }
        throw;
    }
}

WorkerConduct::Message WorkerConduct::read(Call call, PacketReader& packet) {
    switch (call) {
    case Call::Job:
        expect(!std::exchange(jobGiven_, true), "Job");
        return JobWanted{};
    case Call::File:
        return file(packet);
    case Call::Plugin:
        expect(receives() && !targetRequested_ && !std::exchange(pluginReported_, true), "Plugin");
        return PluginLoaded{plainText(packet.text(), channel::longestName)};
    case Call::Progress:
        expect(jobGiven_, "Progress");
        return progress(packet);
    case Call::AtLeast:
        expect(writes() && pluginReported_ && !targetRequested_ && !std::exchange(leastReported_, true),
               "AtLeast");
        // The image's own claim: a size beyond what a file can have fits nowhere.
        return AtLeast{std::min(packet.wide(), largest)};
    case Call::Source:
        expect(writes() && pluginReported_ && !stagedSeen_, "Source");
        return source(packet);
    case Call::Opened:
        expect(transfers() && receives() && pluginReported_ && !stagedSeen_, "Opened");
        return opened(packet);
    case Call::Target:
        expect(writes() && pluginReported_ && !stagedSeen_ && targetsLeft_ > 0 && readySeen_ == onDemand_,
               "Target");
        --targetsLeft_;
        targetRequested_ = true;
        return target(packet);
    case Call::Staged:
        expect(writes() && targetGiven_ && !std::exchange(stagedSeen_, true), "Staged");
        staged_ = result(packet);
        return Staged{staged_};
    case Call::Finished:
        expect(writes() && stagedSeen_, "Finished");
        if (result(packet) != staged_) {
            breach("it finished with another result than the staged one");
        }
        return Finished{staged_};
    case Call::Probed:
        expect(mayCall() && pluginReported_ && originsLeft_ > 0, "Probed");
        --originsLeft_;
        return SourceProbed{probed(packet)};
    case Call::Checksum:
        expect(receives() && pluginReported_ && originsLeft_ == 0 && std::exchange(checksumLeft_, false),
               "Checksum");
        return checksum(packet);
    case Call::Relay:
        expect(transfers() && mayCall() && role_ == WorkerRole::Receiver && pluginReported_ &&
                   !std::exchange(relayGiven_, true),
               "Relay");
        return RelayWanted{};
    case Call::Relayed:
        expect(mayCall() && relayGiven_, "Relayed");
        return Relayed{};
    case Call::Abandoned:
        expect(mayCall() && (relayGiven_ || role_ == WorkerRole::Verifier), "Abandoned");
        return Abandoned{};
    case Call::Differs:
        expect(writes() && role_ == WorkerRole::Verifier && !stagedSeen_, "Differs");
        return differs(packet);
    case Call::Ready:
        expect(transfers() && receives() && onDemand_ && pluginReported_ && !std::exchange(readySeen_, true),
               "Ready");
        return Ready{};
    case Call::Done:
        expect(!transfers() && mayCall() && pluginReported_ && originsLeft_ == 0 && !checksumLeft_, "Done");
        return Done{};
    case Call::Failed:
        expect(mayCall(), "Failed");
        return Failed{failure(packet)};
    }
    breach(fmt::format("there is no call {}", static_cast<std::uint32_t>(call)));
}

// The network is used only after Plugin: until then the worker can be trusted as installed.
WorkerConduct::Message WorkerConduct::file(PacketReader& packet) {
    expect(receives() && !pluginReported_ && ++files_ <= channel::mostFiles, "File");
    auto path = packet.text();
    if (path.empty() || path.find('\0') != std::string::npos) {
        breach("it requested a file without a name");
    }
    return FileWanted{std::move(path)};
}

WorkerConduct::Message WorkerConduct::source(PacketReader& packet) {
    const auto size = packet.wide();
    SourceKnown known{.size = size <= largest ? std::optional(size) : std::nullopt,
                      .validator = storableValidator(packet.text())};
    if (const auto modified = packet.wide(); modified > 0 && modified <= latestChange) {
        known.modified = static_cast<std::int64_t>(modified);
    }
    return known;
}

WorkerConduct::Message WorkerConduct::opened(PacketReader& packet) const {
    const auto origin = packet.number();
    if (origin >= origins_) {
        breach(fmt::format("it opened origin {} of a request with {}", origin, origins_));
    }
    return Opened{origin};
}

WorkerConduct::Message WorkerConduct::target(PacketReader& packet) {
    const auto size = packet.wide();
    if (size == unknownSize) {
        return TargetWanted{};
    }
    requireSize(size, "of an image");
    return TargetWanted{size};
}

Progress WorkerConduct::progress(PacketReader& packet) {
    const auto state = stateFromName(packet.text());
    Progress next;
    next.detail = plainText(packet.text());
    next.bytes = packet.wide();
    next.total = packet.wide();
    next.written = packet.wide();
    next.attempt = packet.number();
    if (!state || isFinal(*state)) {
        breach("it reported a state that a running transfer cannot have");
    }
    next.state = *state;
    return progress(std::move(next));
}

Progress WorkerConduct::progress(Progress next) {
    requireSize(next.bytes, "received");
    requireSize(next.written, "written");
    if (next.total != unknownSize) {
        requireSize(next.total, "announced");
        if (next.bytes > next.total) {
            next.total = unknownSize; // the announced size was wrong
        }
    }
    if (next.written > capacity_) {
        breach(fmt::format("it wrote {} bytes to a target of {}", next.written, capacity_));
    }
    if (next.attempt < last_.attempt || next.attempt > mostAttempts) {
        breach(fmt::format("attempt {} does not follow attempt {}", next.attempt, last_.attempt));
    }
    // A worker that starts over reports that before anything new arrives.
    if (next.bytes < last_.bytes && next.bytes != 0) {
        breach(fmt::format("its received bytes went from {} back to {}", last_.bytes, next.bytes));
    }
    last_ = next;
    return next;
}

WorkerResult WorkerConduct::result(PacketReader& packet) const {
    WorkerResult result;
    result.bytes = packet.wide();
    result.written = packet.wide();
    const auto digest = packet.text();
    requireSize(result.bytes, "received");
    if (result.written > capacity_) {
        breach(fmt::format("it wrote {} bytes to a target of {}", result.written, capacity_));
    }
    if (digest != checksum_.value_or("")) {
        breach("its checksum is not the requested one");
    }
    result.digest = digest;
    return result;
}

// The sandbox only produces known format names, but a hostile worker can send any text.
ProbedSource WorkerConduct::probed(PacketReader& packet) const {
    const auto optional = [](std::uint64_t size) {
        return size <= largest ? std::optional(size) : std::nullopt;
    };
    ProbedSource probed;
    const auto code = packet.number();
    const auto reason = packet.text();
    probed.size = optional(packet.wide());
    probed.validator = storableValidator(packet.text());
    const auto flags = packet.number();
    probed.resumable = (flags & channel::probedResumable) != 0;
    probed.ranges = (flags & channel::probedRanges) != 0;
    probed.compression = plainText(packet.text(), channel::longestName);
    probed.format = plainText(packet.text(), channel::longestName);
    probed.whyNotLive = plainText(packet.text(), channel::longestWhyNotLive);
    probed.declared = optional(packet.wide());
    probed.decoded = optional(packet.wide());
    probed.location = plainText(packet.text(), channel::longestLocation);
    probed.label = plainText(packet.text(), channel::longestLabel);
    probed.partitionTable = packet.text();
    probed.layout = layout(packet);
    const auto& table = probed.partitionTable;
    if (!table.empty() && table != "MBR" && table != "GPT") {
        breach("it reported an unknown partition table");
    }
    if (code != 0) {
        probed = {};
        probed.failure = failure(code, reason);
    } else if (probed.format.empty() && probed.whyNotLive.empty()) {
        breach("it gave no reason why an image is not live");
    } else if (probed.format.empty()) {
        probed.layout = {};
    }
    return probed;
}

// Each state has the texts that it is shown with.
ProbedLayout WorkerConduct::layout(PacketReader& packet) {
    using State = ProbedLayout::State;
    ProbedLayout found;
    const auto state = packet.number();
    found.layout = packet.text();
    found.image = plainText(packet.text(), channel::longestName);
    found.why = plainText(packet.text(), channel::longestWhyNotLive);
    if (state > static_cast<std::uint32_t>(State::None) ||
        (!found.layout.empty() && !isLayoutName(found.layout))) {
        breach("it reported an unknown layout");
    }
    found.state = static_cast<State>(state);
    const bool isElsewhere = found.state == State::Elsewhere || found.state == State::NotServed;
    const bool needsImage = isElsewhere || found.state == State::Found;
    if ((found.state == State::None && found.why.empty()) || (needsImage && found.image.empty()) ||
        (isElsewhere && found.layout.empty())) {
        breach("it reported a layout without saying which");
    }
    return found;
}

WorkerConduct::Message WorkerConduct::checksum(PacketReader& packet) const {
    const auto code = packet.number();
    const auto text = packet.text();
    if (code != 0) {
        if (purpose_ == JobPurpose::TransferChecksum) {
            breach("it continued without a checksum");
        }
        return ChecksumMissing{failure(code, text)};
    }
    try {
        return ChecksumFound{parseChecksum(text)};
    } catch (const Error&) {
        breach("it reported an invalid checksum");
    }
}

WorkerConduct::Message WorkerConduct::differs(PacketReader& packet) const {
    const auto algorithmOf = [](const std::string& checksum) {
        return checksum.substr(0, checksum.find(':'));
    };
    const auto text = packet.text();
    std::string received;
    try {
        received = parseChecksum(text);
    } catch (const Error&) {
        breach("it reported an invalid checksum");
    }
    if (received == checksum_) {
        breach("it reported the requested checksum as a different one");
    }
    if (algorithmOf(received) != algorithmOf(checksum_.value_or(""))) {
        breach("it reported a checksum of another algorithm");
    }
    return ChecksumDiffers{received};
}

Error WorkerConduct::failure(PacketReader& packet) const {
    const auto number = packet.number();
    return failure(number, packet.text());
}

Error WorkerConduct::failure(std::uint32_t number, const std::string& text) const {
    auto reason = plainText(text, channel::longestReason);
    auto code = number <= INT32_MAX ? errorCodeFromNumber(static_cast<int>(number)) : std::nullopt;
    if (!code || (code == ErrorCode::Cancelled && !cancelled_)) {
        code = ErrorCode::Internal;
    }
    if (reason.empty()) {
        reason = fmt::format("{} gave no reason", processName(role_));
    }
    return {*code, std::move(reason)};
}

} // namespace bootferry
