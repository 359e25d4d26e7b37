// SPDX-License-Identifier: LGPL-2.1-or-later
// ld.so(8), LD_TRACE_LOADED_OBJECTS and LD_WARN. The C library and its parts are preloaded: every program has
// them.
#include "linkage.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"
#include "errors.h"
#include "handles.h"

namespace bootferry {
namespace {

// That of this program.
const char* dynamicLinker() {
    const auto* headers = reinterpret_cast<const ElfW(Phdr)*>(getauxval(AT_PHDR));
    const auto count = getauxval(AT_PHNUM);
    const ElfW(Phdr)* table = nullptr;
    const ElfW(Phdr)* name = nullptr;
    for (unsigned long i = 0; headers != nullptr && i < count; ++i) {
        table = headers[i].p_type == PT_PHDR ? &headers[i] : table;
        name = headers[i].p_type == PT_INTERP ? &headers[i] : name;
    }
    if (table == nullptr || name == nullptr) {
        return nullptr;
    }
    return reinterpret_cast<const char*>(headers) - table->p_vaddr + name->p_vaddr;
}

std::string outputOf(const char* program, const std::string& argument) {
    auto [readEnd, writeEnd] = makePipe();
    const auto child = checkErrno(fork(), "forking");
    if (child == 0) {
        const char* const environment[] = {"LD_TRACE_LOADED_OBJECTS=1", "LD_WARN=1", "LD_BIND_NOW=1",
                                           "LD_PRELOAD=libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2",
                                           nullptr};
        const char* const words[] = {program, argument.c_str(), nullptr};
        (void)dup2(writeEnd.get(), STDOUT_FILENO);
        (void)dup2(writeEnd.get(), STDERR_FILENO);
        (void)execve(program, const_cast<char* const*>(words), const_cast<char* const*>(environment));
        _exit(1);
    }
    writeEnd.reset();
    std::string output;
    std::array<char, 4096> buffer{};
    for (ssize_t count = 1; count > 0;) {
        count = read(readEnd.get(), buffer.data(), buffer.size());
        output.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    checkErrno(waitpid(child, nullptr, 0), "waiting for the dynamic linker");
    return output;
}

// The runtime of a sanitizer is in the program that loads the module.
bool isOfSanitizer(std::string_view symbol) {
    constexpr std::array<std::string_view, 7> runtimes{"__asan_", "__ubsan_",     "__tsan_",  "__msan_",
                                                       "__lsan_", "__sanitizer_", "__sancov_"};
    return std::any_of(runtimes.begin(), runtimes.end(),
                       [&](std::string_view runtime) { return symbol.starts_with(runtime); });
}

} // namespace

std::vector<std::string> undefinedSymbols(const std::string& modulePath) {
    constexpr std::string_view mark = "undefined symbol: ";
    const auto* linker = dynamicLinker();
    if (linker == nullptr) {
        return {};
    }
    const auto output = outputOf(linker, modulePath);
    std::vector<std::string> symbols;
    for (std::string_view left = output; !left.empty();) {
        const auto line = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(line.size() + 1, left.size()));
        // "undefined symbol: curl_easy_init\t(/usr/lib/bootferry/curl.so)": not those of its libraries
        if (const auto end = line.find('\t'); line.starts_with(mark) && end != std::string_view::npos &&
                                              line.substr(end + 1) == "(" + modulePath + ")") {
            const auto symbol = line.substr(mark.size(), end - mark.size());
            if (!isOfSanitizer(symbol)) {
                symbols.emplace_back(symbol);
            }
        }
    }
    return symbols;
}

} // namespace bootferry
