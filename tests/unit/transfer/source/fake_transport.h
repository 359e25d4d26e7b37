// SPDX-License-Identifier: LGPL-2.1-or-later
// A fake Transport that serves a text from memory; a script determines which attempt fails, and how.
// Everything above it is the real code.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

#include "byte_source.h"
#include "errors.h"
#include "progress.h"

namespace bootferry {

struct Attempt {
    std::optional<Error> openFailure;
    std::optional<std::size_t> breakAfter; // readFailure is thrown after this many bytes
    std::optional<Error> readFailure;
    bool endEarly = false; // end without an error instead
};

class FakeTransport : public Transport {
public:
    std::string content;
    std::string validator = "\"v1\"";
    bool repeatsValidator = true; // at an offset
    bool strongValidator = true;
    bool showsOffset = true;
    std::string location;       // where it redirects to
    bool ignoresOffset = false; // delivers from the first byte
    bool resumable = true;
    bool ranges = false;
    bool tellsSize = true;
    bool spliceable = false;    // from the second read of an attempt on
    std::size_t readSize = 7;   // the most that a read returns
    std::deque<Attempt> script; // one entry per attempt; later attempts succeed
    std::vector<OpenRequest> requests;
    std::size_t delivered = 0;
    std::size_t spliced = 0; // of these
    int committed = 0;
    std::function<void(int cancelFd)> beforeRead;
    std::function<void()> onOpen;

    std::unique_ptr<ByteSource> open(const OpenRequest& request) override {
        requests.push_back(request);
        if (onOpen) {
            onOpen();
        }
        Attempt attempt;
        if (!script.empty()) {
            attempt = script.front();
            script.pop_front();
        }
        if (attempt.openFailure) {
            throw *attempt.openFailure;
        }
        if (request.offset > 0 && (!resumable || request.offset > content.size() ||
                                   (!request.validator.empty() && request.validator != validator))) {
            throw Error(ErrorCode::Range, "the source changed");
        }
        return std::make_unique<Source>(*this, attempt, request);
    }

private:
    class Source : public ByteSource {
    public:
        Source(FakeTransport& transport, Attempt attempt, const OpenRequest& request)
            : transport_(transport), attempt_(std::move(attempt)),
              position_(transport.ignoresOffset ? 0 : request.offset),
              tellsValidator_(transport.repeatsValidator || request.offset == 0),
              cancelFd_(request.cancelFd) {}

        std::size_t read(std::span<std::byte> into) override {
            if (transport_.beforeRead) {
                transport_.beforeRead(cancelFd_);
            }
            // A test may have made the content shorter than what was sent.
            const auto left = transport_.content.size() - std::min(position_, transport_.content.size());
            auto count = std::min({into.size(), left, transport_.readSize});
            if (attempt_.breakAfter) {
                count = std::min(count, *attempt_.breakAfter - sent_);
                if (count == 0 && !attempt_.endEarly) {
                    throw attempt_.readFailure.value_or(Error(ErrorCode::Unreachable, "connection reset"));
                }
            }
            std::memcpy(into.data(), transport_.content.data() + position_, count);
            position_ += count;
            sent_ += count;
            transport_.delivered += count;
            return count;
        }

        std::size_t splice(int pipe, std::size_t most) override {
            std::array<std::byte, 7> piece{};
            const auto count = read(std::span(piece).first(std::min(most, piece.size())));
            transport_.spliced += count;
            return count == 0 ? 0 : static_cast<std::size_t>(::write(pipe, piece.data(), count));
        }

        SourceInfo info() override {
            return {.size = transport_.tellsSize ? std::optional<std::uint64_t>(transport_.content.size())
                                                 : std::nullopt,
                    .resumable = transport_.resumable,
                    .validator = tellsValidator_ ? transport_.validator : "",
                    .strongValidator = tellsValidator_ && transport_.strongValidator,
                    .spliceable = transport_.spliceable && sent_ > 0,
                    .ranges = transport_.ranges,
                    .showsOffset = transport_.showsOffset,
                    .location = transport_.location};
        }

        void finish() override { ++transport_.committed; }

    private:
        FakeTransport& transport_;
        Attempt attempt_;
        std::size_t position_;
        std::size_t sent_ = 0;
        bool tellsValidator_;
        int cancelFd_;
    };
};

class RecordingListener : public ProgressListener {
public:
    void progressed(const Progress& progress) override { seen.push_back(progress); }
    [[nodiscard]] bool sawDetail(std::string_view part) const {
        return std::any_of(seen.begin(), seen.end(),
                           [part](const auto& p) { return p.detail.find(part) != std::string::npos; });
    }
    std::vector<Progress> seen;
};

inline std::string someContent(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>('a' + (i * 7 + i / 26) % 26);
    }
    return text;
}

} // namespace bootferry
