// SPDX-License-Identifier: LGPL-2.1-or-later
#include "handed_files.h"

#include <spdlog/fmt/fmt.h>

namespace bootferry {

std::string HandedFiles::nameOf(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto known = names_.find(path);
    if (known != names_.end() || supervisor_ == nullptr) {
        return known != names_.end() ? known->second : path;
    }
    auto name = path;
    if (auto file = supervisor_->keyFile(path)) {
        name = fmt::format("/proc/self/fd/{}", file.get());
        files_.push_back(std::move(file));
    }
    names_[path] = name;
    return name;
}

void HandedFiles::complete() {
    const std::lock_guard lock(mutex_);
    supervisor_ = nullptr;
}

} // namespace bootferry
