// SPDX-License-Identifier: LGPL-2.1-or-later
#include "worker_patience.h"

namespace bootferry {

std::optional<WorkerPatience::Duration> WorkerPatience::missed(const Sample& now) {
    const bool counts = !now.waitsForUs && !now.hasReceived;
    late_ = counts && total_ && now.elapsed >= *total_ ? late_ + interval : Duration(0);
    silent_ = counts && idle_ && now.isAsleep && !now.wasHeard ? silent_ + interval : Duration(0);
    if (late_ > grace) {
        return total_;
    }
    return idle_ && silent_ > *idle_ + grace ? idle_ : std::nullopt;
}

} // namespace bootferry
