// SPDX-License-Identifier: LGPL-2.1-or-later
// A job whose image is read while it arrives (core/ondemand): learns the version, gets the target and the
// kernel's end, serves and fills, commits when everything is there, and serves on until nobody reads through
// this process any more.
//
// The first process of an image asks the server before it asks for the target. What makes it impossible to
// serve the image (a source without parts, without a size or a version; a compressed image) is Unsupported
// then, and nothing has been touched: the supervisor starts a job that fetches all of it first.
// In an initrd, so does what needs files for a new connection (needed_files.h): they are gone after the
// switch of root. A process that takes the place of another one serves what is there before it knows whether
// there is a network.
#pragma once

#include "handed_files.h"
#include "job_message.h"
#include "progress_reporter.h"
#include "source_stack.h"
#include "supervisor_channel.h"

namespace bootferry {

// Throws Error. The stack's plugins are loaded, and were reported.
void serveOnDemand(const ReceivedJob& job, const SourceStack& stack, const HandedFiles& files,
                   SupervisorChannel& supervisor, ProgressReporter& reporter);

} // namespace bootferry
