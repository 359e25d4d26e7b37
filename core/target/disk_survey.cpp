// SPDX-License-Identifier: LGPL-2.1-or-later
// A failing place is read again sector by sector, to name the sector; after the first bad sector the rest of
// its page is skipped, since the kernel reads pages, and a damaged disk takes seconds for each attempt.
#include "disk_survey.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11
#include <unistd.h>

namespace bootferry {
namespace {

constexpr std::uint64_t edge = std::uint64_t{4} << 20U; // read at both ends
constexpr std::uint64_t sample = std::uint64_t{64} << 10U;
constexpr std::uint64_t samplesBetween = 64;
constexpr std::uint64_t sector = 512;
constexpr std::uint64_t page = 4096;
constexpr unsigned mostFailures = 64; // pages
constexpr std::size_t shownText = 40;
constexpr std::size_t shownBytes = 8;

bool isUniform(std::span<const unsigned char> bytes) {
    return (bytes.front() == 0x00 || bytes.front() == 0xff) &&
           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

std::string shown(std::span<const unsigned char> bytes) {
    const auto printable = [](unsigned char c) { return c >= ' ' && c <= '~'; };
    const auto end = std::find_if_not(bytes.begin(), bytes.end(), printable);
    const auto length = std::min(static_cast<std::size_t>(end - bytes.begin()), shownText);
    if (length >= 4) {
        return fmt::format("'{}'",
                           std::string(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)));
    }
    return fmt::format("{:02x}", fmt::join(bytes.first(std::min(bytes.size(), shownBytes)), " "));
}

class Surveyor {
public:
    Surveyor(int fd, const BlockGeometry& geometry) : fd_(fd), deviceEnd_(geometry.size), buffer_(edge) {}

    void look(const ByteRange& range) {
        for (auto begin = range.begin; begin < range.end && !isEnough(); begin += buffer_.size()) {
            const auto size = std::min<std::uint64_t>(buffer_.size(), range.end - begin);
            if (!read(begin, size)) {
                lookClosely({begin, begin + size});
            }
        }
    }

    [[nodiscard]] DiskSurvey take() { return std::move(survey_); }

private:
    [[nodiscard]] bool isEnough() const { return failures_ >= mostFailures; }

    void lookClosely(const ByteRange& range) {
        for (auto at = range.begin; at < range.end && !isEnough();) {
            if (read(at, std::min(sector, range.end - at))) {
                at += sector;
            } else {
                const auto pageEnd = std::min((at / page + 1) * page, deviceEnd_);
                addUnreadable({at, pageEnd});
                at = pageEnd;
            }
        }
    }

    // False if not all of it could be read; the readable part is searched nevertheless.
    bool read(std::uint64_t begin, std::uint64_t size) {
        std::uint64_t done = 0;
        while (done < size) {
            errno = 0;
            const auto count = TEMP_FAILURE_RETRY(
                ::pread(fd_, buffer_.data() + done, size - done, static_cast<off_t>(begin + done)));
            if (count <= 0) {
                error_ = errno != 0 ? errno : EIO; // no end of file within the device
                break;
            }
            done += static_cast<std::uint64_t>(count);
        }
        findData(std::span(buffer_).first(done), begin);
        return done == size;
    }

    void findData(std::span<const unsigned char> bytes, std::uint64_t position) {
        for (std::uint64_t at = 0; !survey_.firstData && at < bytes.size(); at += sector) {
            const auto piece = bytes.subspan(at, std::min<std::size_t>(sector, bytes.size() - at));
            if (!isUniform(piece)) {
                const auto first = std::find_if(piece.begin(), piece.end(), [](auto c) { return c != 0; });
                const auto skipped = static_cast<std::size_t>(first - piece.begin());
                survey_.firstData = position + at + skipped;
                survey_.dataText = shown(piece.subspan(skipped));
            }
        }
    }

    void addUnreadable(const ByteRange& range) {
        ++failures_;
        auto& found = survey_.unreadable;
        if (!found.empty() && found.back().end == range.begin) {
            found.back().end = range.end;
            return;
        }
        if (found.empty()) {
            survey_.errnoValue = error_;
        }
        found.push_back(range);
    }

    int fd_;
    std::uint64_t deviceEnd_;
    std::vector<unsigned char> buffer_;
    int error_ = 0;
    unsigned failures_ = 0;
    DiskSurvey survey_;
};

void addSuperblockCopies(std::vector<std::uint64_t>& places) {
    // ext2 to ext4 keep copies in block groups 1 and the powers of 3, 5 and 7, of 8 * block size blocks each
    // (sparse_super). Those of btrfs (64 MiB, 256 GiB) are powers of two, those of xfs lie in each quarter.
    for (const std::uint64_t block : {1024U, 2048U, 4096U}) {
        for (const std::uint64_t group : {1U, 3U, 5U, 7U, 9U, 25U, 27U, 49U}) {
            places.push_back(8 * block * block * group);
        }
    }
}

std::vector<ByteRange> merged(std::vector<ByteRange> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    std::vector<ByteRange> result;
    for (const auto& range : ranges) {
        if (!result.empty() && range.begin <= result.back().end) {
            result.back().end = std::max(result.back().end, range.end);
        } else {
            result.push_back(range);
        }
    }
    return result;
}

} // namespace

std::vector<ByteRange> surveyedPlaces(std::uint64_t size) {
    std::vector<std::uint64_t> places;
    addSuperblockCopies(places);
    for (std::uint64_t near = edge; near < size / 2; near *= 2) {
        places.push_back(near);
        places.push_back(size - near);
    }
    for (std::uint64_t i = 1; i < samplesBetween; ++i) {
        places.push_back(size / samplesBetween * i);
    }
    std::vector<ByteRange> ranges{{0, std::min(edge, size)}, {size - std::min(edge, size), size}};
    for (const auto place : places) {
        const auto begin = place / page * page;
        if (begin < size) {
            ranges.push_back({begin, std::min(begin + sample, size)});
        }
    }
    return merged(std::move(ranges));
}

DiskSurvey surveyDisk(int fd, const BlockGeometry& geometry, std::uint64_t begin, std::uint64_t size) {
    (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); // no read-ahead at places that are far apart
    Surveyor surveyor(fd, geometry);
    for (const auto& range : surveyedPlaces(size)) {
        surveyor.look({begin + range.begin, begin + range.end});
    }
    (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
    return surveyor.take();
}

std::string placesText(const std::vector<ByteRange>& places) {
    const auto more = places.size() - 1;
    return fmt::format("byte {}{}", places.front().begin,
                       more > 0 ? fmt::format(" and {} more place{}", more, more == 1 ? "" : "s") : "");
}

} // namespace bootferry
