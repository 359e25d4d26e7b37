// SPDX-License-Identifier: LGPL-2.1-or-later
// The layout of a live image in words, and whether a boot would find its root image. The words are those of
// live_layout.h's table. Pure.
#pragma once

#include <optional>
#include <string>

#include "errors.h"
#include "probed_source.h"

namespace bootferry {

// "LiveOS/squashfs.img (LiveOS: KIWI, Fedora and others)"
[[nodiscard]] std::string layoutText(const ProbedLayout& probed);

// Why a boot would not find the root image; nullopt if it would, or if that is not known.
[[nodiscard]] std::optional<Error> whyNotFound(const ProbedLayout& probed);

// nullopt: the first MiB does not show it.
[[nodiscard]] std::optional<bool> isLive(const ProbedSource& probed);

// The kernel arguments that name the root image; empty if it is the default one, or none can be booted.
[[nodiscard]] std::string neededArguments(const ProbedLayout& probed);

} // namespace bootferry
