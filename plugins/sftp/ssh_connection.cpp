// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sstream>

#include <sys/socket.h>

namespace bootferry::sftp {
namespace {

using plugin::Failure;

constexpr std::size_t sha256Size = 32;

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> words;
    std::istringstream stream(list);
    for (std::string word; std::getline(stream, word, ',');) {
        words.push_back(word);
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

void setReceiveCallback(LIBSSH2_SESSION* session, LIBSSH2_RECV_FUNC((*callback))) {
#if LIBSSH2_VERSION_NUM >= 0x010b01
    libssh2_session_callback_set2(session, LIBSSH2_CALLBACK_RECV,
                                  reinterpret_cast<libssh2_cb_generic*>(callback));
#else
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, reinterpret_cast<void*>(callback));
#endif
}

} // namespace

SshConnection::SshConnection(Descriptor socket, const Waiter& waiter, std::string authority)
    : waiter_(waiter), authority_(std::move(authority)), socket_(std::move(socket)),
      session_(libssh2_session_init_ex(nullptr, nullptr, nullptr, this)) {
    if (!session_) {
        throw std::bad_alloc();
    }
    libssh2_session_set_blocking(get(), 0);
    setReceiveCallback(get(), &SshConnection::receive);
    libssh2_session_banner_set(get(), "SSH-2.0-bootferry_" BOOTFERRY_PLUGIN_VERSION);
}

SshConnection::~SshConnection() {
    breakOff();
}

void SshConnection::breakOff() noexcept {
    libssh2_session_disconnect(get(), "done");
    // Reading as well as sending now fails at once, and libssh2 frees without asking the server.
    ::shutdown(socket_.get(), SHUT_RDWR);
}

// libssh2 1.10 turns in circles, for a minute, where it waits for an sftp answer on a channel that the server
// has closed (its sftp process died, its sshd lives on). Nothing else asks an empty socket again and again
// without a wait between, so that is told as the end of the connection.
ssize_t SshConnection::receive(libssh2_socket_t socket, void* into, std::size_t length, int flags,
                               void** context) {
    constexpr unsigned inCircles = 10'000; // a call that works well asks once for each request it sends: 150
    auto& connection = *static_cast<SshConnection*>(*context);
    ssize_t count = 0;
    do {
        count = ::recv(socket, into, length, flags);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) {
        connection.emptyReceives_ = 0;
        return count;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
        return -errno;
    }
    if (++connection.emptyReceives_ > inCircles) {
        connection.channelEnded_ = true;
        return 0;
    }
    return -EAGAIN;
}

void SshConnection::waitForSocket() {
    emptyReceives_ = 0;
    const auto directions = static_cast<unsigned>(libssh2_session_block_directions(get()));
    unsigned events = 0;
    events |= (directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 ? unsigned{POLLIN} : 0U;
    events |= (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0 ? unsigned{POLLOUT} : 0U;
    events = events == 0 ? unsigned{POLLIN} : events;
    std::vector<pollfd> entries{{.fd = socket_.get(), .events = static_cast<short>(events), .revents = 0}};
    waiter_.wait(entries);
}

// The end, or an error that was met before: after either, recv tells the end.
bool SshConnection::peerIsGone() const {
    char byte = 0;
    const auto count = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

SshEnd SshConnection::lastEnd(Stage stage) const {
    char* message = nullptr;
    SshEnd end;
    end.stage = stage;
    end.code = libssh2_session_last_error(get(), &message, nullptr, 0);
    end.detail = message != nullptr ? message : "";
    end.peerIsGone = peerIsGone();
    end.channelEnded = channelEnded_;
    end.authority = authority_;
    return end;
}

void SshConnection::shakeHands(const std::vector<std::string>& hostKeyAlgorithms) {
    std::vector<std::string> spoken;
    for (const auto& algorithm : hostKeyAlgorithms) {
        // One that this libssh2 does not speak is dropped; it must be alone to be noticed.
        if (libssh2_session_method_pref(get(), LIBSSH2_METHOD_HOSTKEY, algorithm.c_str()) == 0) {
            spoken.push_back(algorithm);
        }
    }
    const auto list = join(spoken, ",");
    if (spoken.empty() || libssh2_session_method_pref(get(), LIBSSH2_METHOD_HOSTKEY, list.c_str()) != 0) {
        throw Failure(BOOTFERRY_ERROR_TLS,
                      "this libssh2 speaks none of the host key algorithms " + join(hostKeyAlgorithms, ", "));
    }
    const int result = finish([this] { return libssh2_session_handshake(get(), socket_.get()); });
    if (result != 0) {
        auto end = lastEnd(Stage::Handshake);
        end.code = result;
        throw failureOf(end);
    }
}

HostKey SshConnection::hostKey() const {
    std::size_t length = 0;
    HostKey key;
    const char* blob = libssh2_session_hostkey(get(), &length, &key.type);
    const char* sha256 = libssh2_hostkey_hash(get(), LIBSSH2_HOSTKEY_HASH_SHA256);
    if (blob == nullptr || sha256 == nullptr) {
        throw Failure(BOOTFERRY_ERROR_INTERNAL, "libssh2 does not tell the host key");
    }
    key.blob.assign(blob, length);
    key.fingerprint = fingerprintOf({sha256, sha256Size});
    return key;
}

void SshConnection::logIn(const Login& login) {
    const char* list = finish([&] {
        return libssh2_userauth_list(get(), login.user.data(), static_cast<unsigned>(login.user.size()));
    });
    if (list == nullptr) {
        if (libssh2_userauth_authenticated(get()) != 0) {
            return; // "none" was enough
        }
        throw failureOf(lastEnd(Stage::Login));
    }
    const auto methods = split(list);
    const auto offers = [&](const char* method) {
        return std::find(methods.begin(), methods.end(), method) != methods.end();
    };
    std::vector<std::string> tried;
    if (login.key && offers("publickey")) {
        tried.emplace_back("the key");
        if (tryKey(login)) {
            return;
        }
    }
    if (login.password && (offers("password") || offers("keyboard-interactive"))) {
        tried.emplace_back("the password");
        if (offers("password") ? tryPassword(login) : tryKeyboard(login)) {
            return;
        }
    }
    const auto accepts = " (it accepts " + join(methods, ", ") + ")";
    if (tried.empty()) {
        throw Failure(BOOTFERRY_ERROR_AUTH,
                      authority_ + " wants a login" + accepts +
                          ", and there is no fitting credential: bootferry.sshkey, or user and password");
    }
    throw Failure(BOOTFERRY_ERROR_AUTH,
                  authority_ + " refused " + join(tried, " and ") + " of this user" + accepts);
}

bool SshConnection::accepted(int result) {
    if (result == 0) {
        return true;
    }
    auto end = lastEnd(Stage::Login);
    end.code = result;
    const bool unanswered = end.detail.starts_with("Waiting for");
    if (result == LIBSSH2_ERROR_AUTHENTICATION_FAILED || result == LIBSSH2_ERROR_PASSWORD_EXPIRED ||
        (result == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED && !unanswered)) {
        return false;
    }
    throw failureOf(end);
}

bool SshConnection::tryKey(const Login& login) {
    const int result = finish([&] {
        return libssh2_userauth_publickey_frommemory(get(), login.user.data(), login.user.size(), nullptr, 0,
                                                     login.key->data(), login.key->size(),
                                                     login.passphrase.c_str());
    });
    if (result == LIBSSH2_ERROR_FILE || result == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED ||
        result == LIBSSH2_ERROR_METHOD_NONE || result == LIBSSH2_ERROR_PROTO) {
        throw Failure(BOOTFERRY_ERROR_AUTH,
                      "the private key cannot be used: it is none, of a kind that libssh2 does not know, or "
                      "its passphrase is missing or wrong");
    }
    return accepted(result);
}

bool SshConnection::tryPassword(const Login& login) {
    return accepted(finish([&] {
        return libssh2_userauth_password_ex(get(), login.user.data(),
                                            static_cast<unsigned>(login.user.size()), login.password->data(),
                                            static_cast<unsigned>(login.password->size()), nullptr);
    }));
}

// What a keyboard-interactive login asks is answered once, where it is one hidden question: that is a
// password. Anything else wants a person, and there is none.
struct SshConnection::Answers {
    const std::string& password;
    bool given = false;
    bool wantsAPerson = false;
};

void SshConnection::answer(const char*, int, const char*, int, int count,
                           const LIBSSH2_USERAUTH_KBDINT_PROMPT* prompts,
                           LIBSSH2_USERAUTH_KBDINT_RESPONSE* responses, void** context) {
    auto& answers = *static_cast<SshConnection*>(*context)->answers_;
    if (count == 0) {
        return; // a greeting without a question
    }
    if (count > 1 || answers.given || prompts[0].echo != 0) {
        answers.wantsAPerson = true;
        return;
    }
    answers.given = true;
    responses[0].text = ::strdup(answers.password.c_str()); // libssh2 frees it
    responses[0].length = responses[0].text != nullptr ? static_cast<unsigned>(answers.password.size()) : 0;
}

bool SshConnection::tryKeyboard(const Login& login) {
    Answers answers{.password = *login.password};
    answers_ = &answers;
    const bool in = accepted(finish([&] {
        return libssh2_userauth_keyboard_interactive_ex(
            get(), login.user.data(), static_cast<unsigned>(login.user.size()), &SshConnection::answer);
    }));
    answers_ = nullptr;
    if (!in && answers.wantsAPerson) {
        throw Failure(BOOTFERRY_ERROR_AUTH,
                      authority_ + " asks for more than a password, and nobody is here to answer: use a key");
    }
    return in;
}

} // namespace bootferry::sftp
