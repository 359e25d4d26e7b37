// SPDX-License-Identifier: LGPL-2.1-or-later
// One SSH connection over a non-blocking socket. libssh2 is never allowed to wait by itself: each of its
// calls is repeated by finish() until it has an end, and between the calls the waiter waits, who hears of a
// cancel.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "descriptor.h"
#include "host_key.h"
#include "sftp_options.h"
#include "ssh_failure.h"
#include "ssh_handles.h"
#include "waiter.h"

namespace bootferry::sftp {

using plugin::Descriptor;

class SshConnection {
public:
    SshConnection(Descriptor socket, const Waiter& waiter, std::string authority);
    SshConnection(const SshConnection&) = delete;
    SshConnection& operator=(const SshConnection&) = delete;
    // Says goodbye if that takes no waiting, and breaks the connection.
    ~SshConnection();

    // Throws Failure; with TLS where the server has no key of these algorithms, among other reasons.
    void shakeHands(const std::vector<std::string>& hostKeyAlgorithms);

    [[nodiscard]] HostKey hostKey() const;

    // Tries what there is and the server accepts: key, password, keyboard-interactive with the password.
    void logIn(const Login& login);

    // After this nothing is sent and nothing waited for, so that handles can be freed.
    void breakOff() noexcept;

    [[nodiscard]] LIBSSH2_SESSION* get() const { return session_.get(); }

    template <typename Call>
    auto finish(Call call) {
        for (;;) {
            const auto result = call();
            if (!wouldBlock(result)) {
                return result;
            }
            waitForSocket();
        }
    }

    // How the last call ended, as failureOf() wants it.
    [[nodiscard]] SshEnd lastEnd(Stage stage) const;

private:
    template <typename Result>
    [[nodiscard]] bool wouldBlock(Result result) const {
        if constexpr (std::is_pointer_v<Result>) {
            return result == nullptr && libssh2_session_last_errno(get()) == LIBSSH2_ERROR_EAGAIN;
        } else {
            return result == LIBSSH2_ERROR_EAGAIN;
        }
    }
    void waitForSocket();
    static ssize_t receive(libssh2_socket_t socket, void* into, std::size_t length, int flags,
                           void** context);
    [[nodiscard]] bool peerIsGone() const;

    bool tryKey(const Login& login);
    bool tryPassword(const Login& login);
    bool tryKeyboard(const Login& login);
    static void answer(const char* name, int nameLength, const char* instruction, int instructionLength,
                       int count, const LIBSSH2_USERAUTH_KBDINT_PROMPT* prompts,
                       LIBSSH2_USERAUTH_KBDINT_RESPONSE* responses, void** context);
    bool accepted(int result); // false: refused; throws for what is neither

    const Waiter& waiter_;
    std::string authority_;
    Descriptor socket_;
    struct Answers;
    Answers* answers_ = nullptr; // while keyboard-interactive asks
    unsigned emptyReceives_ = 0; // since something came or was waited for
    bool channelEnded_ = false;
    SessionHandle session_; // goes before all that its callbacks use
};

} // namespace bootferry::sftp
