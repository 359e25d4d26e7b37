// SPDX-License-Identifier: LGPL-2.1-or-later
#include "medium_verification.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "declared_image_size.h"
#include "incomplete_mark.h"
#include "media_check.h"
#include "plain_text.h"
#include "progress_line.h"
#include "quantities.h"
#include "standard_streams.h"

namespace bootferry {
namespace {

struct Extent {
    std::uint64_t size = 0;
    bool isGuess = false;
    std::uint64_t padding = 0; // padding that may follow, up to the next 4 KiB
    std::string why;           // where the size is from, for messages
};

// mksquashfs(1) pads the file to 4 KiB behind the size that the image declares, unless -nopad is given.
std::uint64_t paddingBehind(const Medium& medium, std::span<const std::byte> head) {
    const auto padded = paddedImageSize(head);
    return padded && *padded <= medium.size() ? *padded - *declaredImageSize(head) : 0;
}

Extent extentOf(const Medium& medium, const VerifyArguments& arguments,
                const std::optional<TransferStatus>& deployment) {
    const auto head = medium.head(declaredSizeProbe);
    const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
    if (text.starts_with(incompleteMark)) {
        throw Error(
            ErrorCode::NotLive,
            fmt::format("'{}' holds an incomplete image: its deployment was interrupted", medium.path()));
    }
    if (arguments.size) {
        return {.size = *arguments.size, .why = "as given by --size="};
    }
    if (deployment) {
        return {.size = deployment->written, .why = "as deployed"};
    }
    const auto declared = declaredImageSize(head);
    if (medium.isDevice() && declared) {
        return {.size = *declared,
                .padding = paddingBehind(medium, head),
                .why = "the size that the image declares"};
    }
    if (declared && *declared > medium.size()) {
        return {.size = *declared, .why = "the size that the image declares"};
    }
    return {.size = medium.size(),
            .isGuess = medium.isDevice(),
            .why = medium.isDevice() ? "the whole device: the image's size is unknown" : "the whole file"};
}

void requireRoom(const Medium& medium, const Extent& image) {
    if (image.size > medium.size()) {
        throw Error(ErrorCode::TooLarge,
                    fmt::format("'{}' has only {} ({} bytes), less than the image's {} ({} bytes, {})",
                                medium.path(), formatSize(medium.size()), medium.size(),
                                formatSize(image.size), image.size, image.why));
    }
}

// Draws at most a few times a second.
class VerifyProgress {
public:
    VerifyProgress(std::uint64_t total, bool quiet) : total_(total), quiet_(quiet) {}
    ~VerifyProgress() { end(); }
    VerifyProgress(const VerifyProgress&) = delete;
    VerifyProgress& operator=(const VerifyProgress&) = delete;

    void at(std::uint64_t bytes) {
        constexpr std::chrono::milliseconds pace{250};
        const auto now = std::chrono::steady_clock::now();
        if (quiet_ || (bytes < total_ && now - drawn_ < pace)) {
            return;
        }
        drawn_ = now;
        TransferStatus status;
        status.state = TransferState::Transferring;
        status.bytes = bytes;
        status.total = total_;
        status.fraction = total_ > 0 ? static_cast<double>(bytes) / static_cast<double>(total_) : -1;
        line_.show(status);
    }

    void end() {
        if (!std::exchange(ended_, true)) {
            line_.end();
        }
    }

private:
    std::uint64_t total_;
    bool quiet_;
    ProgressLine line_;
    std::chrono::steady_clock::time_point drawn_ = std::chrono::steady_clock::now();
    bool ended_ = false;
};

void refuseUnreadable(const Medium& medium, const MediumDigest& read) {
    if (read.unreadable.empty()) {
        return;
    }
    for (const auto& place : read.unreadable) {
        printError("bootferryctl: '{}' cannot be read: bytes {} to {}\n", medium.path(), place.begin,
                   place.end - 1);
    }
    throw Error(
        ErrorCode::Io, read.errnoValue,
        fmt::format("'{}' is damaged: {} cannot be read", medium.path(), placesText(read.unreadable)));
}

std::string alsoTried(const Extent& image, const MediumDigest& read) {
    if (image.isGuess) {
        return "; if the image is shorter than the device, specify its size with --size=";
    }
    return read.padded
               ? fmt::format("; with the padding, {} bytes, it does not match either: if the file has "
                             "another size, specify it with --size=",
                             image.size + image.padding)
               : "";
}

// known: what is known so far, also if this fails.
Verified verifyChecksum(const Medium& medium, const Extent& image, const ExpectedChecksum& expected,
                        bool quiet, Verified& known) {
    known = {.checksum = expected.checksum.text(), .list = expected.origin};
    MediumDigest read;
    {
        VerifyProgress progress(image.size, quiet);
        read = medium.digest(expected.checksum.algorithm, image.size, image.padding,
                             [&](std::uint64_t bytes) { progress.at(bytes); });
    }
    refuseUnreadable(medium, read);
    known.bytes = image.size;
    auto verified = known;
    if (read.padded == expected.checksum) {
        verified.bytes += image.padding;
        verified.remark = image.why + ", and its padding";
        return verified;
    }
    const bool asPartitioned = read.withoutLaterPartitions == expected.checksum;
    if (read.checksum != expected.checksum && !asPartitioned) {
        const auto origin = expected.origin.empty() ? "" : fmt::format(" (from {})", expected.origin);
        throw Error(ErrorCode::Checksum,
                    fmt::format("'{}' does not match: expected {}{}, read {}; {} ({} bytes) were read, {}{}",
                                medium.path(), expected.checksum.text(), origin, read.checksum.text(),
                                formatSize(image.size), image.size, image.why, alsoTried(image, read)));
    }
    verified.remark = image.why;
    if (read.checksum != expected.checksum) {
        verified.remark += "; partitions that were added behind the image are left out";
    }
    return verified;
}

// nullopt: it does not match either.
std::optional<Verified> matching(const Medium& medium, const Extent& image, const ExpectedChecksum& expected,
                                 bool quiet) {
    Verified known;
    try {
        return verifyChecksum(medium, image, expected, quiet, known);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::Checksum) {
            throw;
        }
        return std::nullopt;
    }
}

// Of a medium without an embedded checksum, what to do instead.
MediumChecksum embeddedIn(const Medium& medium) {
    try {
        return mediumChecksum(medium.fd().get(), medium.path());
    } catch (const Error& error) {
        if (error.code() != ErrorCode::NotLive) {
            throw;
        }
        throw Error(ErrorCode::Invalid,
                    fmt::format("'{}' has no embedded checksum: use --checksum=", medium.path()));
    }
}

Verified verifyEmbedded(const Medium& medium, bool quiet, Verified& known) {
    if (medium.size() < declaredSizeProbe) {
        throw Error(
            ErrorCode::Invalid,
            fmt::format("'{}' is too short for an embedded checksum: use --checksum=", medium.path()));
    }
    if (const auto size = declaredImageSize(medium.head(declaredSizeProbe))) {
        requireRoom(medium, {.size = *size, .why = "the size that the image declares"});
    }
    const auto wanted = embeddedIn(medium);
    known = {.checksum = wanted.text(), .isEmbedded = true, .bytes = wanted.covered};
    VerifyProgress progress(wanted.covered, quiet);
    checkMedium(medium.fd().get(), medium.path(), wanted,
                [&](unsigned percent) { progress.at(wanted.covered * percent / 100); });
    return known;
}

} // namespace

Verified verifyMedium(const VerifyArguments& arguments, Verified& known) {
    const Medium medium(arguments.path);
    const auto deployment = deploymentOf(medium);
    const auto image = extentOf(medium, arguments, deployment);
    requireRoom(medium, image);
    if (arguments.checksum.empty()) {
        return verifyEmbedded(medium, arguments.quiet, known);
    }
    if (deployment && deployment->bytes != deployment->written) {
        throw Error(
            ErrorCode::Unsupported,
            fmt::format("the image on '{}' was decompressed while it was written; checksums are those of the "
                        "compressed file",
                        medium.path()));
    }
    const auto expected = expectedChecksum(medium, arguments, deployment);
    try {
        return verifyChecksum(medium, image, expected, arguments.quiet, known);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::Checksum || !deployment || arguments.size) {
            throw;
        }
        const auto declared = extentOf(medium, arguments, std::nullopt);
        if (declared.size == image.size || declared.size > medium.size()) {
            throw;
        }
        // Another image with the same beginning may have been written since: one without padding behind it.
        if (auto verified = matching(medium, declared, expected, arguments.quiet)) {
            return *verified;
        }
        throw;
    }
}

} // namespace bootferry
