// SPDX-License-Identifier: LGPL-2.1-or-later
// What the verifying process has to do. It learns no URL that is requested and no credential: only what the
// bytes have to be, and how they are written.
#pragma once

#include <cstdint>
#include <string>

#include "packet.h"
#include "worker_process.h"

namespace bootferry {

struct VerifyJob {
    std::string checksum; // "sha256:HEX"
    std::string origin;   // the list that the checksum is from, for people; empty: part of the request
    bool requireLiveImage = true;
    bool requireDeclaredSize = false;
    bool decode = true;
    std::uint32_t attempt = 1;
    std::optional<Continuation> continuation; // without its validator
};

[[nodiscard]] VerifyJob verifyJobOf(const WorkerJob& job);

// Small enough for one packet.
void writeVerifyJob(PacketWriter& packet, const VerifyJob& job);
[[nodiscard]] VerifyJob readVerifyJob(PacketReader& packet); // throws Error(Protocol)

} // namespace bootferry
