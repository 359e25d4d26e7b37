// SPDX-License-Identifier: LGPL-2.1-or-later
// purpose · URL · mirrors · plugin options · checksum, its list's URL or "" · credentials of each URL · live
// image wanted · declared size wanted · on demand · decode · stall timeout, timeout, idle timeout
// (UINT64_MAX: never), all in microseconds · rate limit (UINT64_MAX: none) · connections · plugin folder ·
// proxy variables · attempt · path of the root image to look for · login withheld · offset that an earlier
// attempt reached (0: none), size (UINT64_MAX: unknown), validator. Lists and maps are preceded by their
// length.
#include "job_message.h"

#include <algorithm>
#include <map>

#include "argument_values.h"
#include "packet.h"
#include "quantities.h"
#include "sealed_memory.h"

namespace bootferry {
namespace {

constexpr std::uint64_t never = UINT64_MAX;
constexpr std::uint64_t unlimited = UINT64_MAX;

void put(PacketWriter& packet, const std::map<std::string, std::string>& strings) {
    packet.number(static_cast<std::uint32_t>(strings.size()));
    for (const auto& [name, value] : strings) {
        packet.text(name);
        packet.text(value);
    }
}

std::map<std::string, std::string> takeStrings(PacketReader& packet) {
    std::map<std::string, std::string> strings;
    for (auto left = packet.number(); left > 0; --left) {
        auto name = packet.text();
        strings[std::move(name)] = packet.text();
    }
    return strings;
}

void put(PacketWriter& packet, const std::vector<PluginOption>& options) {
    packet.number(static_cast<std::uint32_t>(options.size()));
    for (const auto& option : options) {
        packet.text(option.plugin);
        packet.text(option.key);
        packet.text(option.value);
    }
}

std::vector<PluginOption> takeOptions(PacketReader& packet) {
    std::vector<PluginOption> options;
    for (auto left = packet.number(); left > 0; --left) {
        auto& option = options.emplace_back();
        option.plugin = packet.text();
        option.key = packet.text();
        option.value = packet.text();
    }
    return options;
}

std::chrono::microseconds takeTimeout(std::uint64_t usec) {
    constexpr std::chrono::microseconds longest = longestTimeout;
    return std::chrono::microseconds(std::min(usec, static_cast<std::uint64_t>(longest.count())));
}

std::optional<std::chrono::microseconds> takeLimit(std::uint64_t usec) {
    return usec != never ? std::optional(takeTimeout(usec)) : std::nullopt;
}

std::uint64_t usecOf(const std::optional<std::chrono::microseconds>& limit) {
    return limit ? static_cast<std::uint64_t>(limit->count()) : never;
}

std::string checksumText(const TransferRequest& request) {
    return request.checksumUrl ? request.checksumUrl->asWritten() : request.checksum.value_or("");
}

} // namespace

UniqueFd writeJob(const WorkerJob& job) {
    const auto& request = job.request;
    PacketWriter packet;
    packet.number(static_cast<std::uint32_t>(job.purpose));
    packet.text(request.url.asWritten());
    packet.number(static_cast<std::uint32_t>(request.mirrors.size()));
    for (const auto& mirror : request.mirrors) {
        packet.text(mirror.asWritten());
    }
    put(packet, request.pluginOptions);
    packet.text(checksumText(request));
    auto credentials = credentialsFor(request, job.credentials);
    if (job.purpose == JobPurpose::TransferChecksum) {
        credentials.front().clear(); // the image's server is not talked to
    }
    packet.number(static_cast<std::uint32_t>(credentials.size()));
    for (const auto& ofOne : credentials) {
        put(packet, ofOne);
    }
    packet.number(static_cast<std::uint32_t>(request.requireLiveImage));
    packet.number(static_cast<std::uint32_t>(request.requireDeclaredSize));
    packet.number(static_cast<std::uint32_t>(request.onDemand));
    packet.number(static_cast<std::uint32_t>(request.decode));
    packet.wide(static_cast<std::uint64_t>(request.stallTimeout.count()));
    packet.wide(usecOf(request.timeout));
    packet.wide(usecOf(request.idleTimeout));
    packet.wide(request.limitRate.value_or(unlimited));
    packet.number(request.connections);
    packet.text(job.pluginDir);
    put(packet, job.proxies);
    packet.number(job.attempt);
    packet.text(job.rootImage);
    packet.number(static_cast<std::uint32_t>(job.withholdLogin));
    const auto continuation = request.continuation.value_or(Continuation{});
    packet.wide(continuation.offset);
    packet.wide(continuation.size.value_or(unknownSize));
    packet.text(continuation.validator);
    packet.number(static_cast<std::uint32_t>(continuation.isWhole));
    return sealedMemory("bootferry-job", packet.bytes());
}

ReceivedJob readJob(int fd) {
    const auto bytes = readMemory(fd);
    PacketReader packet(bytes);
    ReceivedJob job;
    job.purpose = static_cast<JobPurpose>(packet.number());
    job.request.url = Url::parse(packet.text());
    for (auto left = packet.number(); left > 0; --left) {
        job.request.mirrors.push_back(Url::parse(packet.text()));
    }
    job.request.pluginOptions = takeOptions(packet);
    if (const auto checksum = packet.text(); !checksum.empty()) {
        setChecksum(job.request, checksum);
    }
    for (auto left = packet.number(); left > 0; --left) {
        job.credentials.push_back(takeStrings(packet));
    }
    if (job.credentials.size() != job.request.mirrors.size() + (job.request.checksumUrl ? 2 : 1)) {
        throw Error(ErrorCode::Protocol, "the supervisor's job lacks credentials");
    }
    job.request.requireLiveImage = packet.number() != 0;
    job.request.requireDeclaredSize = packet.number() != 0;
    job.request.onDemand = packet.number() != 0;
    job.request.decode = packet.number() != 0;
    job.request.stallTimeout = takeTimeout(packet.wide());
    job.request.timeout = takeLimit(packet.wide());
    job.request.idleTimeout = takeLimit(packet.wide());
    if (const auto rate = packet.wide(); rate != unlimited) {
        job.request.limitRate = std::max<std::uint64_t>(rate, 1);
    }
    job.request.connections = packet.number();
    job.pluginDir = packet.text();
    job.proxies = takeStrings(packet);
    job.attempt = packet.number();
    job.rootImage = packet.text();
    job.withholdLogin = packet.number() != 0;
    Continuation continuation{.offset = packet.wide(),
                              .size = packet.wide(),
                              .validator = packet.text(),
                              .isWhole = packet.number() != 0};
    if (continuation.offset > 0) {
        if (continuation.size == unknownSize) {
            continuation.size.reset();
        }
        job.request.continuation = std::move(continuation);
    }
    packet.end();
    return job;
}

} // namespace bootferry
