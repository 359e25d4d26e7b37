// SPDX-License-Identifier: LGPL-2.1-or-later
// The file is opened without blocking: a FIFO must not stop the supervisor.
#include "key_file.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "environment.h"
#include "files.h"
#include "sealed_memory.h"

namespace bootferry {
namespace {

constexpr std::size_t largest = std::size_t{4} << 20U;

std::string expanded(const std::string& path) {
    const auto home = environment("HOME");
    return path.starts_with("~/") && home ? *home + path.substr(1) : path;
}

} // namespace

UniqueFd copyOfKeyFile(const std::string& path) {
    const auto what = fmt::format("opening '{}'", path);
    const UniqueFd file(::open(expanded(path).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file) {
        throw Error(fileErrorCode(errno), errno, what);
    }
    struct stat status {};
    checkErrno(::fstat(file.get(), &status), what);
    if (!S_ISREG(status.st_mode)) {
        throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is not a regular file", path));
    }
    std::vector<std::byte> contents(largest + 1);
    std::size_t size = 0;
    for (ssize_t count = 1; count > 0 && size < contents.size(); size += static_cast<std::size_t>(count)) {
        count = checkErrno(
            TEMP_FAILURE_RETRY(::read(file.get(), contents.data() + size, contents.size() - size)), what);
    }
    if (size > largest) {
        throw Error(ErrorCode::Invalid, fmt::format("'{}' is larger than 4 MiB", path));
    }
    contents.resize(size);
    auto copy = sealedMemory("bootferry-key-file", contents);
    checkErrno(::fchmod(copy.get(), 0444), what); // the worker reopens it as another user
    return copy;
}

} // namespace bootferry
