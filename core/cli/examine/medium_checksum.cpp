// SPDX-License-Identifier: LGPL-2.1-or-later
// A list on a server is read by a worker; one on this machine, here.
#include "medium_checksum.h"

#include <chrono>
#include <filesystem>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "argument_values.h"
#include "medium_identity.h"
#include "named_file.h"
#include "source_probe.h"
#include "watch_verbs.h"

namespace bootferry {
namespace {

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

ExpectedChecksum fromServer(const std::string& list, const std::string& name) {
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
    return {.checksum = Checksum::parse(result.checksum.value()), .origin = url.shown()};
}

ExpectedChecksum fromFile(const std::string& path, const Medium& medium, const std::string& name) {
    // Entries with the same folders are preferred.
    const auto folder = std::filesystem::absolute(medium.path()).parent_path().string();
    const auto image = Url::parse(
        fmt::format("file://localhost{}/{}", encodedPath(folder == "/" ? "" : folder), encodedPath(name)));
    return {.checksum = Checksum::parse(checksumFromFile(path, image)), .origin = path};
}

} // namespace

std::optional<TransferStatus> deploymentOf(const Medium& medium) {
    auto recorded = medium.isDevice() ? recordedDeployment(*medium.device()) : std::nullopt;
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

ExpectedChecksum expectedChecksum(const Medium& medium, const VerifyArguments& arguments,
                                  const std::optional<TransferStatus>& deployment) {
    const auto& text = arguments.checksum;
    const bool isUrl = text.find("://") != std::string::npos;
    if (!isUrl && !namesList(text)) {
        return {.checksum = Checksum::parse(parseChecksum(text)), .origin = {}};
    }
    const auto name = nameInList(medium, arguments, deployment);
    return isUrl ? fromServer(text, name) : fromFile(text, medium, name);
}

} // namespace bootferry
