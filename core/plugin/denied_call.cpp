// SPDX-License-Identifier: LGPL-2.1-or-later
#include "denied_call.h"

#include <atomic>

namespace bootferry {
namespace {

std::atomic<const char*> denied{nullptr};
static_assert(std::atomic<const char*>::is_always_lock_free);

} // namespace

void noteDeniedCall(const char* name) noexcept {
    denied.store(name);
}

const char* takeDeniedCall() noexcept {
    return denied.exchange(nullptr);
}

} // namespace bootferry
