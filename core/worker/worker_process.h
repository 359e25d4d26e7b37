// SPDX-License-Identifier: LGPL-2.1-or-later
// One worker as its supervisor (bootferryd, or `bootferryctl fetch`) handles it: started unprivileged with a
// private channel, and trusted with nothing but the descriptor it is given. With a checksum it consists of
// two processes (WorkerRole), and with a checksum list others run before; the listener sees them as one.
// If the list has to be signed, they only fetch it: gpgv decides, and the checksum is looked up here, in what
// is signed (signature_check.h). Packets are judged by worker_conduct.h, output reaches the log as plain
// lines. Whatever happens (success, failure, crash, a hang after cancel) ends in exactly one call of ended(),
// after every process is reaped. Runs on an sd-event loop, one thread, never blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "credentials.h"
#include "errors.h"
#include "handles.h"
#include "prepared_target.h"
#include "probed_source.h"
#include "progress.h"
#include "proxy_variables.h"
#include "transfer_request.h"
#include "trusted_keys.h"

namespace bootferry {

enum class JobPurpose {
    Transfer,
    OptionCheck, // only check the request and its plugin options: no network
    Probe,    // read the first MiB of each origin, and the checksum list if there is one; nothing is retried
    Checksum, // read the checksum list only; nothing is retried
    TransferChecksum, // the same before a transfer, and as persistently; knows no credentials of the image's
                      // server
};

// Who uses the network does not certify. If a checksum is asked for, one process receives the bytes and
// another, which has no network, computes their digest, decodes them and writes the target; the receiving one
// never gets the target. Without a checksum, one process does both.
enum class WorkerRole { Alone, Receiver, Verifier };

// The process, as messages name it.
[[nodiscard]] constexpr const char* processName(WorkerRole role) {
    return role == WorkerRole::Verifier ? "the verifying process" : "the transfer process";
}

struct WorkerJob {
    JobPurpose purpose = JobPurpose::Transfer;
    TransferRequest request;
    Credentials credentials; // all credentials of the supervisor; the worker gets those for its servers
    std::string pluginDir;
    ProxyVariables proxies;     // for libcurl; contains secrets
    std::string checksumOrigin; // the list that the request's checksum is from, for people; empty: part of it
    std::uint32_t attempt = 1;  // continues the count of earlier workers of the same transfer
    std::string rootImage;      // Probe: the path of the root image that a boot would look for
    // The URL is on another server than the image, and does not get the login in the plugin options.
    bool withholdLogin = false;
    TrustedKeys keys; // whose signature of the list is accepted; no worker gets them
};

// The role of the process that a job is given to. The job of a transfer states its checksum: its list was
// read by an earlier run.
[[nodiscard]] WorkerRole roleOf(JobPurpose purpose, const TransferRequest& request);

struct WorkerResult {
    std::uint64_t bytes = 0;   // received
    std::uint64_t written = 0; // on the target
    std::string digest; // "sha256:HEX" of what was received, as computed by the verifying process, which has
                        // no network; empty if no checksum was requested
    bool crashed =
        false; // a process died without reporting its end; false after a reported failure or a breach

    bool operator==(const WorkerResult&) const = default;
};

class WorkerListener {
public:
    WorkerListener() = default;
    WorkerListener(const WorkerListener&) = delete;
    WorkerListener& operator=(const WorkerListener&) = delete;
    virtual ~WorkerListener() = default;

    // Before targetWanted(), if the image declares its size: at least this many bytes will be written.
    virtual void imageHasAtLeast(std::uint64_t /*size*/) {}
    // The source has answered and its head is acceptable. Answer, now or later, with giveTarget() or
    // refuseTarget(). size: bytes to be written, if the source states it. Called a second time if a transfer
    // that continues a file starts over: the bytes of the earlier fetch stay, and the new ones need another
    // target.
    virtual void targetWanted(std::optional<std::uint64_t> size) = 0;
    // Once, at the beginning: "curl 0.1.0", for the first URL that the bytes may come from.
    virtual void pluginLoaded(const std::string& nameAndVersion) = 0;
    // The version whose bytes arrive; before targetWanted(), and again when it has changed. validator:
    // bounded, printable; empty if the server sends none. modified: the time of the last change, in seconds
    // since 1970 UTC.
    virtual void sourceKnown(std::optional<std::uint64_t> /*size*/, const std::string& /*validator*/,
                             std::optional<std::int64_t> /*modified*/) {}
    // This origin has answered, and later bytes come from it: 0 is the request's URL, the mirrors follow.
    virtual void opened(std::size_t /*origin*/) {}
    // Purpose Probe: the image's URL, then each mirror, in this order. The values are not verified.
    virtual void sourceProbed(const ProbedSource& /*probed*/) {}
    // With a list: the image's checksum in it ("sha256:HEX"), or, except in a transfer, why there is none.
    virtual void checksumFound(const std::string& /*checksum*/) {}
    virtual void checksumMissing(const Error& /*reason*/) {}
    // All of a source was received, and its checksum is this one instead of the requested one. More may come,
    // from mirrors.
    virtual void checksumDiffers(const std::string& /*received*/) {}
    // The list is signed, before any byte of the image arrives: by whom (gpgv_status.h).
    virtual void listSigned(const std::string& /*signer*/) {}
    // On demand: the worker needs no file any more. Answer, now or later, with proceed().
    virtual void ready() {}
    virtual void progressed(const Progress& progress) = 0;
    // Everything but the head is safe and verified. Answer with permitCommit() (or cancel()).
    virtual void staged(const WorkerResult& result) = 0;
    // On demand: the image is complete, and the worker still serves it. Answer with dismiss() when nobody
    // reads through it any more.
    virtual void filled() {}
    // The last call. failure is nullopt on success (for a purpose other than Transfer: if everything was
    // reported), Internal after a crash, and Cancelled if the worker was cancelled.
    virtual void ended(const WorkerResult& result, const std::optional<Error>& failure) = 0;
};

struct WorkerProgram {
    std::string path;                // of bootferry-transfer
    std::optional<std::string> user; // run as this user; nullopt: keep the current user, who is not root
};

class WorkerProcess {
public:
    // Starts the worker. Throws Error if that fails. `event` and `listener` must outlive the object.
    WorkerProcess(sd_event* event, const WorkerProgram& program, WorkerJob job, WorkerListener& listener);
    ~WorkerProcess(); // kills and reaps a running worker, without calling the listener

    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    void giveTarget(const PreparedTarget& target); // the descriptor is duplicated into the worker
    // On demand, the same with the server's end of the kernel's nbd and the memory of fill_memory.h.
    void giveTarget(const PreparedTarget& target, const UniqueFd& nbdSocket, const UniqueFd& memory);
    void refuseTarget(const Error& reason); // becomes the worker's failure
    void permitCommit();
    void proceed(bool takesOver); // takesOver: the place of another worker, which had the target
    void dismiss();
    void cancel(); // ended() follows within a few seconds: a worker that does not react is killed

private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace bootferry
