// SPDX-License-Identifier: LGPL-2.1-or-later
// Each value is a text that is only compared. What the sandbox does not let this process read, it does not
// let a plugin change; the text is then the same each time.
#include "process_state.h"

#include <cfenv>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>

#include <fcntl.h>
#include <pthread.h>
#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "errors.h"
#include "handles.h"
#include "plain_text.h"

namespace bootferry {
namespace {

template <int descriptor>
std::string fileOf() {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 ? fmt::format("{}:{}", status.st_dev, status.st_ino) : "closed";
}

// Those of standard error belong to others as well, who may change them.
std::string flagsOfInput() {
    return fmt::format("{:#x}", ::fcntl(STDIN_FILENO, F_GETFL));
}

std::string writtenToOutput() {
    constexpr std::size_t enough = 100;
    (void)std::fflush(stdout);
    std::string text(enough, '\0');
    const auto count = ::pread(STDOUT_FILENO, text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return escapedText(text);
}

// NOLINTBEGIN(concurrency-mt-unsafe): only asked, while the plugin is not called
std::string processLocale() {
    return setlocale(LC_ALL, nullptr);
}

std::string environmentText() {
    std::string all;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        all.append(*variable).push_back('\n');
    }
    return all;
}
// NOLINTEND(concurrency-mt-unsafe)

std::string threadLocale() {
    return uselocale(nullptr) == LC_GLOBAL_LOCALE ? "that of the process" : "its own";
}

std::string fileModeMask() {
    const auto mask = ::umask(0); // there is no call that only asks
    (void)::umask(mask);
    return fmt::format("{:#o}", mask);
}

std::string workingDirectory() {
    struct stat status {};
    return ::stat(".", &status) == 0 ? fmt::format("{}:{}", status.st_dev, status.st_ino) : "none";
}

std::string limits() {
    std::string all;
    for (int resource = 0; resource < static_cast<int>(RLIM_NLIMITS); ++resource) {
        rlimit limit{};
        (void)::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
        all += fmt::format("{} {} ", limit.rlim_cur, limit.rlim_max);
    }
    return all;
}

std::string timers() {
    std::string all;
    for (const auto kind : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
        itimerval timer{};
        (void)::getitimer(kind, &timer);
        const bool runs = timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0;
        all += runs ? "running " : "none ";
    }
    return all;
}

// The bits of what is computed with numbers that each mode changes. Nothing else tells whether denormal
// numbers are taken for zero, which code built with -ffast-math sets when it is loaded; and of the two
// control registers of x86, fegetround(3) reads the one that is not used for a double.
std::array<std::uint64_t, 5> roundedResults() {
    const volatile double normal = std::numeric_limits<double>::min();
    const volatile double denormal = std::numeric_limits<double>::denorm_min();
    const volatile double one = 1;
    const std::array results{normal / 2, denormal * one, one - denormal, one + denormal, -one - denormal};
    std::array<std::uint64_t, results.size()> bits{};
    std::memcpy(bits.data(), results.data(), sizeof bits);
    return bits;
}

std::string floatingPointMode() {
    const int trapped = ::fegetexcept();
    auto mode = fmt::format("{} {}", std::fegetround(), trapped);
    if (trapped == 0) {
        for (const auto bits : roundedResults()) {
            mode += fmt::format(" {:x}", bits);
        }
    }
    return mode;
}

std::string priority() {
    return std::to_string(::getpriority(PRIO_PROCESS, 0));
}

std::string threadName() {
    constexpr std::size_t longest = 16;
    std::array<char, longest> name{};
    (void)::prctl(PR_GET_NAME, name.data(), 0, 0, 0);
    return {name.data(), strnlen(name.data(), name.size())};
}

std::string threadCancellation() {
    int state = 0;
    int type = 0;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    (void)pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    (void)pthread_setcanceltype(type, nullptr);
    (void)pthread_setcancelstate(state, nullptr);
    return fmt::format("{} {}", state, type);
}

struct Trait {
    const char* fault; // what the plugin did, in the report
    std::string (*value)();
    bool isShown; // the new value says something to a person
};

constexpr std::array table{
    Trait{"closed or replaced descriptor 0 (standard input)", &fileOf<STDIN_FILENO>, false},
    Trait{"closed or replaced descriptor 1 (standard output)", &fileOf<STDOUT_FILENO>, false},
    Trait{"closed or replaced descriptor 2 (standard error)", &fileOf<STDERR_FILENO>, false},
    Trait{"changed the flags of descriptor 0 (standard input)", &flagsOfInput, true},
    Trait{"wrote to standard output instead of to host->log", &writtenToOutput, true},
    Trait{"changed the locale of the process", &processLocale, true},
    Trait{"changed the locale of the calling thread", &threadLocale, false},
    Trait{"changed the environment", &environmentText, false},
    Trait{"changed the umask", &fileModeMask, true},
    Trait{"changed the working directory", &workingDirectory, false},
    Trait{"changed a resource limit", &limits, false},
    Trait{"started a timer of the process", &timers, false},
    Trait{"changed how floating-point numbers are rounded or trapped, or whether tiny ones become zero (as "
          "-ffast-math does)",
          &floatingPointMode, false},
    Trait{"changed the priority of the calling thread", &priority, true},
    Trait{"renamed the calling thread", &threadName, true},
    Trait{"changed whether the calling thread can be cancelled", &threadCancellation, false},
};

bool isSameAction(const struct sigaction& one, const struct sigaction& other) {
    return one.sa_flags == other.sa_flags &&
           ((one.sa_flags & SA_SIGINFO) != 0 ? one.sa_sigaction == other.sa_sigaction
                                             : one.sa_handler == other.sa_handler);
}

} // namespace

ProcessState::ProcessState() {
    static_assert(table.size() == traits);
    for (std::size_t i = 0; i < traits; ++i) {
        values_.at(i) = table.at(i).value();
    }
    for (int number = 1; number < SIGRTMIN; ++number) {
        (void)::sigaction(number, nullptr, &signals_.at(static_cast<std::size_t>(number)));
    }
    (void)pthread_sigmask(SIG_SETMASK, nullptr, &blocked_);
}

std::optional<std::string> ProcessState::changeUntil(const ProcessState& later) const {
    for (std::size_t i = 0; i < traits; ++i) {
        if (values_.at(i) != later.values_.at(i)) {
            return table.at(i).isShown ? fmt::format("{}: {}", table.at(i).fault, later.values_.at(i))
                                       : table.at(i).fault;
        }
    }
    for (int number = 1; number < SIGRTMIN; ++number) {
        const auto at = static_cast<std::size_t>(number);
        if (!isSameAction(signals_.at(at), later.signals_.at(at))) {
            return fmt::format("changed what SIG{} does", sigabbrev_np(number));
        }
        if (sigismember(&blocked_, number) != sigismember(&later.blocked_, number)) {
            return fmt::format("left the signal SIG{} {}", sigabbrev_np(number),
                               sigismember(&later.blocked_, number) == 1 ? "blocked" : "unblocked");
        }
    }
    return std::nullopt;
}

void prepareProcessState() {
    const UniqueFd output(checkErrno(::memfd_create("standard output", MFD_CLOEXEC), "making a memory file"));
    checkErrno(::dup2(output.get(), STDOUT_FILENO), "redirecting standard output");
    const UniqueFd input(checkErrno(::open("/dev/null", O_RDONLY | O_CLOEXEC), "opening '/dev/null'"));
    checkErrno(::dup2(input.get(), STDIN_FILENO), "redirecting standard input");
}

} // namespace bootferry
