// SPDX-License-Identifier: LGPL-2.1-or-later
#include "chosen_target.h"

#include <utility>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "errors.h"
#include "file_location.h"
#include "quantities.h"
#include "standard_streams.h"
#include "stream_target.h"

namespace bootferry {

ChosenTarget chooseTarget(const TransferRequest& request, bool isNamed) {
    const auto& target = request.target;
    ChosenTarget chosen;
    const auto choose = [&](UniqueFd stream) {
        requireNoMessages(stream, target);
        chosen.stream.fd = std::move(stream);
        chosen.stream.capacity = unknownSize;
        chosen.stream.blockSize = streamBlockSize;
    };
    if (target == "-") {
        choose(openStandardOutput());
        return chosen;
    }
    auto location = locateFile(target);
    if (!isNamed && location.present && !S_ISREG(location.status.st_mode)) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' exists and is not a regular file; specify FILE", target));
    }
    const auto patience = request.timeout ? request.timeout : request.idleTimeout;
    if (auto stream = openStream(location, patience)) {
        choose(std::move(*stream));
    } else if (!isBlockDevice(location)) {
        chosen.file = std::make_unique<FileTarget>(std::move(location));
    }
    return chosen;
}

} // namespace bootferry
