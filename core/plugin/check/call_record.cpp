// SPDX-License-Identifier: LGPL-2.1-or-later
#include "call_record.h"

#include <algorithm>
#include <cerrno>
#include <utility>

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
    const char* name = shared_->name.exchange(nullptr);
    const auto took = Clock::now().time_since_epoch().count() - shared_->begun;
    for (auto& total : shared_->totals) {
        if (total.name == nullptr) {
            total.name = name;
        }
        if (total.name == name) {
            ++total.calls;
            total.time += took;
            return;
        }
    }
}

std::optional<CallRecord::Running> CallRecord::running() const {
    const char* name = shared_->name;
    if (name == nullptr) {
        return std::nullopt;
    }
    return Running{.name = name,
                   .since = Clock::now().time_since_epoch() - Clock::duration(shared_->begun.load())};
}

void CallRecord::noteFault(const std::string& fault) {
    const std::lock_guard lock(mutex_);
    if (!fault_) {
        fault_ = fault;
    }
}

std::optional<std::string> CallRecord::takeFault() {
    const std::lock_guard lock(mutex_);
    return std::exchange(fault_, std::nullopt);
}

std::optional<CallRecord::Spent> CallRecord::longest() const {
    const auto& total =
        *std::max_element(shared_->totals.begin(), shared_->totals.end(),
                          [](const auto& one, const auto& other) { return one.time < other.time; });
    const char* name = total.name;
    if (name == nullptr) {
        return std::nullopt;
    }
    return Spent{.name = name, .calls = total.calls, .time = Clock::duration(total.time.load())};
}

} // namespace bootferry
