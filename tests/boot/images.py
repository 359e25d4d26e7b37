# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds what the boot tests boot: a live ISO in KIWI's layout, and an initrd from dracut.

The initrd is built as an administrator builds it, by `dracut --add bootferry` on a Debian that has
bootferry installed. That Debian is a tree of its own (mmdebstrap), seen with this build's `meson
install` laid over it in a private mount namespace: the machine the tests run on gets no dracut, no
second kernel and no file of ours, and whatever ends the test ends its mounts as well.

What is expensive is kept in a cache folder under a name that holds a hash of all that went into it.
"""

import contextlib
import fcntl
import hashlib
import inspect
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import luks  # noqa: E402

# The release of Debian that is booted. A library's package with another name in a later one (libcurl4t64) provides that of
# the earlier one.
SUITE = os.environ.get("BOOTFERRY_TEST_SUITE", "bookworm")
_KIWI_SUITE = "bookworm"  # the last release that has KIWI
_HERE = pathlib.Path(__file__).resolve().parent

# The booted system: systemd, a login prompt, nothing else.
_LIVE_PACKAGES = ["systemd-sysv", "udev", "dbus", "kmod", "login", "util-linux", "procps"]

# What Debian installs with them and no boot reads: half of the image that each boot carries.
_LIVE_UNUSED = [
    "usr/share/perl", "usr/share/perl5", "usr/lib/x86_64-linux-gnu/perl", "usr/lib/x86_64-linux-gnu/gconv",
    "usr/lib/udev/hwdb.d", "usr/lib/udev/hwdb.bin",
]

# The administrator's machine: a kernel, dracut with its network backends, and what our programs are
# linked with or look for. The cloud kernel has every driver a QEMU guest needs but that of the VGA's screen, and under
# emulation it is through to the initrd in half of the time.
_MACHINE_PACKAGES = [
    "linux-image-cloud-amd64", "dracut", "dracut-network", "systemd-sysv", "udev", "dbus", "kmod",
    "iproute2", "procps", "isc-dhcp-client", "iputils-arping", "ca-certificates", "binutils",
    "libcurl4", "libsystemd0", "libmount1", "libblkid1", "libfdisk1",
    "libkmod2", "libseccomp2", "libssl3", "zlib1g", "liblzma5", "libzstd1", "zstd",
    "e2fsprogs", "xfsprogs", "btrfs-progs",
    "libcryptsetup12", "libarchive13" if SUITE == "bookworm" else "libarchive13t64",
    *(["libnfs13"] if SUITE == "bookworm" else []),  # a later one is not compatible, and does not have this name
]

# What makes of it a machine with a boot splash, and with a kernel that has the screen (vesafb): laid over it as a tree
# of its own, because every initrd gets larger by it, and few tests want that.
_SPLASH_PACKAGES = ["linux-image-amd64", "plymouth", "plymouth-themes", "plymouth-label"]

# The machine somebody builds live media on: KIWI, and the tools it calls for a live ISO.
_KIWI_PACKAGES = [
    "kiwi", "ca-certificates", "debian-archive-keyring", "dosfstools", "e2fsprogs", "gnupg", "kpartx", "mtools",
    "qemu-utils", "rsync", "squashfs-tools", "xorriso",
]

# Kernel modules that a QEMU guest may need. Without the others dracut is done in seconds, and the
# initrd is small enough for TFTP under emulation; dracut itself runs with its defaults.
_KERNEL_MODULES = "|".join([
    "arch/", "crypto/", "lib/", "block/", "net/core/", "net/packet/", "net/ipv6/", "net/unix/",
    "fs/(isofs|squashfs|erofs|overlayfs|ext4|xfs|btrfs|jbd2|mbcache|fat|nls|fuse|efivarfs|binfmt_misc)",
    "drivers/(virtio|cdrom|nvme/host|dax|char/hw_random|ptp|pps|ata/(libata|libahci|ahci|ata_piix|ata_generic))",
    "drivers/block/(brd|loop|nbd|virtio_blk)", "drivers/scsi/(scsi_mod|scsi_common|sd_mod|sr_mod|virtio_scsi)",
    "drivers/firmware/(dmi-sysfs|qemu_fw_cfg)",
    "drivers/net/(virtio_net|net_failover|ethernet/intel/(e1000|e1000e)/)", "drivers/md/dm-(mod|verity|bufio|crypt)",
])

_TRIM = [f"--dpkgopt=path-exclude={path}" for path in (
    "/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*",
    "/usr/share/i18n/*", "/usr/share/zoneinfo/*")]

# For every kernel here, because it is emulated. Such a processor leaks nothing, and mitigations are expensive there, as is
# filling each page with zeros when it is allocated. And QEMU finds what it has translated by address: with the same addresses
# in each process, a library is translated once, which is a quarter of a boot's processor time.
EMULATED = "mitigations=off init_on_alloc=0 norandmaps"

# Run by `unshare`, so that it is alone with its mounts: lays trees over each other, the first
# uppermost, and runs a command with the result as its root. $1: scratch, $2: a folder that appears
# there as /mnt, $3...: trees, --, command. The trees are bound to plain names first, because
# overlayfs takes ':' and ',' in a path for its own.
_IN_LAYERS = r"""
set -e
scratch=$1 exchange=$2; shift 2
mount -t tmpfs -o mode=755 scratch "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root" "$scratch/exchange"
mount --bind "$exchange" "$scratch/exchange"
lower=
while [ "$1" != -- ]; do
    mkdir "$scratch/$#"
    mount --bind "$1" "$scratch/$#"
    lower=${lower:+$lower:}$scratch/$#
    shift
done
shift
root=$scratch/root
mount -t overlay -o "lowerdir=$lower,upperdir=$scratch/upper,workdir=$scratch/work" layers "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/var/tmp"
mount -t tmpfs tmpfs "$root/run"
mount --bind "$scratch/exchange" "$root/mnt"
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
"""


class BuildError(RuntimeError):
    pass


def _run(command, log=None, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", **options)
    if log is not None:
        pathlib.Path(log).write_text(done.stdout)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-30:])
        raise BuildError(f"{command[0]} ended with status {done.returncode}:\n{tail}")
    return done.stdout


def _digest(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode())
    return digest.hexdigest()[:16]


def _files_digest(root):
    """A hash over names, modes and contents of a tree."""
    root = pathlib.Path(root)
    entries = []
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = (os.readlink(path) if path.is_symlink() else
                   hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        entries.append((str(path.relative_to(root)), status.st_mode, content))
    return _digest(entries)


def _roomy(tree):
    """The size of a file system that the tree leaves room in."""
    used = int(_run(["du", "-sm", "--apparent-size", tree]).split()[0])
    return f"{used + used // 4 + 64}M"


def _squash(folder, image):
    image.parent.mkdir(parents=True, exist_ok=True)
    _run(["mksquashfs", folder, image, "-comp", "zstd", "-Xcompression-level", "9", "-quiet", "-no-progress"])


class Images:
    """The cache. Each method returns the path of an artefact, building it first where it is missing."""

    def __init__(self, cache, build=None):
        self.cache = pathlib.Path(cache).resolve()
        self._build = build and pathlib.Path(build).resolve()
        self._packages = os.environ.get("BOOTFERRY_PACKAGES")
        self._installed = None
        self.cache.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def _locked(self, name):
        with open(self.cache / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _cached(self, name, key, build):
        """Calls build(folder) unless NAME-KEY is there; an older NAME-* is replaced."""
        final = self.cache / f"{name}-{key}"
        with self._locked(name):
            if final.exists():
                return final
            for old in self.cache.iterdir():
                if re.fullmatch(f"{name}-([0-9a-f]{{16}}|partial)", old.name):
                    shutil.rmtree(old)
            partial = self.cache / f"{name}-partial"
            partial.mkdir()
            print(f"# building {name}", file=sys.stderr, flush=True)
            build(partial)
            partial.rename(final)
        return final

    def _base_tree(self, suite=SUITE):
        """What every tree of that release begins with: the packages of the booted system, and apt's lists."""
        return self._cached(f"base-{suite}", _digest(suite, _LIVE_PACKAGES, _TRIM, 1), lambda folder:
                            self._mmdebstrap(folder / "tree", _LIVE_PACKAGES, suite)) / "tree"

    def _extend(self, folder, packages, suite=SUITE):
        """The base with more packages, as folder/tree."""
        install = ("set -e; export DEBIAN_FRONTEND=noninteractive INITRD=No; "
                   "apt='apt-get -qq -o APT::Sandbox::User=root -o Dpkg::Options::=--force-unsafe-io'; "
                   f"$apt install --no-install-recommends --yes {' '.join(packages)}; $apt clean; "
                   "rm -r /var/lib/apt/lists; cp --archive --one-file-system / /mnt/tree")
        host = folder / "host"
        (host / "etc").mkdir(parents=True)
        shutil.copy("/etc/resolv.conf", host / "etc")  # that of today, and not of when the base was built
        self._in_layers([host, self._base_tree(suite)], ["sh", "-c", install], folder, folder / "apt.log")
        (folder / "tree/etc/resolv.conf").unlink()
        shutil.rmtree(host)

    @staticmethod
    def _mmdebstrap(target, packages, suite=SUITE):
        # Through a tar file: apt's configuration knows no quoting for a path as a checkout may have.
        target.mkdir()
        archive = target.with_suffix(".tar")
        with open(archive, "wb") as tar:
            done = subprocess.run(
                ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(packages)}",
                 "--format=tar", "--dpkgopt=force-unsafe-io", "--skip=cleanup/apt", *_TRIM, suite, "-"],
                stdin=subprocess.DEVNULL, stdout=tar, stderr=subprocess.PIPE, text=True,
                env={**os.environ, "INITRD": "No", "DEBIAN_FRONTEND": "noninteractive", "TMPDIR": "/var/tmp"})
        if done.returncode != 0:
            tail = "\n".join(done.stderr.splitlines()[-30:])
            raise BuildError(f"mmdebstrap ended with status {done.returncode}:\n{tail}")
        _run(["tar", "--extract", "--xattrs", "--xattrs-include=*", "--numeric-owner", "--exclude=./dev/*",
              "--file", archive, "--directory", target])
        archive.unlink()

    # The administrator's machine

    def machine_tree(self):
        def build(folder):
            self._extend(folder, _MACHINE_PACKAGES)
            self._trim_modules(folder / "tree")
        key = _digest(self._base_tree().parent.name, _MACHINE_PACKAGES, _KERNEL_MODULES, 2)
        return self._cached("machine", key, build) / "tree"

    @staticmethod
    def _trim_modules(tree):
        version = next((tree / "usr/lib/modules").iterdir()).name
        modules = tree / "usr/lib/modules" / version
        for module in modules.rglob("*.ko"):
            if not re.match(f"kernel/({_KERNEL_MODULES})", str(module.relative_to(modules))):
                module.unlink()
        with tempfile.TemporaryDirectory() as root:  # depmod looks in lib/, which is a link where Debian is whole
            pathlib.Path(root, "lib").symlink_to(tree / "usr/lib")
            _run(["depmod", "-b", root, version])

    def kernel(self):
        return next((self.machine_tree() / "boot").glob("vmlinuz-*"))

    def splash_kernel(self):
        return next((self.splash_tree() / "boot").glob("vmlinuz-*"))

    def in_machine(self, command, exchange, *, over=(), log=None):
        """Runs `command` on the administrator's machine; `exchange` is its /mnt, `over` lies over it."""
        return self._in_layers([*over, self.machine_tree()], command, exchange, log)

    @staticmethod
    def _in_layers(trees, command, exchange, log=None):
        with tempfile.TemporaryDirectory(prefix="bootferry-layers-") as scratch:
            return _run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _IN_LAYERS, "sh",
                         scratch, exchange, *trees, "--", *command], log=log)

    def splash_tree(self):
        """To be laid over the machine: plymouth, as apt-get installs it there, with the theme `spinner`; a kernel."""
        install = ("set -e; touch /mnt/before; export DEBIAN_FRONTEND=noninteractive INITRD=No; "
                   "apt='apt-get -qq -o APT::Sandbox::User=root -o Dpkg::Options::=--force-unsafe-io'; "
                   f"$apt update; $apt install --no-install-recommends --yes {' '.join(_SPLASH_PACKAGES)}; "
                   "plymouth-set-default-theme spinner; "
                   "find /boot /etc /usr -xdev -cnewer /mnt/before ! -type d -print0 "
                   "| tar --create --null --files-from=- --file=/mnt/tree.tar")

        def build(folder):
            host = folder / "host"
            (host / "etc").mkdir(parents=True)
            shutil.copy("/etc/resolv.conf", host / "etc")  # that of today, and not of when the tree was built
            self.in_machine(["sh", "-c", install], folder, over=[host], log=folder / "apt.log")
            (folder / "tree").mkdir()
            _run(["tar", "--extract", "--file", folder / "tree.tar", "--directory", folder / "tree"])
            (folder / "tree/etc/resolv.conf").unlink(missing_ok=True)
            self._trim_modules(folder / "tree")
            (folder / "tree.tar").unlink()
            shutil.rmtree(host)
        key = _digest(self.machine_tree().parent.name, _SPLASH_PACKAGES, _KERNEL_MODULES, install)
        return self._cached("splash-machine", key, build) / "tree"

    def _installed_packages(self):
        """What dpkg and the scripts of the packages add to the administrator's machine."""
        packages = sorted(path for path in pathlib.Path(self._packages).glob("*.deb") if "-dbgsym_" not in path.name)
        if not packages:
            raise BuildError(f"there are no packages in {self._packages}")
        # Inside, /lib is a link to usr/lib: what a package has in /lib is found there.
        install = ("set -e; touch /mnt/before; DEBIAN_FRONTEND=noninteractive dpkg --install /mnt/*.deb; "
                   "find /etc /usr /var/lib/systemd -xdev -cnewer /mnt/before ! -type d -print0 "
                   "| tar --create --null --files-from=- --file=/mnt/tree.tar")

        def build(folder):
            for package in packages:
                shutil.copy(package, folder)
            self.in_machine(["sh", "-c", install], folder, log=folder / "dpkg.log")
            (folder / "tree").mkdir()
            _run(["tar", "--extract", "--file", folder / "tree.tar", "--directory", folder / "tree"])
            (folder / "tree.tar").unlink()
        key = _digest(self.machine_tree().parent.name, install, [path.read_bytes() for path in packages])
        return self._cached("installed-packages", key, build) / "tree"

    def installed(self):
        """This build's `meson install`, in a folder of its own; with BOOTFERRY_PACKAGES, the packages of that folder."""
        if self._installed is None and self._packages:
            self._installed = self._installed_packages()
        if self._installed is None:
            with self._locked("install"), tempfile.TemporaryDirectory(dir=self.cache) as scratch:
                tree = pathlib.Path(scratch, "tree")
                _run(["meson", "install", "-C", self._build, "--no-rebuild", "--quiet", "--destdir", tree])
                self._installed = self._cached("installed", _files_digest(tree),
                                               lambda folder: tree.rename(folder / "tree")) / "tree"
        return self._installed

    def verity_initrd(self, table=None):
        """With what dm-verity needs. `table` is a tree with an /etc/veritytab, which is in the initrd then."""
        with tempfile.TemporaryDirectory(dir=self.cache) as folder:
            conf = pathlib.Path(folder, "etc/dracut.conf.d/verity.conf")
            conf.parent.mkdir(parents=True)
            conf.write_text('bootferry_verity="yes"\n')
            if table:
                return self.initrd("initrd-veritytab", ["--include", "/etc/veritytab", "/etc/veritytab"], [folder, table])
            return self.initrd("initrd-verity", over=[folder])

    def sealed_initrd(self):
        """With what dm-verity and an encrypted overlay need."""
        with tempfile.TemporaryDirectory(dir=self.cache) as folder:
            conf = pathlib.Path(folder, "etc/dracut.conf.d/sealed.conf")
            conf.parent.mkdir(parents=True)
            conf.write_text('bootferry_verity="yes"\nbootferry_encryption="yes"\n')
            return self.initrd("initrd-sealed", over=[folder])

    def splash_initrd(self):
        return self.initrd("initrd-splash", over=[self.splash_tree()], kernel=self.splash_kernel())

    def initrd(self, name="initrd", arguments=(), over=(), kernel=None):
        """`dracut --add bootferry` with more arguments; `over` are trees with files of the test's own."""
        installed = self.installed()
        key = _digest(self.machine_tree().parent.name, installed.parent.name, list(arguments),
                      [_files_digest(tree) for tree in over])

        def build(folder):
            version = (kernel or self.kernel()).name.removeprefix("vmlinuz-")
            # dracut's own --zstd is level 15, which takes 20 s of a processor for 5 MB.
            self.in_machine(["dracut", "--force", "--no-hostonly", "--compress", "zstd -1 -q", "--add", "bootferry",
                             *arguments, "--kver", version, "/mnt/initrd"],
                            folder, over=[*over, installed], log=folder / "dracut.log")
        return self._cached(name, key, build) / "initrd"

    def devices_initrd(self, program):
        """A test program with what it needs, to be run by devices-init: no dracut, no systemd."""
        init = _HERE / "devices-init"
        modules = ["brd", "dm-mod", "loop", "nbd", "squashfs"]

        def build(folder):
            root, version = folder / "root", self.kernel().name.removeprefix("vmlinuz-")
            for name in ("dev", "proc", "sys", "run", "tmp", "bin", "squashfs"):
                (root / name).mkdir(parents=True)
            for source, target in ((init, "init"), (program, "test-system"), ("/bin/bash", "bin/bash"),
                                   ("/bin/mount", "bin/mount"), ("/bin/sleep", "bin/sleep")):
                shutil.copy(source, root / target)
            for library in sorted(set(re.findall(r"(/\S+) \(0x", _run(["ldd", program, "/bin/bash", "/bin/mount"])))):
                (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, root / library[1:])
            tree = self.machine_tree() / "usr/lib/modules" / version
            target = root / "lib/modules" / version
            for module in (path for path in tree.rglob("*.ko") if path.stem in modules):
                (target / module.relative_to(tree)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(module, target / module.relative_to(tree))
            _run(["depmod", "-b", root, version])
            content = folder / "content"
            content.mkdir()
            (content / "bytes").write_bytes(b"".join(hashlib.sha256(b"%d" % block).digest() for block in range(1 << 16)))
            shutil.copy(content / "bytes", root / "squashfs/bytes")
            _run(["mksquashfs", content, root / "squashfs/squashfs.img", "-noD", "-quiet", "-no-progress"])
            _run(["sh", "-c", 'cd "$1" && find . | cpio --quiet -o -H newc > "$2"', "sh", root, folder / "initrd"])
            shutil.rmtree(root)
            shutil.rmtree(content)
        key = _digest(self.machine_tree().parent.name, program.read_bytes(), init.read_text(), inspect.getsource(build))
        return self._cached("devices-initrd", key, build) / "initrd"

    # The live media

    def live_tree(self):
        """The system that every live medium of ours holds, as a folder."""
        payload = _HERE / "live"

        def build(folder):
            _run(["cp", "-a", self._base_tree(), folder / "tree"])
            for path in _LIVE_UNUSED:
                subprocess.run(["rm", "-r", folder / "tree" / path], check=True)
            self._install_report(folder / "tree", payload)
        key = _digest(SUITE, _LIVE_PACKAGES, _LIVE_UNUSED, _TRIM, _files_digest(payload), 1)
        return self._cached("live-tree", key, build) / "tree"

    @staticmethod
    def _install_report(tree, payload):
        shutil.copy(payload / "report", tree / "usr/local/sbin/report")
        for unit in ("report.service", "report-early.service"):
            shutil.copy(payload / unit, tree / "etc/systemd/system" / unit)
            _run(["systemctl", "--quiet", "--root", tree, "enable", unit])
        (tree / "etc/hostname").write_text("live\n")
        _run(["chroot", tree, "passwd", "--quiet", "--delete", "root"])  # a person who watches can log in
        for leftover in ("var/lib/apt/lists", "var/cache/apt"):
            shutil.rmtree(tree / leftover)

    def _live(self, name, build, *parts):
        """An image made of the live tree, and of the parts, by build(tree, file, scratch)."""
        def build_in(folder):
            scratch = folder / "scratch"
            scratch.mkdir()
            build(self.live_tree(), folder / name, scratch)
            shutil.rmtree(scratch)
        key = _digest(self.live_tree().parent.name, inspect.getsource(build), *parts, 1)
        return self._cached(name.replace(".", "-"), key, build_in) / name

    def live_iso(self):
        """A hybrid ISO as KIWI makes it: label CDROM, LiveOS/squashfs.img holding LiveOS/rootfs.img."""
        def build(tree, image, scratch):
            (scratch / "squashfs/LiveOS").mkdir(parents=True)
            _run(["mkfs.ext4", "-q", "-L", "ROOT", "-d", tree, scratch / "squashfs/LiveOS/rootfs.img", _roomy(tree)])
            _squash(scratch / "squashfs", scratch / "iso/LiveOS/squashfs.img")
            self._make_iso(scratch / "iso", image)
        return self._live("live.iso", build)

    def large_iso(self):
        """The same ISO with a file of 240 MiB that no boot reads, and that cannot be compressed."""
        def build(tree, image, scratch):
            _run(["cp", "-a", tree, scratch / "tree"])
            (scratch / "tree/ballast").write_bytes(os.urandom(240 << 20))
            (scratch / "squashfs/LiveOS").mkdir(parents=True)
            _run(["mkfs.ext4", "-q", "-L", "ROOT", "-d", scratch / "tree", scratch / "squashfs/LiveOS/rootfs.img",
                  _roomy(scratch / "tree")])
            _squash(scratch / "squashfs", scratch / "iso/LiveOS/squashfs.img")
            self._make_iso(scratch / "iso", image)
        return self._live("large.iso", build)

    def verity_iso(self):
        """The same ISO with a hash tree behind the file system in squashfs.img; beside it, in the folder table, the
        /etc/veritytab that KIWI writes for such an image."""
        iso = self.live_iso()

        def build(folder):
            squashfs = folder / "iso/LiveOS/squashfs.img"
            squashfs.parent.mkdir(parents=True)
            _run(["xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/LiveOS/squashfs.img", squashfs])
            squashfs.chmod(0o644)
            size = squashfs.stat().st_size
            made = subprocess.run(["veritysetup", "format", squashfs, squashfs, f"--hash-offset={size}",
                                   f"--data-blocks={size // 4096}"], check=True, capture_output=True, text=True).stdout
            table = folder / "table/etc/veritytab"
            table.parent.mkdir(parents=True)
            roothash = re.search(r"Root hash:\s*([0-9a-f]+)", made)[1]
            table.write_text(f"verityroot PLACEHOLDER PLACEHOLDER {roothash} hash-offset={size},hash-block-size=4096\n")
            self._make_iso(folder / "iso", folder / "live.iso")
            shutil.rmtree(folder / "iso")
        return self._cached("verity-iso", _digest(iso.parent.name, 1), build) / "live.iso"

    def sealed_iso(self, passphrase):
        """An ISO whose LiveOS/squashfs.img is encrypted, as KIWI does it: in it are an erofs with a root tree, and a hash
        tree behind that; the root hash and the place of the hash tree are in files beside the ISO."""
        def build(tree, image, scratch):
            erofs = scratch / "erofs"
            _run(["mkfs.erofs", "-zlz4", erofs, tree])
            size = erofs.stat().st_size
            made = _run(["veritysetup", "format", erofs, erofs, f"--hash-offset={size}", f"--data-blocks={size // 4096}"])
            (image.parent / "roothash").write_text(re.search(r"Root hash:\s*([0-9a-f]+)", made)[1])
            (image.parent / "offset").write_text(str(size))
            (scratch / "iso/LiveOS").mkdir(parents=True)
            luks.encrypt(erofs, scratch / "iso/LiveOS/squashfs.img", passphrase)
            erofs.unlink()
            self._make_iso(scratch / "iso", image)
        return self._live("sealed.iso", build, inspect.getsource(luks), passphrase)

    def bootable_iso(self):
        """The same ISO with a kernel, and an initrd with bootferry, where KIWI has them."""
        kernel, initrd, iso = self.kernel(), self.initrd(), self.live_iso()

        def build(tree, image, scratch):
            _run(["xorriso", "-indev", iso, "-outdev", image, "-boot_image", "any", "replay",
                  "-map", kernel, "/boot/x86_64/loader/linux", "-map", initrd, "/boot/x86_64/loader/initrd"])
        return self._live("bootable.iso", build, initrd.parent.name, iso.parent.name)

    def live_squashfs(self):
        """The root tree as it stands in a squashfs, and no ISO around it."""
        return self._live("live.squashfs", lambda tree, image, scratch: _squash(tree, image))

    def live_erofs(self):
        """The root tree as it stands in an erofs, and no ISO around it."""
        return self._live("live.erofs", lambda tree, image, scratch: _run(["mkfs.erofs", "-zlz4", image, tree]))

    def xfs_iso(self):
        """An ISO with system/today/root.img, which is a squashfs holding LiveOS/rootfs.img, which is an xfs."""
        def build(tree, image, scratch):
            rootfs = scratch / "squashfs/LiveOS/rootfs.img"
            rootfs.parent.mkdir(parents=True)
            _run(["truncate", "--size", "512M", rootfs])
            _run(["mkfs.xfs", "-q", "-L", "ROOT", rootfs])
            _run(["unshare", "--mount", "sh", "-c", 'mount -o loop "$1" /mnt && cp -a "$2/." /mnt && umount /mnt',
                  "sh", rootfs, tree])
            _squash(scratch / "squashfs", scratch / "iso/system/today/root.img")
            self._make_iso(scratch / "iso", image)
        return self._live("xfs.iso", build)

    def installed_iso(self):
        """A live ISO of a system that has bootferry installed, and runs again/again on request."""
        installed, payload = self.installed(), _HERE / "again"
        key = _digest(self.live_tree().parent.name, self.machine_tree().parent.name, installed.parent.name,
                      _files_digest(payload), 1)

        def build(folder):
            tree = folder / "tree"
            _run(["cp", "-a", self.live_tree(), tree])
            for part in (installed, self._libraries(folder, installed)):
                _run(["cp", "-a", "--no-clobber", f"{part}/.", tree])
            shutil.copy(payload / "again", tree / "usr/local/sbin/again")
            shutil.copy(payload / "again.service", tree / "etc/systemd/system/again.service")
            _run(["systemd-sysusers", f"--root={tree}"])
            _run(["systemctl", "--quiet", "--root", tree, "enable", "bootferryd.socket", "again.service"])
            _squash(tree, folder / "iso/LiveOS/squashfs.img")
            self._make_iso(folder / "iso", folder / "installed.iso")
            for scrap in ("tree", "libraries", "iso"):
                shutil.rmtree(folder / scrap)
        return self._cached("installed-iso", key, build) / "installed.iso"

    def _libraries(self, folder, installed):
        """The libraries that the programs are linked with, on the administrator's machine."""
        target = folder / "libraries/usr/lib/x86_64-linux-gnu"
        target.mkdir(parents=True)
        # bootferry-export is for a server: libarchive and its libraries are larger than all others.
        self.in_machine(["sh", "-c", "ldd /usr/bin/bootferryctl $(ls -d /usr/lib/bootferry/* | grep -v bootferry-export) "
                         "/usr/lib/*/bootferry/plugins/*.so | sed -n 's/.* => \\([^ ]*\\).*/\\1/p' | sort -u | "
                         "xargs cp --dereference --target-directory=/mnt/libraries/usr/lib/x86_64-linux-gnu"],
                        folder, over=[installed])
        return folder / "libraries"

    def standalone_iso(self, cmdline):
        """As Debian's live-build makes its ISOs, with our initrd: a disk that holds it boots by itself.

        A root tree in live/filesystem.squashfs; isolinux; MBR, GPT and an Apple partition map at once. A checksum
        is embedded.
        """
        kernel, initrd = self.kernel(), self.initrd()

        def build(tree, image, scratch):
            iso = scratch / "iso"
            _squash(tree, iso / "live/filesystem.squashfs")
            shutil.copy(kernel, iso / "live/vmlinuz")
            shutil.copy(initrd, iso / "live/initrd.img")
            (iso / "isolinux").mkdir()
            shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", iso / "isolinux")
            shutil.copy("/usr/lib/syslinux/modules/bios/ldlinux.c32", iso / "isolinux")
            (iso / "isolinux/isolinux.cfg").write_text(
                "SERIAL 0 115200\nDEFAULT live\nPROMPT 0\nLABEL live\n  KERNEL /live/vmlinuz\n"
                f"  APPEND initrd=/live/initrd.img console=ttyS0 {EMULATED} {cmdline}\n")
            (iso / "efi.img").write_bytes(b"\xeb\x3c\x90" + bytes((1 << 20) - 3))
            # The options of live-build's binary_iso for amd64.
            _run(["xorriso", "-as", "mkisofs", "-quiet", "-V", "DEBIAN_LIVE", "-R", "-r", "-J", "-joliet-long", "-l",
                  "-cache-inodes", "-iso-level", "3", "-isohybrid-mbr", "/usr/lib/ISOLINUX/isohdpfx.bin",
                  "-partition_offset", "16", "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat",
                  "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "-eltorito-alt-boot", "-e", "efi.img",
                  "-no-emul-boot", "-isohybrid-gpt-basdat", "-isohybrid-apm-hfsplus", "-o", image, iso])
            _run(["implantisomd5", image])
        return self._live("standalone.iso", build, initrd.parent.name, EMULATED, cmdline)

    # A live medium of KIWI's own making

    def _kiwi_tree(self):
        key = _digest(self._base_tree(_KIWI_SUITE).parent.name, _KIWI_PACKAGES, 2)
        return self._cached("kiwi-machine", key, lambda folder: self._extend(folder, _KIWI_PACKAGES, _KIWI_SUITE)) / "tree"

    def kiwi_iso(self):
        """What `kiwi-ng system build` makes of the description in kiwi/, with the report service added."""
        description = _HERE / "kiwi"
        key = _digest(self._kiwi_tree().parent.name, _files_digest(description), _files_digest(_HERE / "live"), 1)

        def build(folder):
            self._describe(description, folder / "description")
            host = folder / "host"
            (host / "etc").mkdir(parents=True)
            shutil.copy("/etc/resolv.conf", host / "etc")  # that of today, and not of when the tree was built
            (host / "root/.gnupg").mkdir(parents=True)     # gpg, as KIWI calls it, does not create it
            # INITRD: else dracut's hooks for dpkg make one initrd after the other that nobody uses.
            self._in_layers([host, self._kiwi_tree()],
                            ["env", "INITRD=No", "kiwi-ng", "--debug", "--config", "/mnt/description/kiwi.yml",
                             "system", "build", "--description", "/mnt/description", "--target-dir", "/mnt/out",
                             "--signing-key", f"/usr/share/keyrings/debian-archive-{_KIWI_SUITE}-automatic.gpg"],
                            folder, folder / "kiwi.log")
            next((folder / "out").glob("*.iso")).rename(folder / "kiwi.iso")
            for scrap in ("out", "host", "description"):
                shutil.rmtree(folder / scrap)
        return self._cached("kiwi", key, build) / "kiwi.iso"

    @staticmethod
    def _describe(source, target):
        shutil.copytree(source, target)
        for name, where in (("report", "usr/local/sbin"), ("report.service", "etc/systemd/system")):
            folder = target / "root" / where
            folder.mkdir(parents=True)
            shutil.copy(_HERE / "live" / name, folder)
        (target / "root/etc/hostname").write_text("kiwi\n")
        (target / "root/etc/dracut.conf.d").mkdir()
        (target / "root/etc/dracut.conf.d/fast.conf").write_text('compress="gzip"\n')

    @staticmethod
    def _make_iso(stage, iso):
        (stage / "isolinux").mkdir()
        shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", stage / "isolinux/isolinux.bin")
        # Partition 1 begins at sector 64 with an ISO 9660 of its own, as in KIWI's images.
        _run(["xorriso", "-as", "mkisofs", "-quiet", "-V", "CDROM", "-R", "-J", "-o", iso,
              "-isohybrid-mbr", "/usr/lib/ISOLINUX/isohdpfx.bin", "-partition_offset", "16",
              "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat",
              "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", stage])
