// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_status.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "transfer_properties.h"

namespace bootferry {
namespace {

void add(JsonObject& object, const char* key, const std::string& value) {
    object.add(key, std::string_view(value));
}
void add(JsonObject& object, const char* key, TransferState value) {
    object.add(key, stateName(value));
}
void add(JsonObject& object, const char* key, std::uint32_t value) {
    object.add(key, std::uint64_t{value});
}
template <typename Value>
void add(JsonObject& object, const char* key, Value value) {
    object.add(key, value);
}

// Returns false, and leaves `value` unchanged, if `json` is null or of another type.
template <typename Value>
bool read(const JsonValue& json, Value& value) {
    const auto* found = std::get_if<Value>(&json);
    if (found != nullptr) {
        value = *found;
    }
    return found != nullptr;
}
bool read(const JsonValue& json, std::uint32_t& value) {
    const auto* found = std::get_if<std::uint64_t>(&json);
    if (found != nullptr) {
        value = static_cast<std::uint32_t>(*found);
    }
    return found != nullptr;
}
bool read(const JsonValue& json, double& value) {
    if (const auto* whole = std::get_if<std::uint64_t>(&json)) {
        value = static_cast<double>(*whole);
        return true;
    }
    const auto* found = std::get_if<double>(&json);
    value = found != nullptr ? *found : value;
    return found != nullptr;
}
bool read(const JsonValue& json, TransferState& value) {
    const auto* name = std::get_if<std::string>(&json);
    const auto found = name != nullptr ? stateFromName(*name) : std::nullopt;
    value = found.value_or(value);
    return found.has_value();
}

void setEnd(TransferStatus& status, TransferState state, std::chrono::nanoseconds elapsed) {
    status.state = state;
    status.detail.clear();
    status.rate = 0;
    const auto whole = std::chrono::ceil<std::chrono::microseconds>(elapsed).count();
    status.finishedUSec = status.startedUSec + static_cast<std::uint64_t>(std::max<std::int64_t>(whole, 1));
}

} // namespace

std::uint64_t currentTimeUSec() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

void setDone(TransferStatus& status, std::uint64_t bytes, std::uint64_t written, const std::string& digest,
             std::chrono::nanoseconds elapsed) {
    status.bytes = bytes;
    status.total = bytes;
    status.written = written;
    status.fraction = 1;
    status.digest = digest;
    status.remainingUSec = 0;
    setEnd(status, TransferState::Done, elapsed);
}

void setFailed(TransferStatus& status, const Error& failure, const std::string& digest,
               std::chrono::nanoseconds elapsed) {
    status.digest = failure.code() == ErrorCode::Checksum ? digest : "";
    status.errorName = busErrorName(failure.code());
    status.errorMessage = failure.what();
    status.remainingUSec = UINT64_MAX;
    setEnd(status, failure.code() == ErrorCode::Cancelled ? TransferState::Cancelled : TransferState::Failed,
           elapsed);
}

std::string sizeText(std::uint64_t received, std::uint64_t written) {
    return received == written ? formatSize(received)
                               : fmt::format("{} ({} compressed)", formatSize(written), formatSize(received));
}

std::optional<std::chrono::microseconds> durationOf(const TransferStatus& status) {
    if (status.finishedUSec <= status.startedUSec) {
        return std::nullopt;
    }
    return std::chrono::microseconds(status.finishedUSec - status.startedUSec);
}

std::optional<std::uint64_t> meanRate(const TransferStatus& status, std::uint64_t earlier) {
    const auto duration = durationOf(status);
    if (!duration || status.bytes <= earlier) {
        return std::nullopt;
    }
    const auto seconds = std::chrono::duration<double>(*duration).count();
    return static_cast<std::uint64_t>(static_cast<double>(status.bytes - earlier) / seconds);
}

std::string sourceText(const TransferStatus& status) {
    return status.sources.empty() ? status.url : fmt::format("{}", fmt::join(status.sources, " and "));
}

bool isVerified(const TransferStatus& status) {
    return status.state == TransferState::Done && !status.digest.empty();
}

bool isUnverified(const TransferStatus& status) {
    return status.state == TransferState::Done && status.reused && status.checksumRequested;
}

std::string summaryText(const TransferStatus& status, std::uint64_t earlier) {
    if (status.reused) {
        return "holds an image already, which is used as it is, not verified";
    }
    auto text = fmt::format("{} from {}", sizeText(status.bytes, status.written), sourceText(status));
    if (earlier > 0) {
        text += fmt::format(", {} of them by an earlier fetch,", formatSize(earlier));
    }
    if (const auto duration = durationOf(status)) {
        text += fmt::format(" in {}", formatElapsed(*duration));
    }
    if (const auto rate = meanRate(status, earlier)) {
        text += fmt::format(", {}", formatRate(*rate));
    }
    if (const auto retries = status.attempt - 1; retries > 0) {
        text += fmt::format(", {} {}", retries, retries == 1 ? "retry" : "retries");
    }
    if (!status.digest.empty()) {
        text += ", verified " + status.digest;
        if (!status.signedBy.empty()) {
            text += ", signed by " + status.signedBy;
        }
    }
    return text;
}

std::string progressText(const TransferStatus& status) {
    if (status.state != TransferState::Transferring) {
        return status.detail.empty() ? std::string(stateName(status.state)) : status.detail;
    }
    ProgressNumbers numbers{
        .bytes = status.bytes, .total = status.total, .bytesPerSecond = status.rate, .remaining = {}};
    if (status.remainingUSec != UINT64_MAX) {
        numbers.remaining = std::chrono::microseconds(status.remainingUSec);
    }
    return formatProgress(numbers);
}

JsonObject toJson(const TransferStatus& status, std::uint64_t earlier) {
    JsonObject object;
    for (const auto& property : transferProperties) {
        const auto* key = property.json.key;
        if (key == nullptr) {
            continue;
        }
        if (property.json.nullAtFirst && !differs(property, status, TransferStatus())) {
            object.addNull(key);
        } else {
            visitProperty(property, status, [&](const auto& value) { add(object, key, value); });
        }
    }
    if (const auto duration = durationOf(status)) {
        object.add("seconds", std::chrono::duration<double>(*duration).count());
    } else {
        object.addNull("seconds");
    }
    if (const auto rate = meanRate(status, earlier)) {
        object.add("mean_rate", *rate);
    } else {
        object.addNull("mean_rate");
    }
    object.add("verified", isVerified(status));
    return object;
}

std::optional<TransferStatus> transferFromJson(std::string_view text) {
    const auto members = parseJsonObject(text);
    if (!members) {
        return std::nullopt;
    }
    TransferStatus status;
    bool hasState = false;
    for (const auto& property : transferProperties) {
        const auto found = property.json.key != nullptr ? members->find(property.json.key) : members->end();
        const bool known = found != members->end() && visitProperty(property, status, [&](auto& value) {
                               return read(found->second, value);
                           });
        hasState = hasState || (known && property.name == std::string_view("State"));
    }
    return hasState ? std::optional(status) : std::nullopt;
}

} // namespace bootferry
