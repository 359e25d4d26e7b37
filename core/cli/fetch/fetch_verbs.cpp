// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fetch_verbs.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>

#include "chosen_target.h"
#include "error_line.h"
#include "failure_report.h"
#include "fetch_job.h"
#include "fetch_report.h"
#include "log.h"
#include "output_options.h"
#include "plain_text.h"
#include "service_credentials.h"
#include "signed_list.h"
#include "stream_target.h"
#include "transfer_arguments.h"
#include "verity_request.h"
#include "verity_tree.h"
#include "worker_start.h"

namespace bootferry {
namespace {

// The default limit for the time without a byte, retries included, since a user waits at the prompt. A boot
// has no such limit.
constexpr std::chrono::minutes defaultIdleTimeout{5};

// The tree lies in memory. That of an image of 64 GiB, with the usual hash and blocks, has this size.
constexpr std::uint64_t largestTree = std::uint64_t{512} << 20U;

TrustedKeys trustedKeys(const CommandLine& line, const TransferRequest& request) {
    if (!request.signature) {
        if (line.has("keyring")) {
            throw Error(ErrorCode::Invalid, "--keyring= is for --signature=, which is not given");
        }
        return {};
    }
    TrustedKeys keys;
    applyOptions(line, [&](std::string_view name, const std::string& value) {
        if (name == "keyring") {
            keys.addFile(value);
        }
    });
    if (!line.has("keyring")) {
        keys.addFolder(settingsFolder() + "/keys");
    }
    return keys;
}

void judgeTree(const std::string& path, const std::string& rootHash) {
    const UniqueFd tree(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    checkErrno(tree.get(), "opening '" + path + "'");
    judgeVerityTree(tree.get(), rootHash);
}

} // namespace

TransferRequest fetchRequest(const CommandLine& line) {
    auto request = parseTransferArguments(line);
    request.requireLiveImage = false;
    if (!line.has("timeout")) {
        request.idleTimeout = defaultIdleTimeout;
    }
    return request;
}

int runFetch(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    auto request = fetchRequest(line);
    auto keys = trustedKeys(line, request);
    warnOfUnusedOptions(request);
    FetchReport report(request, json, line.has("quiet"));
    try {
        // Before the loop blocks the signals: they end the wait for a reader of a FIFO.
        const auto began = std::chrono::steady_clock::now();
        auto target = chooseTarget(request, isTargetNamed(line));
        if (request.timeout) {
            const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(
                std::chrono::steady_clock::now() - began);
            request.timeout = std::max(*request.timeout - waited, std::chrono::microseconds(1));
        }
        if (request.reset && (target.file || target.stream.blockSize == streamBlockSize)) {
            logWarning(fmt::format("--reset has no effect: '{}' is no block device, and only the data on one "
                                   "is overwritten by request{}",
                                   escapedText(request.target),
                                   target.file ? "; --no-continue starts a file over" : ""));
        }
        if (json && isStandardOutput(target.stream.fd)) {
            throw Error(ErrorCode::Invalid,
                        "--json= cannot be used while the image is written to standard output; specify FILE");
        }
        return runFetchJob({.request = std::move(request), .keys = std::move(keys)}, std::move(target),
                           report);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::Invalid) { // invalid arguments cause no event
            report.failed(error, false);
        }
        throw;
    }
}

// The tree may be on another server than the image. The rules for credentials are those for a checksum list.
int runFetchTree(const CommandLine& line) {
    forgetFailure();
    const bool isSignature = !line.has("roothash");
    const auto failed = [isSignature](const Error& error) {
        if (error.code() == ErrorCode::Cancelled) {
            return; // the unit was stopped, and whatever stopped it reports the reason
        }
        const auto* what = isSignature ? "the signature of the root hash" : "the hash tree";
        const auto hint = error.code() == ErrorCode::NotFound
                              ? fmt::format(": rd.bootferry.{}= says where it is",
                                            isSignature ? "roothash_signature" : "verity")
                              : "";
        reportFailure(errorLine(fmt::format("fetching {}: {}{}", what, error.what(), hint)));
    };
    try {
        auto request = parseTransferArguments(line);
        const auto rootHash = line.last("roothash");
        const auto expected = rootHash ? parseRootHash(*rootHash) : "";
        const auto path = request.target;
        const auto image = request.url;
        request.url = Url::parse(line.words.at(1));
        request.requireLiveImage = false;
        request.connections = 1;
        FetchReport report(request, std::nullopt, false);
        auto credentials = credentialsFor(request.url, image, readServiceCredentials());
        const bool isElsewhere = !isSameOrigin(request.url, image);
        auto target = chooseTarget(request, true);
        const int status = runFetchJob({.request = std::move(request),
                                        .credentials = std::move(credentials),
                                        .withholdLogin = isElsewhere},
                                       std::move(target), report, {.largest = largestTree, .failed = failed});
        if (status == EXIT_SUCCESS && rootHash) {
            judgeTree(path, expected);
        }
        return status;
    } catch (const Error& error) {
        failed(error);
        throw;
    }
}

} // namespace bootferry
