// SPDX-License-Identifier: LGPL-2.1-or-later
// Every call waits without a time limit: preparing a disk takes as long as it takes, and a supervisor that
// dies takes the worker with it (PR_SET_PDEATHSIG).
#include "supervisor_channel.h"

#include <string_view>

#include <fcntl.h>

#include "channel.h"
#include "job_message.h"

namespace bootferry {
namespace {

constexpr std::string_view errorPrefix = "org.bootferry1.Error.";

void check(int result) {
    checkSd(result, "talking to the supervisor");
}

std::string digestOf(const PipelineResult& result) {
    return result.checksum ? result.checksum->text() : std::string();
}

} // namespace

SupervisorChannel::SupervisorChannel()
    : bus_(makeHandle<BusHandle>([](sd_bus** bus) { return sd_bus_new(bus); }, "talking to the supervisor")) {
    check(sd_bus_set_fd(bus_.get(), channel::socketFd, channel::socketFd));
    check(sd_bus_negotiate_fds(bus_.get(), 1));
    check(sd_bus_start(bus_.get()));
}

WorkerJob SupervisorChannel::job() {
    return readJob(call(newCall("Job")).get());
}

WriteTarget SupervisorChannel::requestTarget(std::optional<std::uint64_t> size) {
    auto request = newCall("Target");
    check(sd_bus_message_append(request.get(), "t", size.value_or(unknownSize)));
    const auto answer = call(std::move(request));
    WriteTarget target;
    int borrowed = -1;
    check(sd_bus_message_read(answer.get(), "hut", &borrowed, &target.blockSize, &target.capacity));
    target_.reset(checkErrno(::fcntl(borrowed, F_DUPFD_CLOEXEC, 0), "keeping the target's descriptor"));
    target.fd = target_.get();
    return target;
}

void SupervisorChannel::awaitCommit(const PipelineResult& result) {
    auto message = newCall("Staged");
    check(
        sd_bus_message_append(message.get(), "tts", result.bytes, result.written, digestOf(result).c_str()));
    (void)call(std::move(message));
}

void SupervisorChannel::progressed(const Progress& progress) {
    const auto message = newCall("Progress");
    check(sd_bus_message_append(message.get(), "sstttu", std::string(stateName(progress.state)).c_str(),
                                progress.detail.c_str(), progress.bytes, progress.total, progress.written,
                                progress.attempt));
    send(message);
}

void SupervisorChannel::pluginLoaded(const std::string& nameAndVersion) {
    const auto message = newCall("Plugin");
    check(sd_bus_message_append(message.get(), "s", nameAndVersion.c_str()));
    send(message);
}

void SupervisorChannel::finished(const PipelineResult& result) {
    auto message = newCall("Finished");
    check(
        sd_bus_message_append(message.get(), "tts", result.bytes, result.written, digestOf(result).c_str()));
    (void)call(std::move(message));
}

void SupervisorChannel::failed(const Error& reason) {
    auto message = newCall("Failed");
    check(
        sd_bus_message_append(message.get(), "us", static_cast<std::uint32_t>(reason.code()), reason.what()));
    (void)call(std::move(message));
}

BusMessageHandle SupervisorChannel::newCall(const char* method) const {
    return makeHandle<BusMessageHandle>(
        [&](sd_bus_message** message) {
            return sd_bus_message_new_method_call(bus_.get(), message, nullptr, channel::path,
                                                  channel::interface, method);
        },
        "talking to the supervisor");
}

void SupervisorChannel::send(const BusMessageHandle& message) const {
    check(sd_bus_message_set_expect_reply(message.get(), 0));
    check(sd_bus_send(bus_.get(), message.get(), nullptr));
    (void)sd_bus_flush(bus_.get());
}

BusMessageHandle SupervisorChannel::call(BusMessageHandle message) const {
    BusError error;
    sd_bus_message* answer = nullptr;
    const int result = sd_bus_call(bus_.get(), message.get(), UINT64_MAX, error.get(), &answer);
    if (result >= 0) {
        return BusMessageHandle(answer);
    }
    const std::string_view name = error.name() != nullptr ? error.name() : "";
    if (name.starts_with(errorPrefix)) {
        throw Error(errorCodeFromName(name.substr(errorPrefix.size())).value_or(ErrorCode::Internal),
                    error.message());
    }
    throw Error(ErrorCode::Io, -result, "talking to the supervisor");
}

} // namespace bootferry
