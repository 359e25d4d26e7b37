// SPDX-License-Identifier: LGPL-2.1-or-later
// What an FTP server's replies say beyond their numbers: the words of a reply of several lines, whether a
// refusal is for now only, and a size that libcurl would misread. Pure.
#pragma once

#include <string>
#include <string_view>

namespace bootferry::curl {

// The newest reply, whose words may be spread over several lines (RFC 959, section 4.2).
class FtpReply {
public:
    void addLine(std::string_view line);

    // "530 There are too many users. Login incorrect.", cut to a length that a console can show.
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool isComplete() const { return complete_; }

private:
    std::string code_;
    std::string text_;
    bool complete_ = true;
};

// True if the reply refuses because others are connected. ProFTPD and wu-ftpd say that with 530, which
// otherwise means a wrong password.
[[nodiscard]] bool saysTooManyClients(std::string_view reply);

// True if the file cannot be read for now: IIS says with 550 that another process writes to it. The name of
// the file may be in the reply, so that only whole phrases count.
[[nodiscard]] bool saysFileIsInUse(std::string_view reply);

// True if the reply after the data says that it was all (226, 250).
[[nodiscard]] bool saysComplete(std::string_view reply);

// The words of the refusal (400 and above) that a connection has to be read; empty: there is none. TLS: none.
[[nodiscard]] std::string refusalIn(std::string_view bytes);

// True if the answer to SIZE (RFC 3659, section 4), or the "(1234 bytes)" at the beginning of a transfer,
// exceeds 2^63 - 1 or is no number. libcurl treats that as an empty file, and takes "-5" for 5. Other lines
// may begin with 213 as well: the answer to MDTM, and the address in a greeting.
[[nodiscard]] bool hasImpossibleSize(std::string_view reply, bool afterSize);

} // namespace bootferry::curl
