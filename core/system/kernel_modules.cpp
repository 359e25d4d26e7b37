// SPDX-License-Identifier: LGPL-2.1-or-later
// A libkmod lookup of an alias may return several modules; one that loads is enough.
#include "kernel_modules.h"

#include <cerrno>
#include <memory>

#include <libkmod.h>
#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "files.h"
#include "text.h"

namespace bootferry {
namespace {

struct ContextUnref {
    void operator()(kmod_ctx* context) const noexcept { kmod_unref(context); }
};
struct ListUnref {
    void operator()(kmod_list* list) const noexcept { kmod_module_unref_list(list); }
};
struct ModuleUnref {
    void operator()(kmod_module* module) const noexcept { kmod_module_unref(module); }
};
using Context = std::unique_ptr<kmod_ctx, ContextUnref>;
using ModuleList = std::unique_ptr<kmod_list, ListUnref>;
using Module = std::unique_ptr<kmod_module, ModuleUnref>;

Context makeContext() {
    Context context(kmod_new(nullptr, nullptr));
    if (!context) {
        throw Error(ErrorCode::Io, errno, "reading the kernel's module tree");
    }
    return context;
}

bool kernelKnowsFilesystem(const std::string& type) {
    const auto known = readSmallFile("/proc/filesystems").value_or("");
    for (const auto line : linesOf(known)) {
        if (line.substr(line.find('\t') + 1) == type) {
            return true;
        }
    }
    return false;
}

} // namespace

bool loadKernelModule(const std::string& nameOrAlias, const std::string& parameters) {
    const auto context = makeContext();
    kmod_list* raw = nullptr;
    const int looked = kmod_module_new_from_lookup(context.get(), nameOrAlias.c_str(), &raw);
    const ModuleList list(raw);
    if (looked < 0 || !list) {
        return false;
    }
    bool loaded = false;
    kmod_list* entry = nullptr;
    kmod_list_foreach(entry, list.get()) {
        const Module module(kmod_module_get_module(entry));
        const int result =
            kmod_module_probe_insert_module(module.get(), KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY,
                                            parameters.c_str(), nullptr, nullptr, nullptr);
        if (result < 0 && result != -EEXIST) {
            throw Error(ErrorCode::Io, -result, fmt::format("loading the kernel module '{}'", nameOrAlias));
        }
        loaded = true;
    }
    return loaded;
}

bool unloadKernelModule(const std::string& name) {
    const auto context = makeContext();
    kmod_module* raw = nullptr;
    if (kmod_module_new_from_name(context.get(), name.c_str(), &raw) < 0) {
        return false;
    }
    const Module module(raw);
    return kmod_module_remove_module(module.get(), 0) >= 0;
}

void requireFilesystem(const std::string& type) {
    if (kernelKnowsFilesystem(type)) {
        return;
    }
    if (!loadKernelModule("fs-" + type) || !kernelKnowsFilesystem(type)) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("this kernel cannot mount {}: its module is not in the initrd", type));
    }
}

} // namespace bootferry
