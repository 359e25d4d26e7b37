// SPDX-License-Identifier: LGPL-2.1-or-later
// For persistent_overlay_test.py: makes or finds the partition for changes of a disk, or with `show` only
// finds it, and prints it. DEVICE FILESYSTEM [encrypt [show]]
#include <cstdlib>

#include <spdlog/fmt/fmt.h>

#include "disk_contents.h"
#include "disk_partitions.h"
#include "errors.h"
#include "persistent_overlay.h"

int main(int argc, char** argv) {
    if (argc < 3 || argc > 5) {
        return EXIT_FAILURE;
    }
    try {
        bootferry::MediumDisk disk(bootferry::diskOf(argv[1]));
        const auto imageEnd = bootferry::readDiskContents(disk.fd().get()).imageSize;
        const bool encrypted = argc > 3;
        const auto partition =
            argc == 5 ? bootferry::findWritePartition(disk, imageEnd, encrypted).value()
                      : bootferry::prepareWritePartition(disk, imageEnd,
                                                         {.filesystem = argv[2], .encrypted = encrypted});
        fmt::print("{} {} {}\n", partition.node, partition.filesystem, partition.made ? "made" : "found");
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return EXIT_FAILURE;
    }
}
