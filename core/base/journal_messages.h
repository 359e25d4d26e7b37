// SPDX-License-Identifier: LGPL-2.1-or-later
// The MESSAGE_IDs of bootferry's journal entries. `journalctl -x` uses them to look up explanations in
// units/catalog/bootferry.catalog, and programs use them to find entries. Never reuse an id for another
// meaning.
#pragma once

#include "errors.h"

namespace bootferry {

inline constexpr const char* transferStartedMessage = "a3e80d1d0adc4881b6d8547238e9bb5d";
inline constexpr const char* transferDoneMessage = "965a0ca9154c46e69eb3666e37d92b91";
inline constexpr const char* imageReusedMessage = "0b708804ebe7451181a54274a58ffb65";
inline constexpr const char* bootRefusedMessage = "5eb6be9d6ee341908e39c8a65b97b4ac"; // the command line
inline constexpr const char* liveRootFailedMessage = "d3ca40c23a024149a7a39d9b38164a55";

// The id for a failed transfer: one per code, since the advice in the catalog depends on it.
[[nodiscard]] const char* failureMessage(ErrorCode code);

} // namespace bootferry
