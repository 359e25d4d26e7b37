// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_connection.h"

#include <array>
#include <cerrno>
#include <new>

#include <fcntl.h>
#include <sys/socket.h>

namespace bootferry::sftp {
namespace {

using plugin::Failure;

// The server takes the first of these that it knows. GCM decrypts and proves a packet in one go, fastest by
// far where the processor has instructions for AES.
constexpr const char* ciphers = "aes256-gcm@openssh.com,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,"
                                "aes256-ctr,aes192-ctr,aes128-ctr";
constexpr std::string_view protocolName = "SSH-"; // RFC 4253 section 4.2

std::string join(const std::vector<std::string>& words, const char* between) {
    std::string text;
    for (const auto& word : words) {
        text += (text.empty() ? "" : between) + word;
    }
    return text;
}

std::vector<std::string> namesOf(int methods) {
    struct Method {
        int bit;
        const char* name;
    };
    constexpr std::array all{
        Method{SSH_AUTH_METHOD_PUBLICKEY, "publickey"},
        Method{SSH_AUTH_METHOD_PASSWORD, "password"},
        Method{SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive"},
        Method{SSH_AUTH_METHOD_HOSTBASED, "hostbased"},
        Method{SSH_AUTH_METHOD_GSSAPI_MIC, "gssapi-with-mic"},
    };
    std::vector<std::string> names;
    for (const auto& method : all) {
        if ((methods & method.bit) != 0) {
            names.emplace_back(method.name);
        }
    }
    return names;
}

} // namespace

SshConnection::SshConnection(Descriptor socket, plugin::Waiter& waiter, std::string authority,
                             const std::string& user)
    : waiter_(waiter), authority_(std::move(authority)), socket_(std::move(socket)), session_(ssh_new()) {
    if (!session_) {
        throw std::bad_alloc();
    }
    constexpr bool no = false;
    set(SSH_OPTIONS_PROCESS_CONFIG, &no);
    set(SSH_OPTIONS_SSH_DIR, "/"); // or it asks who runs it, and where that user is at home
    set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
    set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    set(SSH_OPTIONS_USER, user.c_str());
    set(SSH_OPTIONS_CIPHERS_S_C, ciphers);
    set(SSH_OPTIONS_CIPHERS_C_S, ciphers);
    set(SSH_OPTIONS_COMPRESSION, "no");
    ssh_set_blocking(get(), 0);
    ssh_set_counters(get(), &traffic_, nullptr);
}

void SshConnection::set(ssh_options_e option, const void* value) {
    if (ssh_options_set(get(), option, value) != SSH_OK) {
        throw Failure(BOOTFERRY_ERROR_INVALID, std::string("libssh: ") + ssh_get_error(get()));
    }
}

void SshConnection::waitForSocket() {
    const bool writes = (ssh_get_poll_flags(get()) & SSH_WRITE_PENDING) != 0;
    const auto events = static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN);
    (void)waiter_.wait(socket_.get(), events);
    atLastWait_ = traffic_.in_bytes;
}

// The end, or an error that was met before: after either, recv tells the end.
bool SshConnection::peerIsGone() const {
    char byte = 0;
    const auto count = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

SshEnd SshConnection::lastEnd(Stage stage) const {
    SshEnd end;
    end.stage = stage;
    end.detail = ssh_get_error(get());
    end.spokeSsh = protocolName.starts_with(greeting_);
    end.peerIsGone = peerIsGone();
    end.authority = authority_;
    return end;
}

// libssh waits for as long as the server likes for a line that begins with the protocol's name.
void SshConnection::lookAtGreeting() {
    std::array<char, protocolName.size()> bytes{};
    if (greeting_.size() < bytes.size()) {
        const auto count = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
        greeting_.assign(bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    }
}

void SshConnection::shakeHands(const std::vector<std::string>& hostKeyAlgorithms) {
    set(SSH_OPTIONS_HOSTKEYS, join(hostKeyAlgorithms, ",").c_str());
    const int duplicate = ::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) {
        throw Failure(BOOTFERRY_ERROR_IO, "duplicating a socket", errno);
    }
    set(SSH_OPTIONS_FD, &duplicate);
    const int result = finish([this] {
        lookAtGreeting();
        const int connected = ssh_connect(get());
        ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK); // libssh makes it one that blocks
        return connected;
    });
    if (result != SSH_OK) {
        throw failureOf(lastEnd(Stage::Handshake));
    }
}

HostKey SshConnection::hostKey() const {
    ssh_key shown = nullptr;
    if (ssh_get_server_publickey(get(), &shown) != SSH_OK) {
        throw Failure(BOOTFERRY_ERROR_INTERNAL, "libssh has no host key");
    }
    return HostKey::of(KeyHandle(shown).get());
}

void SshConnection::logIn(const Login& login) {
    if (accepted(finish([this] { return ssh_userauth_none(get(), nullptr); }, SSH_AUTH_AGAIN))) {
        return; // that was enough
    }
    const int methods = ssh_userauth_list(get(), nullptr);
    const auto offers = [&](int method) { return (methods & method) != 0; };
    std::vector<std::string> tried;
    if (login.key && offers(SSH_AUTH_METHOD_PUBLICKEY)) {
        tried.emplace_back("the key");
        if (tryKey(login)) {
            return;
        }
    }
    if (login.password && offers(SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE)) {
        tried.emplace_back("the password");
        if (offers(SSH_AUTH_METHOD_PASSWORD) ? tryPassword(login) : tryKeyboard(login)) {
            return;
        }
    }
    const auto accepts = " (it accepts " + join(namesOf(methods), ", ") + ")";
    if (tried.empty()) {
        throw Failure(BOOTFERRY_ERROR_AUTH,
                      authority_ + " requires a login" + accepts +
                          ", and no suitable credential is set: bootferry.sshkey, or user and password");
    }
    throw Failure(BOOTFERRY_ERROR_AUTH,
                  authority_ + " refused " + join(tried, " and ") + " of this user" + accepts);
}

bool SshConnection::accepted(int result) const {
    if (result == SSH_AUTH_SUCCESS) {
        return true;
    }
    if (result == SSH_AUTH_DENIED || result == SSH_AUTH_PARTIAL) {
        return false;
    }
    throw failureOf(lastEnd(Stage::Login));
}

bool SshConnection::tryKey(const Login& login) {
    ssh_key read = nullptr;
    // Without a passphrase, be it an empty one, OpenSSL would ask at the terminal for it.
    if (ssh_pki_import_privkey_base64(login.key->c_str(), login.passphrase.c_str(), nullptr, nullptr,
                                      &read) != SSH_OK) {
        throw Failure(BOOTFERRY_ERROR_AUTH,
                      "the private key cannot be used: it is not a private key, libssh does not support its "
                      "kind, or its passphrase is missing or wrong");
    }
    const KeyHandle key(read);
    return accepted(
        finish([&] { return ssh_userauth_publickey(get(), nullptr, key.get()); }, SSH_AUTH_AGAIN));
}

bool SshConnection::tryPassword(const Login& login) {
    return accepted(finish([&] { return ssh_userauth_password(get(), nullptr, login.password->c_str()); },
                           SSH_AUTH_AGAIN));
}

// A keyboard-interactive login with a single hidden prompt asks for the password, which is sent once. Any
// other prompt needs a person.
bool SshConnection::tryKeyboard(const Login& login) {
    bool answered = false;
    for (;;) {
        const int result =
            finish([this] { return ssh_userauth_kbdint(get(), nullptr, nullptr); }, SSH_AUTH_AGAIN);
        if (result != SSH_AUTH_INFO) {
            return accepted(result);
        }
        const int questions = ssh_userauth_kbdint_getnprompts(get());
        if (questions == 0) {
            continue; // a greeting without a question
        }
        char echoes = 0;
        (void)ssh_userauth_kbdint_getprompt(get(), 0, &echoes);
        if (questions != 1 || answered || echoes != 0) {
            throw Failure(BOOTFERRY_ERROR_AUTH,
                          authority_ + " asks for more than a password, which needs a person: use a key");
        }
        answered = true;
        if (ssh_userauth_kbdint_setanswer(get(), 0, login.password->c_str()) < 0) {
            throw failureOf(lastEnd(Stage::Login));
        }
    }
}

} // namespace bootferry::sftp
