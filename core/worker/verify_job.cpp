// SPDX-License-Identifier: LGPL-2.1-or-later
#include "verify_job.h"

#include "plain_text.h"
#include "quantities.h"

namespace bootferry {

VerifyJob verifyJobOf(const WorkerJob& whole) {
    const auto& request = whole.request;
    VerifyJob job;
    job.checksum = request.checksum.value_or("");
    job.origin = whole.checksumOrigin;
    job.requireLiveImage = request.requireLiveImage;
    job.requireDeclaredSize = request.requireDeclaredSize;
    job.decode = request.decode;
    job.attempt = whole.attempt;
    job.continuation = request.continuation;
    return job;
}

void writeVerifyJob(PacketWriter& packet, const VerifyJob& job) {
    packet.text(job.checksum);
    packet.text(plainText(job.origin));
    packet.number(static_cast<std::uint32_t>(job.requireLiveImage));
    packet.number(static_cast<std::uint32_t>(job.requireDeclaredSize));
    packet.number(static_cast<std::uint32_t>(job.decode));
    packet.number(job.attempt);
    packet.wide(job.continuation ? job.continuation->offset : 0);
    packet.wide(job.continuation ? job.continuation->size.value_or(unknownSize) : unknownSize);
}

VerifyJob readVerifyJob(PacketReader& packet) {
    VerifyJob job;
    job.checksum = packet.text();
    job.origin = packet.text();
    job.requireLiveImage = packet.number() != 0;
    job.requireDeclaredSize = packet.number() != 0;
    job.decode = packet.number() != 0;
    job.attempt = packet.number();
    const auto offset = packet.wide();
    const auto size = packet.wide();
    packet.end();
    if (offset > 0) {
        job.continuation.emplace();
        job.continuation->offset = offset;
        job.continuation->size = size != unknownSize ? std::optional(size) : std::nullopt;
    }
    return job;
}

} // namespace bootferry
