// SPDX-License-Identifier: LGPL-2.1-or-later
#include "export_source.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "boot_arguments.h"
#include "boot_request.h"
#include "declared_image_size.h"
#include "errors.h"
#include "files.h"
#include "iso_volume.h"
#include "live_image_probe.h"
#include "live_layout.h"
#include "plain_text.h"
#include "standard_streams.h"
#include "termination.h"

namespace bootferry {
namespace {

constexpr std::size_t copySize = 1 << 20U;

} // namespace

void throwIfInterrupted() {
    if (isTerminated()) {
        throw Error(ErrorCode::Cancelled, "interrupted: nothing was exported");
    }
}

Source::Source(std::string path, const char* what) : path_(std::move(path)) {
    fd_ = UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd_) {
        throw Error(fileErrorCode(errno), errno, fmt::format("opening the {} '{}'", what, path_));
    }
    status_ = now();
    if (!S_ISREG(status_.st_mode)) {
        throw Error(ErrorCode::TargetRefused, fmt::format("the {} '{}' is not a file", what, path_));
    }
}

void Source::read(const std::function<void(std::span<const std::byte>)>& take, std::uint64_t most) const {
    std::vector<std::byte> buffer(copySize);
    const auto end = std::min(size(), most);
    std::uint64_t position = 0;
    while (position < end) {
        throwIfInterrupted();
        const auto wanted = std::min<std::uint64_t>(buffer.size(), end - position);
        const auto part = ::pread(fd(), buffer.data(), wanted, static_cast<off_t>(position));
        if (part < 0 && errno == EINTR) {
            continue;
        }
        checkErrno(part, fmt::format("reading '{}'", path_));
        if (part == 0) {
            break; // the file has become shorter
        }
        take(std::span<const std::byte>(buffer.data(), static_cast<std::size_t>(part)));
        position += static_cast<std::uint64_t>(part);
    }
    requireUnchanged();
}

void Source::requireUnchanged() const {
    const auto status = now();
    if (status.st_size != status_.st_size || status.st_mtim.tv_sec != status_.st_mtim.tv_sec ||
        status.st_mtim.tv_nsec != status_.st_mtim.tv_nsec) {
        throw Error(ErrorCode::Range, fmt::format("'{}' changed while it was exported", path_));
    }
}

struct stat Source::now() const {
    struct stat status {};
    checkErrno(::fstat(fd(), &status), fmt::format("reading '{}'", path_));
    return status;
}

namespace {

constexpr std::size_t layoutProbe = 1 << 20U;

void requireWholeIso(const Source& iso, std::span<const std::byte> head) {
    if (!IsoVolume::in(head)) {
        const auto format = liveFormat(head);
        throw Error(ErrorCode::NotLive,
                    fmt::format("'{}' is not an ISO: {}", iso.path(),
                                !format.empty()
                                    ? fmt::format("it is a {}, which has no kernel and initrd", format)
                                    : whyNotLive(head).value_or("it has no volume descriptor")));
    }
    const auto declared = declaredImageSize(head);
    if (declared && *declared > iso.size()) {
        throw Error(ErrorCode::NotLive,
                    fmt::format("'{}' is not complete: {} bytes according to its header, and the "
                                "file has {}",
                                iso.path(), *declared, iso.size()));
    }
}

std::string layoutHelp(const std::string& image) {
    return fmt::format("add '-- {}' if its initrd can boot it", layoutArguments(image));
}

// Only the options matter for the layout, so that any URL serves as the image's.
std::optional<BootRequest> requestWith(const KernelCommandLine& options) {
    try {
        return parseBootRequest(
            KernelCommandLine::parse("root=live:http://host/image " + joined(options.arguments())));
    } catch (Error& error) {
        error.addContext("the boot would be refused");
        throw;
    }
}

// What the kernel command line needs, so that a boot finds the root image.
std::string neededLayout(std::span<const std::byte> head, const KernelCommandLine& options) {
    const auto request = requestWith(options);
    const auto layout = request ? request->layout : LiveLayout();
    const auto wanted = layout.dir.empty() ? layout.squashimg : layout.dir + "/" + layout.squashimg;
    const bool isDefault = layout.dir == LiveLayout().dir && layout.squashimg == LiveLayout().squashimg;
    const auto found = probeLayout(head, wanted);
    switch (found.state) {
    case ProbedLayout::State::Found:
    case ProbedLayout::State::RootTree:
        return {};
    case ProbedLayout::State::Elsewhere:
        if (isDefault) {
            return layoutArguments(found.image);
        }
        throw Error(ErrorCode::NotLive, fmt::format("the ISO has no '{}', which the options name, but it has "
                                                    "'{}': leave rd.live.dir= and rd.live.squashimg= out",
                                                    wanted, plainText(found.image)));
    case ProbedLayout::State::NotServed:
        throw Error(ErrorCode::NotLive,
                    fmt::format("the ISO's root image is '{}': {}; {}", plainText(found.image),
                                whyNotServed(found.image), layoutHelp(found.image)));
    case ProbedLayout::State::None:
        throw Error(ErrorCode::NotLive, found.why);
    case ProbedLayout::State::NotKnown:
        break;
    }
    printError("bootferryctl: whether the ISO has a root image is not known: {}; check the boot\n",
               escapedText(found.why));
    return {};
}

} // namespace

std::string judgeIso(const Source& iso, const KernelCommandLine& options) {
    std::vector<std::byte> head;
    iso.read(
        [&head](std::span<const std::byte> bytes) { head.insert(head.end(), bytes.begin(), bytes.end()); },
        layoutProbe);
    requireWholeIso(iso, head);
    return neededLayout(head, options);
}

} // namespace bootferry
