// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_file.h"

#include <algorithm>
#include <cstring>

namespace bootferry::sftp {
namespace {

using plugin::Failure;

} // namespace

SftpFile::SftpFile(SshConnection& connection, const std::string& path)
    : connection_(connection), path_(path),
      sftp_(connection.finish([&connection] { return libssh2_sftp_init(connection.get()); })) {
    if (!sftp_) {
        fail(Stage::Opening);
    }
    try {
        open();
    } catch (...) {
        connection_.breakOff();
        throw;
    }
}

SftpFile::~SftpFile() {
    connection_.breakOff();
}

void SftpFile::open() {
    file_.reset(connection_.finish([this] {
        return libssh2_sftp_open_ex(sftp_.get(), path_.data(), static_cast<unsigned>(path_.size()),
                                    LIBSSH2_FXF_READ, 0, LIBSSH2_SFTP_OPENFILE);
    }));
    if (!file_) {
        fail(Stage::Opening);
    }
    learnAttributes();
}

void SftpFile::learnAttributes() {
    using Clock = std::chrono::steady_clock;
    LIBSSH2_SFTP_ATTRIBUTES attributes{};
    const auto asked = Clock::now();
    const int result = connection_.finish([&] { return libssh2_sftp_fstat_ex(file_.get(), &attributes, 0); });
    roundTrip_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - asked);
    if (result != 0) {
        fail(Stage::Opening);
    }
    const auto tells = [&](unsigned long flag) { return (attributes.flags & flag) != 0; };
    if (tells(LIBSSH2_SFTP_ATTR_PERMISSIONS) && LIBSSH2_SFTP_S_ISDIR(attributes.permissions)) {
        throw Failure(BOOTFERRY_ERROR_NOT_FOUND, "'" + path_ + "' is a folder, not a file");
    }
    if (tells(LIBSSH2_SFTP_ATTR_SIZE)) {
        size_ = attributes.filesize;
    }
    if (size_ && tells(LIBSSH2_SFTP_ATTR_ACMODTIME)) {
        validator_ = std::to_string(attributes.mtime) + "-" + std::to_string(*size_);
    }
}

void SftpFile::seek(std::uint64_t offset) {
    libssh2_sftp_seek64(file_.get(), offset);
    position_ = offset;
    readAhead_.emplace(roundTrip_, offset, size_);
}

std::size_t SftpFile::read(std::span<std::byte> into) {
    if (first_ == end_) {
        if (size_ && position_ >= *size_) {
            return 0;
        }
        if (pending_) {
            throw Failure(*pending_);
        }
        fill();
    }
    auto count = std::min(into.size(), end_ - first_);
    if (size_) {
        count = static_cast<std::size_t>(std::min<std::uint64_t>(count, *size_ - position_));
    }
    std::memcpy(into.data(), buffer_.data() + first_, count);
    first_ += count;
    position_ += count;
    return count;
}

// At least one byte into the empty buffer, or the end of a file of unknown size.
void SftpFile::fill() {
    buffer_.resize(readAhead_->bufferAfter(received_));
    first_ = end_ = 0;
    const auto before = libssh2_sftp_tell64(file_.get());
    const auto result = connection_.finish([this] { return readOnce(); });
    if (result < 0) {
        // libssh2 forgets to mention the bytes that it had put into the buffer before the connection broke;
        // its position in the file tells them.
        const auto salvaged = libssh2_sftp_tell64(file_.get()) - before;
        end_ = salvaged <= buffer_.size() ? static_cast<std::size_t>(salvaged) : 0;
        position_ += end_; // as the failure is to tell it
        try {
            fail(Stage::Reading, static_cast<int>(result));
        } catch (const Failure& failure) {
            position_ -= end_;
            if (end_ == 0) {
                throw;
            }
            pending_ = failure;
        }
    } else {
        end_ = static_cast<std::size_t>(result);
    }
    received_ += end_;
    if (end_ == 0 && size_) {
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "the file ended after " + std::to_string(position_) +
                                                       " of " + std::to_string(*size_) + " bytes");
    }
}

// Where the server's sftp process died and its sshd lives on, libssh2 either says that more is to come, for
// ever, or turns in circles, which SshConnection::receive() ends.
ssize_t SftpFile::readOnce() {
    const auto result =
        libssh2_sftp_read(file_.get(), reinterpret_cast<char*>(buffer_.data()), buffer_.size());
    if (result == LIBSSH2_ERROR_EAGAIN && libssh2_channel_eof(libssh2_sftp_get_channel(sftp_.get())) == 1) {
        return LIBSSH2_ERROR_CHANNEL_CLOSED;
    }
    return result;
}

void SftpFile::fail(Stage stage, int code) const {
    auto end = connection_.lastEnd(stage);
    end.code = code != 0 ? code : end.code;
    end.path = path_;
    end.sftpStatus = sftp_ ? libssh2_sftp_last_error(sftp_.get()) : 0;
    end.position = position_;
    end.size = size_;
    throw failureOf(end);
}

} // namespace bootferry::sftp
