// SPDX-License-Identifier: LGPL-2.1-or-later
// libssh2 reports a login as failed if the server accepted one factor and requires another. But the answer to
// a login without any proof lists what the server still requires: a method that is no longer in this list was
// accepted. Each method is tried once, so that the login ends whatever the server answers.
#include "ssh_login.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include <openssl/evp.h>

namespace bootferry::sftp {
namespace {

using plugin::Failure;
using Methods = std::vector<std::string>;

constexpr const char* publicKey = "publickey";
constexpr const char* password = "password";
constexpr const char* keyboard = "keyboard-interactive";

Methods split(std::string_view list) {
    Methods words;
    while (!list.empty()) {
        const auto word = list.substr(0, list.find(','));
        words.emplace_back(word);
        list.remove_prefix(std::min(word.size() + 1, list.size()));
    }
    return words;
}

std::string join(const std::vector<std::string>& words, const char* between) {
    std::string text;
    for (const auto& word : words) {
        text += (text.empty() ? "" : between) + word;
    }
    return text;
}

bool contains(const Methods& methods, std::string_view method) {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
}

std::string bytesOfBase64(std::string text) {
    std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    std::string bytes(text.size(), '\0');
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    bytes.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return bytes;
}

// PKCS #8 (RFC 5208) names the algorithm first: rsaEncryption, 1.2.840.113549.1.1.1.
bool isRsaInPkcs8(const std::string& key) {
    constexpr std::string_view begin = "-----BEGIN PRIVATE KEY-----";
    constexpr std::string_view algorithm("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9);
    const auto first = key.find(begin);
    if (first == std::string::npos) {
        return false;
    }
    const auto body = first + begin.size();
    return bytesOfBase64(key.substr(body, key.find("-----END", body) - body)).find(algorithm) !=
           std::string::npos;
}

// OpenSSH's own format contains the kind of the key unencrypted, in base64; PEM has it in its first line.
bool isRsa(const std::string& key) {
    constexpr std::string_view begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
    const auto first = key.find(begin);
    if (first == std::string::npos) {
        return key.find("-----BEGIN RSA PRIVATE KEY-----") != std::string::npos || isRsaInPkcs8(key);
    }
    const auto body = first + begin.size();
    const auto bytes = bytesOfBase64(key.substr(body, key.find("-----END", body) - body));
    return bytes.find("ssh-rsa") != std::string::npos;
}

class LoginAttempt {
public:
    LoginAttempt(SshConnection& connection, const Login& login) : connection_(connection), login_(login) {}

    void run();

private:
    // The methods that the server still requires; nullopt: the user is logged in.
    std::optional<Methods> ask();
    // The next method to try; null: there is none.
    [[nodiscard]] const char* choose(const Methods& offered) const;
    [[nodiscard]] bool attempt(const std::string& method); // true: logged in
    [[nodiscard]] bool tryKey();
    [[nodiscard]] bool tryPassword();
    [[nodiscard]] bool tryKeyboard();
    [[nodiscard]] bool accepted(int result) const; // false: refused; throws for any other end
    [[noreturn]] void giveUp(const Methods& offered) const;
    [[nodiscard]] std::string whatIsWrongWithTheKey() const;

    static void answer(const char* name, int nameLength, const char* instruction, int instructionLength,
                       int count, const LIBSSH2_USERAUTH_KBDINT_PROMPT* prompts,
                       LIBSSH2_USERAUTH_KBDINT_RESPONSE* responses, void** context);

    SshConnection& connection_;
    const Login& login_;
    Methods tried_;
    std::vector<std::string> accepted_; // in words
    std::vector<std::string> refused_;
    bool answered_ = false; // a question of keyboard-interactive
    bool wantsAPerson_ = false;
};

std::optional<Methods> LoginAttempt::ask() {
    const char* list = connection_.finish([&] {
        return libssh2_userauth_list(connection_.get(), login_.user.data(),
                                     static_cast<unsigned>(login_.user.size()));
    });
    if (list != nullptr) {
        return split(list);
    }
    if (libssh2_userauth_authenticated(connection_.get()) != 0) {
        return std::nullopt;
    }
    throw failureOf(connection_.lastEnd(Stage::Login));
}

// A refused password is not sent again as the answer to a question.
const char* LoginAttempt::choose(const Methods& offered) const {
    const auto isOpen = [&](const char* method) {
        return contains(offered, method) && !contains(tried_, method);
    };
    if (login_.key && isOpen(publicKey)) {
        return publicKey;
    }
    if (login_.password && isOpen(password)) {
        return password;
    }
    const bool passwordRefused = contains(tried_, password) && contains(offered, password);
    return login_.password && isOpen(keyboard) && !passwordRefused ? keyboard : nullptr;
}

void LoginAttempt::run() {
    auto offered = ask();
    while (offered) {
        const char* method = choose(*offered);
        if (method == nullptr) {
            giveUp(*offered);
        }
        tried_.emplace_back(method);
        if (attempt(method)) {
            return;
        }
        offered = ask();
        const bool taken = !offered || !contains(*offered, method);
        (taken ? accepted_ : refused_).emplace_back(method == publicKey ? "the key" : "the password");
    }
}

bool LoginAttempt::attempt(const std::string& method) {
    return method == publicKey ? tryKey() : method == password ? tryPassword() : tryKeyboard();
}

void LoginAttempt::giveUp(const Methods& offered) const {
    const auto accepts = " (it accepts " + join(offered, ", ") + ")";
    const auto& who = connection_.authority();
    if (wantsAPerson_) {
        throw Failure(BOOTFERRY_ERROR_AUTH,
                      who + " asks for more than a password, which needs a person: use a key");
    }
    if (!refused_.empty()) {
        const auto before = accepted_.empty() ? "" : " accepted " + join(accepted_, " and ") + ", but";
        throw Failure(BOOTFERRY_ERROR_AUTH, who + before + " refused " + join(refused_, " and ") +
                                                " of this user" + accepts + whatIsWrongWithTheKey());
    }
    const auto demand = accepted_.empty() ? " requires a login"
                                          : " accepted " + join(accepted_, " and ") + " and requires more";
    throw Failure(BOOTFERRY_ERROR_AUTH,
                  who + demand + accepts +
                      ", and no suitable credential is set: bootferry.sshkey, or user and password");
}

std::string LoginAttempt::whatIsWrongWithTheKey() const {
    const bool keyRefused = contains(refused_, "the key");
    if (!keyRefused || hasRsaWithSha2() || !isRsa(*login_.key)) {
        return "";
    }
    return std::string("; libssh2 ") + libssh2_version(0) +
           " signs with RSA and SHA-1 only, which OpenSSH 8.8 and later refuse: use an Ed25519 or ECDSA key, "
           "or "
           "libssh2 1.11";
}

bool LoginAttempt::accepted(int result) const {
    if (result == 0) {
        return true;
    }
    auto end = connection_.lastEnd(Stage::Login);
    end.code = result;
    const bool unanswered = end.detail.starts_with("Waiting for");
    if (result == LIBSSH2_ERROR_AUTHENTICATION_FAILED ||
        (result == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED && !unanswered)) {
        return false;
    }
    throw failureOf(end);
}

// The passphrase is never null: OpenSSL would prompt for it on the terminal.
bool LoginAttempt::tryKey() {
    const int result = connection_.finish([&] {
        return libssh2_userauth_publickey_frommemory(connection_.get(), login_.user.data(),
                                                     login_.user.size(), nullptr, 0, login_.key->data(),
                                                     login_.key->size(), login_.passphrase.c_str());
    });
    if (result == LIBSSH2_ERROR_FILE || result == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED ||
        result == LIBSSH2_ERROR_METHOD_NONE || result == LIBSSH2_ERROR_PROTO) {
        throw Failure(BOOTFERRY_ERROR_AUTH,
                      "the private key cannot be used: it is not a private key, libssh2 does not support its "
                      "kind, or its passphrase is missing or wrong");
    }
    return accepted(result);
}

bool LoginAttempt::tryPassword() {
    return accepted(connection_.finish([&] {
        return libssh2_userauth_password_ex(
            connection_.get(), login_.user.data(), static_cast<unsigned>(login_.user.size()),
            login_.password->data(), static_cast<unsigned>(login_.password->size()), nullptr);
    }));
}

// A keyboard-interactive login with a single hidden prompt asks for the password, which is sent once. Any
// other prompt needs a person, and gets an empty answer.
void LoginAttempt::answer(const char*, int, const char*, int, int count,
                          const LIBSSH2_USERAUTH_KBDINT_PROMPT* prompts,
                          LIBSSH2_USERAUTH_KBDINT_RESPONSE* responses, void** context) {
    auto& attempt = *static_cast<LoginAttempt*>(static_cast<SshConnection*>(*context)->loginContext());
    if (count == 0) {
        return; // a greeting without a question
    }
    if (count > 1 || attempt.answered_ || prompts[0].echo != 0) {
        attempt.wantsAPerson_ = true;
        return;
    }
    attempt.answered_ = true;
    const auto& text = *attempt.login_.password;
    responses[0].text = ::strdup(text.c_str()); // libssh2 frees it
    responses[0].length = responses[0].text != nullptr ? static_cast<unsigned>(text.size()) : 0;
}

bool LoginAttempt::tryKeyboard() {
    connection_.setLoginContext(this);
    const int result = connection_.finish([&] {
        return wantsAPerson_
                   ? LIBSSH2_ERROR_AUTHENTICATION_FAILED
                   : libssh2_userauth_keyboard_interactive_ex(connection_.get(), login_.user.data(),
                                                              static_cast<unsigned>(login_.user.size()),
                                                              &LoginAttempt::answer);
    });
    connection_.setLoginContext(nullptr);
    if (wantsAPerson_ && result != 0) {
        giveUp({});
    }
    return accepted(result);
}

} // namespace

void logIn(SshConnection& connection, const Login& login) {
    LoginAttempt(connection, login).run();
}

} // namespace bootferry::sftp
