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

std::optional<std::chrono::microseconds> durationOf(const TransferView& view) {
    if (view.finishedUSec <= view.startedUSec) {
        return std::nullopt;
    }
    return std::chrono::microseconds(view.finishedUSec - view.startedUSec);
}

std::optional<std::uint64_t> meanRate(const TransferView& view) {
    const auto duration = durationOf(view);
    if (!duration || view.progress.bytes == 0) {
        return std::nullopt;
    }
    const auto seconds = std::chrono::duration<double>(*duration).count();
    return static_cast<std::uint64_t>(static_cast<double>(view.progress.bytes) / seconds);
}

std::string summaryText(const TransferView& view) {
    if (view.reused) {
        return "holds an image already, which is used as it is";
    }
    auto text = fmt::format("{} from {}", sizeText(view.progress.bytes, view.progress.written), view.url);
    if (const auto duration = durationOf(view)) {
        text += fmt::format(" in {}", formatDuration(*duration));
    }
    if (const auto rate = meanRate(view)) {
        text += fmt::format(", {}", formatRate(*rate));
    }
    if (const auto retries = view.progress.attempt - 1; retries > 0) {
        text += fmt::format(", {} {}", retries, retries == 1 ? "retry" : "retries");
    }
    if (!view.digest.empty()) {
        text += ", " + view.digest;
    }
    return text;
}

JsonObject toJson(const TransferView& view) {
    JsonObject object;
    object.add("id", std::uint64_t{view.id});
    object.add("state", stateName(view.progress.state));
    addText(object, "detail", view.progress.detail);
    object.add("url", std::string_view(view.url));
    object.add("target", std::string_view(view.target));
    addText(object, "device", view.device);
    object.add("reused", view.reused);
    addText(object, "plugin", view.plugin);
    object.add("bytes", view.progress.bytes);
    if (view.progress.total == unknownSize) {
        object.addNull("total");
    } else {
        object.add("total", view.progress.total);
    }
    object.add("written", view.progress.written);
    object.add("attempts", std::uint64_t{view.progress.attempt});
    addText(object, "digest", view.digest);
    object.add("started_usec", view.startedUSec);
    if (const auto duration = durationOf(view)) {
        object.add("finished_usec", view.finishedUSec);
        object.add("seconds", std::chrono::duration<double>(*duration).count());
    } else {
        object.addNull("finished_usec");
        object.addNull("seconds");
    }
    addText(object, "error", view.errorName);
    addText(object, "message", view.errorMessage);
    return object;
}

std::optional<TransferView> transferFromJson(std::string_view text) {
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
    TransferView view;
    view.progress.state = *known;
    members.read("id", view.id);
    members.read("detail", view.progress.detail);
    members.read("url", view.url);
    members.read("target", view.target);
    members.read("device", view.device);
    members.read("reused", view.reused);
    members.read("plugin", view.plugin);
    members.read("bytes", view.progress.bytes);
    members.read("total", view.progress.total);
    members.read("written", view.progress.written);
    members.read("attempts", view.progress.attempt);
    members.read("digest", view.digest);
    members.read("started_usec", view.startedUSec);
    members.read("finished_usec", view.finishedUSec);
    members.read("error", view.errorName);
    members.read("message", view.errorMessage);
    return view;
}

} // namespace bootferry
