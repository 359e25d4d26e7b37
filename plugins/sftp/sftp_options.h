// SPDX-License-Identifier: LGPL-2.1-or-later
// The plugin's options, and what follows from them together with the credentials. Files are read when the
// source is opened, so that setting an option fails only if its text is wrong.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "host.h"
#include "host_key_policy.h"

namespace bootferry::sftp {

struct Login {
    std::string user;
    std::optional<std::string> password;
    std::optional<std::string> key; // the private key's text
    std::string passphrase;
};

class SftpOptions {
public:
    // The table in the ABI's form, terminated by a null key.
    [[nodiscard]] static const bootferry_option* described();

    // Throws Failure(INVALID).
    void set(const std::string& key, const std::string& value, const plugin::Host& host);

    // Both read files and credentials, and throw Failure(IO) if a file cannot be read.
    [[nodiscard]] HostKeyPolicy hostKeyPolicy(const plugin::Host& host) const;
    [[nodiscard]] Login login(const plugin::Host& host) const;

    [[nodiscard]] std::chrono::seconds connectTimeout() const { return connectTimeout_; }

private:
    std::vector<std::string> pins_;
    std::vector<std::string> knownHostsFiles_;
    bool insecure_ = false;
    std::string user_;
    std::string keyFile_;
    std::string passphrase_;
    std::chrono::seconds connectTimeout_{30};
};

} // namespace bootferry::sftp
