// SPDX-License-Identifier: LGPL-2.1-or-later
// Parsing by RFC 3986 section 3, kept strict: what cannot be sent as it stands is refused with the reason.
#include "url.h"

#include "errors.h"

namespace bootferry {

Url Url::parse(std::string_view) {
    throw Error(ErrorCode::Internal, "not written yet");
}

std::string Url::authority() const {
    const std::string host = host_.find(':') != std::string::npos ? "[" + host_ + "]" : host_;
    return port_ ? host + ":" + std::to_string(*port_) : host;
}

std::string Url::redacted() const {
    return scheme_ + "://" + authority() + path_;
}

} // namespace bootferry
