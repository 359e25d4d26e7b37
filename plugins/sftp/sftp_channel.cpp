// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_channel.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace bootferry::sftp {
namespace {

constexpr std::size_t libsshsOwn = 640'000; // it opens its window again when less than this is left
constexpr std::size_t widest = 16UL * 1024 * 1024;

} // namespace

SftpChannel::SftpChannel(SshConnection& connection)
    : connection_(connection), channel_(ssh_channel_new(connection.get())) {
    if (!channel_) {
        throw std::bad_alloc();
    }
}

bool SftpChannel::open() {
    return connection_.finish([this] { return ssh_channel_open_session(channel_.get()); }) == SSH_OK &&
           connection_.finish([this] { return ssh_channel_request_subsystem(channel_.get(), "sftp"); }) ==
               SSH_OK;
}

bool SftpChannel::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const int sent = connection_.finish(
            [&] {
                return ssh_channel_write(channel_.get(), bytes.data(),
                                         static_cast<std::uint32_t>(bytes.size()));
            },
            0);
        if (sent < 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::size_t SftpChannel::receive(std::span<std::byte> into) {
    if (!early_.empty()) {
        const auto count = std::min(into.size(), early_.size());
        std::memcpy(into.data(), early_.data(), count);
        early_ = early_.subspan(count);
        return count;
    }
    const int received = connection_.finish(
        [&] {
            return ssh_channel_read_nonblocking(channel_.get(), into.data(),
                                                static_cast<std::uint32_t>(into.size()), 0);
        },
        0);
    if (received < 0) {
        return 0;
    }
    const auto count = static_cast<std::size_t>(received);
    window_ -= std::min(window_, count);
    return count;
}

// libssh has no call for it, but opens the window as far as it is asked to read. The memory to read into is
// there, and untouched but for what happens to have come by now.
void SftpChannel::keepWindow(std::size_t bytes) {
    const auto wide = std::min(2 * bytes, widest);
    if (bytes <= libsshsOwn || window_ >= wide - wide / 4 || !early_.empty()) {
        return;
    }
    if (!spare_) {
        spare_ = std::make_unique_for_overwrite<std::byte[]>(widest);
    }
    const int received =
        ssh_channel_read_timeout(channel_.get(), spare_.get(), static_cast<std::uint32_t>(wide), 0, 0);
    if (received >= 0) { // an end is met by receive() as well
        early_ = {spare_.get(), static_cast<std::size_t>(received)};
        window_ = wide - early_.size();
    }
}

bool SftpChannel::isEnded() const {
    return ssh_channel_is_eof(channel_.get()) != 0 || ssh_channel_is_closed(channel_.get()) != 0;
}

} // namespace bootferry::sftp
