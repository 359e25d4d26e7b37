// SPDX-License-Identifier: LGPL-2.1-or-later
#include "on_demand.h"

#include "errors.h"

namespace bootferry {

void requireReadableOnDemand(const TransferRequest& request) {
    if (!request.onDemand) {
        return;
    }
    if (request.signedOnly) {
        throw Error(
            ErrorCode::Invalid,
            "only a signed image may be booted here, and an image that is read on demand is read before "
            "it could be verified: leave out rd.bootferry.ondemand (bootferryctl: --on-demand)");
    }
    if (request.timeout) {
        throw Error(ErrorCode::Invalid,
                    "an image that is read on demand arrives while the system runs, which a time limit would "
                    "end: leave out either the limit or rd.bootferry.ondemand (bootferryctl: --on-demand)");
    }
    if (request.checksum || request.checksumUrl) {
        throw Error(ErrorCode::Invalid,
                    "an image that is read on demand is read before its checksum could be known: leave out "
                    "either the checksum or rd.bootferry.ondemand (bootferryctl: --on-demand)");
    }
}

} // namespace bootferry
