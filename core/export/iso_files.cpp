// SPDX-License-Identifier: LGPL-2.1-or-later
// Of libarchive's formats only ISO 9660 is enabled, and no filter: a hostile file must not choose among
// parsers. An ISO is read twice, for the list and for a file, since libarchive reads files in the order in
// which they are stored.
#include "iso_files.h"

#include <cerrno>
#include <memory>

#include <archive.h>
#include <archive_entry.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "errors.h"
#include "plain_text.h"
#include "quantities.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::size_t blockSize = std::size_t{64} * 1024;
constexpr std::size_t longestPath = 1024;
constexpr std::size_t mostBytesOfPaths = std::size_t{64} << 20U; // of a whole ISO, against a hostile one
constexpr int mostLinks = 8;

struct FreeArchive {
    void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

[[noreturn]] void throwDamaged(archive* reader) {
    const char* text = archive_error_string(reader);
    throw Error(ErrorCode::NotLive, fmt::format("the ISO cannot be read: {}",
                                                plainText(text != nullptr ? text : "it is damaged")));
}

Reader openIso(int iso) {
    Reader reader(archive_read_new());
    if (!reader) {
        throw Error(ErrorCode::Io, ENOMEM, "reading the ISO");
    }
    checkErrno(::lseek(iso, 0, SEEK_SET), "reading the ISO");
    if (archive_read_support_format_iso9660(reader.get()) != ARCHIVE_OK ||
        archive_read_open_fd(reader.get(), iso, blockSize) != ARCHIVE_OK) {
        throwDamaged(reader.get());
    }
    return reader;
}

// False at the end.
bool nextEntry(archive* reader, archive_entry*& entry) {
    const auto status = archive_read_next_header(reader, &entry);
    if (status == ARCHIVE_EOF) {
        return false;
    }
    if (status < ARCHIVE_WARN) {
        throwDamaged(reader);
    }
    return true;
}

std::string textOf(const char* text) {
    return text != nullptr ? text : "";
}

// Empty if the name cannot be one that is looked for.
std::string pathOf(archive_entry* entry) {
    auto path = textOf(archive_entry_pathname(entry));
    return path.size() <= longestPath ? path : std::string();
}

bool isFile(archive_entry* entry) {
    return archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr;
}

// A name beside the link; empty for other targets.
std::string besideLink(const std::string& path, const std::string& target) {
    if (target.empty() || target.find('/') != std::string::npos || target == ".." || target == ".") {
        return {};
    }
    return path.substr(0, path.rfind('/') + 1) + target;
}

} // namespace

IsoFiles::IsoFiles(int iso) : iso_(iso) {
    const auto reader = openIso(iso);
    std::size_t bytes = 0;
    for (archive_entry* entry = nullptr; nextEntry(reader.get(), entry);) {
        auto path = pathOf(entry);
        bytes += path.size();
        if (bytes > mostBytesOfPaths) {
            throw Error(ErrorCode::NotLive, "the ISO has too many files to be a live image");
        }
        if (path.empty()) {
            continue;
        }
        File file;
        if (const char* other = archive_entry_hardlink(entry)) {
            file.link = other; // as libarchive shows files that share their bytes
        } else if (archive_entry_filetype(entry) == AE_IFLNK) {
            file.link = besideLink(path, textOf(archive_entry_symlink(entry)));
            if (file.link.empty()) {
                continue;
            }
        } else if (archive_entry_filetype(entry) == AE_IFREG) {
            file.size = static_cast<std::uint64_t>(archive_entry_size(entry));
        } else {
            continue;
        }
        files_.emplace(std::move(path), std::move(file));
    }
}

std::vector<std::string> IsoFiles::paths() const {
    std::vector<std::string> paths;
    paths.reserve(files_.size());
    for (const auto& [path, file] : files_) {
        paths.push_back(path);
    }
    return paths;
}

std::string IsoFiles::resolved(const std::string& path) const {
    auto name = path;
    for (int links = 0; links <= mostLinks; ++links) {
        const auto found = files_.find(name);
        if (found == files_.end()) {
            break;
        }
        if (found->second.link.empty()) {
            return name;
        }
        name = found->second.link;
    }
    throw Error(ErrorCode::NotFound,
                name == path
                    ? fmt::format("the ISO has no file '{}'", plainText(path))
                    : fmt::format("the ISO's '{}' is a link that leads to no file", plainText(path)));
}

void IsoFiles::read(const std::string& path, std::uint64_t most,
                    const std::function<void(std::span<const std::byte>)>& take) const {
    const auto name = resolved(path);
    const auto size = files_.at(name).size;
    if (size > most) {
        const auto [actual, accepted] = formatSizes(size, most);
        throw Error(ErrorCode::TooLarge,
                    fmt::format("the ISO's '{}' has {}, more than the {} that are accepted", plainText(path),
                                actual, accepted));
    }
    if (size == 0) {
        throw Error(ErrorCode::NotLive, fmt::format("the ISO's '{}' is empty", plainText(path)));
    }
    const auto reader = openIso(iso_);
    archive_entry* entry = nullptr;
    do {
        if (!nextEntry(reader.get(), entry)) {
            throw Error(ErrorCode::NotLive, "the ISO changed while it was read");
        }
    } while (!isFile(entry) || pathOf(entry) != name);
    std::uint64_t sum = 0;
    const void* block = nullptr;
    std::size_t length = 0;
    la_int64_t offset = 0;
    for (;;) {
        const auto status = archive_read_data_block(reader.get(), &block, &length, &offset);
        if (status == ARCHIVE_EOF) {
            break;
        }
        if (status != ARCHIVE_OK) {
            throwDamaged(reader.get());
        }
        if (static_cast<std::uint64_t>(offset) != sum || length > size - sum) {
            throw Error(ErrorCode::NotLive, fmt::format("the ISO's '{}' is damaged", plainText(path)));
        }
        sum += length;
        take({static_cast<const std::byte*>(block), length});
    }
    if (sum != size) {
        throw Error(ErrorCode::NotLive, fmt::format("the ISO's '{}' ends too early", plainText(path)));
    }
}

} // namespace bootferry
