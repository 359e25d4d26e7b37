// SPDX-License-Identifier: LGPL-2.1-or-later
// plugin.h for C++17 and later: a plugin is a class, a failure is an exception. Header only.
//
//     class Pattern : public bootferry::kit::Session {
//     public:
//         using Session::Session;
//         void open(const bootferry_request& request) override;
//         bootferry::kit::Info info() override;
//         std::size_t read(void* buffer, std::size_t size) override;
//     };
//
//     const char* const schemes[] = {"pattern", nullptr};
//     const bootferry_option options[] = {{nullptr, nullptr}};
//
//     const bootferry_plugin* bootferry_plugin_entry() {
//         return bootferry::kit::table<Pattern>({"pattern", "1", schemes, options});
//     }
//
// EXCEPTIONS never reach the host. What a function of the class throws is reported once: a Failure as it is,
// a std::system_error and std::bad_alloc as IO, all else as INTERNAL with its what(). A destructor must not
// throw, and a thread of the plugin's own must catch what it throws.
//
// OWNERSHIP. The host calls session_new, which creates the object, and session_free, which destroys it;
// nothing else does. The destructor ends the session's threads and closes its descriptors. Host and
// cancelFd() are valid as long as the object is. `request` and its texts are valid until open() returns. The
// strings of Info belong to the wrapper, which keeps them as long as the host may look at them.
#ifndef BOOTFERRY_PLUGIN_HPP
#define BOOTFERRY_PLUGIN_HPP

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "bootferry/plugin-helpers.h"

namespace bootferry::kit {

// While it exists, the calling thread, and each thread that it starts, leaves signals to the host. SIGSYS
// stays unblocked: the sandbox raises it for a call that it refuses, and if it is blocked, it ends the
// process. Keep one of these objects also around a call in which a library starts its threads.
class SignalsBlocked {
public:
    SignalsBlocked() noexcept {
        sigset_t most;
        (void)sigfillset(&most);
        (void)sigdelset(&most, SIGSYS);
        (void)pthread_sigmask(SIG_SETMASK, &most, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { (void)pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

// Why a call fails; see enum bootferry_error for the codes, and bootferry_host.fail for the message.
class Failure : public std::exception {
public:
    Failure(bootferry_error code, std::string message, int errnoValue = 0)
        : code_(code), errno_(errnoValue), message_(std::move(message)) {}

    // For how many seconds the server wants no retry (HTTP Retry-After).
    Failure& retryAfter(std::uint32_t seconds) {
        retryAfter_ = seconds;
        return *this;
    }

    [[nodiscard]] bootferry_error code() const noexcept { return code_; }
    [[nodiscard]] int errnoValue() const noexcept { return errno_; }
    [[nodiscard]] std::optional<std::uint32_t> retryAfter() const noexcept { return retryAfter_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

private:
    bootferry_error code_;
    int errno_;
    std::string message_;
    std::optional<std::uint32_t> retryAfter_;
};

// The host's functions. Copyable; callable from any thread.
class Host {
public:
    explicit Host(const bootferry_host* host) : host_(host) {}

    void log(bootferry_log_priority priority, const std::string& message) const {
        bootferry_log(host_, priority, "%s", message.c_str());
    }
    void status(const std::string& text) const { bootferry_status(host_, "%s", text.c_str()); }

    [[nodiscard]] std::optional<std::string> credential(const char* name) const {
        const char* value = host_->credential(host_->context, name);
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    }
    // In setOption() only: the path under which a file that an option names can be opened.
    [[nodiscard]] std::string optionFile(const std::string& path) const {
        return bootferry_option_file(host_, path.c_str());
    }

    // For C libraries and the helpers that want it. Do not call fail through it: throw a Failure.
    [[nodiscard]] const bootferry_host* table() const noexcept { return host_; }

private:
    const bootferry_host* host_;
};

// struct bootferry_info, owning its strings. An empty one means that there is none.
struct Info {
    std::uint64_t size = BOOTFERRY_SIZE_UNKNOWN;
    std::uint32_t flags = 0; // BOOTFERRY_INFO_...
    std::string validator;
    std::string location;
    std::int64_t modified = 0;
};

// The base of a plugin's class. The functions are those of struct bootferry_plugin, with the same duties. The
// constructor does not block and opens no connection; a derived class inherits it, or has one with the same
// argument.
class Session {
public:
    explicit Session(Host host) : host_(host) {}
    virtual ~Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Throws Failure(INVALID) for a key that is unknown or a value that is wrong. Without options, leave it.
    virtual void setOption(const std::string& key, const std::string& value) {
        (void)value;
        throw unknownOption(key);
    }
    virtual void open(const bootferry_request& request) = 0; // cancelFd() is valid from here on
    virtual Info info() = 0;
    virtual std::size_t read(void* buffer, std::size_t size) = 0; // 0: the end
    virtual void finish(bootferry_outcome outcome) { (void)outcome; }
    // A class that can splice defines: std::size_t splice(int pipe, std::size_t size)

protected:
    [[nodiscard]] const Host& host() const noexcept { return host_; }
    [[nodiscard]] int cancelFd() const noexcept { return cancelFd_; }

    [[nodiscard]] static Failure unknownOption(const std::string& key) {
        return {BOOTFERRY_ERROR_INVALID, "there is no option '" + key + "'"};
    }

    // Waits for one descriptor; see bootferry_poll. Returns its revents, or 0 at the deadline. fd -1: a
    // sleep. Throws Failure(CANCELLED).
    int wait(int fd, short events, std::int64_t deadline = BOOTFERRY_NO_DEADLINE) const {
        pollfd one{};
        one.fd = fd;
        one.events = events;
        const int ready = bootferry_poll(cancelFd_, &one, fd >= 0 ? 1 : 0, deadline);
        if (ready < 0) {
            throw errno == ECANCELED ? Failure(BOOTFERRY_ERROR_CANCELLED, "cancelled")
                                     : Failure(BOOTFERRY_ERROR_IO, "waiting", errno);
        }
        return ready > 0 ? one.revents : 0;
    }

    // The numeric addresses of a host name, the best first; see bootferry_host.resolve. Throws Failure.
    [[nodiscard]] std::vector<std::string> resolve(const std::string& name) const {
        bootferry_addresses found;
        const int error = bootferry_find_addresses(host_.table(), name.c_str(), &found);
        if (error != 0) {
            throw Failure(static_cast<bootferry_error>(error), found.message);
        }
        return {found.text, found.text + found.count};
    }

    // A TCP connection to a host name or address: a socket that does not block and is the caller's to close.
    // See bootferry_connect. Throws Failure.
    [[nodiscard]] int connect(const std::string& name, std::uint16_t port) const {
        const auto addresses = resolve(name);
        int error = EADDRNOTAVAIL; // without any address
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            const auto deadline = i + 1 < addresses.size() ? bootferry_deadline(BOOTFERRY_ADDRESS_PATIENCE)
                                                           : BOOTFERRY_NO_DEADLINE;
            const int connected = bootferry_connect_address(cancelFd_, addresses[i].c_str(), port, deadline);
            if (connected >= 0) {
                return connected;
            }
            error = errno;
            if (error == ECANCELED) {
                throw Failure(BOOTFERRY_ERROR_CANCELLED, "cancelled");
            }
        }
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                      "connecting to " + name + ", port " + std::to_string(port) +
                          (addresses.size() > 1 ? ", at " + std::to_string(addresses.size()) +
                                                      " addresses, of which the last is " + addresses.back()
                                                : std::string()),
                      error);
    }

    // Throws Failure(CANCELLED) if the session is cancelled.
    void throwIfCancelled() const { (void)wait(-1, 0, 0); }

private:
    template <typename Plugin>
    friend struct Calls;
    Host host_;
    int cancelFd_ = -1;
};

// See struct bootferry_plugin. All it points to is static.
struct Description {
    const char* name;
    const char* version;
    const char* const* schemes;
    const bootferry_option* options;
    std::uint32_t (*needs)(const char* key) = nullptr;
};

// The functions of the table: C outside, the class inside.
template <typename Plugin>
struct Calls {
    static_assert(std::is_base_of_v<Session, Plugin>,
                  "a plugin's class derives from bootferry::kit::Session");

    struct Held {
        explicit Held(const bootferry_host* host) : table(host), plugin(Host(host)) {}
        const bootferry_host* table;
        Plugin plugin;
        Info info; // as info() last reported; the host may still read its strings
    };

    static Held& held(bootferry_session* session) { return *reinterpret_cast<Held*>(session); }
    // As the base, since a class may keep its overrides private.
    static Session& plugin(bootferry_session* session) { return held(session).plugin; }

    static void report(const bootferry_host* host, const Failure& failure) noexcept {
        if (failure.retryAfter()) {
            host->retry_after(host->context, *failure.retryAfter());
        }
        (void)bootferry_fail(host, failure.code(), failure.errnoValue(), "%s", failure.what());
    }

    template <typename Result, typename Call>
    static Result guarded(const bootferry_host* host, Result failed, Call call) noexcept {
        try {
            return call();
        } catch (const Failure& failure) {
            report(host, failure);
        } catch (const std::bad_alloc&) {
            (void)bootferry_fail(host, BOOTFERRY_ERROR_IO, ENOMEM, "allocating memory");
        } catch (const std::system_error& error) {
            // Its text names the errno already.
            (void)bootferry_fail(host, BOOTFERRY_ERROR_IO, 0, "%s", error.what());
        } catch (const std::exception& error) {
            (void)bootferry_fail(host, BOOTFERRY_ERROR_INTERNAL, 0, "%s", error.what());
        } catch (...) {
            (void)bootferry_fail(host, BOOTFERRY_ERROR_INTERNAL, 0, "an exception of an unknown type");
        }
        return failed;
    }

    static bootferry_session* create(const bootferry_host* host) {
        return guarded(host, static_cast<bootferry_session*>(nullptr),
                       [host] { return reinterpret_cast<bootferry_session*>(new Held(host)); });
    }

    static int setOption(bootferry_session* session, const char* key, const char* value) {
        return guarded(held(session).table, -1, [&] {
            plugin(session).setOption(key, value);
            return 0;
        });
    }

    static int open(bootferry_session* session, const bootferry_request* request) {
        return guarded(held(session).table, -1, [&] {
            plugin(session).cancelFd_ = request->cancel_fd;
            plugin(session).open(*request);
            return 0;
        });
    }

    static int info(bootferry_session* session, bootferry_info* result) {
        return guarded(held(session).table, -1, [&] {
            auto& info = held(session).info;
            info = plugin(session).info();
            result->flags = info.flags;
            result->size = info.size;
            result->validator = info.validator.empty() ? nullptr : info.validator.c_str();
            if (result->struct_size >= offsetof(bootferry_info, location) + sizeof result->location) {
                result->location = info.location.empty() ? nullptr : info.location.c_str();
            }
            if (result->struct_size >= offsetof(bootferry_info, modified) + sizeof result->modified) {
                result->modified = info.modified;
            }
            return 0;
        });
    }

    static ssize_t read(bootferry_session* session, void* buffer, std::size_t size) {
        return guarded(held(session).table, ssize_t{-1},
                       [&] { return static_cast<ssize_t>(plugin(session).read(buffer, size)); });
    }

    static int finish(bootferry_session* session, bootferry_outcome outcome) {
        return guarded(held(session).table, -1, [&] {
            plugin(session).finish(outcome);
            return 0;
        });
    }

    template <typename Any = Plugin>
    static ssize_t splice(bootferry_session* session, int pipe, std::size_t size) {
        return guarded(held(session).table, ssize_t{-1}, [&] {
            return static_cast<ssize_t>(static_cast<Any&>(held(session).plugin).splice(pipe, size));
        });
    }

    static void destroy(bootferry_session* session) { delete &held(session); }

    // splice() of the class, or NULL if it has none.
    template <typename Any, typename = decltype(std::declval<Any&>().splice(0, std::size_t{}))>
    static auto spliceOf(int) -> ssize_t (*)(bootferry_session*, int, std::size_t) {
        return &Calls::template splice<Any>;
    }
    template <typename Any>
    static auto spliceOf(long) -> ssize_t (*)(bootferry_session*, int, std::size_t) {
        return nullptr;
    }
};

// The plugin's table, for bootferry_plugin_entry() to return. The first call fixes it.
//
// Hidden even if the plugin is not built with -fvisibility=hidden: a static variable of a visible template
// exists once in a process, also for two plugins whose classes have the same name.
template <typename Plugin>
__attribute__((visibility("hidden"))) const bootferry_plugin* table(const Description& description) {
    static const bootferry_plugin made = [&description] {
        using Functions = Calls<Plugin>;
        bootferry_plugin table{};
        table.struct_size = sizeof table;
        table.abi_version = BOOTFERRY_ABI_VERSION;
        table.name = description.name;
        table.version = description.version;
        table.schemes = description.schemes;
        table.options = description.options;
        table.session_new = &Functions::create;
        table.set_option = &Functions::setOption;
        table.open = &Functions::open;
        table.info = &Functions::info;
        table.read = &Functions::read;
        table.finish = &Functions::finish;
        table.session_free = &Functions::destroy;
        table.splice = Functions::template spliceOf<Plugin>(0);
        table.needs = description.needs;
        return table;
    }();
    return &made;
}

} // namespace bootferry::kit

#endif // BOOTFERRY_PLUGIN_HPP
