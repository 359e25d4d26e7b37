// SPDX-License-Identifier: LGPL-2.1-or-later
#include "outcome_files.h"

#include <fcntl.h>
#include <unistd.h>

#include "errors.h"
#include "files.h"
#include "handles.h"
#include "json.h"
#include "medium_identity.h"

namespace bootferry {
namespace {

bool describesTheBoot(const std::string& path) {
    const auto members = parseJsonObject(readSmallFile(path).value_or(""));
    if (!members) {
        return false;
    }
    const auto member = members->find("initrd");
    return member != members->end() && member->second == JsonValue(true);
}

// For those who look at the device later: whether it still holds this image.
std::string identityOf(const TransferStatus& status) {
    if (status.state != TransferState::Done || status.written == 0) {
        return {};
    }
    const UniqueFd device(::open(status.device.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    return device ? mediumIdentity(device.get()) : std::string();
}

} // namespace

void writeOutcomeFiles(const std::string& folder, const TransferStatus& status, bool inInitrd) {
    const auto record = folder + "/result.json";
    if (!inInitrd && describesTheBoot(record)) {
        return;
    }
    auto object = toJson(status);
    object.add("initrd", inInitrd);
    if (const auto identity = identityOf(status); !identity.empty()) {
        object.add("medium", identity);
    } else {
        object.addNull("medium");
    }
    writeFileAtomically(record, object.text(JsonStyle::Pretty) + "\n");
    const auto link = folder + "/image";
    if (status.state == TransferState::Done) {
        const auto temporary = link + ".new";
        (void)::unlink(temporary.c_str());
        checkErrno(::symlink(status.device.c_str(), temporary.c_str()), "linking '" + temporary + "'");
        checkErrno(::rename(temporary.c_str(), link.c_str()), "renaming '" + temporary + "'");
    }
}

} // namespace bootferry
