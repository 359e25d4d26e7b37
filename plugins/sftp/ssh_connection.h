// SPDX-License-Identifier: LGPL-2.1-or-later
// One SSH connection over a non-blocking socket. libssh2 is never allowed to wait by itself: each of its
// calls is repeated by finish() until it has an end, and between the calls the waiter waits, which ends with
// a cancel. No file of the user's or of the system's is read.
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
    // Says goodbye if that takes no waiting, and closes the connection.
    ~SshConnection();

    // Throws Failure; with TLS where the server has no key of these algorithms, among other reasons.
    void shakeHands(const std::vector<std::string>& hostKeyAlgorithms);

    [[nodiscard]] HostKey hostKey() const;

    // From here on a silence is filled with keepalives. Not before the login, where servers refuse them.
    void keepAlive();

    // Once the server has ended this channel and all of it is read, reading from the socket fails: libssh2
    // itself would wait for more, for ever. Null: none.
    void watch(LIBSSH2_CHANNEL* channel) { watched_ = channel; }

    // After this nothing is sent and nothing waited for, so that handles can be freed.
    void breakOff() noexcept;

    // For the callbacks of a login, which libssh2 hands this connection.
    void setLoginContext(void* context) { loginContext_ = context; }
    [[nodiscard]] void* loginContext() const { return loginContext_; }

    [[nodiscard]] LIBSSH2_SESSION* get() const { return session_.get(); }
    [[nodiscard]] const std::string& authority() const { return authority_; }

    // Repeats the call until it does not answer that it would block. `until`: gives up then, with the call's
    // answer.
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

    // How the last call ended, as failureOf() wants it.
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
    SessionHandle session_; // goes before all that its callbacks use
};

} // namespace bootferry::sftp
