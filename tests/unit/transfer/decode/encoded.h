// SPDX-License-Identifier: LGPL-2.1-or-later
// Compresses texts with the real tools at test time, because the decoders must read what people's xz, gzip,
// pigz and zstd write.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace bootferry {

// The output of a shell command with the text as its input.
inline std::string encoded(const std::string& command, const std::string& text) {
    std::string name = testing::TempDir() + "encoded-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(name.data());
    std::ofstream(folder / "in", std::ios::binary) << text;
    const auto line = "cd '" + folder.string() + "' && cat in | { " + command + "; } > out";
    const int status = std::system(line.c_str());
    std::ostringstream out;
    out << std::ifstream(folder / "out", std::ios::binary).rdbuf();
    std::filesystem::remove_all(folder);
    if (status != 0) {
        throw std::runtime_error("'" + command + "' failed");
    }
    return out.str();
}

} // namespace bootferry
