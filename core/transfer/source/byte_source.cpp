// SPDX-License-Identifier: LGPL-2.1-or-later
#include "byte_source.h"

#include "errors.h"

namespace bootferry {

std::size_t ByteSource::splice(int, std::size_t) {
    throw Error(ErrorCode::Internal, "this source does not support splice");
}

} // namespace bootferry
