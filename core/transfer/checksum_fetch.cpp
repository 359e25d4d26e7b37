// SPDX-License-Identifier: LGPL-2.1-or-later
// A distribution's list of all its images has some hundred KiB; somebody who gives the image's own URL by
// mistake must not wait for all of it.
#include "checksum_fetch.h"

#include <spdlog/fmt/fmt.h>

#include "checksum_list.h"

namespace bootferry {
namespace {

constexpr std::size_t largestList = std::size_t{1} << 20U;

std::string readOnce(ResumingSource& source) {
    std::string text(largestList + 1, '\0');
    std::size_t used = 0;
    for (std::size_t count = 1; count > 0 && used < text.size(); used += count) {
        count = source.read(std::as_writable_bytes(std::span(text)).subspan(used));
        if (used + count > largestList || source.info().size.value_or(0) > largestList) {
            throw Error(ErrorCode::TooLarge,
                        "it is larger than 1 MiB, and so no list of checksums: check the URL");
        }
    }
    text.resize(used);
    return text;
}

std::string readWhole(ResumingSource& source) {
    for (;;) {
        try {
            return readOnce(source);
        } catch (const StartOver&) {
            source.startOver();
        }
    }
}

} // namespace

Checksum fetchChecksum(ResumingSource& source, const Url& list, const Url& image) {
    try {
        const auto text = readWhole(source);
        source.finish(Outcome::Committed);
        return Checksum::parse(findChecksum(text, image));
    } catch (Error& error) {
        error.addContext(fmt::format("the checksum list '{}'", list.redacted()));
        throw;
    }
}

} // namespace bootferry
