// SPDX-License-Identifier: LGPL-2.1-or-later
#include "verify.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "bus_names.h"
#include "json.h"
#include "medium_verification.h"
#include "output_options.h"
#include "plain_text.h"
#include "quantities.h"
#include "standard_streams.h"

namespace bootferry {
namespace {

VerifyArguments parseVerify(const CommandLine& line) {
    VerifyArguments parsed{.path = line.words.front()};
    applyOptions(line, [&](std::string_view name, const std::string& value) {
        if (value.empty() && name != "json" && name != "quiet") {
            throw Error(ErrorCode::Invalid, "the value is empty");
        }
        if (name == "checksum") {
            parsed.checksum = value;
        } else if (name == "name") {
            parsed.name = value;
        } else if (name == "size") {
            parsed.size = parseByteCount(value);
        }
    });
    parsed.quiet = line.has("quiet");
    return parsed;
}

using Seconds = std::chrono::duration<double>;

std::uint64_t rateOf(const Verified& verified, Seconds took) {
    return static_cast<std::uint64_t>(static_cast<double>(verified.bytes) / took.count());
}

void print(const std::string& path, const Verified& verified, Seconds took) {
    const auto rate = verified.bytes > 0 ? ", " + formatRate(rateOf(verified, took)) : "";
    const auto time = formatElapsed(std::chrono::ceil<std::chrono::microseconds>(took)) + rate;
    if (verified.isEmbedded) {
        printOutput("{}: the checksum embedded in the image matches: {}, of {} ({} bytes), in {}\n",
                    escapedText(path), verified.checksum, formatSize(verified.bytes), verified.bytes, time);
        return;
    }
    printOutput("{}: {}{}, {} ({} bytes) read, {}, in {}\n", escapedText(path), verified.checksum,
                verified.list.empty() ? "" : fmt::format(" (from {})", escapedText(verified.list)),
                formatSize(verified.bytes), verified.bytes, verified.remark, time);
}

// known: what is known, even if the verification failed.
JsonObject toJson(const std::string& path, const Verified& known, Seconds took,
                  const std::optional<Error>& failure) {
    JsonObject object;
    const auto add = [&](const char* key, const std::string& text) {
        if (text.empty()) {
            object.addNull(key);
        } else {
            object.add(key, text);
        }
    };
    object.add("path", path);
    object.add("verified", !failure);
    add("checksum", known.checksum);
    add("list", known.list);
    if (known.bytes > 0) {
        object.add("bytes", known.bytes);
        object.add("mean_rate", rateOf(known, took));
    } else {
        object.addNull("bytes");
        object.addNull("mean_rate");
    }
    object.add("seconds", took.count());
    add("error", failure ? busErrorName(failure->code()) : "");
    add("message", failure ? failure->what() : "");
    return object;
}

} // namespace

int runVerify(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    const auto arguments = parseVerify(line);
    const auto began = std::chrono::steady_clock::now();
    const auto took = [&] {
        return std::max(Seconds(std::chrono::steady_clock::now() - began), Seconds(1e-6));
    };
    Verified known;
    try {
        const auto verified = verifyMedium(arguments, known);
        if (json) {
            printOutput("{}\n", toJson(arguments.path, verified, took(), std::nullopt).text(*json));
        } else if (!arguments.quiet) {
            print(arguments.path, verified, took());
        }
    } catch (const Error& error) {
        if (json) {
            printOutput("{}\n", toJson(arguments.path, known, took(), error).text(*json));
            (void)flushOutput();
        }
        throw;
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
