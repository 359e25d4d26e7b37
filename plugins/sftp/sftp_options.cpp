// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_options.h"

#include <array>
#include <cerrno>

#include <fcntl.h>

#include "ascii_text.h"
#include "descriptor.h"

namespace bootferry::sftp {
namespace {

using plugin::Descriptor;
using plugin::Failure;

constexpr bootferry_option table[] = {
    {"connect-timeout", "seconds within which an attempt must open the file (30)"},
    {"hostkey",
     "accept only the server with this host key: SHA256:... as ssh-keygen -l prints it (repeatable)"},
    {"hostpubsha256", "the same as hostkey, under curl's name"},
    {"insecure", "FLAG: accept any host key; an attacker on the network can then send another image"},
    {"key", "file with the private key, instead of the credential bootferry.sshkey"},
    {"known-hosts",
     "file with known hosts, in addition to the credential bootferry.known_hosts (repeatable)"},
    {"pass", "passphrase of the private key, instead of the credential bootferry.sshkey_passphrase"},
    {"user", "log in as this user if neither the URL nor the credential bootferry.user names one (root)"},
    {nullptr, nullptr},
};

[[noreturn]] void refuse(const std::string& why) {
    throw Failure(BOOTFERRY_ERROR_INVALID, why);
}

std::chrono::seconds parseSeconds(const std::string& text) {
    constexpr int longest = 3600;
    const auto value = plugin::parseNumberWithin(text, 1, longest);
    if (!value) {
        refuse("it takes a number of seconds from 1 to " + std::to_string(longest));
    }
    return std::chrono::seconds(*value);
}

std::string readFile(const std::string& path, const char* what) {
    constexpr std::size_t cap = 1U << 20U;
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    const auto name = std::string(what) + " '" + path + "'";
    if (!file) {
        throw Failure(BOOTFERRY_ERROR_IO, "opening the " + name, errno);
    }
    std::string text;
    std::array<char, 16384> piece{};
    for (;;) {
        const auto count = ::read(file.get(), piece.data(), piece.size());
        if (count < 0 && errno != EINTR) {
            throw Failure(BOOTFERRY_ERROR_IO, "reading the " + name, errno);
        }
        if (count == 0) {
            return text;
        }
        text.append(piece.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
        if (text.size() > cap) {
            throw Failure(BOOTFERRY_ERROR_IO, "the " + name + " is larger than 1 MiB");
        }
    }
}

} // namespace

const bootferry_option* SftpOptions::described() {
    return table;
}

void SftpOptions::set(const std::string& key, const std::string& value, const plugin::Host& host) {
    if (key == "insecure") {
        if (!value.empty()) {
            refuse("it takes no value");
        }
        insecure_ = true;
        return;
    }
    if (value.empty() && key != "pass") {
        bool known = false;
        for (const auto* option = table; option->key != nullptr; ++option) {
            known = known || key == option->key;
        }
        refuse(known ? "it takes a value" : "there is no option '" + key + "'");
    }
    if (key == "hostkey" || key == "hostpubsha256") {
        pins_.push_back(parseFingerprint(value));
    } else if (key == "known-hosts") {
        knownHostsFiles_.push_back(host.optionFile(value));
    } else if (key == "user") {
        user_ = value;
    } else if (key == "key") {
        keyFile_ = host.optionFile(value);
    } else if (key == "pass") {
        passphrase_ = value;
    } else if (key == "connect-timeout") {
        connectTimeout_ = parseSeconds(value);
    } else {
        refuse("there is no option '" + key + "'");
    }
}

HostKeyPolicy SftpOptions::hostKeyPolicy(const plugin::Host& host) const {
    HostKeyPolicy policy;
    std::size_t notUnderstood = 0;
    if (const auto text = host.credential("known_hosts")) {
        notUnderstood += policy.knownHosts().add(*text);
    }
    for (const auto& file : knownHostsFiles_) {
        notUnderstood += policy.knownHosts().add(readFile(file, "known hosts"));
    }
    if (notUnderstood > 0) {
        host.log(
            BOOTFERRY_LOG_WARNING,
            std::to_string(notUnderstood) +
                " lines of the known hosts are not understood (certificate authorities are not supported), "
                "ignoring them");
    }
    for (const auto& fingerprint : pins_) {
        policy.pin(fingerprint);
    }
    if (insecure_) {
        policy.acceptAny();
    }
    return policy;
}

Login SftpOptions::login(const plugin::Host& host) const {
    // In an initrd everything runs as root, and ssh uses the name of the user that it runs as.
    const auto otherwise = user_.empty() ? std::string("root") : user_;
    Login login{.user = host.credential("user").value_or(otherwise),
                .password = host.credential("password"),
                .key = host.credential("sshkey"),
                .passphrase = passphrase_};
    if (login.password && login.password->empty()) {
        login.password.reset();
    }
    if (login.user.empty()) {
        login.user = otherwise;
    }
    if (!keyFile_.empty()) {
        login.key = readFile(keyFile_, "private key");
    }
    if (login.passphrase.empty()) {
        login.passphrase = host.credential("sshkey_passphrase").value_or("");
    }
    return login;
}

} // namespace bootferry::sftp
