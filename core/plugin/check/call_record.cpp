// SPDX-License-Identifier: LGPL-2.1-or-later
#include "call_record.h"

#include <cerrno>

#include <sys/mman.h>

#include "errors.h"

namespace bootferry {

CallRecord::CallRecord() {
    void* shared = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        throwErrno(errno, "mapping shared memory");
    }
    shared_ = static_cast<Shared*>(shared); // zeroed
}

CallRecord::~CallRecord() {
    munmap(shared_, sizeof(Shared));
}

void CallRecord::begin(const char* name) {
    shared_->begun = Clock::now().time_since_epoch().count();
    shared_->name = name;
}

void CallRecord::end() {
    shared_->name = nullptr;
}

std::optional<CallRecord::Running> CallRecord::running() const {
    const char* name = shared_->name;
    if (name == nullptr) {
        return std::nullopt;
    }
    return Running{.name = name,
                   .since = Clock::now().time_since_epoch() - Clock::duration(shared_->begun.load())};
}

} // namespace bootferry
