// SPDX-License-Identifier: LGPL-2.1-or-later
#include "profile_verb.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "files.h"
#include "image_on_demand.h"
#include "plain_text.h"
#include "standard_streams.h"
#include "url_file_name.h"
#include "watch_verbs.h"

namespace bootferry {
namespace {

constexpr const char* whatToDo =
    "boot it with rd.bootferry.ondemand, over a line on which the boot ends before the image has arrived";

// Why nothing is known of this boot, and what to do.
[[noreturn]] void refuse() {
    const auto recorded = recordedTransfer();
    if (!recorded) {
        throw Error(
            ErrorCode::NotFound,
            fmt::format("this system was not booted by bootferry, so that nothing shows what its boot "
                        "has read: {}",
                        whatToDo));
    }
    const auto& status = recorded->status;
    if (!isFinal(status.state) && !status.device.empty()) {
        throw Error(ErrorCode::NotFound, "the image of this system is still arriving: try again when it is "
                                         "complete (bootferryctl status)");
    }
    throw Error(
        ErrorCode::NotFound,
        fmt::format(
            "the image of this system was fetched as a whole, or the process that served it was lost, "
            "so that nothing shows what its boot has read: {}",
            whatToDo));
}

std::string keptProfile() {
    const auto path = runtimePath("boot-profile");
    if (::access(path.c_str(), F_OK) == 0 && ::access(path.c_str(), R_OK) != 0) {
        throw Error(ErrorCode::NotPermitted, "only root may know what the boot has read: try sudo");
    }
    const auto text = readSmallFile(path);
    if (!text) {
        refuse();
    }
    return *text;
}

std::string nameBesideImage() {
    const auto recorded = recordedTransfer();
    if (!recorded) {
        throw Error(ErrorCode::NotFound, "the name of the image is not known any more: name a FILE");
    }
    try {
        return fileNameOf(Url::parse(recorded->status.url)) + ".profile";
    } catch (Error& error) {
        error.addContext("the image's URL has no name for the file: name a FILE");
        throw;
    }
}

// It is replaced by another file under its name. A folder is not made: it would be a misspelt one.
void requireFileOrNothing(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    std::error_code ignored;
    if (!parent.empty() && !std::filesystem::is_directory(parent, ignored)) {
        throw Error(ErrorCode::NotFound,
                    fmt::format("there is no folder '{}'", escapedText(parent.string())));
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' is not a file: name a file, or - for standard "
                                "output",
                                escapedText(path)));
    }
}

void writeTo(const std::string& path, const std::string& text) {
    requireFileOrNothing(path);
    try {
        writeFileAtomically(path, text);
    } catch (const Error& error) {
        throw Error(error.errnoValue() != 0 ? fileErrorCode(error.errnoValue()) : error.code(), error.what());
    }
}

} // namespace

int runProfile(const CommandLine& line) {
    const auto text = keptProfile();
    const auto path = line.words.empty() ? nameBesideImage() : line.words.front();
    if (path == "-") {
        printOutput("{}", text);
        return EXIT_SUCCESS;
    }
    writeTo(path, text);
    const auto lines = std::count(text.begin(), text.end(), '\n');
    printOutput("'{}' names {} parts of the image: put it beside the image on the server\n",
                escapedText(path), std::max<std::ptrdiff_t>(lines - 2, 0));
    return EXIT_SUCCESS;
}

} // namespace bootferry
