// SPDX-License-Identifier: LGPL-2.1-or-later
#include "read_queue.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "host.h"

namespace bootferry::sftp {
namespace {

constexpr std::uint32_t pieceSize = 32768; // every server grants that much
constexpr std::size_t mostPieces = 16384;  // 8 MiB in answers of 512 bytes; honest ones are larger

} // namespace

std::vector<ReadQueue::Piece> ReadQueue::refill(std::size_t wanted) {
    std::vector<Piece> pieces;
    const auto ask = [&](Entry& entry) {
        entry.id = ++lastId_;
        pieces.push_back({.id = *entry.id, .offset = entry.offset, .length = entry.length});
    };
    for (auto& entry : entries_) {
        if (!entry.id) {
            ask(entry);
        }
    }
    if (inFlight_ > wanted - wanted / 4) {
        return pieces;
    }
    const auto end = size_.value_or(std::numeric_limits<std::uint64_t>::max());
    while (inFlight_ < wanted && next_ < end) {
        const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(pieceSize, end - next_));
        entries_.push_back({.id = {}, .offset = next_, .length = length});
        ask(entries_.back());
        next_ += length;
        inFlight_ += length;
    }
    return pieces;
}

std::size_t ReadQueue::find(std::uint32_t id) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [id](const Entry& entry) { return entry.id == id && !entry.answered; });
    if (found == entries_.end()) {
        throw plugin::Failure(BOOTFERRY_ERROR_PROTOCOL, "the server sent an answer without a request");
    }
    return static_cast<std::size_t>(found - entries_.begin());
}

std::span<std::byte> ReadQueue::expectData(std::uint32_t id, std::uint32_t length) {
    const auto index = find(id);
    const auto asked = entries_[index].length;
    if (length == 0 || length > asked) {
        throw plugin::Failure(BOOTFERRY_ERROR_PROTOCOL, "the server sent " + std::to_string(length) +
                                                            " bytes instead of " + std::to_string(asked));
    }
    if (length < asked) {
        if (entries_.size() >= mostPieces) {
            throw plugin::Failure(BOOTFERRY_ERROR_PROTOCOL,
                                  "the server answers with a few bytes at a time, and out of order");
        }
        entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                        {.id = {}, .offset = entries_[index].offset + length, .length = asked - length});
    }
    auto& entry = entries_[index];
    entry.answered = true;
    entry.length = length;
    entry.early.resize(index > 0 ? length : 0);
    return entry.early;
}

void ReadQueue::takeStatus(std::uint32_t id, std::uint32_t status) {
    auto& entry = entries_[find(id)];
    entry.answered = true;
    entry.status = status;
}

void ReadQueue::delivered(std::size_t count) {
    auto& first = entries_.front();
    first.length -= static_cast<std::uint32_t>(count);
    inFlight_ -= count;
    if (first.length == 0) {
        entries_.pop_front();
    }
}

std::size_t ReadQueue::takeEarly(std::span<std::byte> into) {
    if (entries_.empty() || entries_.front().early.empty()) {
        return 0;
    }
    const auto& first = entries_.front();
    const auto count = std::min<std::size_t>(into.size(), first.length);
    std::memcpy(into.data(), first.early.data() + (first.early.size() - first.length), count);
    delivered(count);
    return count;
}

std::optional<std::uint32_t> ReadQueue::status() const {
    return entries_.empty() ? std::nullopt : entries_.front().status;
}

} // namespace bootferry::sftp
