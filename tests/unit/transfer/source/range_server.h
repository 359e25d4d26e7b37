// SPDX-License-Identifier: LGPL-2.1-or-later
// A fake Transport that serves ranges to many threads: each byte is computed from its offset. Callbacks can
// refuse or break a connection, and the server counts how many are open at a time.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "byte_source.h"
#include "errors.h"
#include "give_up_signal.h"

namespace bootferry {

class RangeServer : public Transport {
public:
    explicit RangeServer(std::uint64_t size) : size_(size) {}

    static std::byte byteAt(std::uint64_t offset) {
        return static_cast<std::byte>((offset * 2654435761U) >> 24U);
    }

    // Set before the first open(). The first two are called one at a time, the last from any thread.
    std::function<void(const OpenRequest&)> onOpen; // may throw
    std::function<std::optional<std::size_t>(const OpenRequest&)> cutAfter;
    std::function<void(const OpenRequest&)> onRead;
    std::size_t wrongBeforeCut = 0; // of the bytes before a cut
    SourceInfo info{
        .size = {}, .resumable = true, .validator = "\"v1\"", .strongValidator = true, .ranges = true};
    std::function<std::string(const OpenRequest&)> locationOf; // where it redirects to
    std::optional<std::string> accepted; // the validator that requests must have, if not the one in `info`

    std::unique_ptr<ByteSource> open(const OpenRequest& request) override {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        if (onOpen) {
            onOpen(request);
        }
        if (request.offset > 0 && request.validator != accepted.value_or(info.validator)) {
            throw Error(ErrorCode::Range, "the source changed");
        }
        most_ = std::max(most_, ++open_);
        return std::make_unique<Connection>(*this, request, cutAfter ? cutAfter(request) : std::nullopt);
    }

    [[nodiscard]] std::vector<OpenRequest> requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    [[nodiscard]] unsigned parts() {
        const auto all = requests();
        return static_cast<unsigned>(std::count_if(
            all.begin(), all.end(), [](const auto& request) { return request.length.has_value(); }));
    }
    [[nodiscard]] unsigned openNow() {
        const std::lock_guard lock(mutex_);
        return open_;
    }
    [[nodiscard]] unsigned mostAtATime() {
        const std::lock_guard lock(mutex_);
        return most_;
    }

private:
    class Connection : public ByteSource {
    public:
        Connection(RangeServer& server, OpenRequest request, std::optional<std::size_t> cutAfter)
            : server_(server), request_(std::move(request)), position_(request_.offset),
              end_(std::min(server.size_, request_.offset + request_.length.value_or(server.size_))),
              cut_(cutAfter ? position_ + *cutAfter : UINT64_MAX) {}
        Connection(const Connection&) = delete;
        Connection& operator=(const Connection&) = delete;
        ~Connection() override {
            const std::lock_guard lock(server_.mutex_);
            --server_.open_;
        }

        std::size_t read(std::span<std::byte> into) override {
            if (server_.onRead) {
                server_.onRead(request_);
            }
            if (isReadable(request_.cancelFd)) {
                throw Error(ErrorCode::Cancelled, "cancelled");
            }
            constexpr std::size_t most = 1000;
            const auto stop = std::min(end_, cut_);
            const auto count = std::min<std::uint64_t>({into.size(), most, stop - position_});
            if (count == 0 && stop < end_) {
                throw Error(ErrorCode::Unreachable, "connection reset");
            }
            for (std::size_t i = 0; i < count; ++i) {
                const bool isWrong = cut_ < end_ && position_ + i + server_.wrongBeforeCut >= cut_;
                into[i] = byteAt(position_ + i) ^ std::byte{isWrong};
            }
            position_ += count;
            return count;
        }

        SourceInfo info() override {
            const std::lock_guard lock(server_.mutex_);
            auto info = server_.info;
            info.size = info.size.value_or(server_.size_);
            info.location = server_.locationOf ? server_.locationOf(request_) : "";
            return info;
        }
        void finish() override {}

    private:
        RangeServer& server_;
        OpenRequest request_;
        std::uint64_t position_;
        std::uint64_t end_;
        std::uint64_t cut_;
    };

    std::uint64_t size_;
    std::mutex mutex_; // guards all below
    std::vector<OpenRequest> requests_;
    unsigned open_ = 0;
    unsigned most_ = 0;
};

// Reads to the end and checks every byte. Throws the source's failure.
inline std::uint64_t readAll(const std::function<std::size_t(std::span<std::byte>)>& read,
                             std::uint64_t from) {
    std::vector<std::byte> buffer(1 << 16U);
    auto position = from;
    while (const auto count = read(buffer)) {
        for (std::size_t i = 0; i < count; ++i) {
            if (buffer[i] != RangeServer::byteAt(position + i)) {
                throw Error(ErrorCode::Corrupt, "a byte is in the wrong place");
            }
        }
        position += count;
    }
    return position;
}

} // namespace bootferry
