// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksum that an image is to have, from a list beside it on a server (SHA256SUMS). It is read to its
// end before the image begins, because it tells which digest is to be computed.
#pragma once

#include "digest.h"
#include "resuming_source.h"

namespace bootferry {

// Reads the list, which the source brings with its retries, and finds the image in it. Throws Error whose
// text names the list: what the source throws, TooLarge for what is no list by its size, and what
// findChecksum() has to say.
[[nodiscard]] Checksum fetchChecksum(ResumingSource& source, const Url& list, const Url& image);

} // namespace bootferry
