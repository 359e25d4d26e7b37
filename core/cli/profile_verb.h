// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl profile`: what a boot on demand has read of its image, as a file that is put beside the image
// (boot_profile.h). bootferryd has written it when the image was complete, for root only.
#pragma once

#include "command_line.h"

namespace bootferry {

[[nodiscard]] int runProfile(const CommandLine& line);

} // namespace bootferry
