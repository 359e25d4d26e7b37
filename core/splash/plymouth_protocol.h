// SPDX-License-Identifier: LGPL-2.1-or-later
// plymouthd's language, as far as it is spoken here, as values: what a splash shall show, and the requests
// that make it show that. The format is plymouth's own (src/ply-boot-protocol.h there,
// src/ply-boot-server.c): a letter, then either a NUL, or a byte 2, the length of the argument with its NUL
// in one byte, and both. Every request is answered, most of them by a single byte (acknowledged or not).
// plymouthd hears root alone. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

// What plymouthd begins with.
inline constexpr std::string_view bootMode = "boot-up";

struct SplashContents {
    std::string message; // empty: none
    // Of the work in hand. Themes written in plymouth's script language show it in every mode, the others in
    // a mode that is about updates only.
    std::optional<unsigned> percent;
    std::string mode = std::string(bootMode);
    // plymouth guesses the progress of a boot from the time it took so far. Paused, that guess stands still.
    bool bootPaused = false;

    bool operator==(const SplashContents&) const = default;
};

// An argument of more than 254 bytes, which plymouth has no way to carry, is cut (between characters).
[[nodiscard]] std::string plymouthRequest(char letter,
                                          std::optional<std::string_view> argument = std::nullopt);

// In the order in which they are to be sent; none where nothing differs.
[[nodiscard]] std::vector<std::string> plymouthRequests(const SplashContents& shown,
                                                        const SplashContents& wanted);

} // namespace bootferry
