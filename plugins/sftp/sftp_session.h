// SPDX-License-Identifier: LGPL-2.1-or-later
// One attempt: connect, recognise the server, log in, open the file at the offset, read.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "host.h"
#include "name_resolver.h"
#include "sftp_file.h"
#include "sftp_options.h"
#include "ssh_connection.h"
#include "waiter.h"

namespace bootferry::sftp {

class SftpSession : public plugin::Session {
public:
    using Session::Session;

    void setOption(const std::string& key, const std::string& value) override {
        options_.set(key, value, host());
    }
    void open(const bootferry_request& request) override;
    plugin::Info info() override;
    std::size_t read(void* buffer, std::size_t size) override;

private:
    void connect(const SftpUrl& url);
    [[nodiscard]] Descriptor connectTcp(const SftpUrl& url);
    void examine(const bootferry_request& request) const;

    SftpOptions options_;
    plugin::NameResolver resolver_{plugin::Family::Any, plugin::NameResolver::Patience::Usual};
    std::optional<plugin::Waiter> waiter_;
    std::unique_ptr<SshConnection> connection_;
    std::optional<SftpFile> file_; // destroyed before the connection
};

} // namespace bootferry::sftp
