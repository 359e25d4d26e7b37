// SPDX-License-Identifier: LGPL-2.1-or-later
// libblkid's low-level probe, owned. What it looks for is set by its user.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <blkid/blkid.h>

namespace bootferry {

// The result of blkid_do_safeprobe() if signatures contradict each other.
constexpr int ambivalentSignatures = -2;

namespace detail {
struct BlkidProbeFree {
    void operator()(blkid_probe probe) const noexcept { blkid_free_probe(probe); }
};
} // namespace detail

using SignatureProbe = std::unique_ptr<blkid_struct_probe, detail::BlkidProbeFree>;

// Of `size` bytes from the offset on; 0: all that follow. fd must stay open as long as the probe. Throws
// Error(Io) with `what` as its context.
[[nodiscard]] SignatureProbe makeSignatureProbe(int fd, std::uint64_t offset, std::uint64_t size,
                                                std::string_view what);

// One of the probe's results, such as "TYPE"; empty if it has none of that name. Any bytes.
[[nodiscard]] std::string probedValue(const SignatureProbe& probe, const char* key);

} // namespace bootferry
