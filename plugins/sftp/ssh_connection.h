// SPDX-License-Identifier: LGPL-2.1-or-later
// One SSH connection over a non-blocking socket. libssh is never allowed to wait by itself: each of its calls
// is repeated by finish() until it has an end, and between the calls the waiter waits, which ends with a
// cancel. It gets all that it would otherwise look for: no file of the user's or of the system's is read.
#pragma once

#include <cstdint>
#include <string>
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
    SshConnection(Descriptor socket, plugin::Waiter& waiter, std::string authority, const std::string& user);

    // Throws Failure; with TLS where the server has no key of these algorithms, among other reasons.
    void shakeHands(const std::vector<std::string>& hostKeyAlgorithms);

    [[nodiscard]] HostKey hostKey() const;

    // Tries what there is and the server accepts: key, password, keyboard-interactive with the password.
    void logIn(const Login& login);

    [[nodiscard]] ssh_session get() const { return session_.get(); }

    // `again`: what the call answers where it could not be done yet. libssh takes 4 KiB from the socket at a
    // time; while they come, it is called again without a wait between, but not for ever.
    template <typename Call>
    int finish(Call call, int again = SSH_AGAIN) {
        constexpr std::uint64_t withoutAWait = 64UL * 1024;
        for (;;) {
            const auto before = traffic_.in_bytes;
            const int result = call();
            if (result != again) {
                return result;
            }
            if (traffic_.in_bytes == before || traffic_.in_bytes - atLastWait_ >= withoutAWait) {
                waitForSocket();
            }
        }
    }

    // How the last call ended, as failureOf() wants it.
    [[nodiscard]] SshEnd lastEnd(Stage stage) const;

private:
    void set(ssh_options_e option, const void* value);
    void waitForSocket();
    void lookAtGreeting();
    [[nodiscard]] bool peerIsGone() const;

    bool tryKey(const Login& login);
    bool tryPassword(const Login& login);
    bool tryKeyboard(const Login& login);
    [[nodiscard]] bool accepted(int result) const; // false: refused; throws for what is neither

    plugin::Waiter& waiter_;
    std::string authority_;
    Descriptor socket_;            // libssh has a duplicate of it
    std::string greeting_;         // the first bytes that the server sent
    ssh_counter_struct traffic_{}; // libssh counts here
    std::uint64_t atLastWait_ = 0; // bytes that had come
    SessionHandle session_;        // goes before all that it uses
};

} // namespace bootferry::sftp
