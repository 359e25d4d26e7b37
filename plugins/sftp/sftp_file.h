// SPDX-License-Identifier: LGPL-2.1-or-later
// One file on the server, read from an offset on. ReadAhead decides how much is requested in advance,
// ReadQueue puts the answers in order.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "read_ahead.h"
#include "read_queue.h"
#include "sftp_channel.h"
#include "sftp_message.h"

namespace bootferry::sftp {

class SftpFile {
public:
    // Opens it and learns what it is. Throws Failure(NOT_FOUND) for a folder as well.
    SftpFile(SshConnection& connection, const std::string& path);

    [[nodiscard]] std::optional<std::uint64_t> size() const { return size_; }
    [[nodiscard]] const std::string& validator() const { return validator_; } // empty: the server tells none

    [[nodiscard]] std::int64_t modified() const { return modified_; } // seconds since 1970 UTC; 0: not known

    void seek(std::uint64_t offset); // once, before read()

    // 0 only where the file ends. One that ends before its size fails as cut short; what is appended behind
    // its size is not delivered.
    [[nodiscard]] std::size_t read(std::span<std::byte> into);

private:
    void open();
    void learnAttributes();
    std::string ask(const Request& request, std::uint8_t answerType); // the answer's fields behind its number
    void send(std::string_view bytes);
    void receive(std::span<std::byte> into);
    std::string receive(std::size_t count);

    void askAhead();
    void receiveAnswer();
    [[nodiscard]] bool endsHere() const; // throws where it should not
    std::size_t deliver(std::span<std::byte> into);

    [[noreturn]] void fail(std::optional<std::uint32_t> status = {}) const;

    SshConnection& connection_;
    std::string path_;
    SftpChannel channel_;
    Stage stage_ = Stage::Opening;
    std::string handle_; // the server's name for the open file
    std::optional<std::uint64_t> size_;
    std::string validator_;
    std::int64_t modified_ = 0;
    std::chrono::microseconds roundTrip_{0};

    std::optional<ReadAhead> readAhead_;
    std::optional<ReadQueue> queue_;
    std::size_t streaming_ = 0;  // bytes of the queue's first piece that come next
    std::uint64_t position_ = 0; // of the next byte that read() returns
    std::uint64_t received_ = 0; // over this connection
};

} // namespace bootferry::sftp
