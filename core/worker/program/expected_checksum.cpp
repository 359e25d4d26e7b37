// SPDX-License-Identifier: LGPL-2.1-or-later
// The list is a transfer of its own, with the same plugins, options and timeouts. Its bytes are not the
// image's, so only its waiting is reported.
#include "expected_checksum.h"

#include <spdlog/fmt/fmt.h>

#include "checksum_list.h"
#include "source_stack.h"

namespace bootferry {
namespace {

// A distribution's list of all its images has some hundred KiB. A user who gives the image's own URL by
// mistake must not wait for the whole image.
constexpr std::size_t largestList = std::size_t{1} << 20U;

std::string readOnce(ResumingSource& source) {
    std::string text(largestList + 1, '\0');
    std::size_t used = 0;
    for (std::size_t count = 1; count > 0 && used < text.size(); used += count) {
        count = source.read(std::as_writable_bytes(std::span(text)).subspan(used));
        if (used + count > largestList || source.info().size.value_or(0) > largestList) {
            throw Error(ErrorCode::Checksum,
                        "it is larger than 1 MiB, so it is not a checksum list: check the URL");
        }
    }
    text.resize(used);
    return text;
}

std::string readWhole(ResumingSource& source) {
    for (;;) {
        try {
            return readOnce(source);
        } catch (const StartOver&) {
            source.startOver();
        }
    }
}

Checksum fetchChecksum(ResumingSource& source, const Url& list, const Url& image) {
    try {
        const auto text = readWhole(source);
        source.finish();
        return Checksum::parse(findChecksum(text, image));
    } catch (Error& error) {
        error.addContext(fmt::format("the checksum list '{}'", list.shown()));
        throw;
    }
}

} // namespace

ChecksumOrigin::ChecksumOrigin(const ReceivedJob& job, ProgressReporter& reporter, HandedFiles& files)
    : request_(job.request), progress_(reporter), reporter_(progress_, reporter.progress().attempt) {
    if (request_.checksumUrl) {
        sourceStack_.emplace(
            job,
            std::vector{RequestedOrigin{.url = *request_.checksumUrl, .credentials = job.credentials.back()}},
            reporter_, files, [](std::size_t) {}); // the server of the list is not a source of the image
    }
}

void ChecksumOrigin::ListProgress::progressed(const Progress& progress) {
    const bool moving = progress.state == TransferState::Transferring;
    reporter_.setAttempt(progress.attempt);
    reporter_.setState(moving ? TransferState::Connecting : progress.state,
                       moving ? "fetching the checksum list" : progress.detail);
}

Checksum ChecksumOrigin::expectedChecksum() {
    return fetchChecksum(sourceStack_->source(), *request_.checksumUrl, request_.url);
}

} // namespace bootferry
