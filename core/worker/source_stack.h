// SPDX-License-Identifier: LGPL-2.1-or-later
// What stands before a pipeline: for each place the bytes may come from a transport with its plugin, options
// and credentials, and the one source over them that never breaks off.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "handed_files.h"
#include "plugin_transport.h"
#include "resuming_source.h"
#include "widening_source.h"
#include "worker_process.h"

namespace bootferry {

struct Place {
    Url url;
    Credentials credentials;
};
[[nodiscard]] std::vector<Place> placesOf(const ReceivedJob& job); // the image's URL, then the mirrors

class Composition {
public:
    // places: at least one; the first is the one that was asked for. Throws Error(Unsupported) for a scheme
    // or an option that no plugin serves.
    Composition(const ReceivedJob& job, const std::vector<Place>& places, ProgressReporter& reporter,
                HandedFiles& files);

    [[nodiscard]] ResumingSource& source() { return *source_; }
    [[nodiscard]] std::string plugin() const { return transports_.front()->description(); }

private:
    void pluginSaid(const std::string& text);

    ProgressReporter& reporter_;
    std::vector<std::unique_ptr<PluginTransport>> transports_;
    std::vector<std::unique_ptr<WideningTransport>> widening_; // over them, one each
    std::unique_ptr<ResumingSource> source_;
};

} // namespace bootferry
