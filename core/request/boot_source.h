// SPDX-License-Identifier: LGPL-2.1-or-later
// What root= names: the image's URL or a medium of this machine. dracut has three spellings of a live root:
// root=live:SOURCE, root=http://... without live:, and rd.live.image beside root=SOURCE. They mean the same
// here, so that a line that dracut boots is not ignored. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "boot_request.h"

namespace bootferry {

// The text behind live:, or the whole value where live: is implied; nullopt if another program mounts the
// root.
[[nodiscard]] std::optional<std::string> liveSource(const KernelCommandLine& line);

// nullopt if the source is not a medium of this machine. Throws Error(Invalid).
[[nodiscard]] std::optional<LocalMedium> localMedium(std::string_view source);

// KIWI's spelling of an image that is read on demand, live:nbd:URL: without "nbd:" then.
[[nodiscard]] std::optional<std::string> onDemandSource(const std::string& source);

// Throws Error(Invalid, Unsupported) that says what is expected behind live:.
[[nodiscard]] Url imageUrl(const std::string& source);

} // namespace bootferry
