# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each cell of the table of disk states and requests (docs/disks.md), on loop devices.

Needs root throughout.
"""

import contextlib
import os
import pathlib
import random
import signal
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import fault_server  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from disk_case import LUKS, LVM, MARK, MDRAID_090, MIB, DiskTest, fill_mark, put, run, table  # noqa: E402
from loop_device import ATTACH_IN_SHELL, HeldLoopDevice, LoopDevice  # noqa: E402

FOREIGN = {
    "ext4 'data'": lambda device: run("mkfs.ext4", "-q", "-L", "data", device),
    "btrfs 'pool'": lambda device: run("mkfs.btrfs", "-q", "-M", "-L", "pool", device),
    "swap space": lambda device: run("mkswap", device),
    "LUKS encrypted volume": lambda device: put(device, *LUKS),
    "mdraid member": lambda device: put(device, (-65536, MDRAID_090)),
    "GPT without partitions": lambda device: run("sfdisk", device, input="label: gpt\n"),
    "MBR with 2 partitions; ext4 'home' on partition 1, LVM physical volume on partition 2":
        lambda device: (table(device, "label: dos\nsize=8MiB\nsize=8MiB\n", p2=LVM),
                        run("mkfs.ext4", "-q", "-F", "-L", "home", "-E", f"offset={MIB}", device, "8M")),
    "GPT with 7 partitions; LUKS encrypted volume on partition 1, LUKS encrypted volume on partition 2, LUKS encrypted "
    "volume on partition 4, LUKS encrypted volume on partition 5 and 2 more partitions":
        lambda device: table(device, "label: gpt\n" + "size=2MiB\n" * 7, p1=LUKS, p2=LUKS, p4=LUKS, p5=LUKS, p7=LUKS),
}



class States(DiskTest):
    def test_blank(self):
        self.assert_deployed(self.deploy())
        self.assertEqual(os.readlink(self.daemon.folder / "image"), self.device)

    def test_deployed_is_used_without_a_network(self):
        self.deploy()
        before, requests = self.contents(), self.requests()
        result = self.deploy(url="http://127.0.0.1:1/live.iso")
        self.assert_deployed(result)
        self.assertIn("holds an image already", result.stderr)
        self.assertEqual((self.contents(), self.requests()), (before, requests))
        self.assertIn('"reused": true', (self.daemon.folder / "result.json").read_text())

    def test_deployed_is_not_verified(self):
        """Nothing reads the disk: a requested checksum has a status of its own, not that of success."""
        self.deploy()
        before, requests = self.contents(), self.requests()
        for checksum in ("sha256:" + "0" * 64, "http://127.0.0.1:1/SHA256SUMS"):
            result = self.deploy(f"--checksum={checksum}")
            self.assertEqual(result.returncode, exit_status.NOT_VERIFIED, result.stderr)
            number = self.daemon.ctl("list").stdout.splitlines()[-1].split()[0]
            self.assertEqual(self.daemon.ctl("monitor", number).returncode, exit_status.NOT_VERIFIED)
            self.assertIn("not verified", result.stderr)
            name = " --name=live.iso" if "://" in checksum else ""
            self.assertIn(f"bootferryctl verify --checksum={checksum}{name} {self.device}", result.stderr.splitlines()[-1])
        self.assertEqual((self.contents(), self.requests()), (before, requests))

    def test_deployed_hides_no_wrong_request(self):
        self.deploy()
        for words, url, status in ((["--option=curl:frob=1"], None, exit_status.USAGE),
                                   ([], "gopher://127.0.0.1/live.iso", exit_status.UNSUPPORTED),
                                   (["--mirror=gopher://127.0.0.1/live.iso"], None, exit_status.UNSUPPORTED)):
            with self.subTest(words=words, url=url):
                result = self.deploy(*words, url=url)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertNotIn('"reused": true', (self.daemon.folder / "result.json").read_text())

    def test_deployed_does_not_depend_on_a_worker(self):
        self.assert_deployed(self.deploy())
        for worker in ("/bin/false", "/nonexistent"):
            with self.subTest(worker=worker):
                self.daemon.stop()
                self.daemon = self.start_daemon(environment={"BOOTFERRY_WORKER": worker})
                self.assert_deployed(self.deploy())
                self.assertIn("which is deployed already: ", self.daemon.log_text())

    def test_deployed_and_reset(self):
        self.deploy()
        requests = self.requests()
        self.assert_deployed(self.deploy("--reset"))
        self.assertGreater(self.requests(), requests)

    def test_incomplete(self):
        with self.daemon.ctl_running("deploy", self.url("slow/"), self.device) as client:
            self.read_until_it_moves(client)
            self.daemon.process.send_signal(signal.SIGKILL)
            self.daemon.process.wait()
        self.assertTrue(self.contents().startswith(MARK))
        self.daemon.stop()
        self.daemon = self.start_daemon()
        self.assert_deployed(self.deploy())

    def test_foreign_is_named_and_kept(self):
        run("sfdisk", self.device, input="label: gpt\nsize=8MiB\nsize=16MiB\n")
        run("mkfs.ext4", "-q", "-L", "rootfs", self.partition(2))
        before = self.contents()
        self.assert_refused(self.deploy(), "GPT with 2 partitions; ext4 'rootfs' on partition 2",
                            "rd.kiwi.live.reset")
        self.assertEqual(self.contents(), before)

    def test_foreign_contents_of_other_tools_are_named(self):
        for name, prepare in FOREIGN.items():
            with self.subTest(name):
                with open(self.device, "r+b") as disk:
                    disk.write(bytes(64 * MIB))
                prepare(self.device)
                self.assert_refused(self.deploy(), f"holds {name}; rd.kiwi.live.reset")

    def test_foreign_and_reset(self):
        run("sfdisk", self.device, input="label: gpt\nsize=8MiB\n")
        self.assertIn(b"EFI PART", self.contents()[-34 * 512:])
        self.assert_deployed(self.deploy("--reset"))
        self.assertNotIn(b"EFI PART", self.contents()[-34 * 512:])

    def test_an_earlier_overlay_is_not_found_again(self):
        """It lies behind the image, where the next boot would create one; the image's table has no entry for it."""
        place = (len(self.bytes) + MIB - 1) // MIB * MIB
        put(self.device, (0, self.bytes), (place, b"\xee" * 128 * 1024))
        self.assert_deployed(self.deploy("--reset"))
        self.assertEqual(self.contents()[place:place + 128 * 1024], bytes(128 * 1024))

    def test_signatures_at_the_far_end_go(self):
        run("mkfs.ext4", "-q", self.device)
        put(self.device, (-65536, MDRAID_090), (-2 * 131072, b"any of ZFS' four labels"))
        self.assert_deployed(self.deploy("--reset"))
        signatures = run("wipefs", "--noheadings", "--output", "TYPE", self.device).stdout.split()
        self.assertLessEqual(set(signatures), {"iso9660", "dos"})
        self.assertEqual(self.contents()[-MIB:], bytes(MIB))

    def test_an_image_that_is_cut_off_by_the_disk_is_foreign(self):
        with open(self.device, "r+b") as disk:
            disk.write(self.bytes[:MIB])
        self.loop.detach()
        with open(self.backing, "r+b") as disk:
            disk.truncate(4 * MIB)
        self.device = self.attach()
        self.assert_refused(self.deploy(), "an image larger than the disk: ISO 9660 'CDROM'")


# Where this kernel has no nbd, an image that is to be read while it arrives is fetched as a whole, and the disk is judged
# all the same. Where it has one: tests/boot/on_demand_disk_boot_test.py.
@unittest.skipIf(any(pathlib.Path("/lib/modules", os.uname().release).rglob("nbd.ko*")), "this kernel has nbd")
class OnDemand(DiskTest):
    def test_blank(self):
        self.assert_deployed(self.deploy("--on-demand"))
        self.assertIn("not on demand", self.daemon.log_text())

    def test_a_map_of_an_earlier_boot_does_not_stay(self):
        put(self.device, (0, fill_mark(len(self.bytes))), (-65536, MDRAID_090))
        self.assert_deployed(self.deploy("--on-demand"))
        self.assertEqual(self.contents()[-65536:], bytes(65536))

    def test_foreign_is_named_and_kept(self):
        for name in ("ext4 'data'", "LUKS encrypted volume"):
            with self.subTest(name):
                FOREIGN[name](self.device)
                before = self.contents()
                self.assert_refused(self.deploy("--on-demand"), f"holds {name}; rd.kiwi.live.reset")
                self.assertEqual(self.contents(), before)

    def test_deployed_is_used(self):
        self.assert_deployed(self.deploy())
        before, requests = self.contents(), self.requests()
        self.assert_deployed(self.deploy("--on-demand"))
        self.assertEqual((self.contents(), self.requests()), (before, requests))

    def test_in_use(self):
        holder = os.open(self.device, os.O_RDONLY | os.O_EXCL)
        self.addCleanup(os.close, holder)
        self.assert_refused(self.deploy("--on-demand", "--reset"), "is in use by another program")


class Unusable(DiskTest):
    def test_mounted(self):
        run("mkfs.ext4", "-q", self.device)
        folder = self.path / "mounted"
        folder.mkdir()
        run("mount", self.device, folder)
        self.addCleanup(run, "umount", folder)
        for options in ([], ["--reset"]):
            self.assert_refused(self.deploy(*options), "is in use", f"'{self.device}' is mounted at '{folder}'")

    def test_a_partition_of_it_is_mounted(self):
        run("sfdisk", self.device, input="label: dos\nsize=32MiB\n")
        partition = self.partition(1)
        run("mkfs.ext4", "-q", partition)
        folder = self.path / "mounted"
        folder.mkdir()
        run("mount", partition, folder)
        self.addCleanup(run, "umount", folder)
        self.assert_refused(self.deploy("--reset"), "is in use", f"'{partition}' is mounted at '{folder}'")

    def test_a_loop_device_lies_on_it(self):
        """The root of a running live system may be on it; the kernel does not refuse then."""
        loop = LoopDevice(self.device, "--read-only")
        self.addCleanup(loop.detach)
        self.assert_refused(self.deploy(), f"'{self.device}' is used by '{os.path.basename(loop.path)}'")

    def test_a_loop_device_lies_on_it_by_another_name(self):
        """A node made by hand, renamed, or of another mount namespace: the name behind a loop device proves nothing."""
        node = f"/dev/bootferry-test-{os.getpid()}"
        os.mknod(node, 0o600 | stat.S_IFBLK, os.stat(self.device).st_rdev)
        self.addCleanup(os.unlink, node)
        loop = LoopDevice(node, "--read-only")
        self.addCleanup(loop.detach)
        self.assert_refused(self.deploy(), f"'{self.device}' is used by '{os.path.basename(loop.path)}'")

    def test_a_loop_device_on_something_else_of_the_same_name(self):
        """In another mount namespace, a file bears the disk's name; the kernel shows that name here."""
        other = self.path / "other"
        other.write_bytes(bytes(MIB))
        namespace = subprocess.Popen(
            ["unshare", "--mount", "sh", "-ec", f"{ATTACH_IN_SHELL} mount --bind {other} {self.device}; "
             f"attach {self.device}; echo $loop; read wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(namespace.communicate)
        loop = HeldLoopDevice(namespace.stdout.readline().strip())
        self.addCleanup(loop.detach)
        shown = pathlib.Path("/sys/block", os.path.basename(loop.path), "loop/backing_file").read_text().strip()
        self.assertEqual(shown, self.device)
        self.assert_deployed(self.deploy())

    def test_another_program_has_it(self):
        holder = os.open(self.device, os.O_RDONLY | os.O_EXCL)
        self.addCleanup(os.close, holder)
        self.assert_refused(self.deploy(), "is in use by another program")

    def test_read_only(self):
        self.loop.detach()
        self.device = self.attach("--read-only")
        for options in ([], ["--reset"]):
            self.assert_refused(self.deploy(*options), "is read-only")

    def test_read_only_but_deployed(self):
        self.deploy()
        self.loop.detach()
        self.device = self.attach("--read-only")
        self.assert_deployed(self.deploy(url="http://127.0.0.1:1/live.iso"))

    def test_too_small(self):
        self.loop.detach()
        with open(self.backing, "r+b") as disk:
            disk.truncate(4 * MIB)
        self.device = self.attach()
        before = self.contents()
        self.assert_refused(self.deploy(), "the image has 7.0 MiB", "only 4.0 MiB")
        self.assertEqual(self.contents(), before)

    def test_without_permission(self):
        """A user of the disk whose device node cannot be opened."""
        self.assertEqual(stat.S_IMODE(os.stat(self.device).st_mode) & 0o007, 0)
        result = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", os.environ["BOOTFERRYCTL"],
                                 "fetch", self.url(), self.device], stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, timeout=120)
        self.assertEqual(result.returncode, exit_status.NOT_PERMITTED, result.stderr)
        self.assertIn(f"opening '{self.device}': Permission denied", result.stderr)

    def test_no_block_device(self):
        self.assert_refused(self.deploy(device="/dev/null"), "'/dev/null' is not a block device")

    def test_a_device_that_does_not_come_in_the_time_of_the_transfer(self):
        result = self.deploy("--timeout=1", device=f"/dev/bootferry-test-{os.getpid()}")
        self.assert_refused(result, "did not appear within 1 s; existing disks: ")

    def test_a_device_whose_name_is_mistyped(self):
        with self.daemon.ctl_running("deploy", "--timeout=60", self.url(), f"{self.device}x") as client:
            processes.read_until(client.stdout, f"; there is '{self.device}'")
            client.send_signal(signal.SIGINT)
            self.assertEqual(client.wait(timeout=60), 130, client.stdout.read())

    def test_a_device_that_comes_late(self):
        link = pathlib.Path(f"/dev/bootferry-test-{os.getpid()}")
        self.addCleanup(link.unlink, missing_ok=True)
        with self.daemon.ctl_running("deploy", self.url(), str(link)) as client:
            processes.read_until(client.stdout, "waiting for the device")
            link.symlink_to(self.device)
            messages = client.stdout.read()
            self.assertEqual(client.wait(timeout=60), 0, messages)
        self.assert_deployed()


class Failures(DiskTest):
    def test_what_is_refused_before_the_target_leaves_the_disk_alone(self):
        run("mkfs.ext4", "-q", self.device)
        before = self.contents()
        self.assert_refused(self.deploy("--reset", url=self.url() + "x"), "404")
        (self.shared / "served/page").write_text("<html>" * 20000)
        self.assert_refused(self.deploy("--reset", url=self.url().replace("live.iso", "page")), "not a live image")
        self.assertEqual(self.contents(), before)

    def test_a_wrong_checksum_leaves_it_incomplete(self):
        self.assert_refused(self.deploy("--checksum=sha256:" + "0" * 64), "checksum")
        self.assertTrue(self.contents().startswith(MARK))
        self.assert_deployed(self.deploy())

    def test_an_image_that_is_not_whole_on_the_server(self):
        (self.shared / "served/part.iso").write_bytes(self.bytes[:4 * MIB])
        self.assert_refused(self.deploy(url=self.url().replace("live.iso", "part.iso")), "the image is incomplete")
        self.assertTrue(self.contents().startswith(MARK))

    def test_an_image_that_later_boots_would_not_recognise(self):
        image = self.shared / "served/root.ext4"
        run("mkfs.ext4", "-q", image, "8M")
        before = self.contents()
        self.assert_refused(self.deploy(url=self.url().replace("live.iso", "root.ext4")),
                            "an ext4, xfs or btrfs image cannot be deployed to a disk")
        self.assertEqual(self.contents(), before)

    def test_old_data_does_not_shine_through_holes(self):
        with open(self.device, "r+b") as disk:
            disk.write(b"\xee" * (64 * MIB))
        self.assert_deployed(self.deploy("--reset"))

    def test_killed_workers(self):
        """The server nearly stops in mid-transfer, so that there is always a worker to kill."""
        faults = [fault_server.Fault(crawl=2 * MIB), fault_server.Fault(crawl=MIB)]
        with fault_server.FaultServer(self.image, faults) as server:
            url = f"http://127.0.0.1:{server.port}/live.iso"
            with self.daemon.ctl_running("deploy", "--connections=1", url, self.device) as client:
                for _ in faults:
                    self.read_until_it_moves(client)
                    worker, = self.daemon.workers()
                    os.kill(worker, signal.SIGKILL)
                    # A line of the progress before the kill must not pass for one of the next worker.
                    processes.read_until(client.stdout, "signal 9")
                messages = client.stdout.read()
                self.assertEqual(client.wait(timeout=120), 0, messages)
        self.assert_deployed()

    def test_killed_at_random_points(self):
        """Whichever process is killed at whatever time, the disk is not taken for an image unless it holds all of it."""
        seed = random.randrange(1 << 32)
        dice = random.Random(seed)
        seen = set()
        for _ in range(16):
            with open(self.device, "r+b") as disk:
                disk.write(b"\xee" * (16 * MIB))
            with self.daemon.ctl_running("deploy", "--reset", self.url(), self.device) as client:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    client.wait(timeout=dice.uniform(0, 0.5))
                victims = [self.daemon.process.pid] + (self.daemon.workers() if dice.random() < 0.5 else [])
                for victim in victims:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
                self.daemon.process.wait()
            self.daemon.stop()
            after = self.contents()
            mark = after.startswith(MARK)
            whole = after.startswith(self.bytes)
            untouched = after.startswith(b"\xee" * (16 * MIB))
            self.assertTrue(mark or whole or untouched, f"seed {seed}")
            seen.add("mark" if mark else "whole" if whole else "untouched")
            self.daemon = self.start_daemon()
            self.assert_deployed(self.deploy(*(["--reset"] if untouched else [])))
        print(f"# the disk was found {', '.join(sorted(seen))}", file=sys.stderr)


if __name__ == "__main__":
    tap.main(own_mounts=False)  # the service asks for the mounts of process 1
