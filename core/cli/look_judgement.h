// SPDX-License-Identifier: LGPL-2.1-or-later
// What a look at an image and its mirrors means for a boot. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "look_job.h"

namespace bootferry {

// The size of the image on the target: the one served, or what the headers say of a compressed one. nullopt:
// not known before it is received.
[[nodiscard]] std::optional<std::uint64_t> imageSizeOf(const SourceLook& look);

// Why a boot from this source would fail; nullopt if it would not.
[[nodiscard]] std::optional<Error> whyUnusable(const SourceLook& look);

// What differs between the image at its URL and a mirror, as the ends of sentences. hasChecksum: then the
// validators need not be the same.
[[nodiscard]] std::vector<std::string> differences(const SourceLook& image, const SourceLook& mirror,
                                                   bool hasChecksum);

} // namespace bootferry
