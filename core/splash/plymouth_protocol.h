// SPDX-License-Identifier: LGPL-2.1-or-later
// The requests to plymouthd that change what the splash shows. The format is defined in plymouth's
// src/ply-boot-protocol.h and src/ply-boot-server.c: a letter, then either a NUL, or the byte 2, one byte
// with the length of the argument including its NUL, and the argument with the NUL. plymouthd answers every
// request, most with a single byte (ACK or NAK), and accepts only connections from root. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

// plymouthd's initial mode.
inline constexpr std::string_view bootMode = "boot-up";

struct SplashContents {
    std::string message; // empty: none
    // Progress of the transfer. Script themes show it in every mode, other themes only in the update modes.
    std::optional<unsigned> percent;
    std::string mode = std::string(bootMode);
    // Stops plymouth's own progress bar, which estimates the progress of the boot from the elapsed time.
    bool bootPaused = false;

    bool operator==(const SplashContents&) const = default;
};

// Cuts the argument between characters to 254 bytes, the most that the format allows.
[[nodiscard]] std::string plymouthRequest(char letter,
                                          std::optional<std::string_view> argument = std::nullopt);

// The requests that change a splash from `shown` to `wanted`, in the order to send them; empty if equal.
[[nodiscard]] std::vector<std::string> plymouthRequests(const SplashContents& shown,
                                                        const SplashContents& wanted);

} // namespace bootferry
