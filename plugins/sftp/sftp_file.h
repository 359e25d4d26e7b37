// SPDX-License-Identifier: LGPL-2.1-or-later
// One file on the server, read from an offset on, through libssh2's sftp (draft-ietf-secsh-filexfer-02,
// version 3 of the protocol, which servers speak). ReadAhead decides how much is requested in advance.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "read_ahead.h"
#include "ssh_connection.h"

namespace bootferry::sftp {

class SftpFile {
public:
    // Opens the file and reads its attributes. Throws Failure, also with NOT_FOUND if it is not a regular
    // file.
    SftpFile(SshConnection& connection, const std::string& path);
    SftpFile(const SftpFile&) = delete;
    SftpFile& operator=(const SftpFile&) = delete;
    ~SftpFile();

    [[nodiscard]] std::optional<std::uint64_t> size() const { return size_; }
    [[nodiscard]] const std::string& validator() const { return validator_; } // empty: none is known

    [[nodiscard]] std::int64_t modified() const { return modified_; } // seconds since 1970 UTC; 0: not known

    // True: the server refuses to report the size and the time, and the file is read to its end.
    [[nodiscard]] bool attributesAreHidden() const { return attributesHidden_; }

    void seek(std::uint64_t offset); // once, before read()

    // Returns 0 only at the end of the file. If the file ends before its size, it fails as cut short. If the
    // size or time has changed since the file was opened, it fails with RANGE at the end: the bytes may be of
    // two versions.
    [[nodiscard]] std::size_t read(std::span<std::byte> into);

private:
    void start();
    [[nodiscard]] bool endsAtOnce();
    void refuseSpecialFile();
    void requireRegularFile(const LIBSSH2_SFTP_ATTRIBUTES& attributes) const;
    void open();
    void learnAttributes();
    [[nodiscard]] bool hidesAttributes() const; // after a failed request for them
    void requireUnchanged();
    [[nodiscard]] std::size_t receive(std::span<std::byte> into);
    [[nodiscard]] bool isOutOfStep(int code) const;
    void requestOneAtATime();
    [[nodiscard]] std::size_t bufferSize() const;
    [[noreturn]] void fail(Stage stage, int code = 0) const; // code 0: the error that libssh2 recorded last

    SshConnection& connection_;
    std::string path_;
    SftpHandle sftp_;
    SftpFileHandle file_;
    unsigned long staleStatus_ = 0; // of a request before the file was open, which libssh2 keeps
    std::optional<std::uint64_t> size_;
    std::string validator_;
    std::int64_t modified_ = 0;
    std::chrono::microseconds roundTrip_{0};

    std::optional<ReadAhead> readAhead_; // from seek() on
    bool oneAtATime_ = false;
    bool attributesHidden_ = false;
    bool unchanged_ = false;     // seen at the end
    std::uint64_t position_ = 0; // of the next byte that read() returns
    std::uint64_t received_ = 0; // over this connection
    std::vector<std::byte> buffer_;
    std::span<const std::byte> early_;       // of buffer_: what read() has not returned yet
    std::optional<plugin::Failure> pending_; // comes after what lies in the buffer
};

} // namespace bootferry::sftp
