// SPDX-License-Identifier: LGPL-2.1-or-later
// One table for both directions, so that reading and writing use the same names.
#include "progress.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bootferry {
namespace {

constexpr std::array names{
    std::pair{TransferState::Waiting, std::string_view("waiting")},
    std::pair{TransferState::Connecting, std::string_view("connecting")},
    std::pair{TransferState::Transferring, std::string_view("transferring")},
    std::pair{TransferState::Verifying, std::string_view("verifying")},
    std::pair{TransferState::Committing, std::string_view("committing")},
    std::pair{TransferState::Done, std::string_view("done")},
    std::pair{TransferState::Failed, std::string_view("failed")},
    std::pair{TransferState::Cancelled, std::string_view("cancelled")},
};

} // namespace

std::string_view stateName(TransferState state) {
    const auto* found =
        std::find_if(names.begin(), names.end(), [state](const auto& n) { return n.first == state; });
    return found != names.end() ? found->second : "failed";
}

std::optional<TransferState> stateFromName(std::string_view name) {
    const auto* found =
        std::find_if(names.begin(), names.end(), [name](const auto& n) { return n.second == name; });
    return found != names.end() ? std::optional(found->first) : std::nullopt;
}

bool isFinal(TransferState state) {
    return state == TransferState::Done || state == TransferState::Failed ||
           state == TransferState::Cancelled;
}

} // namespace bootferry
