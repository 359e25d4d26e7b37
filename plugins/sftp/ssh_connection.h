// SPDX-License-Identifier: LGPL-2.1-or-later
// One SSH connection over a non-blocking socket. libssh2 never waits by itself: finish() repeats each of its
// calls until the call is done, and between the calls the waiter waits, which a cancel ends. No configuration
// file of the user or the system is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "descriptor.h"
#include "host_key.h"
#include "ssh_failure.h"
#include "ssh_handles.h"
#include "waiter.h"

namespace bootferry::sftp {

using plugin::Descriptor;
using plugin::Waiter;

class SshConnection {
public:
    SshConnection(Descriptor socket, Waiter& waiter, std::string authority);
    SshConnection(const SshConnection&) = delete;
    SshConnection& operator=(const SshConnection&) = delete;
    // Sends a disconnect message if that does not block, and closes the connection.
    ~SshConnection();

    // Throws Failure; TLS, for example, if the server has no key for these algorithms.
    void shakeHands(const std::vector<std::string>& hostKeyAlgorithms);

    [[nodiscard]] HostKey hostKey() const;

    // From now on keepalives are sent during a silence. Call after the login, before which servers refuse
    // them.
    void keepAlive();

    // Once the server has ended this channel and all of it was read, reading from the socket fails: libssh2
    // itself would wait for more for ever. Null: no channel.
    void watch(LIBSSH2_CHANNEL* channel) { watched_ = channel; }

    // From now on nothing is sent or waited for, so that handles can be freed.
    void breakOff() noexcept;

    // For the callbacks of a login, to which libssh2 passes this connection.
    void setLoginContext(void* context) { loginContext_ = context; }
    [[nodiscard]] void* loginContext() const { return loginContext_; }

    [[nodiscard]] LIBSSH2_SESSION* get() const { return session_.get(); }
    [[nodiscard]] const std::string& authority() const { return authority_; }

    // Repeats the call as long as it would block. Gives up at `until`, and returns the call's last answer.
    template <typename Call>
    auto finish(Call call, Waiter::Clock::time_point until = Waiter::forever) {
        atCall_ = received_;
        for (;;) {
            const auto result = call();
            if (!wouldBlock(result) || !waitForSocket(until)) {
                return result;
            }
        }
    }

    template <typename Result>
    [[nodiscard]] bool wouldBlock(Result result) const {
        if constexpr (std::is_pointer_v<Result>) {
            return result == nullptr && libssh2_session_last_errno(get()) == LIBSSH2_ERROR_EAGAIN;
        } else {
            return result == LIBSSH2_ERROR_EAGAIN;
        }
    }

    // How the last call ended, in the form of failureOf().
    [[nodiscard]] SshEnd lastEnd(Stage stage) const;

private:
    [[nodiscard]] bool waitForSocket(Waiter::Clock::time_point until);
    void sendKeepAlive();
    [[nodiscard]] std::string supported(int method, std::string_view wanted) const;
    void prefer(int method, const std::string& list);
    [[nodiscard]] bool peerIsGone() const;

    static ssize_t receive(libssh2_socket_t socket, void* into, std::size_t length, int flags,
                           void** context);
    ssize_t receive(void* into, std::size_t length, int flags);
    [[nodiscard]] bool isExhausted() const;
    [[nodiscard]] bool isStuck();
    void noteGreeting(const char* bytes, std::size_t count);
    static void noteFarewell(LIBSSH2_SESSION* session, int reason, const char* message, int length,
                             const char* language, int languageLength, void** context);

    Waiter& waiter_;
    std::string authority_;
    Descriptor socket_;
    LIBSSH2_CHANNEL* watched_ = nullptr;
    void* loginContext_ = nullptr;
    bool keepsAlive_ = false;
    bool broken_ = false;
    bool channelEnded_ = false;
    std::string greeting_;
    bool greeted_ = false;
    std::string farewell_;
    std::uint64_t received_ = 0; // bytes from the socket
    std::uint64_t atCall_ = 0;   // the same when finish() began
    std::uint64_t atWait_ = 0;   // the same at the last wait
    unsigned receivesSinceWait_ = 0;
    std::optional<Waiter::Clock::time_point> circleEnds_;
    SessionHandle session_; // destroyed before everything that its callbacks use
};

} // namespace bootferry::sftp
