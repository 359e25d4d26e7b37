// SPDX-License-Identifier: LGPL-2.1-or-later
#include "denied_call.h"

#include <atomic>

namespace bootferry {
namespace {

std::atomic<const char*> denied{nullptr};
std::atomic<bool> filesRestricted{false};
static_assert(std::atomic<const char*>::is_always_lock_free);

} // namespace

void noteDeniedCall(const char* name) noexcept {
    denied.store(name);
}

const char* takeDeniedCall() noexcept {
    return denied.exchange(nullptr);
}

void noteRestrictedFiles() noexcept {
    filesRestricted.store(true);
}

bool areFilesRestricted() noexcept {
    return filesRestricted.load();
}

} // namespace bootferry
