// SPDX-License-Identifier: LGPL-2.1-or-later
#include "outcome_files.h"

#include <unistd.h>

#include "errors.h"
#include "files.h"
#include "json.h"

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

} // namespace

void writeOutcomeFiles(const std::string& folder, const TransferStatus& status, bool inInitrd) {
    const auto record = folder + "/result.json";
    if (!inInitrd && describesTheBoot(record)) {
        return;
    }
    auto object = toJson(status);
    object.add("initrd", inInitrd);
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
