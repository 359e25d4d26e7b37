// SPDX-License-Identifier: LGPL-2.1-or-later
#include "partial_state.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view lastLine = "end";

std::string timeText(const statx_timestamp& time) {
    return fmt::format("{}.{:09}", time.tv_sec, time.tv_nsec);
}

void readLine(PartialState& state, std::string_view name, std::string_view value) {
    if (name == "url") {
        state.url = value;
    } else if (name == "checksum") {
        state.checksum = value;
    } else if (name == "whole") {
        state.isWhole = value == "yes";
    } else if (name == "size") {
        state.size = parseNumber<std::uint64_t>(value);
    } else if (name == "validator") {
        state.validator = value;
    } else if (name == "inode") {
        state.file.inode = parseNumber<std::uint64_t>(value).value_or(0);
    } else if (name == "born") {
        state.file.born = value;
    } else if (name == "length") {
        state.file.length = parseNumber<std::uint64_t>(value).value_or(0);
    } else if (name == "modified") {
        state.file.modified = value;
    } else if (name == "changed") {
        state.file.changed = value;
    } else if (name == "growing") {
        state.growing = value == "yes";
    }
}

} // namespace

FileIdentity identityOf(int fd) {
    struct statx status {};
    // A network file system must not answer from its cache.
    checkErrno(::statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS | STATX_BTIME, &status),
               "looking at a file");
    return {.inode = status.stx_ino,
            .born = (status.stx_mask & STATX_BTIME) != 0 ? timeText(status.stx_btime) : std::string(),
            .length = status.stx_size,
            .modified = timeText(status.stx_mtime),
            .changed = timeText(status.stx_ctime)};
}

bool isFileOf(const PartialState& state, const FileIdentity& now) {
    const auto& then = state.file;
    if (state.growing) {
        return !then.born.empty() && then.inode == now.inode && then.born == now.born &&
               now.length >= then.length;
    }
    return then == now;
}

std::string toText(const PartialState& state) {
    std::string text = fmt::format("url {}\n", state.url);
    const auto add = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            text += fmt::format("{} {}\n", name, value);
        }
    };
    add("checksum", state.checksum);
    add("whole", state.isWhole ? "yes" : "");
    add("size", state.size ? std::to_string(*state.size) : "");
    add("validator", state.validator);
    add("inode", std::to_string(state.file.inode));
    add("born", state.file.born);
    add("length", std::to_string(state.file.length));
    add("modified", state.file.modified);
    add("changed", state.file.changed);
    add("growing", state.growing ? "yes" : "");
    return text + std::string(lastLine) + "\n";
}

std::optional<PartialState> partialFromText(std::string_view text) {
    PartialState state;
    for (const auto line : linesOf(text)) {
        if (line == lastLine) {
            return state.file.inode != 0 ? std::optional(state) : std::nullopt;
        }
        if (const auto blank = line.find(' '); blank != std::string_view::npos) {
            readLine(state, line.substr(0, blank), line.substr(blank + 1));
        }
    }
    return std::nullopt;
}

} // namespace bootferry
