// SPDX-License-Identifier: LGPL-2.1-or-later
// ext4, xfs and btrfs are not taken for an image, although an image may be one: far more often such a disk
// holds a user's data.
#include "disk_contents.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "declared_image_size.h"
#include "disk_description.h"
#include "errors.h"
#include "incomplete_mark.h"

namespace bootferry {
namespace {

constexpr std::size_t page = 4096; // the kernel's unit of reading

// As much as can be read: the survey reports what is wrong with the rest.
std::vector<std::byte> readHead(int fd) {
    std::vector<std::byte> head(declaredSizeProbe);
    std::size_t used = 0;
    while (used < head.size()) {
        const auto n = TEMP_FAILURE_RETRY(
            ::pread(fd, head.data() + used, std::min(page, head.size() - used), static_cast<off_t>(used)));
        if (n <= 0) {
            break;
        }
        used += static_cast<std::size_t>(n);
    }
    head.resize(used);
    return head;
}

bool isMarkedIncomplete(std::span<const std::byte> head) {
    return head.size() >= incompleteMark.size() &&
           std::memcmp(head.data(), incompleteMark.data(), incompleteMark.size()) == 0;
}

// The state if everything could be read.
DiskState stateOf(const DiskContents& contents, bool hasData) {
    if (contents.imageSize > 0) {
        return DiskState::Deployed;
    }
    if (!contents.description.empty()) {
        return DiskState::Foreign;
    }
    return hasData ? DiskState::Unknown : DiskState::Blank;
}

void takeFailures(DiskContents& contents, const DiskSurvey& survey, const DiskDescription& description) {
    contents.unreadable = survey.unreadable;
    contents.unreadable.insert(contents.unreadable.end(), description.unreadable.begin(),
                               description.unreadable.end());
    auto& places = contents.unreadable;
    std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    places.erase(std::unique(places.begin(), places.end()), places.end());
    contents.errnoValue = survey.errnoValue != 0 ? survey.errnoValue : description.errnoValue;
    if (!places.empty() || contents.errnoValue != 0) {
        contents.state = DiskState::Unreadable;
    }
}

} // namespace

DiskContents readDiskContents(int fd) {
    const auto geometry = readBlockGeometry(fd);
    const auto head = readHead(fd);
    if (isMarkedIncomplete(head)) {
        return {
            .state = DiskState::Incomplete, .description = "an incomplete image", .fill = readFillMark(head)};
    }
    const auto survey = surveyDisk(fd, geometry, 0, geometry.size);
    const auto readableEnd = survey.unreadable.empty() ? geometry.size : survey.unreadable.front().begin;
    const auto description = describeDisk(fd, geometry, readableEnd);
    DiskContents contents;
    contents.description = description.text;
    const auto image = declaredImageSize(head);
    if (image && *image > geometry.size) {
        contents.description = "an image larger than the disk: " + contents.description;
    } else if (image) {
        contents.imageSize = *image;
    }
    contents.state = stateOf(contents, survey.firstData.has_value());
    takeFailures(contents, survey, description);
    if (contents.description.empty() && survey.firstData) {
        contents.description =
            fmt::format("unknown data (at byte {}: {})", *survey.firstData, survey.dataText);
    }
    return contents;
}

std::string unreadableText(const std::string& device, const std::vector<ByteRange>& places, int errnoValue) {
    return fmt::format("'{}' cannot be read {} ({})", device,
                       places.empty() ? std::string("in the areas of signatures")
                                      : "at " + placesText(places),
                       errnoText(errnoValue));
}

} // namespace bootferry
