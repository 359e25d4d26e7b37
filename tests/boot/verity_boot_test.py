# SPDX-License-Identifier: LGPL-2.1-or-later
"""An image whose blocks are verified when they are read, and what becomes of one that is damaged.

Two machines: one boots an ISO, the other one ends in the emergency shell because of a wrong root hash, before its image,
a squashfs, is fetched. In that shell there is all that a boot has, so that the image is deployed there and
bootferry-live-root is called with the right root hash; and for an ISO file on a disk, with none. The image has a damaged block.
"""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile

import boot_case
import emergency_shell
import machine
import tap


class RightHash(boot_case.BootCase):
    """An ISO as KIWI makes it: its initrd states the root hash, and the tree is behind the file system in squashfs.img."""

    @classmethod
    def image(cls):
        return cls.images.verity_iso()

    @classmethod
    def build_initrd(cls):
        return cls.images.verity_initrd(cls.iso.parent / "table")

    def test_the_root_is_mounted_from_a_verified_device(self):
        with self.serve() as server, self.boot(f"http://{machine.HOST}:{server.port}/{self.iso.name}") as guest:
            report = boot_case.Report(guest)
        mounts = report.mounts()
        self.assertEqual(mounts["/"][:2], ("overlay", "LiveOS_rootfs"))
        self.assertEqual(mounts["/run/overlay/squashfs_container"][:2], ("squashfs", "/dev/dm-0"))
        self.assertEqual(mounts["/run/overlay/rootfsbase"][0], "ext4")
        self.assertRegex(mounts["/run/overlay/rootfsbase"][1], "^/dev/loop")
        self.assertEqual([line for line in report.all("failed") if "bootferry" in line or "sysroot" in line], [])
        self.assertRegex(report.all("verity")[0], r"^CRYPT-VERITY-\w+-bootferry_root$")
        self.assertTrue([line for line in report.all("journal") if "is verified when it is read" in line])


class WrongHash(boot_case.BootCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.served = cls.work / "served"
        cls.served.mkdir(exist_ok=True)
        cls.served_image = cls.served / "live.squashfs"
        shutil.copy(cls.iso, cls.served_image)
        # The same tree twice, beside the image and behind it: with one salt, they have one root hash.
        cls.size = cls.served_image.stat().st_size
        cls.hash = cls.format(cls.served_image, cls.served / "live.squashfs.verity", "--salt=00ff")
        appended = cls.format(cls.served_image, cls.served_image, "--salt=00ff", f"--hash-offset={cls.size}",
                              f"--data-blocks={cls.size // 4096}")
        assert appended == cls.hash
        cls.damaged = cls.size // 2 // 4096  # of the image's blocks
        with open(cls.served_image, "r+b") as image:
            image.seek(cls.damaged * 4096)
            image.write(b"damaged")
        wrong = "0" * len(cls.hash)
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        server = stack.enter_context(cls.serve(cls.served))
        cls.guest = cls.machine(f"root=live:{cls.url(server)} rd.bootferry.roothash={wrong} SYSTEMD_SULOGIN_FORCE=1",
                                "wrong", extra=cls.disk_with_an_iso_file(stack))
        stack.callback(cls.guest.stop)
        shell = emergency_shell.EmergencyShell(cls.guest.start())
        cls.console, cls.run_in_shell = shell.console, shell.run
        cls.before = cls.run_in_shell("ls /run/bootferry/image")
        status, output = cls.run_in_shell(f"bootferryctl deploy {cls.url(server)} /dev/ram0")
        assert status == 0, output

    @classmethod
    def image(cls):
        return cls.images.live_squashfs()

    @classmethod
    def build_initrd(cls):
        return cls.images.verity_initrd()

    @staticmethod
    def format(image, tree, *options):
        made = subprocess.run(["veritysetup", "format", *options, image, tree], check=True, capture_output=True,
                              text=True).stdout
        return re.search(r"Root hash:\s*([0-9a-f]+)", made)[1]

    @classmethod
    def disk_with_an_iso_file(cls, stack):
        """In a folder of an ext4, as a user has it."""
        iso, disk = cls.images.live_iso(), cls.work / "isos.disk"
        with tempfile.TemporaryDirectory(dir=cls.work) as folder:
            (pathlib.Path(folder) / "isos").mkdir()
            shutil.copy(iso, pathlib.Path(folder) / "isos/live.iso")
            size = iso.stat().st_size // (1 << 20) + 64
            subprocess.run(["mkfs.ext4", "-q", "-F", "-d", folder, disk, f"{size}M"], check=True, capture_output=True)
        stack.callback(disk.unlink)
        quoted = str(disk).replace(",", ",,")
        return ["-drive", f"if=none,id=isos,format=raw,readonly=on,file={quoted}", "-device", "virtio-blk-pci,drive=isos"]

    @classmethod
    def url(cls, server):
        return f"http://{machine.HOST}:{server.port}/{cls.served_image.name}"

    def live_root(self, name, tree="--verity-tree=/run/bootferry/verity"):
        return self.run_in_shell(f"/usr/lib/bootferry/bootferry-live-root --run-dir=/run/{name} "
                                 f"--roothash={self.hash} {tree} /dev/ram0")

    def unmount(self, name):
        # The kernel removes the device a moment after its last user.
        self.run_in_shell(f"cd /run/{name}; umount overlayfs rootfsbase squashfs_container; cd /; i=0; "
                          "while [ -e /sys/block/dm-0 ] && [ $i -lt 300 ]; do sleep 1; i=$((i+1)); done")

    def test_1_the_reason_is_last_and_nothing_was_deployed(self):
        self.assertNotEqual(self.before[0], 0, self.before[1])
        self.assert_reason_is_last(self.console, rf"the root hash is\s+{self.hash}, and\s+0+ is\s+expected")

    def test_1_a_kernel_module_that_is_missing_is_named(self):
        status, output = self.run_in_shell("rm /usr/lib/modules/*/kernel/drivers/md/dm-crypt.ko*")
        self.assertEqual(status, 0, output)
        self.assertEqual(self.run_in_shell("/usr/lib/bootferry/bootferry-live-root --can=verify")[0], 0)
        status, output = self.run_in_shell("/usr/lib/bootferry/bootferry-live-root --can=verify --can=encrypt")
        self.assertEqual(status, 1)
        self.assertIn("cannot encrypt the changes that are kept: the module 'dm_crypt' is not in the initrd",
                      " ".join(output.split()))

    def test_1_an_iso_file_on_a_disk_is_found(self):
        status, output = self.run_in_shell("/usr/lib/bootferry/bootferry-live-root --run-dir=/run/iso "
                                           "--iso-scan=isos/live.iso /dev/disk/by-label/CDROM")
        self.assertEqual(status, 0, output)
        self.assertIn("the medium is 'isos/live.iso' on '/dev/vda' (ext4)", " ".join(output.split()))
        mounts = self.run_in_shell("cat /proc/mounts")[1]
        self.assertRegex(mounts, r"/dev/vda /run/initramfs/isoscan ext4 ro,")
        self.assertRegex(mounts, r"/dev/loop\d /run/iso/live iso9660 ro,")
        self.assertRegex(mounts, r"/dev/loop\d /run/iso/rootfsbase ext4 ro,")
        status, output = self.run_in_shell("cd /run/iso; umount overlayfs rootfsbase squashfs_container live && cd / && "
                                           "umount /run/initramfs/isoscan")
        self.assertEqual(status, 0, output)

    def test_2_the_right_hash_mounts_and_leaves_nothing(self):
        status, output = self.live_root("right")
        self.assertEqual(status, 0, output)
        self.assertRegex(self.run_in_shell("cat /proc/mounts")[1], r"/dev/dm-0 \S+ squashfs ro")
        self.assertIn("bootferry_root", self.run_in_shell("cat /sys/block/dm-0/dm/name")[1])
        self.unmount("right")
        self.assertNotIn("dm-0", self.run_in_shell("ls /sys/block")[1])
        self.assertNotIn("bootferry/verity", self.run_in_shell("cat /sys/block/loop*/loop/backing_file")[1])

    def test_3_a_tree_behind_the_image(self):
        status, output = self.live_root("behind", f"--verity-offset={self.size}")
        self.assertEqual(status, 0, output)
        self.assertIn("/dev/dm-0 /run/behind/squashfs_container squashfs ro", self.run_in_shell("cat /proc/mounts")[1])
        self.unmount("behind")
        self.assertNotIn("dm-0", self.run_in_shell("ls /sys/block")[1])

    def test_4_a_damaged_block_is_refused_and_named(self):
        status, output = self.live_root("damaged")
        self.assertEqual(status, 0, output)
        status, output = self.run_in_shell("cat /dev/dm-0 > /dev/null")
        self.assertEqual(status, 1)
        self.assertIn("Input/output error", output)
        self.assertRegex(output, rf"device-mapper: verity: 1:0: data block {self.damaged} is corrupted")
        self.unmount("damaged")

    def test_5_a_damaged_beginning_fails_with_the_name_of_the_image(self):
        # Behind the superblock of the squashfs, in its first block.
        self.run_in_shell("exec 3<>/dev/ram0; LC_ALL=C read -r -N 2000 -u 3 x; echo damaged >&3; exec 3>&-")
        status, output = self.live_root("beginning")
        self.assertEqual(status, 1)
        self.assertRegex(output, r"is damaged or cannot be read; nothing that does not match")
        self.assertNotIn("dm-0", self.run_in_shell("ls /sys/block")[1])


if __name__ == "__main__":
    tap.main()
