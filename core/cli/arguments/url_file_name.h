// SPDX-License-Identifier: LGPL-2.1-or-later
// The file's name for `bootferryctl fetch URL`: the part after the last slash of the requested URL,
// percent-decoded, without the query. A redirect does not change it, so that a server cannot choose the name.
#pragma once

#include <string>

#include "url.h"

namespace bootferry {

// Throws Error(Invalid) if that part is not a valid file name in the current folder: empty, ".", "..", "-"
// (standard output), or with a slash, a control character or another character that a terminal does not show.
[[nodiscard]] std::string fileNameOf(const Url& url);

} // namespace bootferry
