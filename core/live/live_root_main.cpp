// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-live-root: run once, as root, by the unit that bootferry-generator writes. It mounts and exits;
// the reason for a failure goes to the journal and to the file that the emergency shell's greeting shows.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "failure_report.h"
#include "journal_messages.h"
#include "live_image.h"
#include "live_root.h"
#include "log.h"
#include "programs.h"
#include "standard_streams.h"
#include "termination.h"
#include "usual_options.h"

namespace {

constexpr const char* help = R"(bootferry-live-root [OPTION...] DEVICE
bootferry-live-root --can=ABILITY...

Mount the live image on DEVICE as the layers of a root: read-only, at
/run/overlay/rootfsbase, and at /run/overlay/overlayfs a tmpfs, or a partition
of DEVICE's disk, for what is written. An overlay of both, at /sysroot, is the
next unit's work.

  --iso-scan=FILE      DEVICE is the ISO in this file, on the first file system
                       that has it
  --dir=FOLDER         the folder of the root image on the medium (LiveOS)
  --squashimg=FILE     the root image in it (squashfs.img)
  --overlay-size=SIZE  a share of the memory, or a size with k, m or g (50%)
  --check              verify the checksum that is embedded in the medium first
  --persistent         keep what is written, in a partition labelled cow behind
                       the image, which is made where there is none
  --cowfs=FS           its file system: ext4, xfs or btrfs (ext4)
  --cow-file=FILE      with --iso-scan: the file for what is written, beside the
                       ISO file and instead of a partition (live_system.cow)
  --cow-file-size=MIB  the size of a new one (500)
  --encrypt            encrypt it (LUKS2, label lukscow), and write to none that
                       is not
  --overlay-readonly   with --persistent: mount that partition read-only at
                       /run/overlay/kept, and use a tmpfs for what is written
  --overlay-reset      with --persistent: discard what was kept
  --roothash=HEX       verify each block of the root image when it is read, by
                       its hash tree (dm-verity), whose root hash this is
  --roothash-signature=base64:DATA, --roothash-signature=FILE
                       the CMS signature that the root hash must have
  --verity-tree=FILE   the file with the hash tree, or
  --verity-offset=BYTES
                       where it begins in the root image
  --verity-options=OPTION[,OPTION...]
                       restart-on-corruption, panic-on-corruption,
                       ignore-zero-blocks, check-at-most-once
  --can=ABILITY        mount nothing: fail with the reason if this initrd cannot
                       verify or encrypt (repeatable)
  -h, --help           show this
      --version        show the version

Exit status: 0 everything is mounted, 1 nothing is.
)";

int run(const std::vector<std::string>& words) {
    if (bootferry::answersUsualOption(words, "bootferry-live-root", help)) {
        return EXIT_SUCCESS;
    }
    bootferry::forgetFailure();
    const auto request = bootferry::parseLiveRootArguments(words);
    if (!request.abilities.empty()) {
        std::for_each(request.abilities.begin(), request.abilities.end(), bootferry::requireAbility);
        bootferry::requireSignedRootHash(request.verity);
        return EXIT_SUCCESS;
    }
    bootferry::logInfo(fmt::format("live root of {}", bootferry::assembleLiveRoot(request)));
    return EXIT_SUCCESS;
}

} // namespace

int bootferry_live_root_main(int argc, char** argv) {
    ::umask(022); // the mount points' modes do not depend on the caller
    try {
        bootferry::rememberTermination();
        bootferry::initLogging("bootferry-live-root");
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        constexpr std::size_t longest = 4096;
        const auto reason =
            bootferry::printable(error.what(), longest); // the message may contain text from the image
        bootferry::logError(reason);
        bootferry::reportFailure(reason, bootferry::liveRootFailedMessage);
        return EXIT_FAILURE;
    }
}
