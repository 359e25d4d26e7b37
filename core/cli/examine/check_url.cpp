// SPDX-License-Identifier: LGPL-2.1-or-later
// Reports on the image's URL and on each mirror. A failure of one of them is a warning while another one is
// usable, since a boot would use that one.
#include "check_url.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "bus_names.h"
#include "layout_text.h"
#include "live_root.h"
#include "log.h"
#include "output_options.h"
#include "plain_text.h"
#include "probe_judgement.h"
#include "proxy_variables.h"
#include "quantities.h"
#include "ram_target.h"
#include "standard_streams.h"
#include "transfer_arguments.h"
#include "worker_start.h"

namespace bootferry {
namespace {

// A limit for each server: otherwise a check of a server that sends one byte a second would take hours.
constexpr std::chrono::seconds timeoutPerSource{60};

TransferRequest parseCheck(CommandLine line) {
    line.words.emplace_back("-"); // parseTransferArguments() requires a target
    auto request = parseTransferArguments(line);
    if (!line.has("timeout")) {
        request.timeout = timeoutPerSource * (1 + request.mirrors.size() + (request.checksumUrl ? 1 : 0));
    }
    return request;
}

// The root image that bootferry-live-root would look for.
std::string wantedRootImage(const CommandLine& line) {
    LiveRootRequest boot;
    applyOptions(line, [&boot](std::string_view name, std::string_view value) {
        if (name == "dir") {
            boot.dir = parseRelativePath(value);
        } else if (name == "squashimg") {
            boot.squashimg = parseImageName(value);
        }
    });
    return boot.imagePath();
}

// A client of a dolly server is a node of its chain. To connect and leave would break the chain for all
// nodes.
void refuseDolly(const TransferRequest& request) {
    const auto isChain = [](const Url& url) { return url.scheme() == "dolly"; };
    if (isChain(request.url) || std::any_of(request.mirrors.begin(), request.mirrors.end(), isChain)) {
        throw Error(ErrorCode::Unsupported,
                    "a dolly server cannot be checked: connecting to it would break its chain");
    }
}

struct Place {
    std::string url;
    ProbedSource probed;
    std::optional<Error> unusable;
    std::vector<std::string> warnings;
};

struct Report {
    std::vector<Place> places; // the image's URL first
    std::size_t served = 0;    // the place that a boot would use: the first usable one
    std::string plugin;
    std::string checksum;         // "sha256:HEX"; empty: none is requested or found
    std::string list;             // its URL; empty: the checksum was given
    std::optional<Error> failure; // why a boot would fail, or wait
    bool waits = false;           // it would wait: one of the servers may recover
};

Report judged(const TransferRequest& request, const ProbeResult& result) {
    Report report;
    report.plugin = result.plugin;
    report.list = request.checksumUrl ? request.checksumUrl->shown() : "";
    report.checksum = request.checksum.value_or(result.checksum.value_or(""));
    std::vector<Url> urls{request.url};
    urls.insert(urls.end(), request.mirrors.begin(), request.mirrors.end());
    for (std::size_t i = 0; i < std::min(urls.size(), result.sources.size()); ++i) {
        const auto& probed = result.sources[i];
        report.places.push_back(
            {.url = urls[i].shown(), .probed = probed, .unusable = whyUnusable(probed), .warnings = {}});
    }
    auto& places = report.places;
    const auto served =
        std::find_if(places.begin(), places.end(), [](const Place& place) { return !place.unusable; });
    if (served == places.end()) {
        report.failure = places.front().unusable;
        report.waits = std::any_of(places.begin(), places.end(),
                                   [](const Place& place) { return isTemporary(*place.unusable); });
        return report;
    }
    report.served = static_cast<std::size_t>(served - places.begin());
    for (auto mirror = served + 1; mirror != places.end(); ++mirror) {
        if (!mirror->unusable) {
            mirror->warnings = differences(served->probed, mirror->probed, !report.checksum.empty());
        }
    }
    if (!isLive(served->probed).has_value() && served->probed.layout.layout.empty()) {
        served->warnings.push_back(
            fmt::format("whether it is a live image is {}", layoutText(served->probed.layout)));
    }
    report.failure = result.checksumFailure;
    report.waits = report.failure && isTemporary(*report.failure);
    return report;
}

std::string sizeOrNot(std::optional<std::uint64_t> size) {
    return size ? fmt::format("{} ({} bytes)", formatSize(*size), *size) : "not known";
}

void line(const char* name, const std::string& value) {
    if (!value.empty()) {
        printOutput("{:>12}: {}\n", name, value);
    }
}

std::string imageText(const ProbedSource& probed) {
    if (probed.format.empty()) {
        return fmt::format("not live: {}", probed.whyNotLive);
    }
    auto text = probed.format;
    text += probed.label.empty() ? "" : fmt::format(" '{}'", probed.label);
    text += probed.partitionTable.empty()
                ? ""
                : fmt::format(" with a partition table ({})", probed.partitionTable);
    text += probed.declared ? fmt::format(", {} according to its header", formatSize(*probed.declared)) : "";
    return text;
}

std::string memoryText(const ProbedSource& probed) {
    const auto size = imageSizeOf(probed);
    return size ? fmt::format("{} for a RAM disk, besides what the system itself needs",
                              formatSize(memoryForImage(*size)))
                : "not known: the RAM disk is made as large as the memory allows";
}

// The worker requests a range only if a validator shows whether the answer is of the same version.
bool isResumeTried(const ProbedSource& probed) {
    return !probed.failure && (!probed.resumable || !probed.validator.empty());
}

std::string rangesText(const ProbedSource& probed) {
    if (!isResumeTried(probed)) {
        return "not tried: the server reports no validator";
    }
    return probed.ranges      ? "yes, several at a time"
           : probed.resumable ? "yes"
                              : "no: an interrupted transfer starts over";
}

void printPlace(const Place& place, bool isServed) {
    const auto& probed = place.probed;
    printOutput("{}\n", place.url);
    if (probed.failure) {
        line("Failure", probed.failure->what());
        return;
    }
    line("Redirected", probed.location.empty() ? "" : "to " + probed.location);
    line("Size", sizeOrNot(probed.size));
    line("Ranges", rangesText(probed));
    line("Validator", probed.validator.empty() ? "none" : probed.validator);
    line("Compression", probed.compression.empty() ? "none" : probed.compression);
    line("Image", imageText(probed));
    if (!probed.format.empty()) {
        line("Layout", layoutText(probed.layout));
    }
    if (isServed && isLive(probed).value_or(true)) {
        line("Memory", memoryText(probed));
    }
}

void print(const Report& report) {
    for (std::size_t i = 0; i < report.places.size(); ++i) {
        const bool isServed = i == report.served;
        printPlace(report.places[i], isServed);
        if (isServed) {
            line("Plugin", report.plugin);
            line("Checksum", report.checksum.empty() || report.list.empty()
                                 ? report.checksum
                                 : fmt::format("{} (from {})", report.checksum, report.list));
        }
    }
}

void addSize(JsonObject& object, const char* key, std::optional<std::uint64_t> size) {
    if (size) {
        object.add(key, *size);
    } else {
        object.addNull(key);
    }
}

void addText(JsonObject& object, const char* key, const std::string& text) {
    if (text.empty()) {
        object.addNull(key);
    } else {
        object.add(key, text);
    }
}

JsonObject toJson(const Place& place, const Report& report) {
    const auto& probed = place.probed;
    JsonObject object;
    object.add("url", place.url);
    const auto& whyNot = place.unusable ? place.unusable : report.failure; // without a checksum, none is used
    object.add("usable", !whyNot);
    object.add("temporary", whyNot && isTemporary(*whyNot));
    addText(object, "error", whyNot ? busErrorName(whyNot->code()) : "");
    addText(object, "message", whyNot ? whyNot->what() : "");
    addText(object, "location", probed.location);
    addSize(object, "size", probed.size);
    if (isResumeTried(probed)) {
        object.add("resumable", probed.resumable);
        object.add("ranges", probed.ranges);
    } else {
        object.addNull("resumable");
        object.addNull("ranges");
    }
    addText(object, "validator", probed.validator);
    addText(object, "compression", probed.compression);
    addText(object, "format", probed.format);
    addText(object, "label", probed.label);
    addText(object, "partition_table", probed.partitionTable);
    if (const auto live = isLive(probed)) {
        object.add("live", *live);
    } else {
        object.addNull("live");
    }
    addText(object, "layout", probed.layout.layout);
    addText(object, "root_image", probed.layout.image);
    addText(object, "arguments", neededArguments(probed.layout));
    addSize(object, "declared_size", probed.declared);
    addSize(object, "image_size", imageSizeOf(probed));
    const auto size = imageSizeOf(probed);
    addSize(object, "memory", size ? std::optional(memoryForImage(*size)) : std::nullopt);
    addText(object, "checksum", report.checksum);
    object.add("warnings", place.warnings);
    return object;
}

// The reason why the boot would fail is not among the warnings: it is the last message.
void warn(const Report& report) {
    for (const auto& place : report.places) {
        const bool isReason = report.places[report.served].unusable && &place == &report.places.front();
        if (place.unusable && !isReason) {
            logWarning(fmt::format("{}: {}", place.url, place.unusable->what()));
        }
        for (const auto& warning : place.warnings) {
            logWarning(fmt::format("{}: {}", place.url, warning));
        }
    }
}

// The proxy variable that curl(1) would use for this URL; hosts that need no proxy are not considered.
std::string proxyVariableFor(const Url& url, const ProxyVariables& proxies) {
    std::vector<std::string> names{url.scheme() + "_proxy"};
    if (url.scheme() != "http") { // HTTP_PROXY could come from a request to a CGI program
        names.emplace_back(url.scheme() == "https" ? "HTTPS_PROXY" : "FTP_PROXY");
    }
    names.insert(names.end(), {"all_proxy", "ALL_PROXY"});
    const auto found = std::find_if(names.begin(), names.end(), [&](const auto& name) {
        const auto row = proxies.find(name);
        return row != proxies.end() && !row->second.empty();
    });
    return found != names.end() ? *found : "";
}

// The proxy variable that the check of the request's URL uses; empty: none.
std::string proxyVariableOf(const TransferRequest& request) {
    const bool isGiven = std::any_of(request.pluginOptions.begin(), request.pluginOptions.end(),
                                     [](const auto& option) { return option.key == "proxy"; });
    const auto& scheme = request.url.scheme();
    return isGiven || (scheme != "http" && scheme != "https" && scheme != "ftp")
               ? ""
               : proxyVariableFor(request.url, proxyVariables());
}

void warnOfProxy(const std::string& variable) {
    if (!variable.empty()) {
        logWarning(fmt::format("{} is set, which a boot does not read: there, "
                               "rd.bootferry.option=curl:proxy=... names a proxy",
                               variable));
    }
}

// The failure may be that of the proxy, which no boot uses: then the result says nothing about a boot.
std::string outcomeText(const Report& report, const std::string& proxyVariable) {
    const auto& first = report.places.front();
    if (first.probed.failure && !proxyVariable.empty()) {
        return fmt::format("with {}, which a boot does not read, {} could not be checked: {}", proxyVariable,
                           first.url, report.failure->what());
    }
    return fmt::format("a boot from {} would {}: {}", first.url,
                       report.waits ? "wait, and try again until it succeeds" : "fail",
                       report.failure->what());
}

} // namespace

int runCheck(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    const auto request = parseCheck(line);
    refuseDolly(request);
    warnOfUnusedOptions(request);
    const auto result = runSourceProbe(request, JobPurpose::Probe, wantedRootImage(line));
    if (result.failure) {
        throw *result.failure;
    }
    const auto proxyVariable = proxyVariableOf(request);
    warnOfProxy(proxyVariable);
    const auto report = judged(request, result);
    if (json) {
        std::vector<JsonObject> objects;
        std::transform(report.places.begin(), report.places.end(), std::back_inserter(objects),
                       [&](const Place& place) { return toJson(place, report); });
        printOutput("{}\n", jsonArray(objects, *json));
    } else if (!line.has("quiet")) {
        print(report);
    }
    (void)flushOutput();
    warn(report);
    if (report.failure) {
        throw Error(report.failure->code(), outcomeText(report, proxyVariable));
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
