# SPDX-License-Identifier: LGPL-2.1-or-later
"""`bootferryctl verify`: intact, changed, damaged, too small and incomplete media, and checksum lists."""

import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from disk_case import MARK, MIB, DiskTest, put, run  # noqa: E402
from loop_device import LoopDevice  # noqa: E402
from nginx import Nginx  # noqa: E402
from squashfs import make_squashfs  # noqa: E402


def digest(path, tool="sha256sum"):
    return f"{tool.removesuffix('sum')}:" + run(tool, path).stdout.split()[0].removeprefix("\\")


def verify(*words, prefix=(), **environment):
    return subprocess.run([*prefix, os.environ["BOOTFERRYCTL"], "verify", *map(str, words)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, env=dict(os.environ, **environment))


class VerifyCase:
    def assert_same(self, result, *words):
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for word in words:
            self.assertIn(word, result.stdout)

    def assert_not(self, result, *words):
        self.assertIn(result.returncode, exit_status.FAILURES, result.stdout)
        self.assertEqual(result.stdout, "")
        for word in words:
            self.assertIn(word, result.stderr.splitlines()[-1])


class File(unittest.TestCase, VerifyCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-verify-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.file = self.path / "live image%.squashfs"
        make_squashfs(self.file, 3_000_000)

    def verify(self, *words, **environment):
        result = verify(*words, BOOTFERRY_RUNTIME_DIRECTORY=str(self.path / "run"), **environment)
        # Leave out the progress lines.
        lines = [line for line in result.stderr.splitlines(keepends=True) if line.startswith("bootferryctl: ")]
        return subprocess.CompletedProcess(result.args, result.returncode, result.stdout, "".join(lines))

    def test_a_digest(self):
        size = self.file.stat().st_size
        for tool in ("sha256sum", "sha512sum"):
            wanted = digest(self.file, tool)
            self.assert_same(self.verify(f"--checksum={wanted}", self.file), f"{self.file}: {wanted}, ", f"({size} bytes) read, "
                             "the whole file")
            self.assert_same(self.verify(f"--checksum={wanted.split(':')[1].upper()}", self.file), wanted)
        put(self.file, (1234567, b"x"))
        self.assert_not(self.verify(f"--checksum={wanted}", self.file), "does not match: expected " + wanted,
                        "read " + digest(self.file, "sha512sum"))

    def test_the_summary(self):
        sums = self.path / "SHA256SUMS"
        sums.write_text(run("sha256sum", self.file.name, cwd=self.path).stdout)
        summary = self.verify(f"--checksum={sums}", self.file).stdout
        self.assertRegex(summary, r", in [0-9.]+ \w+, [0-9.]+ \w+/s\n$")
        self.assertIn(f"{digest(self.file)} (from {sums}), ", summary)

    def test_json(self):
        sums = self.path / "SHA256SUMS"
        sums.write_text(run("sha256sum", self.file.name, cwd=self.path).stdout)
        for checksum, listed in ((str(sums), str(sums)), (digest(self.file), None)):
            result = self.verify("--json=short", f"--checksum={checksum}", self.file)
            answer = json.loads(result.stdout)
            self.assertEqual((result.returncode, answer["path"], answer["verified"], answer["checksum"], answer["list"],
                              answer["bytes"], answer["error"], answer["message"]),
                             (0, str(self.file), True, digest(self.file), listed, self.file.stat().st_size, None, None))
            self.assertGreater(answer["seconds"], 0)
            self.assertGreater(answer["mean_rate"], 0)
        for checksum, status, error in (("sha256:" + "0" * 64, exit_status.CHECKSUM, "Checksum"),
                                        (str(self.path / "none"), exit_status.NOT_FOUND, "NotFound")):
            result = self.verify("--json=short", f"--checksum={checksum}", self.file)
            answer = json.loads(result.stdout)
            known = ("sha256:" + "0" * 64, self.file.stat().st_size) if error == "Checksum" else (None, None)
            self.assertEqual((result.returncode, answer["verified"], answer["error"], (answer["checksum"], answer["bytes"])),
                             (status, False, f"org.bootferry1.Error.{error}", known))
            self.assertIn(answer["message"], result.stderr.splitlines()[-1])
        result = self.verify("--json=xml", self.file)
        self.assertEqual((result.returncode, result.stdout), (exit_status.USAGE, ""))

    def test_sizes_around_pieces(self):
        for size in (1, 511, 512, 4095, 4096, 4097, MIB - 1, MIB, MIB + 1, 2 * MIB + 513):
            self.file.write_bytes(os.urandom(size))
            self.assert_same(self.verify(f"--checksum={digest(self.file)}", self.file), f"({size} bytes)")
        self.file.write_bytes(b"")
        self.assert_same(self.verify(f"--checksum={digest(self.file)}", self.file), "(0 bytes)")

    def test_the_size_can_be_given(self):
        wanted = digest(self.file)
        size = self.file.stat().st_size
        with open(self.file, "ab") as file:
            file.write(b"behind")
        self.assert_not(self.verify(f"--checksum={wanted}", self.file), "does not match")
        self.assert_same(self.verify(f"--checksum={wanted}", f"--size={size}", self.file), "as given by --size=")
        self.assert_not(self.verify(f"--checksum={wanted}", f"--size={size + 7}", self.file), f"({size + 6} bytes), less than")
        for wrong in ("0", "-1", "x", "", "1k", str(1 << 64)):
            self.assert_not(self.verify(f"--checksum={wanted}", f"--size={wrong}", self.file), "--size: ", "expected" if wrong else "empty")

    def test_a_list_in_a_file(self):
        sums = self.path / "SHA256SUMS"
        sums.write_text(run("sha256sum", self.file.name, cwd=self.path).stdout)
        self.assert_same(self.verify(f"--checksum={sums}", self.file), digest(self.file))
        other = self.path / "other"
        shutil.copy(self.file, other)
        self.assert_not(self.verify(f"--checksum={sums}", other), f"the checksum list '{sums}': it has no checksum for 'other'")
        self.assert_same(self.verify(f"--checksum={sums}", f"--name={self.file.name}", other), digest(self.file))
        put(other, (5, b"x"))
        self.assert_not(self.verify(f"--checksum={sums}", f"--name={self.file.name}", other), f"(from {sums})")
        self.assert_not(self.verify("--checksum=/nonexistent", self.file), "bootferryctl: '/nonexistent' is neither a checksum")
        self.assert_not(self.verify(f"--checksum={self.file}", self.file), "the checksum list", "is larger than")

    def test_a_list_on_a_server(self):
        served = self.path / "served"
        served.mkdir()
        (served / "SHA256SUMS").write_text(run("sha256sum", self.file.name, cwd=self.path).stdout)
        with Nginx(served) as server:
            url = f"http://127.0.0.1:{server.port}/SHA256SUMS"
            self.assert_same(self.verify(f"--checksum={url}", self.file), digest(self.file))
            self.assert_same(self.verify(f"--checksum={url}?a=b", self.file), digest(self.file))
            self.assert_not(self.verify(f"--checksum={url}x", self.file), f"the checksum list '{url}x'", "404")
            other = self.path / "other"
            shutil.copy(self.file, other)
            self.assert_not(self.verify(f"--checksum={url}", other), "it has no checksum for 'other'")
            # The local file is opened before the list is requested.
            before = server.access_log()
            self.assert_not(self.verify(f"--checksum={url}", self.path / "nothing"), "No such file")
            self.assertEqual(server.access_log(), before)
        self.assert_not(self.verify("--checksum=nosuch://a/b", self.file), "nosuch")

    def test_an_interrupt_ends_it(self):
        served = self.path / "served"
        served.mkdir()
        (served / "SHA256SUMS").write_text("a" * 64 + f"  {self.file.name}\n")
        os.truncate(self.file, 1 << 40)
        with Nginx(served) as server:
            for checksum in ("sha256:" + "a" * 64, f"http://127.0.0.1:{server.port}/SHA256SUMS"):
                client = processes.start([os.environ["BOOTFERRYCTL"], "verify", f"--checksum={checksum}", self.file],
                                         stderr=subprocess.PIPE, text=True)
                self.addCleanup(processes.stop, client)
                processes.read_until(client.stderr, " of 1.0 TiB")
                client.send_signal(signal.SIGINT)
                self.assertEqual(client.wait(timeout=60), exit_status.INTERRUPTED)

    def test_embedded(self):
        tree = self.path / "tree"
        tree.mkdir()
        (tree / "file").write_bytes(os.urandom(3 * MIB))
        iso = self.path / "live.iso"
        run("xorriso", "-as", "mkisofs", "-quiet", "-o", iso, tree)
        self.assert_not(self.verify(iso), "has no embedded checksum: use --checksum=")
        run("implantisomd5", iso)
        field = iso.read_bytes()[16 * 2048 + 883:][:512]
        digest = re.search(rb"ISO MD5SUM = ([0-9a-f]{32})", field)[1].decode()
        covered = iso.stat().st_size - 2048 * int(re.search(rb"SKIPSECTORS = (\d+)", field)[1])
        self.assert_same(self.verify(iso), f"the checksum embedded in the image matches: md5:{digest}, of ", f"({covered} bytes)")
        told = json.loads(self.verify("--json=short", iso).stdout)
        self.assertEqual((told["checksum"], told["bytes"], told["list"]), (f"md5:{digest}", covered, None))
        put(iso, (2 * MIB, b"damage"))
        self.assert_not(self.verify(iso), "is damaged: its embedded md5")
        os.truncate(iso, 2 * MIB)
        self.assert_not(self.verify(iso), "less than the image's")
        self.assert_not(self.verify(self.file), "has no embedded checksum")
        (self.path / "short").write_bytes(bytes(100))
        result = self.verify(self.path / "short")
        self.assert_not(result, "is too short for an embedded checksum: use --checksum=")
        self.assertEqual(result.returncode, exit_status.USAGE)

    def test_what_is_no_medium(self):
        fifo = self.path / "fifo"
        os.mkfifo(fifo)
        for path, word in ((self.path, "neither a block device nor"), (fifo, "neither a block device nor"),
                           ("/dev/null", "neither a block device nor"), (self.path / "nothing", "No such file")):
            self.assert_not(self.verify("--checksum=sha256:" + "a" * 64, path), word)
        for words, word in (([], "verify"), (["a", "b"], "unexpected argument 'b'"),
                            (["--frob", self.file], "no option '--frob'"), (["--checksum=", self.file], "--checksum: the value is empty"),
                            (["--checksum=sha256:aa", self.file], "64 hexadecimal digits"),
                            (["--checksum=http://u:p@h/x", self.file], "cannot have a user name")):
            self.assert_not(self.verify(*words), word)

    def test_an_incomplete_image(self):
        self.file.write_bytes(MARK + bytes(100000))
        self.assert_not(self.verify(f"--checksum={digest(self.file)}", self.file), "holds an incomplete image")

    def test_progress_on_a_terminal(self):
        self.file.write_bytes(bytes(64 * MIB))
        controller, terminal = pty.openpty()
        with subprocess.Popen([os.environ["BOOTFERRYCTL"], "verify", f"--checksum={digest(self.file)}", self.file],
                              stderr=terminal, stdout=subprocess.DEVNULL) as client:
            os.close(terminal)
            seen = b""
            while True:
                try:
                    seen += os.read(controller, 4096)
                except OSError:  # EIO: the other end is closed
                    break
            self.assertEqual(client.wait(timeout=60), 0)
        os.close(controller)
        self.assertRegex(seen.decode(), r"\r\x1b\[K.*100 %  64.0 MiB of 64.0 MiB")


class Device(DiskTest, VerifyCase):
    def verify(self, *words, **environment):
        result = verify(*words, BOOTFERRY_RUNTIME_DIRECTORY=str(self.daemon.folder), **environment)
        lines = [line for line in result.stderr.splitlines(keepends=True) if line.startswith("bootferryctl: ")]
        return subprocess.CompletedProcess(result.args, result.returncode, result.stdout, "".join(lines))

    def record(self):
        number = os.stat(self.device).st_rdev
        return self.daemon.folder / f"deployed-{os.major(number)}:{os.minor(number)}.json"

    def test_the_record_of_a_disk_survives_other_transfers(self):
        self.assert_deployed(self.deploy())
        (self.path / "SUMS").write_text(run("sha256sum", self.image.name, cwd=self.image.parent).stdout)
        for url in self.url(), self.url() + ".missing":  # the disk is used as it is; another one is not written
            other = self.path / "other"
            other.write_bytes(bytes(len(self.bytes)))
            device = LoopDevice(other)
            self.addCleanup(device.detach)
            used = self.device if url == self.url() else device.path
            result = self.daemon.ctl("deploy", url, used)
            self.assertEqual(result.returncode, 0 if used == self.device else exit_status.NOT_FOUND, result.stderr)
            self.assertIsNone(json.loads((self.daemon.folder / "result.json").read_text())["medium"])
            self.assert_same(self.verify(f"--checksum={self.path}/SUMS", self.device), digest(self.image), "as deployed")

    def test_a_deployed_disk(self):
        self.assert_deployed(self.deploy())
        wanted = digest(self.image)
        size = f"({len(self.bytes)} bytes)"
        self.assert_same(self.verify(f"--checksum={wanted}", self.device), wanted, size, "as deployed")
        (self.path / "SUMS").write_text(run("sha256sum", self.image.name, cwd=self.image.parent).stdout)
        self.assert_same(self.verify(f"--checksum={self.path}/SUMS", self.device), wanted)
        # Without the record, the size is known from the image, but not the name.
        self.record().unlink()
        self.assert_same(self.verify(f"--checksum={wanted}", self.device), size, "the size that the image declares")
        self.assert_not(self.verify(f"--checksum={self.path}/SUMS", self.device), "specify it with --name=")
        self.assert_same(self.verify(f"--checksum={self.path}/SUMS", f"--name={self.image.name}", self.device), wanted)
        put(self.device, (len(self.bytes) - 1, b"\x00" if self.bytes[-1] else b"\x01"))
        self.assert_not(self.verify(f"--checksum={wanted}", self.device), "does not match", "the size that the image declares")

    def test_the_record_of_another_disk_says_nothing(self):
        self.assert_deployed(self.deploy())
        other = LoopDevice(self.image)
        self.addCleanup(other.detach)
        self.assert_same(self.verify(f"--checksum={digest(self.image)}", other.path), "the size that the image declares")

    def test_the_record_of_what_was_overwritten_says_nothing(self):
        packed = self.image.parent / "live.iso.gz"
        packed.write_bytes(subprocess.run(["gzip", "--stdout", self.image], check=True, capture_output=True).stdout)
        self.addCleanup(packed.unlink)
        self.assert_deployed(self.deploy(url=self.url() + ".gz"))
        other = self.path / "other.squashfs"
        make_squashfs(other, 2_000_000)
        put(self.device, (0, other.read_bytes()))
        self.assert_same(self.verify(f"--checksum={digest(other)}", self.device), "the size that the image declares")
        self.assert_not(self.verify(f"--checksum={self.path}/SUMS", self.device), "specify it with --name=")

    def test_the_record_of_a_medium_that_was_replaced_says_nothing(self):
        self.assert_deployed(self.deploy())
        record = self.record()
        sequence, _, head = json.loads(record.read_text())["medium"].partition(":")
        self.assertEqual(sequence, pathlib.Path(f"/sys/block/{pathlib.Path(self.device).name}/diskseq").read_text().strip())
        record.write_text(record.read_text().replace(f"{sequence}:{head}", f"{int(sequence) + 1}:{head}"))
        self.assert_same(self.verify(f"--checksum={digest(self.image)}", self.device), "the size that the image declares")

    def test_an_image_without_the_padding_of_the_deployed_one(self):
        padded = self.image.parent / "padded.iso"
        padded.write_bytes(self.bytes + bytes(2 * MIB))
        self.addCleanup(padded.unlink)
        self.assertEqual(self.deploy(url=self.url().replace("live.iso", "padded.iso")).returncode, 0)
        self.assert_same(self.verify(f"--checksum={digest(padded)}", self.device), "as deployed")
        self.assert_same(self.verify(f"--checksum={digest(self.image)}", self.device), "the size that the image declares")
        self.assert_not(self.verify("--checksum=sha256:" + "0" * 64, self.device), "as deployed")

    def test_partitions_behind_the_image(self):
        self.assert_deployed(self.deploy())
        run("sfdisk", "--append", "--no-reread", self.device, input="size=10M\n")
        self.assertNotEqual(self.contents()[:512], self.bytes[:512])
        self.assert_same(self.verify(f"--checksum={digest(self.image)}", self.device), "are left out")
        put(self.device, (100, b"damage"))
        self.assert_not(self.verify(f"--checksum={digest(self.image)}", self.device), "does not match")

    def test_a_squashfs_with_its_padding(self):
        file = self.path / "live.squashfs"
        make_squashfs(file, 3_000_000)
        padded = file.read_bytes()
        declared = int.from_bytes(padded[40:48], "little")
        self.assertTrue(0 < len(padded) - declared < 4096)
        put(self.device, (0, padded), (len(padded), b"what the disk held before"))
        self.assert_same(self.verify(f"--checksum={digest(file)}", self.device), f"({len(padded)} bytes) read",
                         "the size that the image declares, and its padding")
        unpadded = self.path / "unpadded"
        unpadded.write_bytes(padded[:declared])
        put(self.device, (declared, b"x"))
        self.assert_same(self.verify(f"--checksum={digest(unpadded)}", self.device), f"({declared} bytes) read")
        self.assert_not(self.verify(f"--checksum={digest(file)}", self.device), f"({declared} bytes) were read",
                        f"with the padding, {len(padded)} bytes, it does not match either", "--size=")
        put(self.device, (declared, bytes(1)), (declared - 1, b"\xff" if padded[declared - 1] != 255 else b"\0"))
        for wanted in (digest(file), digest(unpadded)):
            self.assert_not(self.verify(f"--checksum={wanted}", self.device), "does not match")

    def test_a_squashfs_that_is_deployed_again(self):
        make_squashfs(self.image.parent / "live.squashfs", 3_000_000)
        self.addCleanup((self.image.parent / "live.squashfs").unlink)
        url = self.url().replace("live.iso", "live.squashfs")
        checksum = digest(self.image.parent / "live.squashfs")
        self.assertEqual(self.deploy(url=url).returncode, 0)
        result = self.deploy(f"--checksum={checksum}", url=url)
        self.assertEqual(result.returncode, exit_status.NOT_VERIFIED, result.stderr)
        words = result.stderr.splitlines()[-1].split("bootferryctl verify ")[1].split()
        self.assert_same(self.verify(*words), checksum)

    def test_a_compressed_image(self):
        packed = self.image.parent / "live.iso.gz"
        packed.write_bytes(subprocess.run(["gzip", "--stdout", self.image], check=True, capture_output=True).stdout)
        self.addCleanup(packed.unlink)
        self.assert_deployed(self.deploy(url=self.url() + ".gz"))
        self.assert_not(self.verify(f"--checksum={digest(packed)}", self.device), "was decompressed while it was written")

    def test_a_disk_without_an_image(self):
        wanted = digest(self.device)
        self.assert_same(self.verify(f"--checksum={wanted}", self.device), f"({64 * MIB} bytes)", "the whole device")
        self.assert_not(self.verify(self.device), "has no embedded checksum")
        put(self.device, (0, MARK))
        self.assert_not(self.verify(f"--checksum={wanted}", self.device), "its deployment was interrupted")

    def test_a_disk_that_is_too_small(self):
        small = self.path / "small"
        small.write_bytes(self.bytes[:4 * MIB])
        loop = LoopDevice(small)
        self.addCleanup(loop.detach)
        self.assert_not(self.verify(f"--checksum={digest(self.image)}", loop.path), f"({4 * MIB} bytes), less than the image's",
                        f"{len(self.bytes)} bytes")

    def test_unreadable_sectors_are_named(self):
        self.assert_deployed(self.deploy())
        library = self.path / "disk_faults.so"
        source = pathlib.Path(__file__).resolve().parent.parent / "support/disk_faults.c"
        run("cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl")
        number = os.stat(self.device).st_rdev
        for bad, lines in ((f"{MIB + 512}-{MIB + 1536}", [(MIB + 512, MIB + 1535)]),
                           (f"100000-100001,{3 * MIB}-{3 * MIB + 1}", [(99840, 100351), (3 * MIB, 3 * MIB + 511)])):
            result = self.verify(f"--checksum={digest(self.image)}", self.device, LD_PRELOAD=str(library),
                                 DISK_FAULT_BAD=bad, DISK_FAULT_DEVICE=f"{os.major(number)}:{os.minor(number)}")
            self.assert_not(result, "is damaged: byte ", "cannot be read", "Input/output error")
            self.assertEqual(result.stderr.splitlines()[:-1],
                             [f"bootferryctl: '{self.device}' cannot be read: bytes {a} to {b}" for a, b in lines])
        # Nothing after the image is read.
        end = (len(self.bytes) + 4095) // 4096 * 4096
        self.assert_same(self.verify(f"--checksum={digest(self.image)}", self.device, LD_PRELOAD=str(library),
                                     DISK_FAULT_BAD=f"{end}-{64 * MIB}",
                                     DISK_FAULT_DEVICE=f"{os.major(number)}:{os.minor(number)}"))

    def test_anybody_with_the_right_to_read_may(self):
        result = verify("--checksum=sha256:" + "a" * 64, self.device,
                        prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
        self.assert_not(result, "Permission denied")


if __name__ == "__main__":
    tap.main()
