// SPDX-License-Identifier: LGPL-2.1-or-later
// RTLD_NOW makes a missing symbol fail here and not during a transfer; RTLD_LOCAL allows two plugins to
// define the same symbols. Loading works both before and after the sandbox is entered, since that allows
// opening files for reading.
#include "plugin_module.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include <dlfcn.h>
#include <sys/stat.h>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "errors.h"
#include "nearest_name.h"
#include "plain_text.h"

namespace bootferry {
namespace {

constexpr const char* entrySymbol = "bootferry_plugin_entry";
constexpr std::size_t mostSchemes = 64; // limits the loop over a list without its NULL
constexpr std::size_t requiredSize =
    offsetof(bootferry_plugin, session_free) + sizeof(bootferry_plugin::session_free);

[[noreturn]] void refuseModule(const std::string& path, const std::string& why) {
    throw Error(ErrorCode::Internal, fmt::format("plugin '{}' cannot be used: {}", path, why));
}

// Opening a FIFO would wait for its writer. What does not exist is named by dlopen(3).
void requireFile(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
        refuseModule(path, "it is not a regular file");
    }
}

const bootferry_plugin* tableOf(const std::string& path) {
    requireFile(path);
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); // never closed, see the header
    if (handle == nullptr) {
        refuseModule(path, plainText(dlerror())); // NOLINT(concurrency-mt-unsafe): thread-safe in glibc
    }
    void* symbol = dlsym(handle, entrySymbol);
    if (symbol == nullptr) {
        refuseModule(path, fmt::format("it does not export {}", entrySymbol));
    }
    const auto entry = reinterpret_cast<decltype(&bootferry_plugin_entry)>(symbol);
    const auto* table = entry();
    if (table == nullptr) {
        refuseModule(path, "it does not work on this machine (its entry returned NULL)");
    }
    return table;
}

} // namespace

const PluginModule& PluginModule::load(std::string_view path) {
    static std::mutex mutex;
    static std::map<std::string, std::unique_ptr<PluginModule>> loaded;
    const std::lock_guard lock(mutex);
    auto& [file, module] = *loaded.try_emplace(std::string(path)).first;
    if (!module) {
        module.reset(new PluginModule(file)); // the constructor is private
    }
    return *module;
}

PluginModule::PluginModule(const std::string& path) : path_(path), table_(tableOf(path)) {
    checkTable();
    name_ = plainText(table_->name);
    version_ = plainText(table_->version);
    for (const auto* scheme = table_->schemes; *scheme != nullptr; ++scheme) {
        schemes_.push_back(plainText(*scheme));
        if (schemes_.size() > mostSchemes) {
            refuseModule(path_, "its list of schemes has no end");
        }
    }
    if (schemes_.empty()) {
        refuseModule(path_, "it serves no scheme");
    }
    if (const auto stem = std::filesystem::path(path_).stem().string(); name_ != stem) {
        refuseModule(path_, fmt::format("its name is '{}', so its file must be {}.so", name_, name_));
    }
}

void PluginModule::checkTable() const {
    if (table_->struct_size < requiredSize) {
        refuseModule(path_, fmt::format("its table has {} bytes, version 1 has {}", table_->struct_size,
                                        requiredSize));
    }
    if (table_->abi_version < 1) {
        refuseModule(path_, fmt::format("its ABI version {} does not exist", table_->abi_version));
    }
    const auto require = [this](bool present, const char* member) {
        if (!present) {
            refuseModule(path_, fmt::format("'{}' is not set in its table", member));
        }
    };
    require(table_->name != nullptr, "name");
    require(table_->version != nullptr, "version");
    require(table_->schemes != nullptr, "schemes");
    require(table_->options != nullptr, "options");
    require(table_->session_new != nullptr, "session_new");
    require(table_->set_option != nullptr, "set_option");
    require(table_->open != nullptr, "open");
    require(table_->info != nullptr, "info");
    require(table_->read != nullptr, "read");
    require(table_->finish != nullptr, "finish");
    require(table_->session_free != nullptr, "session_free");
}

bool PluginModule::hasSplice() const {
    constexpr std::size_t size = offsetof(bootferry_plugin, splice) + sizeof(bootferry_plugin::splice);
    return table_->struct_size >= size && table_->splice != nullptr;
}

std::uint32_t PluginModule::needs(const std::string& key) const {
    constexpr std::size_t size = offsetof(bootferry_plugin, needs) + sizeof(bootferry_plugin::needs);
    if (table_->struct_size < size) {
        return BOOTFERRY_NEEDS_UNIX_SOCKETS | BOOTFERRY_NEEDS_LISTENING; // older than the field
    }
    return table_->needs != nullptr ? table_->needs(key.c_str()) : 0;
}

std::string PluginModule::nearestOption(std::string_view key) const {
    std::vector<std::string_view> keys;
    for (const auto* option = table_->options; option != nullptr && option->key != nullptr; ++option) {
        keys.emplace_back(option->key);
    }
    const bool isKnown = std::find(keys.begin(), keys.end(), key) != keys.end();
    return std::string(isKnown ? std::string_view() : nearestName(key, keys));
}

void PluginModule::requireScheme(const std::string& scheme) const {
    if (std::find(schemes_.begin(), schemes_.end(), scheme) == schemes_.end()) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("plugin '{}' is linked for '{}' URLs but serves only: {}", name_, scheme,
                                fmt::join(schemes_, ", ")));
    }
}

} // namespace bootferry
