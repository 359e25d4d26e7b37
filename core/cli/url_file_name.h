// SPDX-License-Identifier: LGPL-2.1-or-later
// The file's name for `bootferryctl fetch URL`: what follows the last slash of the URL that the user has
// written, percent-decoded, without the query. A server, which may redirect, has no say in it.
#pragma once

#include <string>

#include "url.h"

namespace bootferry {

// Throws Error(Invalid) if that is no name of a file in this folder: empty, ".", "..", "-" (standard output),
// with a slash, a control character or anything else that a terminal does not show as it is.
[[nodiscard]] std::string fileNameOf(const Url& url);

} // namespace bootferry
