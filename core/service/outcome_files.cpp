// SPDX-License-Identifier: LGPL-2.1-or-later
#include "outcome_files.h"

#include <optional>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "errors.h"
#include "files.h"
#include "handles.h"
#include "json.h"
#include "log.h"
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

struct WrittenDevice {
    dev_t number = 0;
    std::string identity; // shows whether it still holds this image
};

// nullopt if the transfer has written none.
std::optional<WrittenDevice> writtenDevice(const TransferStatus& status) {
    if (status.state != TransferState::Done || status.written == 0) {
        return std::nullopt;
    }
    const UniqueFd device(::open(status.device.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat found {};
    if (!device || ::fstat(device.get(), &found) < 0 || !S_ISBLK(found.st_mode)) {
        return std::nullopt;
    }
    return WrittenDevice{.number = found.st_rdev, .identity = mediumIdentity(device.get())};
}

// For `bootferryctl verify`, later: no boot depends on it.
void recordDeployment(const std::string& folder, const WrittenDevice& device, const std::string& text) {
    const auto path =
        fmt::format("{}/deployed-{}:{}.json", folder, major(device.number), minor(device.number));
    try {
        writeFileAtomically(path, text);
    } catch (const Error& error) {
        logWarning(fmt::format("ignoring: {}", error.what()));
    }
}

} // namespace

void writeOutcomeFiles(const std::string& folder, const TransferStatus& status, bool inInitrd) {
    const auto record = folder + "/result.json";
    const auto written = writtenDevice(status);
    auto object = toJson(status);
    object.add("initrd", inInitrd);
    if (written && !written->identity.empty()) {
        object.add("medium", written->identity);
    } else {
        object.addNull("medium");
    }
    const auto text = object.text(JsonStyle::Pretty) + "\n";
    if (written) {
        recordDeployment(folder, *written, text);
    }
    if (!inInitrd && describesTheBoot(record)) {
        return;
    }
    writeFileAtomically(record, text);
    const auto link = folder + "/image";
    if (status.state == TransferState::Done || (!isFinal(status.state) && !status.device.empty())) {
        const auto temporary = link + ".new";
        (void)::unlink(temporary.c_str());
        checkErrno(::symlink(status.device.c_str(), temporary.c_str()), "linking '" + temporary + "'");
        checkErrno(::rename(temporary.c_str(), link.c_str()), "renaming '" + temporary + "'");
    }
}

} // namespace bootferry
