# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks that cannot be read, whose names move, that hold unknown data, or that are in use: data of others
is never overwritten. The faults are made by tests/support/disk_faults.c. Needs root throughout.
"""

import fcntl
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from disk_case import LUKS, LVM, MDRAID_090, MIB, DiskTest, put, run, table  # noqa: E402
from loop_device import LoopDevice  # noqa: E402

SIZE = 64 * MIB
EXT4_COPIES = [8193 * 1024 + 8192 * 1024 * (group - 1) for group in (1, 3, 5, 7)]  # of blocks of 1 KiB


def mkfs(kind, *options):
    return lambda device: run(f"mkfs.{kind}", "-q", *options, device)


def noise(device):
    put(device, (0, random.Random(1).randbytes(SIZE)))


def tar(device):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "words").write_text("somebody's words\n" * 100)
        run("tar", "--create", "--file", device, "--directory", folder, "words")


def beginning_lost(kind, count, *options):
    def prepare(device):
        run(f"mkfs.{kind}", "-q", *options, device)
        put(device, (0, bytes(count)))
    return prepare


def one_bit_flipped(pieces, position):
    def prepare(device):
        put(device, *pieces)
        with open(device, "r+b") as disk:
            disk.seek(position)
            byte = disk.read(1)
            disk.seek(position)
            disk.write(bytes([byte[0] ^ 1]))
    return prepare


SOMEBODYS = {
    "ext4": mkfs("ext4", "-F", "-b", "1024"),
    "btrfs": mkfs("btrfs", "-f", "-M"),
    "swap": lambda device: run("mkswap", device),
    "LUKS": lambda device: put(device, *LUKS),
    "LVM": lambda device: put(device, *LVM),
    "mdraid": lambda device: put(device, (-65536, MDRAID_090)),
    "GPT": lambda device: table(device, "label: gpt\nsize=8MiB\nsize=8MiB\n", p2=LUKS),
    "MBR": lambda device: table(device, "label: dos\nsize=8MiB\nsize=8MiB\n", p2=LVM),
    "random": noise,
    "zeros": lambda device: None,
}
UNKNOWN = {
    "random data": noise,
    "a tar": tar,
    "ext4 whose first 4 KiB are zero": beginning_lost("ext4", 4096, "-F"),
    "ext4 whose first MiB is zero": beginning_lost("ext4", MIB, "-F", "-b", "1024"),
    "ext4 whose first 4 MiB are zero": beginning_lost("ext4", 4 * MIB, "-F", "-b", "1024"),
    "btrfs whose superblock is zero": beginning_lost("btrfs", 128 << 10, "-f", "-M"),
    "a few bytes at the end": lambda device: put(device, (-7, b"the end")),
    "a few bytes in the middle": lambda device: put(device, (SIZE // 2, b"the middle")),
    "an LVM label with one flipped bit": one_bit_flipped(LVM, 512 + 40),
}


class FaultsTest(DiskTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.library = cls.shared / "disk_faults.so"
        source = pathlib.Path(__file__).resolve().parent.parent / "support/disk_faults.c"
        run("cc", "-shared", "-fPIC", "-O1", "-o", cls.library, source, "-ldl")

    def start_faulty(self, device=None, **faults):
        """The daemon again, with faults: bad="512-1024", writes="heal" and so on, of disk_faults.c."""
        self.daemon.stop()
        number = os.stat(device or self.device).st_rdev
        environment = {"DISK_FAULT_" + name.upper(): str(value) for name, value in faults.items()}
        self.daemon = self.start_daemon(environment={
            "LD_PRELOAD": str(self.library), "DISK_FAULT_DEVICE": f"{os.major(number)}:{os.minor(number)}",
            **environment})

    def clear(self):
        """Writes zeros and attaches the device anew, so that nothing cached remains."""
        self.daemon.stop()
        self.loop.detach()
        with open(self.backing, "wb") as disk:
            disk.truncate(SIZE)
        self.device = self.attach()

    def other_disk(self):
        backing = self.path / "other"
        with open(backing, "wb") as disk:
            disk.truncate(SIZE)
        run("mkfs.ext4", "-q", "-F", "-L", "somebodys", backing)
        loop = LoopDevice(backing)
        self.addCleanup(loop.detach)
        return loop


    def link(self):
        link = pathlib.Path(f"/dev/bootferry-test-{os.getpid()}")
        self.addCleanup(link.unlink, missing_ok=True)
        return link


class Unreadable(FaultsTest):
    def each(self, places, check):
        for name, prepare in SOMEBODYS.items():
            for place in places:
                with self.subTest(contents=name, place=place):
                    self.clear()
                    prepare(self.device)
                    check(place if place >= 0 else SIZE + place)

    def test_is_refused_with_the_place_and_left_alone(self):
        def check(place):
            before = self.contents()
            self.start_faulty(bad=f"{place}-{place + 512}")
            self.assert_refused(self.deploy(), f"cannot be read at byte {place} (Input/output error)",
                                "rd.kiwi.live.reset", "overwrites it")
            self.assertEqual(self.contents(), before)
        self.each([0, 512, 1024, 4096, 65536, MIB, SIZE // 2, -MIB, -65536, -512], check)

    def test_at_each_copy_of_a_superblock(self):
        for place in EXT4_COPIES:
            with self.subTest(place=place):
                self.clear()
                mkfs("ext4", "-F", "-b", "1024")(self.device)
                self.start_faulty(bad=f"{place}-{place + 512}")
                self.assert_refused(self.deploy(), f"cannot be read at byte {place} ", "its readable part is ext4")

    def test_is_reported_by_fetch_as_well(self):
        for bad, word in (("0-512", "at byte 0 "), (f"{SIZE - 512}-{SIZE}", f"at byte {SIZE - 512} ")):
            number = os.stat(self.device).st_rdev
            result = subprocess.run(
                [os.environ["BOOTFERRYCTL"], "fetch", self.url(), self.device], capture_output=True, text=True,
                env={**os.environ, "LD_PRELOAD": str(self.library), "DISK_FAULT_BAD": bad,
                     "DISK_FAULT_DEVICE": f"{os.major(number)}:{os.minor(number)}"}, timeout=60)
            self.assert_refused(result, "cannot be read", word, "--reset")

    def test_a_deployed_one_as_well(self):
        self.assert_deployed(self.deploy())
        self.start_faulty(bad=f"{SIZE - 512}-{SIZE}")
        self.assert_refused(self.deploy(), "cannot be read at byte", "its readable part is ISO 9660 'CDROM'")
        self.assert_deployed()

    def test_reset_deploys_where_writing_heals(self):
        def check(place):
            self.start_faulty(bad=f"{place}-{place + 512}", writes="heal")
            self.assert_deployed(self.deploy("--reset"))
        self.each([0, 4096, MIB, SIZE // 2, -512], check)

    def test_reset_of_what_does_not_heal_is_refused_and_changes_nothing(self):
        def check(place):
            before = self.contents()
            self.start_faulty(bad=f"{place}-{place + 512}", writes="fail")
            self.assert_refused(self.deploy("--reset"), f"can be neither read nor written at byte {place}")
            self.assertEqual(self.contents(), before)
        self.each([0, 4096, MIB, SIZE // 2, -512], check)

    def test_reset_of_many_places_heals_them_all(self):
        mkfs("ext4", "-F")(self.device)
        places = [*range(0, 10 * 8192, 8192), *range(SIZE - 5 * 8192, SIZE, 8192)]
        self.start_faulty(bad=",".join(f"{place}-{place + 4096}" for place in places), writes="heal")
        self.assert_refused(self.deploy(), "cannot be read at byte 0 and 14 more places")
        self.assert_deployed(self.deploy("--reset"))

    def test_a_disk_that_became_shorter(self):
        """Reading beyond the end of a loop device's file is an I/O error."""
        mkfs("ext4", "-F")(self.device)
        os.truncate(self.backing, SIZE - 65536)
        self.assert_refused(self.deploy(), f"cannot be read at byte {SIZE - 65536} ")
        with open(self.backing, "rb") as disk:
            disk.seek(1080)
            self.assertEqual(disk.read(2), b"\x53\xef")


class Unknown(FaultsTest):
    def test_is_refused_and_left_alone(self):
        for name, prepare in UNKNOWN.items():
            with self.subTest(name):
                self.clear()
                prepare(self.device)
                self.daemon = self.start_daemon()
                before = self.contents()
                self.assert_refused(self.deploy(), "holds ", "rd.kiwi.live.reset")
                self.assertEqual(self.contents(), before)
                self.assert_deployed(self.deploy("--reset"))

    def test_what_was_seen_is_reported(self):
        put(self.device, (12345, b"somebody's words"))
        self.assert_refused(self.deploy(), "holds unknown data (at byte 12345: 'somebody's words'); rd.kiwi.live.reset")

    def test_a_flipped_bit_is_damage(self):
        UNKNOWN["an LVM label with one flipped bit"](self.device)
        self.assert_refused(self.deploy(), "holds damaged LVM physical volume")

    def test_xfs_without_its_superblock(self):
        self.daemon.stop()
        self.loop.detach()
        with open(self.backing, "wb") as disk:
            disk.truncate(320 * MIB)
        self.device = self.attach()
        beginning_lost("xfs", MIB)(self.device)
        self.daemon = self.start_daemon()
        self.assert_refused(self.deploy(), "holds unknown data (at byte ")

    def test_a_large_empty_disk_is_blank(self):
        self.daemon.stop()
        self.loop.detach()
        os.truncate(self.backing, 4_000_787_030_016)
        self.device = self.attach()
        self.daemon = self.start_daemon()
        self.assert_deployed(self.deploy())

    def test_what_was_discarded_is_blank(self):
        put(self.device, (0, b"\xff" * SIZE))
        self.assert_deployed(self.deploy())


class Names(FaultsTest):
    def test_a_name_that_moves_never_leads_to_another_disk(self):
        """The link moves as udev moves a link by label. If it moves before the first opening, the other disk is refused."""
        other = self.other_disk()
        before = other.contents()
        link = self.link()
        for options, first in ([], 1), (["--reset"], 2):
            for nth in range(first, 9):
                with self.subTest(options=options, nth=nth):
                    self.clear()
                    link.unlink(missing_ok=True)
                    link.symlink_to(self.device)
                    self.start_faulty(link=link, nth=nth, other=other.path)
                    result = self.deploy(*options, device=str(link))
                    self.assertEqual(other.contents(), before)
                    if nth > 1:
                        self.assert_deployed(result)
                        self.assertEqual(os.readlink(self.daemon.folder / "image"), self.device)

    def test_fetch(self):
        other = self.other_disk()
        before = other.contents()
        link = self.link()
        for nth in range(1, 7):
            self.clear()
            link.unlink(missing_ok=True)
            link.symlink_to(self.device)
            result = subprocess.run(
                [os.environ["BOOTFERRYCTL"], "fetch", self.url(), link], capture_output=True, text=True, timeout=60,
                env={**os.environ, "LD_PRELOAD": str(self.library), "DISK_FAULT_LINK": str(link),
                     "DISK_FAULT_NTH": str(nth), "DISK_FAULT_OTHER": other.path})
            self.assertEqual(other.contents(), before)
            if nth > 1:
                self.assert_deployed(result)


class Slow(FaultsTest):
    """A disk that does not answer holds up its own transfer, and nothing else."""

    def deploy_held(self):
        self.held = self.path / "held"
        self.addCleanup(self.held.unlink, missing_ok=True)
        self.start_faulty(hold=self.held)
        client = self.enterContext(self.daemon.ctl_running("deploy", self.url(), self.device))
        processes.wait_for(client, self.held.exists)
        return client

    def test_the_service_answers_meanwhile_and_fills_another_disk(self):
        client = self.deploy_held()
        self.assertIn("inspecting", self.daemon.ctl("status", "1").stdout)
        backing = self.path / "other"
        with open(backing, "wb") as disk:
            disk.truncate(SIZE)
        other = LoopDevice(backing)
        self.addCleanup(other.detach)
        self.assertEqual(self.daemon.ctl("deploy", self.url(), other.path).returncode, 0)
        self.assertTrue(self.held.exists())
        self.held.unlink()
        output, _ = client.communicate(timeout=60)
        self.assertEqual(client.returncode, 0, output)
        self.assert_deployed()

    def test_a_cancelled_transfer_ends_when_the_disk_answers(self):
        client = self.deploy_held()
        self.assertEqual(self.daemon.ctl("cancel", "1").returncode, 0)
        self.held.unlink()
        output, _ = client.communicate(timeout=60)
        self.assertEqual(client.returncode, exit_status.INTERRUPTED, output)
        self.assertEqual(self.contents(), bytes(SIZE))

    def test_a_service_that_is_stopped_waits_for_the_disk(self):
        self.deploy_held()
        self.daemon.process.terminate()
        processes.wait_for(self.daemon.process, lambda: self.daemon.ctl("list").returncode != 0)
        self.assertIsNone(self.daemon.process.poll())
        self.held.unlink()
        self.assertEqual(self.daemon.process.wait(timeout=60), 0)
        self.assertEqual(self.contents(), bytes(SIZE))


class Locks(FaultsTest):
    def hold(self, operation, device=None):
        holder = os.open(device or self.device, os.O_RDONLY)
        self.addCleanup(os.close, holder)
        fcntl.flock(holder, operation | fcntl.LOCK_NB)

    def test_a_locked_disk_is_refused(self):
        self.hold(fcntl.LOCK_EX)
        for options in ([], ["--reset"]):
            self.assert_refused(self.deploy(*options), "is in use: another program has locked it")
        self.assertEqual(self.contents(), bytes(SIZE))

    def test_one_that_others_read_is_not_written(self):
        self.hold(fcntl.LOCK_SH)  # udev does this while it examines a device
        self.assert_refused(self.deploy(), "is in use: another program has locked it")
        self.assertEqual(self.contents(), bytes(SIZE))

    def test_of_a_partition_the_disk_is_locked(self):
        run("sfdisk", self.device, input="label: gpt\nsize=32MiB\n")
        partition = self.partition(1)
        self.hold(fcntl.LOCK_EX)
        self.assert_refused(self.deploy(device=partition), "is in use: another program has locked it")


if __name__ == "__main__":
    tap.main()
