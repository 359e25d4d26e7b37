// SPDX-License-Identifier: LGPL-2.1-or-later
// Every call into the plugin goes through guarded(), which clears the last failure, makes the call, and
// checks that its result agrees with the failure that the plugin has reported, if any.
#include "plugin_session.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <spdlog/fmt/fmt.h>

#include "denied_call.h"
#include "log.h"
#include "plain_text.h"
#include "shown_argument.h"
#include "url.h"

namespace bootferry {
namespace {

constexpr std::size_t longestValidator = 1023; // from the ABI
constexpr std::size_t longestLocation = 2047;  // likewise
constexpr std::size_t longestSeenText = 16384; // a longer one is cut before it is looked at

LogLevel levelOf(int priority) {
    if (priority <= BOOTFERRY_LOG_ERROR) {
        return LogLevel::Error;
    }
    if (priority <= BOOTFERRY_LOG_WARNING) {
        return LogLevel::Warning;
    }
    return priority <= BOOTFERRY_LOG_INFO ? LogLevel::Info : LogLevel::Debug;
}

// Empty for an invalid URL.
std::string shownLocation(const char* location) {
    if (location == nullptr || strnlen(location, longestLocation + 1) > longestLocation) {
        return {};
    }
    try {
        return Url::parse(location).shown();
    } catch (const Error&) {
        return {};
    }
}

} // namespace

// No exception may cross into C, hence the catch-alls: losing a message must not stop the transfer.
struct PluginSession::HostFunctions {
    static PluginSession& session(void* context) { return *static_cast<PluginSession*>(context); }

    static void log(void* context, int priority, const char* message) noexcept {
        try {
            const auto level = session(context).status_ ? levelOf(priority) : LogLevel::Debug;
            bootferry::log(level, fmt::format("{}: {}", session(context).module_.name(),
                                              session(context).withoutSecrets(message)));
        } catch (...) { // NOLINT(bugprone-empty-catch)
        }
    }

    static void fail(void* context, bootferry_error code, int errnoValue, const char* message) noexcept {
        session(context).noteFailure(static_cast<int>(code), errnoValue, message);
    }

    static void status(void* context, const char* text) noexcept {
        try {
            if (auto& callback = session(context).status_) {
                callback(session(context).withoutSecrets(text));
            }
        } catch (...) { // NOLINT(bugprone-empty-catch)
        }
    }

    static const char* credential(void* context, const char* name) noexcept {
        if (name == nullptr) {
            return nullptr;
        }
        try {
            auto& self = session(context);
            const auto found = self.credentials_.find(name);
            if (found == self.credentials_.end()) {
                return nullptr;
            }
            self.noteSecret(found->first, found->second);
            return found->second.c_str();
        } catch (...) {
            return nullptr;
        }
    }

    static const char* optionFile(void* context, const char* path) noexcept {
        if (path == nullptr) {
            return "";
        }
        try {
            auto& self = session(context);
            auto& file = self.optionFiles_[path];
            if (file.name.empty()) {
                file = self.files_ ? self.files_(path) : OptionFile{.name = path, .refusal = std::nullopt};
            }
            return file.name.c_str();
        } catch (...) {
            return path;
        }
    }

    static int resolve(void* context, const char* name, bootferry_resolution* result) noexcept {
        auto& self = session(context);
        return resolveForPlugin(name, self.cancelFd_, self.resolved_, *result);
    }

    static void retryAfter(void* context, std::uint32_t seconds) noexcept {
        const std::lock_guard lock(session(context).mutex_);
        session(context).retryAfter_ = seconds;
    }
};

void PluginSession::noteFailure(int code, int errnoValue, const char* message) noexcept {
    try {
        const std::lock_guard lock(mutex_);
        if (failure_) {
            logWarning(fmt::format("plugin '{}' reported a second failure for one call, ignoring it: {}",
                                   module_.name(), withoutSecrets(message)));
            return;
        }
        auto text = withUserPaths(withoutSecrets(message));
        if (text.empty()) {
            text = fmt::format("plugin '{}' failed without a message", module_.name());
        }
        if (const auto* call = takeDeniedCall();
            call != nullptr && (errnoValue == EPERM || errnoValue == 0)) {
            text +=
                fmt::format(" (the sandbox refused plugin '{}' the system call {})", module_.name(), call);
        }
        if (errnoValue == EACCES && code != BOOTFERRY_ERROR_UNREACHABLE && areFilesRestricted()) {
            text +=
                fmt::format(" (the sandbox lets plugin '{}' read only files of the system, and those that "
                            "its options name)",
                            module_.name());
        }
        const auto known = errorCodeFromNumber(code);
        if (!known || code > BOOTFERRY_ERROR_INTERNAL) {
            failure_.emplace(
                ErrorCode::Internal,
                fmt::format("plugin '{}' failed with the unknown code {}: {}", module_.name(), code, text));
            return;
        }
        failure_.emplace(classOf(*known, text), std::max(errnoValue, 0), text);
    } catch (
        ...) { // NOLINT(bugprone-empty-catch): no memory; endCall() then reports a failure without a reason
    }
}

// A user's name is no secret. A very short secret is found in many words by chance: nothing would be legible.
void PluginSession::noteSecret(const std::string& name, const std::string& value) {
    constexpr std::size_t shortest = 4;
    if (name != "user" && value.size() >= shortest) {
        const std::lock_guard lock(secretsMutex_);
        secrets_.insert(plainText(value, value.size()));
    }
}

// A server may repeat a secret in its answer, and a plugin pass the answer on, or quote a URL.
std::string PluginSession::withoutSecrets(const char* text) {
    constexpr std::string_view hidden = "***";
    // Cut afterwards: what is left of a secret at the end would not be recognised.
    auto plain = plainText(text, longestSeenText);
    const std::lock_guard lock(secretsMutex_);
    for (const auto& secret : secrets_) {
        for (std::size_t at = 0; (at = plain.find(secret, at)) != std::string::npos; at += hidden.size()) {
            plain.replace(at, secret.size(), hidden);
        }
    }
    return plainText(withoutQueries(plain));
}

// Replaces the host's names of option files with the user's paths: a library may have put them into its
// message.
std::string PluginSession::withUserPaths(std::string text) const {
    for (const auto& [path, file] : optionFiles_) {
        for (std::size_t at = 0; path != file.name && (at = text.find(file.name, at)) != std::string::npos;) {
            text.replace(at, file.name.size(), path);
            at += path.size();
        }
    }
    return text;
}

// A plugin has one code for all failures of this machine. If its message names an option file that the
// supervisor could not open, the supervisor's reason is the class.
ErrorCode PluginSession::classOf(ErrorCode code, const std::string& text) const {
    if (code != ErrorCode::Io) {
        return code;
    }
    const auto named = std::find_if(optionFiles_.begin(), optionFiles_.end(), [&](const auto& file) {
        return file.second.refusal && !file.first.empty() && text.find(file.first) != std::string::npos;
    });
    return named != optionFiles_.end() ? *named->second.refusal : code;
}

void PluginSession::throwDefective(const std::string& how) const {
    throw Error(ErrorCode::Internal, fmt::format("plugin '{}' is defective: {}", module_.name(), how));
}

template <typename Call>
auto PluginSession::guarded(const char* what, Call call) {
    {
        const std::lock_guard lock(mutex_);
        failure_.reset();
        retryAfter_.reset();
        (void)takeDeniedCall();
    }
    const auto result = call();
    if constexpr (std::is_pointer_v<decltype(result)>) {
        endCall(what, result == nullptr);
    } else {
        endCall(what, result < 0);
    }
    return result;
}

void PluginSession::endCall(const char* what, bool failed) {
    const std::lock_guard lock(mutex_);
    if (failed && !failure_) {
        throwDefective(fmt::format("{} failed without a reason", what));
    }
    if (!failed && failure_) {
        throwDefective(fmt::format("{} reported a failure but succeeded: {}", what, failure_->what()));
    }
    if (failed) {
        if (retryAfter_) {
            failure_->setRetryAfter(std::chrono::seconds(*retryAfter_));
        }
        throw *failure_;
    }
}

PluginSession::PluginSession(const PluginModule& module, std::map<std::string, std::string> credentials,
                             StatusCallback status, FileNames files)
    : module_(module), credentials_(std::move(credentials)), status_(std::move(status)),
      files_(std::move(files)) {
    host_.struct_size = sizeof host_;
    host_.abi_version = BOOTFERRY_ABI_VERSION;
    host_.context = this;
    host_.log = &HostFunctions::log;
    host_.fail = &HostFunctions::fail;
    host_.status = &HostFunctions::status;
    host_.credential = &HostFunctions::credential;
    host_.retry_after = &HostFunctions::retryAfter;
    host_.option_file = &HostFunctions::optionFile;
    host_.resolve = &HostFunctions::resolve;
    session_ = guarded("session_new", [&] { return module_.table().session_new(&host_); });
}

PluginSession::~PluginSession() {
    if (session_ != nullptr) {
        module_.table().session_free(session_);
    }
}

void PluginSession::setOption(const std::string& key, const std::string& value) {
    try {
        (void)guarded("set_option",
                      [&] { return module_.table().set_option(session_, key.c_str(), value.c_str()); });
    } catch (Error& error) {
        if (const auto meant = module_.nearestOption(key); !meant.empty()) {
            error = Error(error.code(), fmt::format("{}, did you mean '{}'?", error.what(), meant));
        }
        // Without the value, which may be a secret (a proxy's password).
        error.addContext(fmt::format("option '{}' of plugin '{}'", key, module_.name()));
        throw;
    }
}

void PluginSession::open(const OpenRequest& request, std::uint32_t flags) {
    bootferry_request raw{};
    raw.struct_size = sizeof raw;
    raw.flags = flags;
    raw.url = request.url.c_str();
    raw.offset = request.offset;
    raw.length = request.length.value_or(BOOTFERRY_SIZE_UNKNOWN);
    raw.validator = request.offset > 0 && !request.validator.empty() ? request.validator.c_str() : nullptr;
    raw.cancel_fd = request.cancelFd;
    raw.raw_url = request.rawUrl.empty() ? raw.url : request.rawUrl.c_str();
    cancelFd_ = request.cancelFd;
    (void)guarded("open", [&] { return module_.table().open(session_, &raw); });
}

std::size_t PluginSession::read(std::span<std::byte> into) {
    const auto count =
        guarded("read", [&] { return module_.table().read(session_, into.data(), into.size()); });
    return delivered("read", count, into.size());
}

std::size_t PluginSession::splice(int pipe, std::size_t most) {
    const auto count = guarded("splice", [&] { return module_.table().splice(session_, pipe, most); });
    return delivered("splice", count, most);
}

std::size_t PluginSession::delivered(const char* what, ssize_t count, std::size_t most) const {
    if (static_cast<std::size_t>(count) > most) {
        throwDefective(fmt::format("{} delivered {} bytes, but {} were requested", what, count, most));
    }
    return static_cast<std::size_t>(count);
}

SourceInfo PluginSession::info() {
    bootferry_info raw{};
    raw.struct_size = sizeof raw;
    (void)guarded("info", [&] { return module_.table().info(session_, &raw); });
    SourceInfo info;
    if (raw.size != BOOTFERRY_SIZE_UNKNOWN) {
        info.size = raw.size;
    }
    info.resumable = (raw.flags & BOOTFERRY_INFO_RESUMABLE) != 0;
    info.spliceable = (raw.flags & BOOTFERRY_INFO_SPLICEABLE) != 0 && module_.hasSplice();
    info.ranges = (raw.flags & BOOTFERRY_INFO_RANGES) != 0;
    info.showsOffset = (raw.flags & BOOTFERRY_INFO_OFFSET_NOT_SHOWN) == 0;
    info.strongValidator = (raw.flags & BOOTFERRY_INFO_STRONG_VALIDATOR) != 0;
    if (raw.validator != nullptr) {
        const auto length = strnlen(raw.validator, longestValidator + 1);
        if (length > longestValidator) {
            throwDefective(fmt::format("its validator is longer than {} bytes", longestValidator));
        }
        info.validator.assign(raw.validator, length);
    }
    info.location = shownLocation(raw.location);
    if (raw.modified > 0) {
        info.modified = raw.modified;
    }
    return info;
}

void PluginSession::finish() {
    (void)guarded("finish", [&] { return module_.table().finish(session_, BOOTFERRY_OUTCOME_COMMITTED); });
}

} // namespace bootferry
