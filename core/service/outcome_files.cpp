// SPDX-License-Identifier: LGPL-2.1-or-later
#include "outcome_files.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "files.h"

namespace bootferry {
namespace {

// RFC 8259, section 7
std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            result += c;
        }
    }
    return result + "\"";
}

} // namespace

std::string resultJson(const Transfer& transfer) {
    const auto& status = transfer.status();
    std::string text = fmt::format("{{\n  \"state\": {},\n  \"url\": {},\n  \"target\": {},\n",
                                   quoted(std::string(stateName(status.state))), quoted(transfer.url()),
                                   quoted(transfer.target()));
    if (status.state == TransferState::Done) {
        text += fmt::format("  \"device\": {},\n  \"reused\": {},\n  \"sha256\": {},\n  \"plugin\": {},\n",
                            quoted(transfer.device()), transfer.reused(), quoted(transfer.result().sha256),
                            quoted(status.plugin));
    } else {
        text += fmt::format("  \"error\": {},\n  \"message\": {},\n", quoted(status.errorName),
                            quoted(status.errorMessage));
    }
    return text + fmt::format(
                      "  \"bytes\": {},\n  \"written\": {},\n  \"attempt\": {},\n  \"startedUSec\": {}\n}}\n",
                      status.bytesTransferred, status.bytesWritten, status.attempt, transfer.startedUSec());
}

void writeOutcomeFiles(const std::string& folder, const Transfer& transfer) {
    writeFileAtomically(folder + "/result.json", resultJson(transfer));
    const auto link = folder + "/image";
    if (transfer.status().state == TransferState::Done) {
        const auto temporary = link + ".new";
        (void)::unlink(temporary.c_str());
        checkErrno(::symlink(transfer.device().c_str(), temporary.c_str()), "linking '" + temporary + "'");
        checkErrno(::rename(temporary.c_str(), link.c_str()), "renaming '" + temporary + "'");
    }
}

} // namespace bootferry
