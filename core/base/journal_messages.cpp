// SPDX-License-Identifier: LGPL-2.1-or-later
#include "journal_messages.h"

namespace bootferry {

const char* failureMessage(ErrorCode code) {
    switch (code) {
    case ErrorCode::Cancelled:
        return "f460a981e57349d4942f80fe47e14af6";
    case ErrorCode::Invalid:
        return "83e4e2c3a78a45ffa8a5143fde411526";
    case ErrorCode::NotFound:
        return "882796f7f1b3470e88a61f497561de96";
    case ErrorCode::Auth:
        return "e2cd1d5699ba4fd3a7c524eacf6cb95f";
    case ErrorCode::Tls:
        return "590d9f1252dd4c3aa167173ccf86c894";
    case ErrorCode::Unreachable:
        return "7a644a26276e4e9d926e4c675cc19d36";
    case ErrorCode::Timeout:
        return "9841e051740344f88129e3f5055ec5ae";
    case ErrorCode::Protocol:
        return "4f7a2dfc9ff341d298e8abe11567e449";
    case ErrorCode::Range:
        return "b73157779ad747928469d0abc4429ed9";
    case ErrorCode::Io:
        return "fab7b23811fd4890a80a8c172ff38bb7";
    case ErrorCode::Internal:
        return "1b0d9d02ad0f430797d96c1cbcdc1103";
    case ErrorCode::Unsupported:
        return "ad1ce79bae7147aa9893ff1b92744827";
    case ErrorCode::TooLarge:
        return "8c9b41f94da64fd4b92931d92d384284";
    case ErrorCode::Checksum:
        return "3775909adb844474a475b97bd3742fa9";
    case ErrorCode::NotLive:
        return "43cec1e73a6346bb93c8361b39fdd83b";
    case ErrorCode::TargetRefused:
        return "b3c681d871014c52be33bc82c5c55011";
    case ErrorCode::NotPermitted:
        return "f2d9ade8f1f14e25b4a7a35719edf6de";
    case ErrorCode::Corrupt:
        return "bee4d012ee4840f7ac8f557b9fe2844b";
    }
    return failureMessage(ErrorCode::Internal);
}

} // namespace bootferry
