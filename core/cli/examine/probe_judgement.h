// SPDX-License-Identifier: LGPL-2.1-or-later
// Derives from a probe of an image and its mirrors whether a boot would work. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source_probe.h"

namespace bootferry {

// The size of the image on the target: the size of the file, or of a compressed one the size that its headers
// declare. nullopt: not known before the image is received.
[[nodiscard]] std::optional<std::uint64_t> imageSizeOf(const ProbedSource& probed);

// Why a boot from this source would fail; nullopt if it would not.
[[nodiscard]] std::optional<Error> whyUnusable(const ProbedSource& probed);

// True if a boot waits for the end of this failure, such as a busy server.
[[nodiscard]] bool isTemporary(const Error& failure);

// The differences between the image at its URL and at a mirror, as the ends of sentences. hasChecksum:
// different validators are not reported.
[[nodiscard]] std::vector<std::string> differences(const ProbedSource& image, const ProbedSource& mirror,
                                                   bool hasChecksum);

} // namespace bootferry
