// SPDX-License-Identifier: LGPL-2.1-or-later
// The file system that keeps the running system's changes, wherever it lies: what is taken for one, how one
// is made and checked, and how an encrypted one is made and opened.
#pragma once

#include <cstdint>
#include <string>

#include "handles.h"
#include "live_image.h"
#include "luks_device.h"
#include "passphrase.h"

namespace bootferry {

inline constexpr const char* overlayLabel = "cow";
inline constexpr const char* encryptedLabel = "lukscow";

struct WritePartition {
    std::string node;       // what is mounted; of an encrypted one, the device that decrypts it
    std::string partition;  // for people
    std::string filesystem; // "ext4", "xfs", "btrfs"
    bool encrypted = false;
    bool made = false; // created by this call
    UniqueFd held;     // open for reading; keeps the node from becoming another partition's
};

struct NewPartition {
    std::string filesystem;
    bool encrypted = false;
};

enum class Use { Write, Show };

// What a new file system lies on. The space of a file is allocated, and stays so: nothing is discarded.
enum class Backing { Device, File };

// What messages say about the place of the changes.
struct OverlayPlace {
    std::string name;        // "/dev/sda3"
    std::string remake;      // how to get a new one, as a clause: "recreate it with rd.kiwi.live.reset"
    std::string ifForgotten; // of PassphraseSource
    bool isLabelled = true;  // the file system must have the label
    std::string lookedAt;    // where one without it is mounted for a moment; a folder, created and removed
};

// The bytes that one needs with some free space.
[[nodiscard]] std::uint64_t smallestFor(const NewPartition& wanted);

// Throws Error(Unsupported) if the initrd has no program for it, Error(Io).
void makeFilesystem(const std::string& node, const std::string& filesystem,
                    Backing backing = Backing::Device);

// node: what is checked. Throws Error(Io) if it is damaged.
void checkFilesystem(const std::string& node, const std::string& filesystem, const OverlayPlace& place);

// A file system of a supported kind that mkfs has finished.
[[nodiscard]] bool isWholeFilesystem(const UniqueFd& fd, const Contents& contents);
// That, with the label of a partition for changes.
[[nodiscard]] bool isOverlay(const UniqueFd& fd, const Contents& contents);
[[nodiscard]] bool isEncryptedOverlay(const Contents& contents);

// Throws Error(Io) if the file system has no label and holds something else than changes. It is not written
// to.
void requireChanges(const std::string& node, const Contents& contents, const OverlayPlace& place);

// The file system in an encrypted device. Throws Error(Io) if there is none.
[[nodiscard]] WritePartition insideOf(const OverlayPlace& place, OpenCryptDevice device, Use use);

// Asks for the passphrase until it is right. Throws as PassphraseSource and openLuks() do.
[[nodiscard]] WritePartition openEncrypted(const std::string& node, const OverlayPlace& place, Access access,
                                           Use use);

// Makes an encrypted file system on the device, and returns its key. The kernel may take a moment to remove
// the decrypting device, and the one that is mounted will be named otherwise.
[[nodiscard]] Secret makeEncrypted(const std::string& node, const std::string& filesystem,
                                   const Secret& passphrase);

} // namespace bootferry
