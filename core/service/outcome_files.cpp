// SPDX-License-Identifier: LGPL-2.1-or-later
#include "outcome_files.h"

#include <unistd.h>

#include "files.h"
#include "json.h"

namespace bootferry {
namespace {

bool tellsOfTheBoot(const std::string& path) {
    const auto members = parseJsonObject(readSmallFile(path).value_or(""));
    if (!members) {
        return false;
    }
    const auto member = members->find("initrd");
    return member != members->end() && member->second == JsonValue(true);
}

} // namespace

TransferView viewOf(const Transfer& transfer) {
    const auto& status = transfer.status();
    return {.id = transfer.id(),
            .url = transfer.url(),
            .target = transfer.target(),
            .device = status.device,
            .reused = status.reused,
            .plugin = status.plugin,
            .digest = status.digest,
            .progress = {.state = status.state,
                         .detail = status.detail,
                         .bytes = status.bytesTransferred,
                         .total = status.bytesTotal,
                         .written = status.bytesWritten,
                         .attempt = status.attempt},
            .startedUSec = transfer.startedUSec(),
            .finishedUSec = status.finishedUSec,
            .errorName = status.errorName,
            .errorMessage = status.errorMessage};
}

void writeOutcomeFiles(const std::string& folder, const Transfer& transfer, bool inInitrd) {
    const auto record = folder + "/result.json";
    if (!inInitrd && tellsOfTheBoot(record)) {
        return;
    }
    auto object = toJson(viewOf(transfer));
    object.add("initrd", inInitrd);
    writeFileAtomically(record, object.text(JsonStyle::Pretty) + "\n");
    const auto link = folder + "/image";
    if (transfer.status().state == TransferState::Done) {
        const auto temporary = link + ".new";
        (void)::unlink(temporary.c_str());
        checkErrno(::symlink(transfer.status().device.c_str(), temporary.c_str()),
                   "linking '" + temporary + "'");
        checkErrno(::rename(temporary.c_str(), link.c_str()), "renaming '" + temporary + "'");
    }
}

} // namespace bootferry
