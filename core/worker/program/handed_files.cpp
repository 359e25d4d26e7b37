// SPDX-License-Identifier: LGPL-2.1-or-later
#include "handed_files.h"

#include <filesystem>
#include <system_error>

#include <spdlog/fmt/fmt.h>

#include "descriptors.h"

namespace bootferry {

OptionFile HandedFiles::fileAt(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(path); known != known_.end()) {
        return known->second;
    }
    OptionFile file{.name = path, .refusal = std::nullopt};
    if (supervisor_ == nullptr) {
        return file;
    }
    if (std::error_code error; std::filesystem::is_directory(path, error)) {
        folders_.push_back(path); // still requested: a plugin that wants a file gets the supervisor's refusal
    }
    auto [descriptor, refusal] = supervisor_->keyFile(path);
    file.refusal = refusal;
    if (descriptor) {
        file.name = descriptorPath(descriptor.get());
        descriptors_.push_back(std::move(descriptor));
    }
    return known_[path] = file;
}

void HandedFiles::complete() {
    const std::lock_guard lock(mutex_);
    supervisor_ = nullptr;
}

} // namespace bootferry
