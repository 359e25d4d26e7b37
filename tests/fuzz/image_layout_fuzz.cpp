// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as the head of an image, and any path as the root image that is looked for: the answer is one of
// the table, in words that can be shown, and fewer bytes of the same image never give another answer than
// "not known".
#include "disk_image.h"
#include "live_image_probe.h"
#include "live_layout.h"
#include "plain_text.h"

using namespace bootferry;
using fuzz::require;
using State = ProbedLayout::State;

namespace {

constexpr std::uint64_t headSize = std::uint64_t{256} << 10U;
constexpr std::size_t descriptorsEnd = std::size_t{100} * 2048; // which are always in a head

void judge(const ProbedLayout& look, const std::string& wanted) {
    require(look.layout.empty() || isLayoutName(look.layout));
    require(look.why.size() < 1024 && plainText(look.why) == look.why);
    require(look.state != State::Found || look.image == wanted);
    require(look.state != State::None || !look.why.empty());
    const bool isElsewhere = look.state == State::Elsewhere || look.state == State::NotServed;
    require(!isElsewhere || (!look.layout.empty() && !look.image.empty()));
    require(look.state == State::NotKnown ||
            look.image.empty() == (look.state == State::RootTree || look.state == State::None));
}

} // namespace

// 16 bits: what is cut off; the path of the root image; the pieces of the head.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    const std::size_t end = descriptorsEnd + input.number<std::uint16_t>() % (headSize - descriptorsEnd);
    const std::string wanted(input.piece());
    const fuzz::DiskImage disk(input, headSize);
    const auto head = disk.read(0, headSize);
    const auto whole = probeLayout(fuzz::asBytes(head), wanted);
    judge(whole, wanted);
    require(volumeLabel(fuzz::asBytes(head)).size() <= 256);
    const std::string beginning(head, 0, end); // a copy: a read behind its end is seen
    const auto less = probeLayout(fuzz::asBytes(beginning), wanted);
    judge(less, wanted);
    require(less.state == State::NotKnown || less == whole);
    const std::string least(head, 0, end % descriptorsEnd);
    judge(probeLayout(fuzz::asBytes(least), wanted), wanted);
    require(volumeLabel(fuzz::asBytes(least)).size() <= 256 &&
            partitionTable(fuzz::asBytes(least)).size() <= 3);
    return 0;
}
