# SPDX-License-Identifier: LGPL-2.1-or-later
"""An interrupted bootferryctl fetch keeps what has arrived, and continues if the file is unchanged. Bytes of two
versions are never combined, and files of other programs are not changed."""

import fcntl
import hashlib
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import posix_acl  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from fetch_case import WITHOUT_PROC, FetchCase  # noqa: E402
from sshd import Sshd  # noqa: E402
from tcp_proxy import Stall, TcpProxy  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402

FIRST = 2 << 20  # bytes that are waited for before something happens
KEPT = ["output.bootferry", "output.part"]


class ContinueCase(FetchCase):
    size = 6_000_011

    def setUp(self):
        super().setUp()
        self.folder = self.path / "folder"
        self.folder.mkdir()
        self.output = self.folder / "output"
        self.part = self.folder / "output.part"
        self.server = FaultServer(self.image, pace=2 << 20)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.url = f"http://127.0.0.1:{self.server.port}/image"
        self.digest = hashlib.sha256(self.image.read_bytes()).hexdigest()

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def written(self, client):
        """The file that the client writes to, as a path."""
        if unnamed := processes.unnamed_file(client.pid):
            return unnamed
        return next(iter([*self.folder.glob(".bootferry-*"), *self.folder.glob("*.part")]), None)

    def begun(self, *options, least=FIRST):
        client = self.start(self.url, *options)
        processes.wait_for(client, lambda: (file := self.written(client)) and file.stat().st_size >= least)
        return client

    def interrupted(self, *options, number=signal.SIGINT):
        client = self.begun(*options)
        client.send_signal(number)
        return self.ended(client)

    def kept(self, *options, number=signal.SIGINT):
        """The size of the part that an interrupted fetch has left."""
        status, messages = self.interrupted(*options, number=number)
        self.assertEqual(status, 130, messages)
        self.assertIn(f"are kept in '{self.part}'", messages.splitlines()[-1])
        self.assertEqual(self.names(), KEPT)
        self.assertTrue(self.image.read_bytes().startswith(self.part.read_bytes()))
        self.server.requests.clear()
        return self.part.stat().st_size

    def damage(self):
        """As by a program that restores the time of what it has written."""
        before = self.part.stat()
        with open(self.part, "r+b") as part:
            part.seek(100_000)
            part.write(b"other bytes")
        os.utime(self.part, ns=(before.st_atime_ns, before.st_mtime_ns))

    def assert_anew(self, outcome, *, why):
        """The whole file was fetched, and the reason was said."""
        messages = self.assert_fetched(outcome)
        said = [line for line in messages.splitlines() if "is not continued" in line]
        self.assertEqual(len(said), 1 if why else 0, messages)
        self.assertIn(why, said[0] if said else "")
        self.assertNotIn("resuming after", messages)
        self.assertEqual([request.range for request in self.server.requests], [None])


class ContinueTest(ContinueCase):
    """The last 64 KiB of a part are compared: some of it may be a mirror's."""

    def test_the_rest_is_fetched_and_no_more(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            length = self.kept(number=number)
            messages = self.assert_fetched(self.fetch(self.url))
            self.assertIn(f"in '{self.part}'", messages)
            self.assertEqual([request.range for request in self.server.requests], [f"bytes={length - (1 << 16)}-"])
            self.assertEqual(self.names(), ["output"])
            self.output.unlink()

    def test_what_is_written_to_a_part_meanwhile_is_not_verified(self):
        length = self.kept()
        client = self.begun(f"--checksum={self.digest}", least=length + 100_000)
        with open(self.part, "r+b") as part:
            part.write(b"other bytes")
        self.assertIn("the checksum does not match", self.assert_fetched(self.ended(client)))

    def test_what_is_on_the_disk_is_compared_where_the_part_has_no_validator(self):
        length = self.kept()
        self.server.repeats_etag = False
        self.assertNotIn("starting over", self.assert_fetched(self.fetch(self.url)))
        self.assertEqual([request.range for request in self.server.requests], [f"bytes={length - (1 << 16)}-"])

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        with Vsftpd(self.served, one_data_port=True) as server, TcpProxy(server.port, address="127.0.0.2") as control, \
                TcpProxy(server.data_port, [Stall(FIRST + 700_000)], address="127.0.0.2",
                         own_port=server.data_port) as data:
            self.url = f"ftp://127.0.0.2:{control.port}/image"
            length = self.kept()
            self.assert_fetched(self.fetch(self.url))
            self.assertEqual(data.to_client[-1], self.size - length + (1 << 16))  # compared

    def test_a_signal_that_is_ignored_ends_nothing(self):
        client = processes.start(["nohup", os.environ["BOOTFERRYCTL"], "fetch", self.url, str(self.output)],
                                 stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
        self.addCleanup(processes.stop, client)
        processes.wait_for(client, lambda: processes.unnamed_file(client.pid))
        client.send_signal(signal.SIGHUP)
        self.assert_fetched(self.ended(client))

    def test_through_a_link(self):
        elsewhere = self.path / "elsewhere"
        elsewhere.mkdir()
        self.output.symlink_to("../elsewhere/output")
        status, messages = self.fetch(self.url, "--timeout=2")
        self.assertEqual(status, exit_status.TIMEOUT, messages)
        self.assertIn(f"are kept in '{elsewhere}/output.part'", messages.splitlines()[-1])
        self.assert_fetched(self.fetch(self.url))
        self.assertTrue(self.output.is_symlink())

    def test_interrupted_again_and_again(self):
        lengths = [self.kept()]
        while len(lengths) < 3:
            client = self.begun(least=lengths[-1] + (1 << 19))
            client.send_signal(signal.SIGINT)
            self.assertEqual(self.ended(client)[0], 130)
            lengths.append(self.part.stat().st_size)
        self.assertEqual(lengths, sorted(set(lengths)))
        self.assert_fetched(self.fetch(self.url))

    def test_the_checksum_is_of_all_bytes_on_the_disk(self):
        self.kept()
        self.assert_fetched(self.fetch(self.url, f"--checksum=sha256:{self.digest}"))
        self.output.unlink()
        self.kept()
        self.damage()
        changed = self.part.stat().st_ctime_ns
        record = self.folder / "output.bootferry"
        record.write_text(re.sub(r"(?m)^changed .*$", f"changed {changed // 10**9}.{changed % 10**9:09}", record.read_text()))
        messages = self.assert_fetched(self.fetch(self.url, f"--checksum=sha256:{self.digest}"))
        self.assertIn("resuming after", messages)
        self.assertIn("starting over: the checksum does not match", messages)
        self.assertEqual(self.names(), ["output"])

    def test_a_fetch_that_gives_up_keeps_it_as_well(self):
        status, messages = self.fetch(self.url, "--timeout=2")
        self.assertEqual(status, exit_status.TIMEOUT, messages)
        self.assertEqual(self.names(), KEPT)
        self.assert_fetched(self.fetch(self.url))

    def test_a_server_that_has_nothing_for_the_moment(self):
        length = self.kept()
        for _ in range(3):  # two for the rest, and one for all of it: the file may have been there for another part
            self.server.fail_next(Fault(status=404))
        self.assertEqual(self.fetch(self.url)[0], exit_status.NOT_FOUND)
        self.assertEqual((self.names(), self.part.stat().st_size), (KEPT, length))
        self.assert_fetched(self.fetch(self.url))
        self.assertEqual(self.server.requests[-1].range, f"bytes={length - (1 << 16)}-")

    def test_all_of_it_is_there(self):
        client = self.begun()
        self.output.write_text("somebody's")
        status, messages = self.ended(client)
        self.assertEqual(status, exit_status.TARGET_REFUSED)
        self.assertIn("created or replaced", messages.splitlines()[-1])
        self.assertEqual(self.names(), ["output", *KEPT])
        self.assertEqual(self.output.read_text(), "somebody's")
        self.output.unlink()
        self.server.requests.clear()
        self.assert_fetched(self.fetch(self.url))
        self.assertEqual([request.range for request in self.server.requests], [f"bytes={self.size - 1 - (1 << 16)}-"])


class UmaskTest(ContinueCase):
    """Whatever the umask is, nobody else may write to a part, and the file gets the permissions of any other new one."""

    def umask(self, mask):
        before = os.umask(mask)
        self.addCleanup(os.umask, before)

    def test_a_part_is_continued_and_the_file_has_the_usual_permissions(self):
        for first, second in ((0o002, 0o002), (0, 0), (0o077, 0o022), (0, 0o077)):
            with self.subTest(umask=f"{first:03o}, then {second:03o}"):
                self.umask(first)
                self.kept()
                self.assertEqual(self.part.stat().st_mode & 0o7777, 0o600)
                self.umask(second)
                self.assertIn("resuming after", self.assert_fetched(self.fetch(self.url)))
                self.assertEqual(self.output.stat().st_mode & 0o7777, 0o666 & ~second)
                self.assertEqual(self.names(), ["output"])
                self.output.unlink()

    def test_the_acl_of_the_folder_decides_as_well(self):
        if not posix_acl.put(self.folder, (posix_acl.USER_OBJ, 7), (posix_acl.USER, 7, 65534), (posix_acl.GROUP_OBJ, 5),
                             (posix_acl.MASK, 7), (posix_acl.OTHER, 0), name=posix_acl.DEFAULT):
            self.skipTest("the file system has no ACLs")
        self.umask(0o077)  # has no effect there
        usual = self.folder / "usual"
        usual.touch()
        rights = posix_acl.of(usual)
        usual.unlink()
        self.assertIn((posix_acl.USER, 7, 65534), rights)
        self.kept()
        self.assertIn((posix_acl.MASK, 0), posix_acl.of(self.part))
        self.assertIn("resuming after", self.assert_fetched(self.fetch(self.url)))
        self.assertEqual(posix_acl.of(self.output), rights)
        self.output.unlink()
        self.assert_fetched(self.fetch(self.url))
        self.assertEqual(posix_acl.of(self.output), rights)


class KilledTest(ContinueCase):
    """What an earlier fetch has kept outlives one that continues it."""

    def killed(self, client):
        client.kill()
        client.wait()
        self.assertEqual(self.names(), KEPT)

    def assert_continued(self, length, *options):
        self.server.requests.clear()
        messages = self.assert_fetched(self.fetch(self.url, *options))
        self.assertEqual([request.range for request in self.server.requests], [f"bytes={length - (1 << 16)}-"], messages)
        self.assertEqual(self.names(), ["output"])

    def test_once_and_again(self):
        length = self.kept()
        for more in (1 << 20, 1 << 19):
            self.killed(self.begun(least=length + more))
        self.assert_continued(length)

    def test_with_a_checksum(self):
        checksum = f"--checksum=sha256:{self.digest}"
        length = self.kept(checksum)
        self.killed(self.begun(checksum, least=length + (1 << 20)))
        self.assert_continued(length, checksum)

    def test_by_the_end_of_its_worker_alone(self):
        length = self.kept()
        client = self.begun(least=length + (1 << 20))
        worker, = pathlib.Path(f"/proc/{client.pid}/task/{client.pid}/children").read_text().split()
        os.kill(int(worker), signal.SIGKILL)
        status, messages = self.ended(client)
        self.assertEqual(status, 1, messages)
        self.assertIn("crashed", messages)
        self.assertIn("are kept in", messages)
        self.assert_continued(length)

    def test_then_interrupted(self):
        length = self.kept()
        self.killed(self.begun(least=length + (1 << 20)))
        self.server.requests.clear()
        client = self.start(self.url)
        processes.wait_for(client, lambda: self.server.requests and self.part.stat().st_size > length)
        client.send_signal(signal.SIGINT)
        self.assertEqual(self.ended(client)[0], 130)
        longer = self.part.stat().st_size
        self.assertGreater(longer, length)
        self.assert_continued(longer)

    def test_while_another_version_arrives(self):
        """The bytes of the first version stay until those of the second one are there."""
        digest = f"--checksum=sha256:{self.digest}"
        for options in ((), (digest,)):
            first = self.image.read_bytes()
            length = self.kept(*options)
            self.image.write_bytes(random.Random(2).randbytes(self.size))
            self.server.etag = '"2"'
            client = self.start(self.url, *options)
            processes.wait_for(client, lambda: (file := processes.unnamed_file(client.pid))
                               and file.stat().st_size >= length + (1 << 20))
            self.killed(client)
            self.assertEqual(self.part.read_bytes(), first[:length])
            self.image.write_bytes(first)
            self.server.etag = '"1"'
            self.server.requests.clear()
            self.assert_fetched(self.fetch(self.url, *options))
            self.assertEqual(self.server.requests[0].range, f"bytes={length - (1 << 16)}-")
            self.assertEqual(self.names(), ["output"])
            self.output.unlink()

    def test_another_version_is_kept_instead_once_it_is_worth_it(self):
        self.kept()
        self.image.write_bytes(random.Random(2).randbytes(self.size))
        self.server.etag = '"2"'
        client = self.start(self.url)
        processes.wait_for(client, lambda: (file := processes.unnamed_file(client.pid))
                           and file.stat().st_size >= FIRST)
        client.send_signal(signal.SIGINT)
        self.assertEqual(self.ended(client)[0], 130)
        self.assertTrue(self.image.read_bytes().startswith(self.part.read_bytes()))
        self.assert_continued(self.part.stat().st_size)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts")
    def test_a_full_disk(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=7m", "none", self.folder], check=True)
        self.addCleanup(subprocess.run, ["umount", self.folder], check=True)
        length = self.kept()
        client = self.start(self.url)
        processes.wait_for(client, lambda: self.part.stat().st_size > length)
        other = self.folder / "other"
        with open(other, "wb", buffering=0) as file, self.assertRaises(OSError):
            while file.write(bytes(1 << 16)):
                pass
        status, messages = self.ended(client)
        other.unlink()
        self.assertEqual(status, exit_status.NO_ROOM, messages)
        self.assertIn("are kept in", messages.splitlines()[-1])
        self.assert_continued(length)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts")
    def test_a_full_disk_does_not_cost_a_part_that_is_not_continued(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=7m", "none", self.folder], check=True)
        self.addCleanup(subprocess.run, ["umount", self.folder], check=True)
        self.kept()
        before = self.part.read_bytes()
        with open(self.folder / "other", "wb", buffering=0) as file, self.assertRaises(OSError):
            while file.write(bytes(1 << 16)):
                pass
        for url, *options in ((f"{self.url}?other",), (self.url, "--no-continue"), (self.url, "--checksum=sha256:" + "0" * 64)):
            with self.subTest(options=options):
                self.assertEqual(self.fetch(url, *options)[0], exit_status.NO_ROOM)
                self.assertEqual(self.part.read_bytes(), before)

    def test_a_process_still_writes_to_it(self):
        self.kept()
        before = self.part.read_bytes()
        with open(self.part, "rb") as part:
            fcntl.flock(part, fcntl.LOCK_EX)
            status, messages = self.fetch(self.url)
        self.assertEqual(status, exit_status.TARGET_REFUSED, messages)
        self.assertIn("a process still writes to", messages)
        self.assertEqual(self.part.read_bytes(), before)


class RewrittenTest(ContinueCase):
    """The file on the server is rewritten in place while the rest of it is read: what is here then is of two versions,
    although it is as long as the whole."""

    size = 4 << 20  # all of it is in the file before its end is known
    then = 1_600_000_000

    def setUp(self):
        super().setUp()
        if reason := Sshd.missing():
            self.skipTest(reason)
        server = Sshd()
        self.addCleanup(server.__exit__)
        server.start()
        self.url = f"sftp://{server.user}@127.0.0.1:{server.port}{self.image}"
        self.options = (f"--option=sftp:hostkey={server.fingerprint()}", f"--option=sftp:key={server.key}")
        self.first = self.image.read_bytes()
        self.write(self.first, self.then)

    def write(self, content, modified):
        with open(self.image, "r+b") as file:
            file.write(content)
        os.utime(self.image, (modified, modified))

    def starting_over(self):
        """The length of the part, and a fetch that has received all of a mixture."""
        client = self.begun(*self.options, "--limit-rate=2M")
        client.send_signal(signal.SIGINT)
        self.assertEqual(self.ended(client)[0], 130)
        length = self.part.stat().st_size
        # So slow that the first 68 KiB of the second pass, which come before its file is wanted, take a moment.
        client = self.begun(*self.options, "--limit-rate=400K", least=length + 1)
        same = self.first[-(1 << 17):]  # what a later fetch compares does not show it
        self.write(random.Random(2).randbytes(self.size - len(same)) + same, self.then + 9)
        for line in client.stderr:
            if "starting over: the file on the server was changed" in line:
                return length, client
        self.fail("it did not start over")

    def assert_the_first_is_fetched(self):
        self.write(self.first, self.then)
        self.assert_fetched(self.fetch(self.url, *self.options))
        self.assertEqual(self.names(), ["output"])

    def test_and_the_fetch_is_killed(self):
        length, client = self.starting_over()
        processes.wait_for(client, lambda: processes.unnamed_file(client.pid))
        client.kill()
        client.wait()
        self.assertTrue(self.part.read_bytes() == self.first[:length], "the bytes differ")
        self.assert_the_first_is_fetched()

    def test_and_the_fetch_is_interrupted(self):
        _, client = self.starting_over()
        client.send_signal(signal.SIGINT)
        self.assertEqual(self.ended(client)[0], 130)
        self.assert_the_first_is_fetched()


class AnewTest(ContinueCase):
    def test_by_request(self):
        self.kept()
        self.assert_anew(self.fetch(self.url, "--no-continue"), why="")
        self.assertEqual(self.names(), ["output"])

    def test_another_version(self):
        for checksum in (False, True):
            self.kept()
            self.image.write_bytes(random.Random(int(checksum)).randbytes(self.size))  # as long as the first
            self.server.etag = f'"{checksum}"'
            digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
            messages = self.assert_fetched(self.fetch(self.url, *[f"--checksum=sha256:{digest}"][:checksum]))
            self.assertIn("starting over", messages)
            self.assertEqual(self.names(), ["output"])
            self.output.unlink()

    def test_another_place(self):
        self.kept()
        self.assert_anew(self.fetch(f"{self.url}?other"), why="another URL")
        self.assertEqual(self.names(), ["output"])

    def test_what_was_only_guarded_by_a_checksum_is_not_used_without(self):
        self.kept(f"--checksum=sha256:{self.digest}")
        self.assert_anew(self.fetch(self.url), why="received with a --checksum")
        self.output.unlink()

    def test_decoded(self):
        self.kept()
        self.assert_anew(self.fetch(self.url, "--decode"), why="decoded")
        self.output.unlink()
        status, messages = self.interrupted("--decode")
        self.assertEqual(status, 130)
        self.assertIn("; nothing is kept: decoded data", messages.splitlines()[-1])
        self.assertEqual(self.names(), [])

    def test_nothing_shows_which_version_it_is(self):
        self.server.etag = ""
        status, messages = self.interrupted()
        self.assertEqual(status, 130)
        self.assertIn("; nothing is kept: the server names neither ETag nor Last-Modified", messages.splitlines()[-1])
        self.assertEqual(self.names(), [])

    def test_ended_at_random_moments(self):
        chance = random.Random(5)
        for version in range(3):
            self.image.write_bytes(random.Random(version).randbytes(self.size))
            self.server.etag = f'"{version}"'
            for number in (signal.SIGINT, signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
                client = self.start(self.url)
                least = chance.randrange(self.size * 2 // 3)
                processes.wait_for(client, lambda: (file := self.written(client)) and file.stat().st_size >= least)
                client.send_signal(number)
                self.ended(client)
        self.assert_fetched(self.fetch(self.url))
        self.assertEqual(self.names(), ["output"])


class WrongChecksumTest(ContinueCase):
    """A checksum that is mistyped costs no bytes, and no bytes get the file's name without the right one."""

    wrong = "--checksum=sha256:" + "0" * 64

    def setUp(self):
        super().setUp()
        self.right = f"--checksum=sha256:{self.digest}"

    def assert_kept_whole(self, outcome):
        status, messages = outcome
        self.assertEqual(status, exit_status.CHECKSUM, messages)
        self.assertIn("the checksum does not match", messages.splitlines()[-1])
        self.assertIn(f"are kept in '{self.part}'", messages.splitlines()[-1])
        self.assertIn("with the same one it fetches all again", messages.splitlines()[-1])
        self.assertEqual(self.names(), KEPT)
        self.assertTrue(self.part.read_bytes() == self.image.read_bytes(), "the bytes differ")
        return messages

    def assert_only_asked(self):
        """Only the end is requested, which shows that the version is the same."""
        self.assertEqual([request.range for request in self.server.requests], [f"bytes={self.size - 1 - (1 << 16)}-"])
        self.server.requests.clear()

    def assert_nothing_lost(self):
        self.server.requests.clear()
        self.assert_fetched(self.fetch(self.url, self.right))
        self.assert_only_asked()
        self.assertEqual(self.names(), ["output"])

    def test_the_right_one_fetches_nothing(self):
        self.assert_kept_whole(self.fetch(self.url, self.wrong))
        self.assert_nothing_lost()

    def test_another_wrong_one_fetches_nothing(self):
        self.assert_kept_whole(self.fetch(self.url, self.wrong))
        self.server.requests.clear()
        for digit in "123":
            messages = self.assert_kept_whole(self.fetch(self.url, "--checksum=" + digit * 128))
            self.assertNotIn("starting over", messages)
            self.assert_only_asked()
        self.assert_nothing_lost()

    def test_the_same_one_fetches_all_again(self):
        """With the same checksum again, everything is fetched again: the bytes may have been damaged."""
        image = self.image.read_bytes()
        listed = self.served / "SHA256SUMS"
        listed.write_text(f"{self.digest}  image\n")
        with FaultServer(listed) as lists:
            for checksum, words in ((self.right, "it does not have this checksum"),
                                    (f"--checksum=http://127.0.0.1:{lists.port}/SHA256SUMS", "starting over")):
                self.image.write_bytes(image[:1_000_000] + b"damaged" + image[1_000_007:])
                self.assert_kept_whole(self.fetch(self.url, checksum))
                self.image.write_bytes(image)
                self.assertIn(words, self.assert_fetched(self.fetch(self.url, checksum)))
                self.assertEqual(self.names(), ["output"])
                self.output.unlink()

    def test_for_a_part(self):
        """The bytes of two fetches together are not judged: one alone is."""
        self.kept()
        self.assertIn("starting over", self.assert_kept_whole(self.fetch(self.url, self.wrong)))
        self.server.requests.clear()
        self.assert_kept_whole(self.fetch(self.url, "--checksum=" + "1" * 128))
        self.assert_only_asked()
        self.assert_nothing_lost()

    def test_for_a_part_and_interrupted(self):
        for number in (signal.SIGINT, signal.SIGKILL):
            self.kept()
            client = self.start(self.url, self.wrong)
            processes.wait_for(client, lambda: (file := processes.unnamed_file(client.pid))
                               and file.stat().st_size >= FIRST)
            client.send_signal(number)
            self.ended(client)
            self.assertEqual(self.part.stat().st_size, self.size)
            self.assert_nothing_lost()
            self.output.unlink()

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts")
    def test_for_a_part_without_room_for_another_try(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "none", self.folder], check=True)
        self.addCleanup(subprocess.run, ["umount", self.folder], check=True)
        self.kept()
        self.assertIn("starting over", self.assert_kept_whole(self.fetch(self.url, self.wrong)))
        self.assert_nothing_lost()
        self.output.unlink()
        image = self.image.read_bytes()
        self.image.write_bytes(image[:100_000] + b"damaged" + image[100_007:])
        self.kept()
        self.image.write_bytes(image)
        self.assertIn("starting over", self.assert_fetched(self.fetch(self.url, self.right)))
        self.assertEqual(self.names(), ["output"])

    def test_a_part_is_continued_whatever_the_checksum_comes_from(self):
        listed = self.path / "SHA256SUMS"
        listed.write_text(f"{self.digest}  image\n")
        with FaultServer(listed) as lists:
            for first, second in ((self.right, f"--checksum={listed}"),
                                  (self.right, f"--checksum=http://127.0.0.1:{lists.port}/SHA256SUMS"),
                                  (f"--checksum=http://127.0.0.1:{lists.port}/SHA256SUMS", self.right),
                                  (self.wrong, self.right)):
                length = self.kept(first)
                self.assert_fetched(self.fetch(self.url, second))
                self.assertEqual([request.range for request in self.server.requests], [f"bytes={length - (1 << 16)}-"])
                self.output.unlink()

    def test_another_version_is_fetched(self):
        self.assert_kept_whole(self.fetch(self.url, self.wrong))
        self.image.write_bytes(random.Random(2).randbytes(self.size))
        self.server.etag = '"2"'
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        self.assert_fetched(self.fetch(self.url, f"--checksum={digest}"))
        self.assertEqual(self.names(), ["output"])

    def test_by_request_all_is_fetched_again(self):
        self.assert_kept_whole(self.fetch(self.url, self.wrong))
        self.server.requests.clear()
        self.assert_anew(self.fetch(self.url, self.right, "--no-continue"), why="")

    def test_a_mirror_that_does_not_answer_costs_nothing(self):
        """The bytes are there until the mirror has sent one."""
        client = self.start(self.url, self.wrong, "--mirror=http://127.0.0.1:1/image")
        processes.read_until(client.stderr, "retrying in")
        client.send_signal(signal.SIGINT)
        status, messages = self.ended(client)
        self.assertEqual(status, 130)
        self.assertIn(f"are kept in '{self.part}'", messages.splitlines()[-1])
        self.assertTrue(self.part.read_bytes() == self.image.read_bytes(), "the bytes differ")
        self.assert_nothing_lost()

    def test_a_mirror_that_sends_something_else_leaves_no_mixture(self):
        other = self.path / "other"
        other.write_bytes(random.Random(2).randbytes(self.size))
        with FaultServer(other, [Fault(cut=2_000_000)] + [Fault(status=404)] * 9) as mirror:
            mirror.etag = '"other"'
            status, messages = self.fetch(self.url, self.wrong, f"--mirror=http://127.0.0.1:{mirror.port}/image")
        self.assertIn(status, exit_status.FAILURES, messages)
        if self.part.exists():
            part = self.part.read_bytes()
            self.assertTrue(other.read_bytes().startswith(part) or self.image.read_bytes() == part, "the bytes are mixed")

    def test_a_mirror_has_the_right_bytes(self):
        other = self.path / "other"
        other.write_bytes(random.Random(2).randbytes(self.size))
        digest = hashlib.sha256(other.read_bytes()).hexdigest()
        with FaultServer(other) as mirror:
            self.assert_kept_whole(self.fetch(self.url, self.wrong))
            outcome = self.fetch(self.url, f"--checksum={digest}", f"--mirror=http://127.0.0.1:{mirror.port}/image")
            self.assert_fetched(outcome, other)
        self.assertEqual(self.names(), ["output"])


class OthersTest(ContinueCase):
    def test_what_another_program_writes_meanwhile_is_noticed_without_a_checksum(self):
        length = self.kept()
        client = self.begun(least=length + 100_000)
        with open(self.part, "r+b") as part:
            part.write(b"other bytes")
        status, messages = self.ended(client)
        self.assertEqual(status, exit_status.TARGET_REFUSED, messages)
        self.assertIn(f"another program has written to '{self.part}' meanwhile", messages.splitlines()[-1])
        self.assertIn("fetch again", messages.splitlines()[-1])
        self.assertEqual(self.names(), [])

    def test_what_another_program_has_written_is_not_kept(self):
        length = self.kept()
        client = self.begun(least=length + 100_000)
        with open(self.part, "r+b") as part:
            part.write(b"other bytes")
        client.send_signal(signal.SIGINT)
        status, messages = self.ended(client)
        self.assertEqual(status, 130, messages)
        self.assertIn(f"nothing is kept: another program has written to '{self.part}'", messages.splitlines()[-1])
        self.assertEqual(self.names(), [])

    def test_reading_is_no_matter(self):
        self.kept()
        with open(self.part, "rb"):
            self.assert_fetched(self.fetch(self.url))
        self.assertEqual(self.names(), ["output"])

    def test_a_part_that_is_removed_meanwhile(self):
        for number in (None, signal.SIGINT):
            length = self.kept()
            client = self.begun(least=length + 100_000)
            self.part.unlink()
            if number:
                client.send_signal(number)
            status, messages = self.ended(client)
            self.assertEqual(status, 130 if number else exit_status.TARGET_REFUSED, messages)
            self.assertRegex(messages.splitlines()[-1], f"somebody else has removed, renamed or replaced '{self.part}'")
            self.assertEqual(self.names(), [])

    def test_a_part_that_another_program_has_changed(self):
        self.kept()
        with open(self.part, "ab") as part:
            part.write(b"more")
        before = self.part.read_bytes()
        self.assert_anew(self.fetch(self.url), why="changed or replaced")
        self.assertEqual(self.part.read_bytes(), before)

    def test_a_part_that_another_program_has_changed_and_that_has_its_time_again(self):
        self.kept()
        self.damage()
        before = self.part.read_bytes()
        self.assert_anew(self.fetch(self.url), why="changed or replaced")
        self.assertEqual(self.part.read_bytes(), before)

    def test_a_part_of_several_fetches_that_another_program_has_changed(self):
        length = self.kept()
        client = self.begun(least=length + (1 << 19))
        client.send_signal(signal.SIGINT)
        self.assertEqual(self.ended(client)[0], 130)
        self.server.requests.clear()
        self.damage()
        self.assert_anew(self.fetch(self.url), why="changed or replaced")

    def test_another_file_with_the_name(self):
        self.kept()
        content = self.part.read_bytes()
        self.part.unlink()
        self.part.write_bytes(content)  # it may have the inode's number
        self.assert_anew(self.fetch(self.url), why="changed or replaced")
        self.assertEqual(self.part.read_bytes(), content)

    def test_a_link_with_the_name(self):
        self.kept()
        self.part.rename(self.path / "moved")
        self.part.symlink_to(self.path / "moved")
        before = (self.path / "moved").read_bytes()
        self.assert_anew(self.fetch(self.url), why="not a regular file")
        self.assertEqual((self.path / "moved").read_bytes(), before)

    def test_a_part_with_a_second_hard_link(self):
        self.kept()
        (self.path / "linked").hardlink_to(self.part)
        before = self.part.read_bytes()
        self.assert_anew(self.fetch(self.url), why="a second hard link")
        self.assertEqual((self.path / "linked").read_bytes(), before)

    def test_the_name_is_taken(self):
        self.part.write_text("precious")
        status, messages = self.interrupted()
        self.assertEqual(status, 130)
        self.assertNotIn("are kept", messages)
        self.assertIn(f"nothing is kept: '{self.part}' is in the way", messages.splitlines()[-1])
        self.assertEqual((self.names(), self.part.read_text()), (["output.part"], "precious"))

    def test_a_copy_of_the_folder(self):
        """The copy of a part is not the part, and the reason stays the same."""
        self.kept()
        copy = self.path / "copy"
        subprocess.run(["cp", "-a", self.folder, copy], check=True)
        self.folder = copy
        self.output, self.part = copy / "output", copy / "output.part"
        before = self.part.read_bytes()
        for _ in range(2):
            self.assert_anew(self.fetch(self.url), why="changed or replaced")
            self.server.requests.clear()
            self.assertEqual(self.names(), ["output", *KEPT])
            self.assertTrue(self.part.read_bytes() == before, "the part was changed")
            self.output.unlink()
            client = self.start(self.url)
            processes.wait_for(client, lambda: (file := processes.unnamed_file(client.pid))
                               and file.stat().st_size >= FIRST)
            client.send_signal(signal.SIGINT)
            status, messages = self.ended(client)
            self.assertEqual(status, 130)
            self.assertIn(f"nothing is kept: '{self.part}' is in the way", messages.splitlines()[-1])
            self.assertEqual(self.names(), KEPT)
            self.assertTrue(self.part.read_bytes() == before, "the part was changed")
            self.server.requests.clear()
        self.part.unlink()
        self.assert_fetched(self.fetch(self.url))
        self.assertEqual(self.names(), ["output"])

    def test_a_file_of_another_fetch_is_no_target(self):
        """The files of another fetch are refused, whether it was interrupted or still runs."""
        def refused(name, words):
            before = (self.folder / name).read_bytes()
            self.output = self.folder / name
            status, messages = self.fetch(self.url)
            self.output = self.folder / "output"
            self.assertEqual(status, exit_status.TARGET_REFUSED, messages)
            self.assertIn(words, messages)
            self.assertEqual((self.folder / name).read_bytes(), before)

        length = self.kept()
        refused("output.part", "has received")
        refused("output.bootferry", "the record of fetches")
        client = self.begun(least=length + (1 << 19))
        self.assertEqual(self.server.requests[-1].range, f"bytes={length - (1 << 16)}-")
        refused("output.bootferry", "the record of fetches")
        self.output = self.folder / "output.part"
        self.assertEqual(self.fetch(self.url)[0], exit_status.TARGET_REFUSED)
        self.output = self.folder / "output"
        self.assert_fetched(self.ended(client))
        self.assertEqual(self.names(), ["output"])

    def test_a_file_of_another_fetch_whose_name_was_cut(self):
        for length in (244, 247, 255):  # only the record's name is cut, both are
            self.output = self.folder / ("n" * length)
            client = self.begun()
            client.send_signal(signal.SIGINT)
            self.assertEqual(self.ended(client)[0], 130)
            part, record = (next(self.folder.glob(pattern)) for pattern in ("*.part", "*.bootferry"))
            for name in (part, record):
                self.output = name
                self.assertEqual(self.fetch(self.url)[0], exit_status.TARGET_REFUSED, name)
            part.unlink()
            record.unlink()

    def test_the_names_alone_mean_nothing(self):
        for name in ("output.part", "output.bootferry"):
            self.output = self.folder / name
            for text in (None, "", "somebody's"):
                if text is not None:
                    self.output.write_text(text)
                self.assert_fetched(self.fetch(self.url))
                self.output.unlink()

    def test_a_file_that_becomes_a_record_meanwhile(self):
        self.output = self.folder / "output.bootferry"
        self.output.touch(0o600)
        first = self.begun()
        self.output = self.folder / "output"
        second = self.start(self.url)
        processes.wait_for(second, lambda: (self.folder / "output.bootferry").read_bytes())
        record = (self.folder / "output.bootferry").read_bytes()
        status, messages = self.ended(first)
        self.assertEqual(status, exit_status.TARGET_REFUSED, messages)
        self.assertEqual((self.folder / "output.bootferry").read_bytes(), record)
        self.assert_fetched(self.ended(second))

    def test_a_record_that_lies(self):
        self.kept()
        record = self.folder / "output.bootferry"
        for text, why in (("", "no fetch has recorded"), ("bootferryctl fetch 1\n", "no fetch has recorded"),
                          (record.read_text().replace("end\n", ""), "is damaged"),
                          (record.read_text().replace("inode", "inode x"), "is damaged")):
            record.write_text(text)
            before = self.part.read_bytes()
            self.server.requests.clear()
            self.assert_anew(self.fetch(self.url), why=why)
            self.assertEqual(self.part.read_bytes(), before)
            self.output.unlink()


@processes.without_sanitizers
@unittest.skipUnless(os.geteuid() == 0, "needs root: a mount namespace of its own")
class WithoutProcTest(ContinueCase):
    """The bytes have a name from the beginning."""

    prefix = WITHOUT_PROC

    def test_the_rest_is_fetched(self):
        length = self.kept()
        self.assert_fetched(self.fetch(self.url))
        self.assertEqual([request.range for request in self.server.requests], [f"bytes={length - (1 << 16)}-"])
        self.assertEqual(self.names(), ["output"])


if __name__ == "__main__":
    tap.main()
