// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_file.h"

#include <algorithm>

#include <sys/stat.h>

namespace bootferry::sftp {
namespace {

using plugin::Failure;

constexpr std::uint32_t protocolVersion = 3;
constexpr std::size_t headSize = 13;     // of an answer: length, type, number, and one number more
constexpr std::size_t uncountedSize = 4; // of it is the length itself
constexpr std::size_t longestAnswer = 256 * 1024;

// What an answer says of its own length, which is not to be believed.
std::uint32_t checkedLength(std::uint32_t length, std::size_t shortest) {
    if (length < shortest || length > longestAnswer) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL,
                      "the server's sftp answer has " + std::to_string(length) + " bytes");
    }
    return length;
}

struct Head {
    std::size_t left; // bytes of the message behind the head
    std::uint8_t type;
    std::uint32_t id;
    std::uint32_t number; // a status, or how many bytes of the file follow

    static Head parse(std::string_view bytes) {
        Fields fields(bytes);
        const auto length = checkedLength(fields.number(), headSize - uncountedSize);
        Head head{.left = length - (headSize - uncountedSize), .type = fields.byte(), .id = 0, .number = 0};
        head.id = fields.number();
        head.number = fields.number();
        return head;
    }
};

} // namespace

SftpFile::SftpFile(SshConnection& connection, const std::string& path)
    : connection_(connection), path_(path), channel_(connection) {
    if (!channel_.open()) {
        fail();
    }
    open();
    learnAttributes();
}

void SftpFile::open() {
    (void)ask(Request(SSH_FXP_INIT, protocolVersion), SSH_FXP_VERSION);
    const auto answer =
        ask(Request(SSH_FXP_OPEN, 1).text(path_).number(SSH_FXF_READ).number(0), SSH_FXP_HANDLE);
    handle_ = Fields(answer).text();
}

void SftpFile::learnAttributes() {
    using Clock = std::chrono::steady_clock;
    const auto asked = Clock::now();
    const auto answer = ask(Request(SSH_FXP_FSTAT, 2).text(handle_), SSH_FXP_ATTRS);
    roundTrip_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - asked);
    Fields fields(answer);
    const auto attributes = Attributes::parse(fields);
    if (attributes.permissions && S_ISDIR(*attributes.permissions)) {
        throw Failure(BOOTFERRY_ERROR_NOT_FOUND, "'" + path_ + "' is a folder, not a file");
    }
    size_ = attributes.size;
    if (size_ && attributes.modified) {
        modified_ = *attributes.modified;
        validator_ = std::to_string(*attributes.modified) + "-" + std::to_string(*size_);
    }
}

std::string SftpFile::ask(const Request& request, std::uint8_t answerType) {
    const auto message = request.message();
    send(message);
    const auto length = checkedLength(Fields(receive(uncountedSize)).number(), 0);
    const auto answer = receive(length);
    Fields fields(answer);
    const auto type = fields.byte();
    const auto id = fields.number();
    if (type == SSH_FXP_STATUS) {
        fail(fields.number());
    }
    if (type != answerType || (type != SSH_FXP_VERSION && id != Fields(message.substr(5)).number())) {
        fail(SSH_FX_BAD_MESSAGE);
    }
    return answer.substr(5);
}

void SftpFile::send(std::string_view bytes) {
    if (!channel_.send(bytes)) {
        fail();
    }
}

void SftpFile::receive(std::span<std::byte> into) {
    while (!into.empty()) {
        const auto count = channel_.receive(into);
        if (count == 0) {
            fail();
        }
        into = into.subspan(count);
    }
}

std::string SftpFile::receive(std::size_t count) {
    std::string bytes(count, '\0');
    receive(std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

void SftpFile::seek(std::uint64_t offset) {
    position_ = offset;
    readAhead_.emplace(roundTrip_, offset, size_);
    queue_.emplace(offset, size_);
    stage_ = Stage::Reading;
}

std::size_t SftpFile::read(std::span<std::byte> into) {
    for (;;) {
        if (streaming_ > 0) {
            return deliver(into);
        }
        if (const auto count = queue_->takeEarly(into)) {
            position_ += count;
            return count;
        }
        if (endsHere()) {
            return 0;
        }
        askAhead();
        receiveAnswer();
    }
}

std::size_t SftpFile::deliver(std::span<std::byte> into) {
    const auto count = channel_.receive(into.first(std::min(into.size(), streaming_)));
    if (count == 0) {
        fail();
    }
    queue_->delivered(count);
    streaming_ -= count;
    position_ += count;
    received_ += count;
    return count;
}

bool SftpFile::endsHere() const {
    if (size_ && position_ >= *size_) {
        return true;
    }
    const auto status = queue_->status();
    if (status && *status != SSH_FX_EOF) {
        fail(status);
    }
    if (status && size_) {
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "the file ended after " + std::to_string(position_) +
                                                       " of " + std::to_string(*size_) + " bytes");
    }
    return status.has_value();
}

void SftpFile::askAhead() {
    const auto wanted = readAhead_->after(received_);
    channel_.keepWindow(wanted);
    std::string requests;
    for (const auto& piece : queue_->refill(wanted)) {
        requests += Request(SSH_FXP_READ, piece.id)
                        .text(handle_)
                        .longNumber(piece.offset)
                        .number(piece.length)
                        .message();
    }
    send(requests);
}

// A piece of the file is left in the channel where it is the one that is read next.
void SftpFile::receiveAnswer() {
    const auto head = Head::parse(receive(headSize));
    if (head.type == SSH_FXP_STATUS) {
        (void)receive(head.left); // words, for a person
        queue_->takeStatus(head.id, head.number);
        return;
    }
    if (head.type != SSH_FXP_DATA || head.left != head.number) {
        fail(SSH_FX_BAD_MESSAGE);
    }
    const auto early = queue_->expectData(head.id, head.number);
    received_ += early.size();
    streaming_ = early.empty() ? head.number : 0;
    receive(early);
}

void SftpFile::fail(std::optional<std::uint32_t> status) const {
    auto end = connection_.lastEnd(stage_);
    end.sftpStatus = status;
    end.channelEnded = channel_.isEnded();
    end.path = path_;
    end.position = position_;
    end.size = size_;
    throw failureOf(end);
}

} // namespace bootferry::sftp
