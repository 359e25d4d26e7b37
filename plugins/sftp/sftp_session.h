// SPDX-License-Identifier: LGPL-2.1-or-later
// One attempt: connect, recognise the server, log in, open the file at the offset, read.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "host.h"
#include "name_resolver.h"
#include "sftp_file.h"
#include "sftp_options.h"
#include "ssh_connection.h"
#include "waiter.h"

namespace bootferry::sftp {

class SftpSession {
public:
    explicit SftpSession(const bootferry_host* host) : host_(host) {}

    [[nodiscard]] const plugin::Host& host() const { return host_; }

    void setOption(const std::string& key, const std::string& value) { options_.set(key, value, host_); }
    void open(const bootferry_request& request);
    void info(bootferry_info& info) const;
    [[nodiscard]] std::size_t read(std::span<std::byte> into);

private:
    void connect(const SftpUrl& url);
    [[nodiscard]] Descriptor connectTcp(const SftpUrl& url);
    void examine(const bootferry_request& request) const;

    plugin::Host host_;
    SftpOptions options_;
    plugin::NameResolver resolver_{plugin::Family::Any, plugin::NameResolver::Patience::Usual};
    std::optional<plugin::Waiter> waiter_;
    std::unique_ptr<SshConnection> connection_;
    std::optional<SftpFile> file_; // goes before the connection
};

} // namespace bootferry::sftp
