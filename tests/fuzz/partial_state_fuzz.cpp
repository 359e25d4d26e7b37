// SPDX-License-Identifier: LGPL-2.1-or-later
// Any text as the record beside FILE.part: what is accepted is a file's record, and written and read again it
// is the same one. A record that is cut off anywhere is refused.
#include "fuzz_input.h"
#include "partial_state.h"

using namespace bootferry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    const auto state = partialFromText(input.rest());
    if (!state) {
        return 0;
    }
    fuzz::require(state->file.inode != 0);
    const auto text = toText(*state);
    fuzz::require(partialFromText(text) == state);
    const auto step = 1 + text.size() / 16;
    for (std::size_t cut = 0; cut + 1 < text.size(); cut += step) {
        fuzz::require(!partialFromText(std::string_view(text).substr(0, cut)));
    }
    return 0;
}
