// SPDX-License-Identifier: LGPL-2.1-or-later
// What must outlive a worker that is killed while a machine runs from its image: which version is being
// fetched, which pieces are on the target, the head of the image, which is written to the target last
// (block_writer.h), and what was read (read_record.h). It lies in a memory file that the supervisor creates,
// keeps and hands to each worker in turn; its size is sealed.
//
// TRUST. The worker that used it spoke to the network, so that anything may be in it. The supervisor
// reads only what was read, of a copy. The next worker takes from it which pieces to fetch again, and the
// head; a worker that lies there has only done to the image what it could have done on the target as well.
// Lengths are bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "handles.h"
#include "piece_map.h"

namespace bootferry {

// All sessions, and all workers, must fetch the same version.
struct FillVersion {
    std::uint64_t size = 0;
    std::string validator;        // not empty
    bool strongValidator = false; // as in SourceInfo, like the next two
    bool showsOffset = true;
    bool ranges = false;
    std::string location; // where the first answer came from

    bool operator==(const FillVersion&) const = default;
};

class FillMemory {
public:
    static constexpr std::size_t headSize = std::size_t{1} << 20U;

    // For an image of this size, 1…PieceMap::largestImage bytes. Throws Error(Io).
    [[nodiscard]] static UniqueFd make(std::uint64_t size);

    // Of such a file, what was read of an image of this size, in order; empty if that is not known. Throws
    // Error(Io).
    [[nodiscard]] static std::vector<Extent> readsIn(const UniqueFd& file, std::uint64_t size);

    // Maps such a file. Throws Error(Io), and Error(Internal) if it is not one.
    explicit FillMemory(const UniqueFd& file);
    FillMemory(const FillMemory&) = delete;
    FillMemory& operator=(const FillMemory&) = delete;
    ~FillMemory();

    // The version that an earlier worker has begun to fetch; nullopt: none has.
    [[nodiscard]] std::optional<FillVersion> version() const;
    // Once, before the first piece. Throws Error(Internal) if the image is too large for the file, or a text
    // too long.
    void begin(const FillVersion& version);

    [[nodiscard]] std::span<std::byte> head() const;        // aligned to a page
    [[nodiscard]] std::span<std::uint64_t> reads() const;   // of a ReadRecord
    [[nodiscard]] std::span<std::uint64_t> present() const; // of a PieceMap

private:
    struct Header;
    [[nodiscard]] Header& header() const;

    std::byte* memory_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace bootferry
