// SPDX-License-Identifier: LGPL-2.1-or-later
#include "program.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"
#include "errors.h"
#include "handles.h"
#include "termination.h"

namespace bootferry {
namespace {

constexpr std::size_t longestOutput = 65536;

class Actions {
public:
    Actions() { ::posix_spawn_file_actions_init(&actions_); }
    ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
    Actions(const Actions&) = delete;
    Actions& operator=(const Actions&) = delete;
    posix_spawn_file_actions_t* get() { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

// Overwrites its buffer, which may have held a passphrase.
std::string readAll(const UniqueFd& pipe, pid_t program) {
    std::string output;
    output.reserve(longestOutput); // it never moves: no copy is left behind
    std::array<char, 4096> block{};
    for (;;) {
        const auto count = ::read(pipe.get(), block.data(), block.size());
        if (count < 0 && errno == EINTR) {
            if (isTerminated()) {
                (void)::kill(program, SIGTERM);
            }
            continue;
        }
        if (count <= 0) {
            break;
        }
        output.append(block.data(), std::min(static_cast<std::size_t>(count), longestOutput - output.size()));
    }
    ::explicit_bzero(block.data(), block.size());
    return output;
}

int waitFor(pid_t program, const std::string& name) {
    int status = 0;
    while (::waitpid(program, &status, 0) < 0) {
        if (errno != EINTR) {
            throwErrno(errno, "waiting for " + name);
        }
        (void)::kill(program, SIGTERM);
    }
    throwIfTerminated();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

int runProgram(std::vector<std::string> words, std::string* output) {
    std::vector<char*> arguments;
    std::transform(words.begin(), words.end(), std::back_inserter(arguments),
                   [](std::string& word) { return word.data(); });
    arguments.push_back(nullptr);
    std::array<char*, 3> environment{};
    std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    std::string language = "LC_ALL=C";
    environment[0] = path.data();
    environment[1] = language.data();
    Actions actions;
    auto [reading, writing] = output != nullptr ? makePipe() : std::pair<UniqueFd, UniqueFd>();
    if (output != nullptr) {
        ::posix_spawn_file_actions_adddup2(actions.get(), writing.get(), STDOUT_FILENO);
    }
    pid_t program = -1;
    if (const int failure = ::posix_spawnp(&program, arguments[0], actions.get(), nullptr, arguments.data(),
                                           environment.data());
        failure == ENOENT) {
        return noSuchProgram;
    } else if (failure != 0) {
        throwErrno(failure, "running " + words.front());
    }
    if (output != nullptr) {
        writing.reset();
        *output = readAll(reading, program);
    }
    return waitFor(program, words.front());
}

} // namespace bootferry
