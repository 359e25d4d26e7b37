// SPDX-License-Identifier: LGPL-2.1-or-later
// run() reads as the sentence that describes it. A source that changed midway makes receive() begin again, on
// the same target: its head is zero until the end, so nothing half-new can boot.
#include "pipeline.h"

#include <spdlog/fmt/fmt.h>

#include "live_image_probe.h"
#include "quantities.h"

namespace bootferry {

Pipeline::Pipeline(ResumingSource& source, PipelineSupervisor& supervisor, ProgressReporter& reporter,
                   const PipelineSettings& settings)
    : source_(source), supervisor_(supervisor), reporter_(reporter), settings_(settings) {
    if (settings_.checksum) {
        digest_.emplace(settings_.checksum->algorithm);
    }
}

PipelineResult Pipeline::run() {
    for (;;) {
        try {
            receive();
            break;
        } catch (const StartOver& reason) {
            reporter_.setState(TransferState::Waiting, fmt::format("starting over: {}", reason.what()));
            source_.startOver();
            writer_.startOver();
            if (digest_) {
                digest_->reset();
            }
        }
    }
    PipelineResult result{.bytes = reporter_.progress().bytes, .written = writer_.size(), .checksum = {}};
    reporter_.setState(TransferState::Verifying);
    writer_.stage();
    verify(result);
    reporter_.setState(TransferState::Committing);
    supervisor_.awaitCommit(result);
    writer_.commit();
    reporter_.setWritten(writer_.size());
    source_.finish(Outcome::Committed);
    return result;
}

void Pipeline::receive() {
    receiveHead();
    while (receiveSome()) {
    }
}

void Pipeline::receiveHead() {
    while (writer_.head().size() < liveProbeSize && receiveSome()) {
    }
    checkHead();
    if (!writer_.hasTarget()) {
        writer_.setTarget(supervisor_.requestTarget(source_.info().size));
    }
}

bool Pipeline::receiveSome() {
    const auto space = writer_.space();
    const auto count = source_.read(space);
    if (digest_) {
        digest_->update(space.first(count));
    }
    writer_.advance(count);
    reporter_.setWritten(writer_.written());
    return count > 0;
}

void Pipeline::checkHead() const {
    if (!settings_.requireLiveImage) {
        return;
    }
    if (const auto reason = whyNotLive(writer_.head())) {
        throw Error(ErrorCode::NotLive, fmt::format("not a live image: {}", *reason));
    }
}

void Pipeline::verify(PipelineResult& result) {
    if (!digest_) {
        return;
    }
    result.checksum = digest_->finish();
    if (*result.checksum != *settings_.checksum) {
        throw Error(ErrorCode::Checksum, fmt::format("the checksum does not match: expected {}, received {}",
                                                     settings_.checksum->text(), result.checksum->text()));
    }
}

} // namespace bootferry
