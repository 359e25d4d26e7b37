// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gpgv_status.h"

#include <algorithm>
#include <array>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "plain_text.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::size_t longestUserId = 128;
constexpr int someSignatureFailed = 2; // exit status of gpgv: also for a key that is unknown

std::string clockText(std::time_t now) {
    std::tm utc{};
    std::array<char, 32> text{};
    ::gmtime_r(&now, &utc);
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &utc)};
}

// RFC 4880, section 9.4, and RFC 9580: SHA-256, -384, -512 and -224, SHA3-256 and SHA3-512.
bool isStrong(std::string_view hash) {
    static constexpr std::array strong{"8", "9", "10", "11", "12", "14"};
    return std::find(strong.begin(), strong.end(), hash) != strong.end();
}

// RFC 4880, section 5.2.1. A signature in text mode does not cover blanks at the ends of lines nor, in GnuPG,
// what follows the first 19995 characters of a line. For an inline signature gpgv writes out exactly what is
// covered; for a detached one it does not. So a detached signature must be a binary one: otherwise one that
// was cut out of an inline message would be accepted beside its text.
bool isOfForm(std::string_view kind, SignatureForm form) {
    return kind == (form == SignatureForm::Inline ? "01" : "00");
}

struct Signature {
    std::string keyId; // of the key that made a good signature
    std::string userId;
    std::string fingerprint; // of the key that made a valid signature
    std::string primary; // the fingerprint by which people know the key: another one if a subkey has signed
    std::string hash;
    std::string kind;

    [[nodiscard]] bool isValid(SignatureForm form) const {
        return !keyId.empty() && fingerprint.ends_with(keyId) && isStrong(hash) && isOfForm(kind, form);
    }
};

class Judgement {
public:
    void read(std::string_view line) {
        constexpr std::string_view prefix = "[GNUPG:] ";
        if (!line.starts_with(prefix)) {
            refuse(ErrorCode::Checksum, "gpgv's report cannot be read");
        }
        const auto text = line.substr(prefix.size());
        const auto words = wordsOf(text);
        const auto word = [&words](std::size_t i) {
            return i < words.size() ? words[i] : std::string_view();
        };
        const auto keyword = word(0);
        if (keyword == "NEWSIG") {
            signatures_.emplace_back();
        } else if (keyword == "GOODSIG") {
            current().keyId = word(1);
            current().userId = userIdIn(text, word(1));
        } else if (keyword == "VALIDSIG") {
            current().fingerprint = word(1);
            current().hash = word(8);
            current().kind = word(9);
            current().primary = word(10).empty() ? word(1) : word(10);
        } else if (keyword == "ERRSIG") {
            uncheckable(word(1), word(6));
        } else if (keyword == "PLAINTEXT") {
            ++plaintexts_;
        } else if (keyword == "ERROR" || keyword == "UNEXPECTED" || keyword == "BADARMOR") {
            broken_ = true;
        } else if (keyword == "NODATA") {
            noSignature_ = true;
        } else {
            bad(keyword, userIdIn(text, word(1)), word(1));
        }
    }

    [[nodiscard]] std::string verdict(int exitStatus, SignatureForm form, std::time_t now) const {
        if (!bad_.empty()) {
            refuse(ErrorCode::Checksum, withClock(bad_, hasExpired_, now));
        }
        const unsigned expected = form == SignatureForm::Inline ? 1 : 0;
        const bool explained =
            exitStatus == 0 || (exitStatus == someSignatureFailed && !uncheckable_.empty());
        auto signers = validSigners(form);
        if (signers.empty()) {
            refuse(ErrorCode::Checksum, withClock(whyNone(), isUncheckable_, now));
        }
        if (broken_ || noSignature_ || plaintexts_ != expected || !explained) {
            refuse(ErrorCode::Checksum, "gpgv cannot read all of it");
        }
        return signers;
    }

private:
    Signature& current() {
        if (signatures_.empty()) {
            signatures_.emplace_back();
        }
        return signatures_.back();
    }

    // "GOODSIG KEYID USER ID"
    static std::string userIdIn(std::string_view text, std::string_view keyId) {
        const auto at = text.find(keyId);
        const auto rest = keyId.empty() ? std::string_view() : text.substr(at + keyId.size());
        return plainText(trimmed(rest), longestUserId);
    }

    void uncheckable(std::string_view keyId, std::string_view code) {
        constexpr std::string_view unknownKey = "9"; // GPG_ERR_NO_PUBKEY
        const auto key = plainText(keyId, longestUserId);
        if (code == unknownKey) {
            uncheckable_ =
                fmt::format("it is signed with the key {}, which is not one of the trusted keys", key);
        } else {
            isUncheckable_ = true;
            uncheckable_ = fmt::format("gpgv cannot check the signature of the key {}", key);
        }
    }

    void bad(std::string_view keyword, const std::string& userId, std::string_view keyId) {
        constexpr std::array<std::pair<std::string_view, const char*>, 4> kinds{{
            {"BADSIG", "the signature does not match: the list or the signature was changed"},
            {"EXPSIG", "the signature has expired"},
            {"EXPKEYSIG", "it is signed with a key that has expired"},
            {"REVKEYSIG", "it is signed with a key that was revoked"},
        }};
        const auto* const kind =
            std::find_if(kinds.begin(), kinds.end(), [&](const auto& one) { return one.first == keyword; });
        if (kind != kinds.end() && bad_.empty()) {
            hasExpired_ = keyword.starts_with("EXP");
            bad_ = fmt::format("{} (key {}, {})", kind->second, plainText(keyId, longestUserId), userId);
        }
    }

    static std::string withClock(const std::string& why, bool isAboutDates, std::time_t now) {
        return isAboutDates ? fmt::format("{}; this machine's clock says {}", why, clockText(now)) : why;
    }

    [[nodiscard]] std::string validSigners(SignatureForm form) const {
        std::string signers;
        for (const auto& signature : signatures_) {
            if (signature.isValid(form)) {
                signers += fmt::format("{}{} {}", signers.empty() ? "" : "; ",
                                       plainText(signature.primary, longestUserId), signature.userId);
            }
        }
        return signers;
    }

    [[nodiscard]] std::string whyNone() const {
        const auto weak = std::find_if(signatures_.begin(), signatures_.end(),
                                       [](const auto& signature) { return !signature.fingerprint.empty(); });
        if (weak != signatures_.end()) {
            return fmt::format(
                "the signature of the key {} is of a kind that is not accepted, such as one with "
                "SHA-1, or one in text mode beside the list",
                plainText(weak->primary, longestUserId));
        }
        return uncheckable_.empty() ? "there is no OpenPGP signature in it" : uncheckable_;
    }

    std::vector<Signature> signatures_;
    std::string bad_; // why one of them is bad
    std::string uncheckable_;
    unsigned plaintexts_ = 0;
    bool hasExpired_ = false;
    bool isUncheckable_ = false; // for another reason than an unknown key
    bool broken_ = false;
    bool noSignature_ = false;
};

} // namespace

std::string judgeSignature(const GpgvResult& result, SignatureForm form, std::time_t now) {
    Judgement judgement;
    for (const auto line : linesOf(result.status)) {
        judgement.read(line);
    }
    return judgement.verdict(result.exitStatus, form, now);
}

} // namespace bootferry
