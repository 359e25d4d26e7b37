// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes at the places where ISO 9660, squashfs, erofs and file systems have their heads, and our own mark
// of an incomplete image: every program that looks at them says the same, in words that can be shown, and a
// disk that holds anything is never called blank.
#include "declared_image_size.h"
#include "disk_contents.h"
#include "disk_image.h"
#include "errors.h"
#include "image_compression.h"
#include "incomplete_mark.h"
#include "live_image.h"
#include "live_image_probe.h"
#include "media_check.h"
#include "plain_text.h"

using namespace bootferry;
using fuzz::require;

namespace {

constexpr std::uint64_t diskSize = std::uint64_t{256} << 10U;

bool isShowable(const std::string& text) {
    return plainText(text, SIZE_MAX) == text;
}

void compareHeads(const std::string& head) {
    const auto bytes = fuzz::asBytes(head);
    const auto declared = declaredImageSize(bytes);
    const auto padded = paddedImageSize(bytes);
    require(!padded || (declared && *padded > *declared && *padded % 4096 == 0));
    // ISO 9660's first byte is its descriptor's type, which the probe does not ask for.
    require(!declared || !liveFormat(bytes).empty());
    const auto why = whyNotLive(bytes);
    require(why.has_value() == liveFormat(bytes).empty());
    require(!why || (!why->empty() && isShowable(*why)));
    require(!declaredImageSize(bytes.first(100)) && !head.empty());
}

void readContents(const fuzz::DiskImage& disk, const std::string& head) {
    const auto contents = probeContents(disk.fd().get(), "disk");
    require(isShowable(describe(contents)) && isShowable(whyNotMountable(contents)));
    require(isShowable(compressionOf(disk.fd().get(), "squashfs")));
    require(isShowable(compressionOf(disk.fd().get(), "erofs")));
    const auto judged = readDiskContents(disk.fd().get());
    require(isShowable(judged.description) && judged.state != DiskState::Unreadable);
    require(judged.imageSize <= disk.size());
    require((judged.state == DiskState::Incomplete) == head.starts_with(incompleteMark));
    require((judged.state == DiskState::Deployed) == (judged.imageSize > 0));
    const auto isData = [](char byte) { return byte != '\0' && byte != '\xff'; };
    require(judged.state != DiskState::Blank || std::none_of(head.begin(), head.end(), isData));
}

void checkMedia(const fuzz::DiskImage& disk) {
    unsigned last = 0;
    try {
        const auto wanted = mediumChecksum(disk.fd().get(), "disk");
        require(isShowable(wanted.text()));
        checkMedium(disk.fd().get(), "disk", wanted, [&last](unsigned percent) {
            require(percent >= last && percent <= 100);
            last = percent;
        });
        require(last == 100);
    } catch (const Error& error) {
        require(isShowable(error.what()));
        require(error.code() == ErrorCode::Checksum || error.code() == ErrorCode::NotLive ||
                error.code() == ErrorCode::Unsupported);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    const fuzz::DiskImage disk(input, diskSize);
    const auto head = disk.read(0, declaredSizeProbe);
    compareHeads(head);
    readContents(disk, head);
    checkMedia(disk);
    return 0;
}
