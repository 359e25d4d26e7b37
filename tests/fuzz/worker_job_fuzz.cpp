// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes from a supervisor to its worker: the job of a worker and that of a verifying process are read
// whole or refused, and written and read again they are the same.
#include "errors.h"
#include "fuzz_input.h"
#include "job_message.h"
#include "packet.h"
#include "sealed_memory.h"
#include "verify_job.h"

using namespace bootferry;
using fuzz::require;

namespace {

std::vector<std::string> urlsOf(const TransferRequest& request) {
    std::vector<std::string> urls{request.url.redacted()};
    for (const auto& mirror : request.mirrors) {
        urls.push_back(mirror.redacted());
    }
    return urls;
}

void compare(const TransferRequest& one, const TransferRequest& other) {
    require(urlsOf(one) == urlsOf(other) && one.pluginOptions == other.pluginOptions);
    require(one.checksum == other.checksum && one.checksumUrl.has_value() == other.checksumUrl.has_value());
    require(!one.checksumUrl || one.checksumUrl->redacted() == other.checksumUrl->redacted());
    require(one.requireLiveImage == other.requireLiveImage && one.decode == other.decode);
    require(one.requireDeclaredSize == other.requireDeclaredSize);
    require(one.stallTimeout == other.stallTimeout && one.timeout == other.timeout);
    require(one.idleTimeout == other.idleTimeout && one.limitRate == other.limitRate);
    require(one.connections == other.connections && one.continuation == other.continuation);
}

void readWorkerJob(std::string_view bytes) {
    const auto read = readJob(sealedMemory("job", fuzz::asBytes(bytes)).get());
    require(read.credentials.size() == urlsOf(read.request).size() + (read.request.checksumUrl ? 1U : 0U));
    require(read.request.stallTimeout.count() >= 0 && read.request.stallTimeout <= longestTimeout);
    require(!read.request.limitRate || *read.request.limitRate > 0);
    WorkerJob job;
    job.purpose = read.purpose;
    job.request = read.request;
    job.pluginDir = read.pluginDir;
    job.proxies = read.proxies;
    job.attempt = read.attempt;
    job.rootImage = read.rootImage;
    const auto again = readJob(writeJob(job).get());
    compare(read.request, again.request);
    require(again.purpose == read.purpose && again.pluginDir == read.pluginDir);
    require(again.proxies == read.proxies && again.attempt == read.attempt);
    require(again.rootImage == read.rootImage);
}

void readVerifierJob(std::string_view bytes) {
    PacketReader packet(fuzz::asBytes(bytes));
    const auto read = readVerifyJob(packet);
    PacketWriter written;
    writeVerifyJob(written, read);
    PacketReader second(written.bytes());
    const auto again = readVerifyJob(second);
    require(again.checksum == read.checksum && again.attempt == read.attempt);
    require(again.continuation == read.continuation && again.decode == read.decode);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    try {
        const bool verifies = input.flag();
        (verifies ? readVerifierJob : readWorkerJob)(input.rest());
    } catch (const Error& error) {
        require(*error.what() != '\0');
        require(error.code() == ErrorCode::Protocol || error.code() == ErrorCode::Invalid);
    }
    return 0;
}
