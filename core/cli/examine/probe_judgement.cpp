// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules of the pipeline (pipeline.h) and of mirrors (resuming_source.h), applied before a transfer.
#include "probe_judgement.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "layout_text.h"
#include "quantities.h"

namespace bootferry {
namespace {

std::string sizeOrUnknown(std::optional<std::uint64_t> size) {
    return size ? fmt::format("{} bytes", *size) : "not known";
}

} // namespace

std::optional<std::uint64_t> imageSizeOf(const ProbedSource& probed) {
    if (probed.compression.empty()) {
        return probed.size ? probed.size : probed.declared;
    }
    return probed.decoded && probed.declared ? std::max(*probed.decoded, *probed.declared)
           : probed.decoded                  ? probed.decoded
                                             : probed.declared;
}

std::optional<Error> whyUnusable(const ProbedSource& probed) {
    if (probed.failure) {
        return probed.failure;
    }
    if (!probed.whyNotLive.empty()) {
        return Error(ErrorCode::NotLive, fmt::format("not a live image: {}", probed.whyNotLive));
    }
    const auto served = probed.compression.empty() ? probed.size : probed.decoded;
    if (probed.declared && served && *probed.declared > *served) {
        return Error(
            ErrorCode::NotLive,
            fmt::format("the image is incomplete: its header says {}, but the server has only {} ({} "
                        "and {} bytes)",
                        formatSize(*probed.declared), formatSize(*served), *probed.declared, *served));
    }
    return whyNotFound(probed.layout);
}

// Violations of the protocol are transient as well (isTransient()), but only a few of them in a row.
bool isTemporary(const Error& failure) {
    return failure.code() == ErrorCode::Unreachable || failure.code() == ErrorCode::Timeout;
}

std::vector<std::string> differences(const ProbedSource& image, const ProbedSource& mirror,
                                     bool hasChecksum) {
    std::vector<std::string> found;
    if (image.size != mirror.size) {
        found.push_back(fmt::format("it is another image: its size is {}, the image's is {}",
                                    sizeOrUnknown(mirror.size), sizeOrUnknown(image.size)));
    } else if (image.compression != mirror.compression || image.format != mirror.format ||
               image.declared != mirror.declared || image.label != mirror.label ||
               image.layout != mirror.layout) {
        found.emplace_back("its first bytes differ from the image's");
    }
    if (!hasChecksum && (image.validator.empty() || image.validator != mirror.validator)) {
        found.emplace_back("a transfer that switches to it starts over: the validators differ or are "
                           "missing, and there is no "
                           "checksum");
    }
    return found;
}

} // namespace bootferry
