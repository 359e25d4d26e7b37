// SPDX-License-Identifier: LGPL-2.1-or-later
// The list is a transfer of its own, with the same plugins, options and patience. Its bytes are none of the
// image's: of its progress only the waiting is shown.
#include "expected_checksum.h"

#include "checksum_fetch.h"
#include "composition.h"

namespace bootferry {
namespace {

class ListProgress : public ProgressListener {
public:
    explicit ListProgress(ProgressReporter& reporter) : reporter_(reporter) {}

    void progressed(const Progress& progress) override {
        const bool moving = progress.state == TransferState::Transferring;
        reporter_.setAttempt(progress.attempt);
        reporter_.setState(moving ? TransferState::Connecting : progress.state,
                           moving ? "fetching the checksum list" : progress.detail);
    }

private:
    ProgressReporter& reporter_;
};

// The image's credentials are for the server that has the image.
Url withCredentialsOf(const Url& image, Url list) {
    if (image.userinfo() && image.scheme() == list.scheme() && image.authority() == list.authority()) {
        list.setUserinfo(*image.userinfo());
    }
    return list;
}

} // namespace

std::optional<ExpectedChecksum> expectedChecksum(const WorkerJob& job, ProgressReporter& reporter) {
    const auto& request = job.request;
    if (request.checksum) {
        return ExpectedChecksum{.checksum = Checksum::parse(*request.checksum), .origin = {}};
    }
    if (!request.checksumUrl) {
        return std::nullopt;
    }
    ListProgress progress(reporter);
    ProgressReporter listReporter(progress, reporter.progress().attempt);
    Composition composition(job, {withCredentialsOf(request.url, *request.checksumUrl)}, listReporter);
    return ExpectedChecksum{.checksum =
                                fetchChecksum(composition.source(), *request.checksumUrl, request.url),
                            .origin = request.checksumUrl->redacted()};
}

} // namespace bootferry
