// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether an initrd has a file: machines boot from a URL only with an initrd that has bootferry in it. An
// initrd is a sequence of cpio archives in the format "newc" (Documentation/driver-api/early-userspace/
// buffer-format.rst of the kernel): plain ones first, with microcode, then compressed ones. libarchive
// decompresses; it ends at the first archive's end, so the archives themselves are walked here.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bootferry {

enum class InInitrd { Yes, No, NotKnown };

// initrd: an open regular file, whose position is changed. ending: of the file's path. Throws Error(Io) if it
// cannot be read; NotKnown for formats that are not known here, or damaged ones.
[[nodiscard]] InInitrd findInInitrd(int initrd, std::string_view ending);

// Walks archives from a source of bytes that returns 0 at the end.
class CpioWalk {
public:
    using Source = std::function<std::size_t(std::span<std::byte>)>;
    explicit CpioWalk(Source source) : source_(std::move(source)) {}

    enum class Result { Found, End, NotCpio };
    // NotCpio: position() is where other bytes than those of an archive begin.
    [[nodiscard]] Result find(std::string_view ending);
    [[nodiscard]] std::size_t position() const { return position_; }

private:
    [[nodiscard]] std::optional<std::string> take(std::size_t size);
    [[nodiscard]] bool skip(std::size_t size);
    [[nodiscard]] bool fill();
    [[nodiscard]] bool skipZeros();

    Source source_;
    std::string buffer_;
    std::size_t used_ = 0; // of the buffer
    std::size_t position_ = 0;
};

} // namespace bootferry
