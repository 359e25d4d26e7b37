// SPDX-License-Identifier: LGPL-2.1-or-later
#include "layout_text.h"

#include <spdlog/fmt/fmt.h>

namespace bootferry {
namespace {

using State = ProbedLayout::State;

} // namespace

std::string layoutText(const ProbedLayout& probed) {
    switch (probed.state) {
    case State::Found:
        return layoutDescription(probed.image);
    case State::RootTree:
        return fmt::format("{}, without a root image", rootTreeLayout);
    case State::Elsewhere:
        return fmt::format("{}, with {}", layoutDescription(probed.image), layoutArguments(probed.image));
    case State::NotServed:
        return fmt::format("{}, not served: {}", layoutDescription(probed.image), whyNotServed(probed.image));
    case State::None:
        return "none";
    case State::NotKnown:
        break;
    }
    return fmt::format("{}not known from the first MiB{}{}",
                       probed.layout.empty() ? "" : probed.layout + ", its contents are ",
                       probed.why.empty() ? "" : ": ", probed.why);
}

// The class is that of bootferry-live-root, which fails such a boot.
std::optional<Error> whyNotFound(const ProbedLayout& probed) {
    switch (probed.state) {
    case State::Elsewhere:
        return Error(ErrorCode::NotLive,
                     fmt::format("its root image is {}: a boot needs {}", layoutDescription(probed.image),
                                 layoutArguments(probed.image)));
    case State::NotServed:
        return Error(ErrorCode::NotLive,
                     fmt::format("its root image is {}: {}", layoutDescription(probed.image),
                                 whyNotServed(probed.image)));
    case State::None:
        return Error(ErrorCode::NotLive, fmt::format("not a live image: {}", probed.why));
    case State::NotKnown:
    case State::Found:
    case State::RootTree:
        break;
    }
    return std::nullopt;
}

std::optional<bool> isLive(const ProbedSource& probed) {
    if (!probed.failure && (!probed.whyNotLive.empty() || probed.layout.state == State::None)) {
        return false;
    }
    return probed.failure || probed.layout.state == State::NotKnown ? std::nullopt : std::optional(true);
}

std::string neededArguments(const ProbedLayout& probed) {
    const bool isBootable = probed.state == State::Elsewhere || probed.state == State::Found;
    const auto usual = fmt::format("{}/{}", defaultLiveFolder, defaultRootImage);
    return isBootable && probed.image != usual ? layoutArguments(probed.image) : "";
}

} // namespace bootferry
