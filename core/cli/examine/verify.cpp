// SPDX-License-Identifier: LGPL-2.1-or-later
// The size of the image on a device is the one given by --size=, recorded by the deployment, or declared in
// its header. The image is looked up in a list of checksums by its name; for a device this is the name in the
// URL that it was deployed from.
#include "verify.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "argument_values.h"
#include "declared_image_size.h"
#include "incomplete_mark.h"
#include "json.h"
#include "media_check.h"
#include "medium.h"
#include "medium_identity.h"
#include "named_file.h"
#include "output_options.h"
#include "plain_text.h"
#include "progress_line.h"
#include "source_probe.h"
#include "standard_streams.h"
#include "text.h"
#include "watch_verbs.h"

namespace bootferry {
namespace {

struct VerifyArguments {
    std::string path;
    std::string checksum; // as given; empty: the embedded one
    std::optional<std::uint64_t> size;
    std::string name; // in a list
};

VerifyArguments parseVerify(const CommandLine& line) {
    VerifyArguments parsed{.path = line.words.front()};
    applyOptions(line, [&](std::string_view name, const std::string& value) {
        if (value.empty() && name != "json") {
            throw Error(ErrorCode::Invalid, "the value is empty");
        }
        if (name == "checksum") {
            parsed.checksum = value;
        } else if (name == "name") {
            parsed.name = value;
        } else if (name == "size") {
            parsed.size = parseByteCount(value);
        }
    });
    return parsed;
}

// The recorded transfer that wrote this device; nullopt if there is none, or if something was written since.
std::optional<TransferStatus> deploymentOf(const Medium& medium) {
    auto recorded = medium.isDevice() ? recordedTransfer() : std::nullopt;
    if (!recorded) {
        return std::nullopt;
    }
    auto& transfer = recorded->status;
    struct stat status {};
    if (transfer.state != TransferState::Done || transfer.reused || transfer.written == 0 ||
        ::stat(transfer.device.c_str(), &status) < 0 || !S_ISBLK(status.st_mode) ||
        status.st_rdev != medium.device() || recorded->medium != mediumIdentity(medium.fd().get())) {
        return std::nullopt;
    }
    return std::move(transfer);
}

struct Extent {
    std::uint64_t size = 0;
    std::uint64_t padding = 0; // that may follow, up to the next 4 KiB
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

// Percent-encoded, as a path of a URL.
std::string encodedPath(std::string_view path) {
    std::string encoded;
    for (const char c : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~/").find(c) != std::string_view::npos;
        encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

std::string nameInList(const Medium& medium, const VerifyArguments& arguments,
                       const std::optional<TransferStatus>& deployment) {
    if (!arguments.name.empty()) {
        return arguments.name;
    }
    if (!medium.isDevice()) {
        return std::filesystem::path(medium.path()).filename();
    }
    if (deployment) {
        return std::filesystem::path(Url::parse(deployment->url).decodedPath()).filename();
    }
    throw Error(ErrorCode::Invalid,
                fmt::format("the file name of the image on '{}' is not known; specify it with --name=",
                            medium.path()));
}

struct Expected {
    Checksum checksum;
    std::string origin; // URL or path of the list; empty: the checksum was given
};

Expected fromServer(const std::string& list, const std::string& name) {
    TransferRequest request;
    request.timeout = std::chrono::minutes(1);
    setChecksum(request, list);
    const auto& url = *request.checksumUrl;
    const auto path = url.path().substr(0, url.path().find('?'));
    const auto folder = path.substr(0, path.rfind('/') + 1);
    request.url = Url::parse(fmt::format("{}://{}{}{}", url.scheme(), url.authority(),
                                         folder.empty() ? "/" : folder, encodedPath(name)));
    const auto result = runSourceProbe(request, JobPurpose::Checksum);
    const auto& failure = result.failure ? result.failure : result.checksumFailure;
    if (failure) {
        throw *failure;
    }
    return {.checksum = Checksum::parse(result.checksum.value()), .origin = url.redacted()};
}

Expected fromFile(const std::string& path, const Medium& medium, const std::string& name) {
    // Entries with the same folders are preferred.
    const auto folder = std::filesystem::absolute(medium.path()).parent_path().string();
    const auto image = Url::parse(
        fmt::format("file://localhost{}/{}", encodedPath(folder == "/" ? "" : folder), encodedPath(name)));
    return {.checksum = Checksum::parse(checksumFromFile(path, image)), .origin = path};
}

Expected expectedChecksum(const Medium& medium, const VerifyArguments& arguments,
                          const std::optional<TransferStatus>& deployment) {
    const auto& text = arguments.checksum;
    const bool isUrl = text.find("://") != std::string::npos;
    if (!isUrl && !namesList(text)) {
        return {.checksum = Checksum::parse(parseChecksum(text)), .origin = {}};
    }
    const auto name = nameInList(medium, arguments, deployment);
    return isUrl ? fromServer(text, name) : fromFile(text, medium, name);
}

// Draws at most a few times a second.
class VerifyProgress {
public:
    explicit VerifyProgress(std::uint64_t total) : total_(total) {}
    ~VerifyProgress() { end(); }
    VerifyProgress(const VerifyProgress&) = delete;
    VerifyProgress& operator=(const VerifyProgress&) = delete;

    void at(std::uint64_t bytes) {
        constexpr std::chrono::milliseconds pace{250};
        const auto now = std::chrono::steady_clock::now();
        if (bytes < total_ && now - drawn_ < pace) {
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

// What was compared, and how long it took.
struct Verified {
    Checksum checksum;
    std::string list; // the checksum's origin; empty: it was given, or is embedded in the image
    std::uint64_t bytes = 0;
    std::string remark; // for people: what the size is, and what was left out
};

std::string alsoTried(const Extent& image, const MediumDigest& read) {
    return read.padded
               ? fmt::format("; with the padding, {} bytes, it does not match either: if the file has "
                             "another size, specify it with --size=",
                             image.size + image.padding)
               : "";
}

// known: what is known so far, also if this fails.
Verified verifyChecksum(const Medium& medium, const Extent& image, const Expected& expected,
                        Verified& known) {
    known = {.checksum = expected.checksum, .list = expected.origin, .bytes = 0, .remark = {}};
    MediumDigest read;
    {
        VerifyProgress progress(image.size);
        read = medium.digest(expected.checksum.algorithm, image.size, image.padding,
                             [&](std::uint64_t bytes) { progress.at(bytes); });
    }
    refuseUnreadable(medium, read);
    known.bytes = image.size;
    if (read.padded == expected.checksum) {
        return {.checksum = expected.checksum,
                .list = expected.origin,
                .bytes = image.size + image.padding,
                .remark = image.why + ", and its padding"};
    }
    const bool asPartitioned = read.withoutLaterPartitions == expected.checksum;
    if (read.checksum != expected.checksum && !asPartitioned) {
        const auto origin = expected.origin.empty() ? "" : fmt::format(" (from {})", expected.origin);
        throw Error(ErrorCode::Checksum,
                    fmt::format("'{}' does not match: expected {}{}, read {}; {} ({} bytes) were read, {}{}",
                                medium.path(), expected.checksum.text(), origin, read.checksum.text(),
                                formatSize(image.size), image.size, image.why, alsoTried(image, read)));
    }
    return {.checksum = expected.checksum,
            .list = expected.origin,
            .bytes = image.size,
            .remark = image.why + (read.checksum != expected.checksum
                                       ? "; partitions that were added behind the image are left out"
                                       : "")};
}

// nullopt: it does not match either.
std::optional<Verified> matching(const Medium& medium, const Extent& image, const Expected& expected,
                                 Verified& known) {
    try {
        return verifyChecksum(medium, image, expected, known);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::Checksum) {
            throw;
        }
        return std::nullopt;
    }
}

Verified verifyEmbedded(const Medium& medium) {
    if (medium.size() < declaredSizeProbe) {
        throw Error(
            ErrorCode::Invalid,
            fmt::format("'{}' is too short for an embedded checksum: use --checksum=", medium.path()));
    }
    const auto head = medium.head(declaredSizeProbe);
    const auto size = declaredImageSize(head);
    if (size) {
        requireRoom(medium, {.size = *size, .why = "the size that the image declares"});
    }
    try {
        VerifyProgress progress(size.value_or(100));
        checkMedium(medium.fd().get(), medium.path(),
                    [&](unsigned percent) { progress.at(size ? *size / 100 * percent : percent); });
    } catch (const Error& error) {
        if (error.code() != ErrorCode::NotLive) {
            throw;
        }
        throw Error(ErrorCode::Invalid,
                    fmt::format("'{}' has no embedded checksum: use --checksum=", medium.path()));
    }
    return {.bytes = size.value_or(0)};
}

Verified verify(const VerifyArguments& arguments, Verified& known) {
    const Medium medium(arguments.path);
    const auto deployment = deploymentOf(medium);
    const auto image = extentOf(medium, arguments, deployment);
    requireRoom(medium, image);
    if (arguments.checksum.empty()) {
        return verifyEmbedded(medium);
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
        return verifyChecksum(medium, image, expected, known);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::Checksum || !deployment || arguments.size) {
            throw;
        }
        const auto declared = extentOf(medium, arguments, std::nullopt);
        if (declared.size == image.size || declared.size > medium.size()) {
            throw;
        }
        // Another image with the same beginning may have been written since: one without padding behind it.
        Verified ignored;
        if (auto verified = matching(medium, declared, expected, ignored)) {
            return *verified;
        }
        throw;
    }
}

using Seconds = std::chrono::duration<double>;

std::uint64_t rateOf(const Verified& verified, Seconds took) {
    return static_cast<std::uint64_t>(static_cast<double>(verified.bytes) / took.count());
}

void print(const std::string& path, const Verified& verified, Seconds took) {
    const auto rate = verified.bytes > 0 ? ", " + formatRate(rateOf(verified, took)) : "";
    const auto time = formatElapsed(std::chrono::ceil<std::chrono::microseconds>(took)) + rate;
    if (verified.checksum.algorithm.empty()) {
        printOutput("{}: the checksum embedded in the image matches, in {}\n", escapedText(path), time);
        return;
    }
    printOutput("{}: {}{}, {} ({} bytes) read, {}, in {}\n", escapedText(path), verified.checksum.text(),
                verified.list.empty() ? "" : fmt::format(" (from {})", escapedText(verified.list)),
                formatSize(verified.bytes), verified.bytes, verified.remark, time);
}

// known: what is known, even if the verification failed.
JsonObject toJson(const std::string& path, const Verified& known, Seconds took,
                  const std::optional<Error>& failure) {
    JsonObject object;
    const auto add = [&](const char* key, const std::string& text) {
        if (text.empty()) {
            object.addNull(key);
        } else {
            object.add(key, text);
        }
    };
    object.add("path", path);
    object.add("verified", !failure);
    add("checksum", known.checksum.algorithm.empty() ? "" : known.checksum.text());
    add("list", known.list);
    if (known.bytes > 0) {
        object.add("bytes", known.bytes);
        object.add("mean_rate", rateOf(known, took));
    } else {
        object.addNull("bytes");
        object.addNull("mean_rate");
    }
    object.add("seconds", took.count());
    add("error", failure ? fmt::format("org.bootferry1.Error.{}", errorName(failure->code())) : "");
    add("message", failure ? failure->what() : "");
    return object;
}

} // namespace

int runVerify(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    const auto arguments = parseVerify(line);
    const auto began = std::chrono::steady_clock::now();
    const auto took = [&] {
        return std::max(Seconds(std::chrono::steady_clock::now() - began), Seconds(1e-6));
    };
    Verified known;
    try {
        const auto verified = verify(arguments, known);
        if (json) {
            printOutput("{}\n", toJson(arguments.path, verified, took(), std::nullopt).text(*json));
        } else {
            print(arguments.path, verified, took());
        }
    } catch (const Error& error) {
        if (json) {
            printOutput("{}\n", toJson(arguments.path, known, took(), error).text(*json));
            (void)flushOutput();
        }
        throw;
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
