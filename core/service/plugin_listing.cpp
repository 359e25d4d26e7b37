// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin_listing.h"

#include <optional>
#include <utility>

#include <sys/stat.h>

#include "bus_names.h"
#include "sd_check.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::size_t callsWaiting = 256;
constexpr std::chrono::seconds failureKept{2};

constexpr SdCheck check{"answering ListPlugins"};

// When an entry of the folder was last added, removed or replaced; 0 if there is no folder.
std::uint64_t stampOf(const std::string& folder) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) < 0) {
        return 0;
    }
    return static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
}

// line: NAME, VERSION and the schemes, separated by tabs.
void appendPlugin(sd_bus_message* reply, std::string_view line) {
    const auto name = takeListField(line);
    const auto version = takeListField(line);
    check(sd_bus_message_open_container(reply, 'r', "ssas"));
    check(sd_bus_message_append(reply, "ss", name.c_str(), version.c_str()));
    check(sd_bus_message_open_container(reply, 'a', "s"));
    for (auto scheme : wordsOf(line)) {
        check(sd_bus_message_append(reply, "s", takeListField(scheme).c_str()));
    }
    check(sd_bus_message_close_container(reply));
    check(sd_bus_message_close_container(reply));
}

void reply(sd_bus_message* call, const std::string& list) {
    const auto answer = makeHandle<BusMessageHandle>(
        [&](sd_bus_message** m) { return sd_bus_message_new_method_return(call, m); },
        "answering ListPlugins");
    check(sd_bus_message_open_container(answer.get(), 'a', "(ssas)"));
    for (const auto line : linesOf(list)) {
        appendPlugin(answer.get(), line);
    }
    check(sd_bus_message_close_container(answer.get()));
    check(sd_bus_send(nullptr, answer.get(), nullptr));
}

} // namespace

PluginListing::PluginListing(sd_event* event, WorkerProgram program, std::string pluginDir)
    : event_(event), program_(std::move(program)), pluginDir_(std::move(pluginDir)) {}

PluginListing::~PluginListing() = default;

void PluginListing::answer(sd_bus_message* call, const std::string& refusal) {
    if (!refusal.empty()) {
        if (!last_) {
            throw Error(ErrorCode::Unreachable, refusal);
        }
        answerFrom(*last_, call);
        return;
    }
    const auto stamp = stampOf(pluginDir_);
    const auto now = std::chrono::steady_clock::now();
    if (last_ && (last_->list ? last_->stamp == stamp : now - last_->since < failureKept)) {
        answerFrom(*last_, call);
        return;
    }
    if (waiting_.size() >= callsWaiting) {
        throw Error(ErrorCode::Unreachable, "too many calls of ListPlugins are pending");
    }
    if (!run_) {
        stamp_ = stamp;
        run_ = std::make_unique<PluginListProcess>(
            event_, program_, PluginListKind::Plugins,
            [this](std::optional<std::string> text) { listed(std::move(text)); });
    }
    waiting_.emplace_back(sd_bus_message_ref(call));
}

void PluginListing::listed(std::optional<std::string> text) {
    last_ = Listing{.stamp = stamp_, .since = std::chrono::steady_clock::now(), .list = std::move(text)};
    for (const auto& call : std::exchange(waiting_, {})) {
        try {
            answerFrom(*last_, call.get());
        } catch (const Error&) { // NOLINT(bugprone-empty-catch): the caller is gone
        }
    }
    run_.reset();
}

void PluginListing::answerFrom(const Listing& listing, sd_bus_message* call) {
    if (listing.list) {
        reply(call, *listing.list);
    } else {
        (void)sd_bus_reply_method_errorf(call, busErrorName(ErrorCode::Internal).c_str(), "%s",
                                         "the plugins could not be listed: see the journal");
    }
}

} // namespace bootferry
