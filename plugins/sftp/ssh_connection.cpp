// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <new>
#include <set>

#include <sys/socket.h>

namespace bootferry::sftp {
namespace {

using plugin::Failure;

constexpr std::size_t longestGreeting = 8192;
constexpr std::chrono::seconds keepAliveInterval{15};

// The bytes that libssh2 may take from the socket before finish() checks for a cancel and for the time limit.
constexpr std::uint64_t bytesWithoutAWait = 1024UL * 1024;
constexpr unsigned receivesWithoutAWait = 4096; // libssh2 reads a greeting byte by byte
constexpr unsigned receivesInCircles = 2 * receivesWithoutAWait;
constexpr std::chrono::milliseconds longestCircle{500};
// A server that sends more than this before the expected answer does not answer: libssh2 requests at most 8
// MiB ahead.
constexpr std::uint64_t bytesWithoutAnAnswer = 16UL * 1024 * 1024;

// The server uses the first of these that it supports; libssh2 drops those that it does not support itself.
// They are ordered by the processor time that libssh2 needs: it decrypts a packet of ChaCha20 in one call,
// and AES in calls of 16 bytes, where GCM costs more than CTR with an HMAC (docs/performance.md).
constexpr const char* ciphers = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,"
                                "aes128-gcm@openssh.com,aes256-gcm@openssh.com";

template <typename Callback>
void setCallback(LIBSSH2_SESSION* session, int which, Callback callback) {
#if LIBSSH2_VERSION_NUM >= 0x010b01
    libssh2_session_callback_set2(session, which, reinterpret_cast<libssh2_cb_generic*>(callback));
#else
    libssh2_session_callback_set(session, which, reinterpret_cast<void*>(callback));
#endif
}

void initializeLibrary() {
    static const int result = libssh2_init(0); // libssh2 itself would do it without a lock
    if (result != 0) {
        throw Failure(BOOTFERRY_ERROR_INTERNAL, "libssh2 cannot be initialized");
    }
}

LIBSSH2_SESSION* newSession(void* context) {
    initializeLibrary();
    return libssh2_session_init_ex(nullptr, nullptr, nullptr, context);
}

} // namespace

SshConnection::SshConnection(Descriptor socket, Waiter& waiter, std::string authority)
    : waiter_(waiter), authority_(std::move(authority)), socket_(std::move(socket)),
      session_(newSession(this)) {
    if (!session_) {
        throw std::bad_alloc();
    }
    libssh2_session_set_blocking(get(), 0);
    using Receive = LIBSSH2_RECV_FUNC((*));
    const Receive receiveCallback = &SshConnection::receive;
    setCallback(get(), LIBSSH2_CALLBACK_RECV, receiveCallback);
    setCallback(get(), LIBSSH2_CALLBACK_DISCONNECT, &SshConnection::noteFarewell);
    libssh2_session_banner_set(get(), "SSH-2.0-bootferry_" BOOTFERRY_PLUGIN_VERSION);
}

SshConnection::~SshConnection() {
    breakOff();
}

void SshConnection::breakOff() noexcept {
    if (!broken_) {
        libssh2_session_disconnect(get(), "done");
        broken_ = true;
        ::shutdown(socket_.get(), SHUT_RDWR);
    }
}

ssize_t SshConnection::receive(libssh2_socket_t, void* into, std::size_t length, int flags, void** context) {
    return static_cast<SshConnection*>(*context)->receive(into, length, flags);
}

// libssh2 reads for as long as there is something to read, and does not return meanwhile: with a server
// that sends without a pause, it would not notice a cancel. So its socket is now and then reported as empty.
bool SshConnection::isExhausted() const {
    return received_ - atWait_ >= bytesWithoutAWait || receivesSinceWait_ >= receivesWithoutAWait;
}

// In some places libssh2 repeats a call of its own until it would not block (1.10 and 1.11: sftp_init, which
// frees the channel if the server has no sftp). Then the socket is waited for, for a moment, so that the loop
// does not occupy the processor.
bool SshConnection::isStuck() {
    const auto now = Waiter::Clock::now();
    circleEnds_ = circleEnds_.value_or(now + longestCircle);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*circleEnds_ - now);
    pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) == 0;
}

// In libssh2's terms: bytes, 0 for the end, or -errno.
//
// libssh2's sftp ignores the end of its channel (1.10 and 1.11, sftp_packet_read): between two messages it
// answers EAGAIN for ever, and within a message it loops and never returns. That happens if the server's sftp
// process dies and its sshd does not. libssh2_channel_eof() shows the end, but it has to be called in time:
// here, when libssh2 asks for more although the socket is empty and all of the channel has been read.
ssize_t SshConnection::receive(void* into, std::size_t length, int flags) {
    const bool inCircles = ++receivesSinceWait_ > receivesInCircles;
    if (broken_ || (inCircles && isStuck())) {
        return 0;
    }
    ssize_t count = -1;
    int error = EAGAIN;
    if (!isExhausted() || inCircles) {
        count = ::recv(socket_.get(), into, length, flags);
        error = errno;
    }
    if (count > 0) {
        const auto bytes = static_cast<std::size_t>(count);
        received_ += bytes;
        noteGreeting(static_cast<const char*>(into), bytes);
        return !greeted_ && greeting_.size() >= longestGreeting ? 0 : count;
    }
    if (count == 0) {
        return 0;
    }
    if (error == EINTR || error == EAGAIN || error == EWOULDBLOCK) {
        if (watched_ != nullptr && libssh2_channel_eof(watched_) == 1) {
            channelEnded_ = true;
            return 0;
        }
        return -EAGAIN;
    }
    return -error;
}

void SshConnection::noteGreeting(const char* bytes, std::size_t count) {
    if (!greeted_ && greeting_.size() < longestGreeting) {
        greeting_.append(bytes, count);
        greeted_ = speaksSsh(greeting_);
    }
}

void SshConnection::noteFarewell(LIBSSH2_SESSION*, int, const char* message, int length, const char*, int,
                                 void** context) {
    auto& connection = *static_cast<SshConnection*>(*context);
    if (message != nullptr && length > 0) {
        connection.farewell_.assign(message, static_cast<std::size_t>(length));
    }
}

bool SshConnection::waitForSocket(Waiter::Clock::time_point until) {
    if (received_ - atCall_ > bytesWithoutAnAnswer) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL,
                      authority_ + " sent an answer without a request again and again (" +
                          std::to_string((received_ - atCall_) >> 20U) + " MiB), and not the expected one");
    }
    const auto directions = static_cast<unsigned>(libssh2_session_block_directions(get()));
    const bool sends = (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
    const auto events = static_cast<short>(
        (sends ? POLLOUT : 0) | (!sends || (directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 ? POLLIN : 0));
    for (;;) {
        const auto silence = keepsAlive_ ? Waiter::Clock::now() + keepAliveInterval : Waiter::forever;
        if (waiter_.wait(socket_.get(), events, std::min(until, silence))) {
            break;
        }
        if (Waiter::Clock::now() >= until) {
            return false;
        }
        if (!sends) {
            sendKeepAlive();
        }
    }
    atWait_ = received_;
    receivesSinceWait_ = 0;
    circleEnds_.reset();
    return true;
}

void SshConnection::keepAlive() {
    // Requests no reply: libssh2 would keep each reply in a list that nobody reads.
    libssh2_keepalive_config(get(), 0, static_cast<unsigned>(keepAliveInterval.count()));
    keepsAlive_ = true;
}

// Sends only if nothing waits to be sent and the socket accepts more: libssh2 expects a packet that was sent
// in part to be passed again at the next call, when this one's bytes no longer exist. A failure shows
// elsewhere.
void SshConnection::sendKeepAlive() {
    int seconds = 0;
    pollfd entry{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
    if (::poll(&entry, 1, 0) > 0 && entry.revents == POLLOUT) {
        (void)libssh2_keepalive_send(get(), &seconds);
    }
}

// The end, or an error that occurred before: after either, recv reports the end.
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
    end.greeting = greeting_;
    if (end.greeting.empty()) { // sending failed before anything could be read
        std::array<char, 256> early{};
        const auto count = ::recv(socket_.get(), early.data(), early.size(), MSG_PEEK | MSG_DONTWAIT);
        end.greeting.assign(early.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    end.farewell = farewell_;
    end.peerIsGone = peerIsGone();
    end.channelEnded = channelEnded_;
    end.authority = authority_;
    return end;
}

// libssh2_session_method_pref() removes the names that it does not know from a list with a memcpy(3) whose
// ranges overlap (src/kex.c of 1.10), so it is given only those that it knows.
std::string SshConnection::supported(int method, std::string_view wanted) const {
    const char** names = nullptr;
    const int count = libssh2_session_supported_algs(get(), method, &names);
    const auto release = [this](const char** list) { libssh2_free(get(), static_cast<void*>(list)); };
    const std::unique_ptr<const char*, decltype(release)> owned(names, release);
    const std::set<std::string_view> known(names, names + std::max(count, 0));
    std::string list;
    while (!wanted.empty()) {
        const auto name = wanted.substr(0, wanted.find(','));
        wanted.remove_prefix(std::min(name.size() + 1, wanted.size()));
        if (known.contains(name)) {
            list += (list.empty() ? "" : ",") + std::string(name);
        }
    }
    return list;
}

void SshConnection::prefer(int method, const std::string& list) {
    const auto usable = supported(method, list);
    if (usable.empty() || libssh2_session_method_pref(get(), method, usable.c_str()) != 0) {
        throw Failure(BOOTFERRY_ERROR_TLS, std::string("libssh2 ") + libssh2_version(0) +
                                               " has none of the SSH algorithms " + list +
                                               whatLibssh2Lacks());
    }
}

void SshConnection::shakeHands(const std::vector<std::string>& hostKeyAlgorithms) {
    std::string algorithms;
    for (const auto& algorithm : hostKeyAlgorithms) {
        algorithms += (algorithms.empty() ? "" : ",") + algorithm;
    }
    prefer(LIBSSH2_METHOD_HOSTKEY, algorithms);
    prefer(LIBSSH2_METHOD_CRYPT_CS, ciphers);
    prefer(LIBSSH2_METHOD_CRYPT_SC, ciphers);
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
        throw Failure(BOOTFERRY_ERROR_INTERNAL, "libssh2 has no host key");
    }
    key.blob.assign(blob, length);
    key.fingerprint = fingerprintOf({sha256, sha256Size});
    return key;
}

} // namespace bootferry::sftp
