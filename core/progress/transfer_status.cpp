// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_status.h"

#include <spdlog/fmt/fmt.h>

namespace bootferry {
namespace {

void addText(JsonObject& object, std::string_view key, const std::string& text) {
    if (text.empty()) {
        object.addNull(key);
    } else {
        object.add(key, std::string_view(text));
    }
}

class Members {
public:
    explicit Members(const std::map<std::string, JsonValue>& members) : members_(members) {}

    template <typename Value>
    void read(const char* key, Value& value) const {
        const auto found = members_.find(key);
        if (found == members_.end()) {
            return;
        }
        if (const auto* read = std::get_if<Value>(&found->second)) {
            value = *read;
        }
    }

    void read(const char* key, std::uint32_t& value) const {
        std::uint64_t wide = value;
        read(key, wide);
        value = static_cast<std::uint32_t>(wide);
    }

private:
    const std::map<std::string, JsonValue>& members_;
};

} // namespace

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

std::optional<std::uint64_t> meanRate(const TransferStatus& status) {
    const auto duration = durationOf(status);
    if (!duration || status.bytes == 0) {
        return std::nullopt;
    }
    const auto seconds = std::chrono::duration<double>(*duration).count();
    return static_cast<std::uint64_t>(static_cast<double>(status.bytes) / seconds);
}

std::string summaryText(const TransferStatus& status) {
    if (status.reused) {
        return "holds an image already, which is used as it is";
    }
    auto text = fmt::format("{} from {}", sizeText(status.bytes, status.written), status.url);
    if (const auto duration = durationOf(status)) {
        text += fmt::format(" in {}", formatDuration(*duration));
    }
    if (const auto rate = meanRate(status)) {
        text += fmt::format(", {}", formatRate(*rate));
    }
    if (const auto retries = status.attempt - 1; retries > 0) {
        text += fmt::format(", {} {}", retries, retries == 1 ? "retry" : "retries");
    }
    if (!status.digest.empty()) {
        text += ", " + status.digest;
    }
    return text;
}

JsonObject toJson(const TransferStatus& status) {
    JsonObject object;
    object.add("id", std::uint64_t{status.id});
    object.add("state", stateName(status.state));
    addText(object, "detail", status.detail);
    object.add("url", std::string_view(status.url));
    object.add("target", std::string_view(status.target));
    addText(object, "device", status.device);
    object.add("reused", status.reused);
    addText(object, "plugin", status.plugin);
    object.add("bytes", status.bytes);
    if (status.total == unknownSize) {
        object.addNull("total");
    } else {
        object.add("total", status.total);
    }
    object.add("written", status.written);
    object.add("attempts", std::uint64_t{status.attempt});
    addText(object, "digest", status.digest);
    object.add("started_usec", status.startedUSec);
    if (const auto duration = durationOf(status)) {
        object.add("finished_usec", status.finishedUSec);
        object.add("seconds", std::chrono::duration<double>(*duration).count());
    } else {
        object.addNull("finished_usec");
        object.addNull("seconds");
    }
    addText(object, "error", status.errorName);
    addText(object, "message", status.errorMessage);
    return object;
}

std::optional<TransferStatus> transferFromJson(std::string_view text) {
    const auto parsed = parseJsonObject(text);
    if (!parsed) {
        return std::nullopt;
    }
    const Members members(*parsed);
    std::string state;
    members.read("state", state);
    const auto known = stateFromName(state);
    if (!known) {
        return std::nullopt;
    }
    TransferStatus status;
    status.state = *known;
    members.read("id", status.id);
    members.read("detail", status.detail);
    members.read("url", status.url);
    members.read("target", status.target);
    members.read("device", status.device);
    members.read("reused", status.reused);
    members.read("plugin", status.plugin);
    members.read("bytes", status.bytes);
    members.read("total", status.total);
    members.read("written", status.written);
    members.read("attempts", status.attempt);
    members.read("digest", status.digest);
    members.read("started_usec", status.startedUSec);
    members.read("finished_usec", status.finishedUSec);
    members.read("error", status.errorName);
    members.read("message", status.errorMessage);
    return status;
}

} // namespace bootferry
