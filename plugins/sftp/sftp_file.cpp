// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_file.h"

#include <algorithm>
#include <cstring>

namespace bootferry::sftp {
namespace {

using plugin::Failure;
using Clock = Waiter::Clock;

constexpr std::chrono::seconds silenceBeforeAProbe{2};
// libssh2 requests pieces of 30000 bytes, and four times its buffer ahead: one piece.
constexpr std::size_t bufferOfOnePiece = 7500;

} // namespace

SftpFile::SftpFile(SshConnection& connection, const std::string& path)
    : connection_(connection), path_(path) {
    try {
        start();
        refuseSpecialFile();
        open();
        learnAttributes();
    } catch (...) {
        connection_.watch(nullptr);
        connection_.breakOff();
        throw;
    }
}

SftpFile::~SftpFile() {
    connection_.watch(nullptr);
    connection_.breakOff();
}

// libssh2_sftp_init waits for ever if the server ends the channel at once because its sftp program is missing
// or fails. libssh2 does not give access to that channel, so its end cannot be seen. After a silence,
// therefore, the same is tried over a channel of our own, whose end can be seen.
void SftpFile::start() {
    const auto init = [this] { return libssh2_sftp_init(connection_.get()); };
    sftp_.reset(connection_.finish(init, Clock::now() + silenceBeforeAProbe));
    if (!sftp_ && connection_.wouldBlock(sftp_.get())) {
        if (endsAtOnce()) {
            throw Failure(BOOTFERRY_ERROR_PROTOCOL,
                          connection_.authority() +
                              " does not offer sftp, or ended it before the file was open");
        }
        sftp_.reset(connection_.finish(init));
    }
    if (!sftp_) {
        fail(Stage::Opening);
    }
    connection_.watch(libssh2_sftp_get_channel(sftp_.get()));
}

bool SftpFile::endsAtOnce() {
    const ChannelHandle probe(
        connection_.finish([this] { return libssh2_channel_open_session(connection_.get()); }));
    if (!probe) {
        return false;
    }
    const int started = connection_.finish([&] { return libssh2_channel_subsystem(probe.get(), "sftp"); });
    if (started != 0) {
        return false;
    }
    char byte = 0;
    const auto answer = connection_.finish([&] { return libssh2_channel_read(probe.get(), &byte, 1); },
                                           Clock::now() + silenceBeforeAProbe);
    const bool ended = answer == 0 && libssh2_channel_eof(probe.get()) == 1;
    (void)connection_.finish([&] { return libssh2_channel_close(probe.get()); });
    return ended;
}

// Called before the file is opened, too: a server that opens a FIFO waits for a writer, and reading a device
// may change it. All other faults are reported by the answer to the open request.
void SftpFile::refuseSpecialFile() {
    LIBSSH2_SFTP_ATTRIBUTES attributes{};
    const int result = connection_.finish([&] {
        return libssh2_sftp_stat_ex(sftp_.get(), path_.data(), static_cast<unsigned>(path_.size()),
                                    LIBSSH2_SFTP_STAT, &attributes);
    });
    if (result == 0) {
        requireRegularFile(attributes);
    }
}

void SftpFile::requireRegularFile(const LIBSSH2_SFTP_ATTRIBUTES& attributes) const {
    const auto type = (attributes.flags & LIBSSH2_SFTP_ATTR_PERMISSIONS) != 0
                          ? attributes.permissions & LIBSSH2_SFTP_S_IFMT
                          : 0; // not all servers report one
    if (type == LIBSSH2_SFTP_S_IFDIR) {
        throw Failure(BOOTFERRY_ERROR_NOT_FOUND, "'" + path_ + "' is a folder, not a file");
    }
    if (type != 0 && type != LIBSSH2_SFTP_S_IFREG) {
        throw Failure(BOOTFERRY_ERROR_NOT_FOUND,
                      "'" + path_ + "' is a device, FIFO or socket on the server, not a file");
    }
}

void SftpFile::open() {
    file_.reset(connection_.finish([this] {
        return libssh2_sftp_open_ex(sftp_.get(), path_.data(), static_cast<unsigned>(path_.size()),
                                    LIBSSH2_FXF_READ, 0, LIBSSH2_SFTP_OPENFILE);
    }));
    if (!file_) {
        fail(Stage::Opening);
    }
    staleStatus_ = libssh2_sftp_last_error(sftp_.get());
}

void SftpFile::learnAttributes() {
    LIBSSH2_SFTP_ATTRIBUTES attributes{};
    const auto asked = Clock::now();
    const int result = connection_.finish([&] { return libssh2_sftp_fstat_ex(file_.get(), &attributes, 0); });
    roundTrip_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - asked);
    if (result != 0 && hidesAttributes()) {
        attributesHidden_ = true; // the answer to the last read still shows the end of the file
        return;
    }
    if (result != 0) {
        fail(Stage::Opening);
    }
    const auto tells = [&](unsigned long flag) { return (attributes.flags & flag) != 0; };
    requireRegularFile(attributes);
    // Files whose contents are generated when they are read (/proc) have the size 0: read to the end.
    if (tells(LIBSSH2_SFTP_ATTR_SIZE) && attributes.filesize > 0) {
        size_ = attributes.filesize;
    }
    if (size_ && tells(LIBSSH2_SFTP_ATTR_ACMODTIME)) {
        modified_ = static_cast<std::int64_t>(attributes.mtime);
        validator_ = std::to_string(attributes.mtime) + "-" + std::to_string(*size_);
    }
}

// internal-sftp answers so with "-P fstat".
bool SftpFile::hidesAttributes() const {
    if (libssh2_session_last_errno(connection_.get()) != LIBSSH2_ERROR_SFTP_PROTOCOL) {
        return false;
    }
    const auto status = libssh2_sftp_last_error(sftp_.get());
    return status == LIBSSH2_FX_PERMISSION_DENIED || status == LIBSSH2_FX_OP_UNSUPPORTED;
}

void SftpFile::seek(std::uint64_t offset) {
    libssh2_sftp_seek64(file_.get(), offset);
    position_ = offset;
    readAhead_.emplace(roundTrip_, offset, size_);
}

std::size_t SftpFile::bufferSize() const {
    return oneAtATime_ ? bufferOfOnePiece : readAhead_->bufferAfter(received_);
}

std::size_t SftpFile::read(std::span<std::byte> into) {
    if (size_) {
        if (position_ >= *size_) {
            requireUnchanged();
            return 0;
        }
        into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), *size_ - position_)));
    }
    if (early_.empty()) {
        if (pending_) {
            throw Failure(*pending_);
        }
        const auto wanted = bufferSize();
        if (into.size() >= wanted) {
            const auto count = receive(into.first(wanted));
            position_ += count;
            return count;
        }
        buffer_.resize(wanted);
        early_ = std::span(buffer_).first(receive(buffer_));
    }
    const auto count = std::min(into.size(), early_.size());
    std::memcpy(into.data(), early_.data(), count);
    early_ = early_.subspan(count);
    position_ += count;
    return count;
}

// A file that is written to while it is read delivers bytes of both versions. The protocol has no lock, so
// the attributes are compared at the end. Version 3 has times of whole seconds and no change time: a writer
// that keeps the size and restores the time is not detected.
void SftpFile::requireUnchanged() {
    if (unchanged_) {
        return;
    }
    LIBSSH2_SFTP_ATTRIBUTES now{};
    if (connection_.finish([&] { return libssh2_sftp_fstat_ex(file_.get(), &now, 0); }) != 0) {
        fail(Stage::Reading);
    }
    const bool hasSize = (now.flags & LIBSSH2_SFTP_ATTR_SIZE) != 0;
    const bool hasTime = (now.flags & LIBSSH2_SFTP_ATTR_ACMODTIME) != 0;
    if ((hasSize && now.filesize != *size_) ||
        (hasTime && !validator_.empty() && static_cast<std::int64_t>(now.mtime) != modified_)) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "the file on the server was changed while it was read");
    }
    unchanged_ = true;
}

// At least one byte; 0: the end of a file of unknown size.
//
// What libssh2_sftp_read returns is not all that it says (1.10 and 1.11):
//   - Where it fails after it put bytes into the buffer, it returns the failure and not the bytes, although
//     they count as read: its position in the file moved on. So the position tells how many there are.
//   - LIBSSH2_ERROR_TIMEOUT means that an answer took a minute, or that nobody called for a minute. How long
//     silence may last is the host's to decide, and the call is continued where it was.
std::size_t SftpFile::receive(std::span<std::byte> into) {
    for (;;) {
        const auto before = libssh2_sftp_tell64(file_.get());
        std::size_t count = 0;
        const auto result = connection_.finish([&] {
            const auto code =
                libssh2_sftp_read(file_.get(), reinterpret_cast<char*>(into.data()), into.size());
            count = static_cast<std::size_t>(libssh2_sftp_tell64(file_.get()) - before);
            return code == LIBSSH2_ERROR_TIMEOUT && count == 0 ? ssize_t{LIBSSH2_ERROR_EAGAIN} : code;
        });
        received_ += count;
        const int code = static_cast<int>(std::min<ssize_t>(result, 0));
        if (code == 0 && count == 0 && size_) {
            throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "the file ended after " + std::to_string(position_) +
                                                           " of " + std::to_string(*size_) + " bytes");
        }
        if (code == 0 || (count > 0 && code == LIBSSH2_ERROR_TIMEOUT)) {
            return count;
        }
        if (isOutOfStep(code)) {
            requestOneAtATime();
            if (count > 0) {
                return count;
            }
            continue;
        }
        position_ += count; // the offset that the failure's message names
        try {
            fail(Stage::Reading, code);
        } catch (const Failure& failure) {
            position_ -= count;
            if (count == 0) {
                throw;
            }
            pending_ = failure;
            return count;
        }
    }
}

// The protocol allows a server to answer with a part of what was requested (section 6.4), which libssh2
// allows only where nothing more is in flight.
bool SftpFile::isOutOfStep(int code) const {
    return !oneAtATime_ && code == LIBSSH2_ERROR_SFTP_PROTOCOL &&
           connection_.lastEnd(Stage::Reading).detail == "Read Packet At Unexpected Offset";
}

void SftpFile::requestOneAtATime() {
    oneAtATime_ = true;
    const auto offset = libssh2_sftp_tell64(file_.get());
    libssh2_sftp_seek64(file_.get(), offset + 1); // without it, the next call does nothing
    libssh2_sftp_seek64(file_.get(), offset);
}

void SftpFile::fail(Stage stage, int code) const {
    auto end = connection_.lastEnd(stage);
    end.code = code != 0 ? code : end.code;
    end.path = path_;
    end.isBeforeSftp = !sftp_;
    const auto status = sftp_ ? libssh2_sftp_last_error(sftp_.get()) : 0;
    end.sftpStatus = status == staleStatus_ ? 0 : status;
    end.position = position_;
    end.size = size_;
    throw failureOf(end);
}

} // namespace bootferry::sftp
