# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file as the target of bootferryctl fetch, while other programs fetch to it, write beside it or replace it."""

import fcntl
import os
import pathlib
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import posix_acl  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from fault_server import FaultServer  # noqa: E402
from fetch_case import WITHOUT_PROC, FetchCase  # noqa: E402
from raw_server import RawServer  # noqa: E402

SLOW = 1 << 20  # bytes a second


class FileCase(FetchCase):
    size = 3 << 20

    def setUp(self):
        super().setUp()
        self.folder = self.path / "folder"
        self.folder.mkdir()
        self.output = self.folder / "output"
        self.record = self.folder / "output.bootferry"

    def serve(self, **options):
        server = FaultServer(self.image, **options)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return f"http://127.0.0.1:{server.port}/image"

    def started(self, *options):
        """A fetch that is receiving and takes some more seconds."""
        client = self.start(self.serve(pace=SLOW), *options)
        processes.wait_for(client, lambda: processes.unnamed_file(client.pid) or any(self.folder.glob(".bootferry-*")))
        return client

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def assert_left(self, outcome, word):
        """The fetch failed for that reason and left all existing files alone."""
        status, messages = outcome
        self.assertIn(status, exit_status.FAILURES, messages)
        self.assertIn(word, messages.splitlines()[-1])


@unittest.skipUnless(os.geteuid() == 0, "needs root: changes owners")
class StickyFolderTest(FileCase):
    """In a folder such as /tmp another user may create any name. No name keeps a fetch from its FILE."""

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o1777)

    def assert_not_kept_away(self):
        before = os.lstat(self.record)
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual(os.lstat(self.record)[:8], before[:8])
        self.assertEqual(self.names(), ["output", "output.bootferry"])

    def test_a_locked_record_of_another_user(self):
        self.record.write_text("bootferryctl fetch 1\npid 1\n")
        os.chown(self.record, 65534, 65534)
        with open(self.record, "rb") as record:
            fcntl.flock(record, fcntl.LOCK_EX)
            self.assert_not_kept_away()

    def test_a_file_of_another_user_is_not_replaced(self):
        """The image would belong to that user, who could change it after it was verified."""
        self.output.write_text("planted")
        os.chown(self.output, 65534, 65534)
        for mode, owner in ((0o1777, 0), (0o1775, 0), (0o1777, 1234)):
            os.chown(self.folder, owner, owner)
            self.folder.chmod(mode)
            self.assert_left(self.fetch("http://127.0.0.1:9/never-asked"), "belongs to another user, in a sticky folder")
            self.assertEqual((self.output.read_text(), self.output.stat().st_uid), ("planted", 65534))
        # The owner of the folder can do as much without a file.
        os.chown(self.folder, 65534, 65534)
        self.assert_fetched(self.fetch(self.serve()))

    def test_other_things_of_another_user(self):
        for plant in (lambda: self.record.symlink_to("/etc/passwd"), lambda: os.mkfifo(self.record), self.record.mkdir,
                      lambda: self.record.write_text("somebody's")):
            plant()
            os.chown(self.record, 65534, 65534, follow_symlinks=False)
            self.assert_not_kept_away()
            if self.record.is_dir() and not self.record.is_symlink():
                self.record.rmdir()
            else:
                self.record.unlink()
            self.output.unlink()


class TwoWritersTest(FileCase):
    def test_the_second_is_refused_at_once_and_the_first_is_not_disturbed(self):
        first = self.started()
        self.assert_left(self.fetch("http://127.0.0.1:9/never-asked"),
                         f"another bootferryctl is fetching to '{self.output}' (pid {first.pid})")
        self.assert_fetched(self.ended(first))
        self.assertEqual(self.names(), ["output"])

    def test_of_ten_at_once_one_comes_through(self):
        url = self.serve(pace=SLOW)
        outcomes = [self.ended(client) for client in [self.start(url) for _ in range(10)]]
        self.assertEqual(sorted(status for status, _ in outcomes), [0] + [exit_status.TARGET_REFUSED] * 9, outcomes)
        for status, messages in outcomes:
            if status:
                self.assertIn("another bootferryctl is fetching to", messages)
        self.assertTrue(self.output.read_bytes() == self.image.read_bytes())
        self.assertEqual(self.names(), ["output"])

    def test_what_a_killed_one_leaves_is_taken_over(self):
        first = self.started()
        first.send_signal(signal.SIGKILL)
        first.wait()
        self.assertEqual(self.names(), ["output.bootferry"])
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual(self.names(), ["output"])

    def test_other_files_of_the_folder_are_other_matters(self):
        first = self.started()
        self.output = self.folder / "other"
        self.assert_fetched(self.fetch(self.serve()))
        self.output = self.folder / "output"
        self.assert_fetched(self.ended(first))


class InTheWayTest(FileCase):
    def test_files_of_others_are_left_alone(self):
        (self.folder / "output.part").write_text("precious")
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual((self.folder / "output.part").read_text(), "precious")

    def test_links_that_were_planted_are_not_followed(self):
        precious = self.path / "precious"
        precious.write_text("precious")
        (self.folder / "output.part").symlink_to(precious)
        self.assert_fetched(self.fetch(self.serve()))
        self.record.symlink_to(precious)
        self.assert_left(self.fetch(self.serve()), f"'{self.record}'")
        self.record.unlink()
        self.record.hardlink_to(precious)
        self.assert_left(self.fetch(self.serve()), f"'{self.record}'")
        self.assertEqual(precious.read_text(), "precious")

    def test_what_is_no_record_is_not_changed(self):
        self.record.write_text("precious")
        self.assert_left(self.fetch(self.serve()), f"'{self.record}' is not a record of bootferryctl; remove it")
        self.assertEqual(self.record.read_text(), "precious")
        self.record.unlink()
        os.mkfifo(self.record)
        self.assert_left(self.fetch(self.serve()), f"'{self.record}' is not a record of bootferryctl; remove it")

    def test_an_empty_file_is_only_a_record_if_a_fetch_can_have_created_it(self):
        """A fetch that is killed before it has written anything leaves such a record."""
        for mode in (0o644, 0o660, 0o700):
            self.record.touch()
            self.record.chmod(mode)
            before = os.stat(self.record)[:7]
            self.assert_left(self.fetch("http://127.0.0.1:9/never-asked"), f"'{self.record}' is not a record of bootferryctl")
            self.assertEqual(os.stat(self.record)[:7], before)
        self.record.chmod(0o600)
        with open(self.record, "rb") as record:
            fcntl.flock(record, fcntl.LOCK_EX)
            self.assert_left(self.fetch("http://127.0.0.1:9/never-asked"), "another bootferryctl is fetching")
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual(self.names(), ["output"])

    def test_what_appears_meanwhile_is_not_replaced(self):
        client = self.started()
        self.output.write_text("precious")
        self.assert_left(self.ended(client), "created or replaced")
        self.assertEqual(self.output.read_text(), "precious")

    def test_what_was_there_and_becomes_a_link_is_not_replaced(self):
        self.output.write_text("old")
        precious = self.path / "precious"
        precious.write_text("precious")
        client = self.started()
        self.output.unlink()  # and the link may get its inode's number
        self.output.symlink_to(precious)
        self.assert_left(self.ended(client), "created or replaced")
        self.assertEqual(precious.read_text(), "precious")
        self.assertTrue(self.output.is_symlink())

    def during_fetches(self, changes):
        """The outcome of a fetch for each change, which is made to its FILE meanwhile."""
        clients = {}
        for name in changes:
            self.output = self.folder / name
            self.output.write_text("old bytes")
            self.output.chmod(0o664)
            clients[name] = self.started()
        for name, change in changes.items():
            change(self.folder / name)
        return {name: self.ended(client) for name, client in clients.items()}

    def test_what_is_written_into_it_meanwhile_is_kept(self):
        def write_and_restore_the_time(path):
            before = path.stat()
            with open(path, "r+b") as file:
                file.write(b"new")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        def append(path):
            with open(path, "a", encoding="ascii") as file:
                file.write("more")

        def write_through_another_name(path):
            other = self.path / "other-name"
            other.hardlink_to(path)
            with open(other, "r+b") as file:
                file.write(b"new")

        changes = {"copied": lambda path: path.write_text("new bytes of another length"),
                   "emptied": lambda path: os.truncate(path, 0),
                   "appended": append,
                   "restored": write_and_restore_the_time,
                   "linked": write_through_another_name}
        left = {"copied": "new bytes of another length", "emptied": "", "appended": "old bytesmore",
                "restored": "new bytes", "linked": "new bytes"}
        for name, (status, messages) in self.during_fetches(changes).items():
            with self.subTest(name):
                self.assertEqual(status, exit_status.TARGET_REFUSED, messages)
                self.assertIn(f"somebody else has changed '{self.folder / name}' meanwhile", messages.splitlines()[-1])
                self.assertEqual((self.folder / name).read_text(), left[name])
                part = self.folder / f"{name}.part"
                self.assertTrue(part.read_bytes() == self.image.read_bytes(), "the bytes differ")
                self.assertEqual(part.stat().st_mode & 0o7777, 0o600)

    def test_other_permissions_and_names_meanwhile_are_no_reason(self):
        changes = {"read": lambda path: path.read_text(), "permitted": lambda path: path.chmod(0o604),
                   "linked": lambda path: (self.path / "other-name").hardlink_to(path)}
        if os.geteuid() == 0:
            changes["owned"] = lambda path: os.chown(path, 1234, 4321)
        for name, outcome in self.during_fetches(changes).items():
            self.output = self.folder / name
            self.assert_fetched(outcome)
        self.assertEqual((self.folder / "permitted").stat().st_mode & 0o7777, 0o604)
        self.assertEqual((self.path / "other-name").read_text(), "old bytes")

    def test_what_was_there_is_replaced_whole(self):
        self.output.write_text("old")
        other = self.path / "other-name"
        other.hardlink_to(self.output)
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual(other.read_text(), "old")
        self.assertEqual(self.names(), ["output"])

    def test_a_name_that_has_just_room_for_itself(self):
        for name in ("n" * 255, "line\nbreak"):
            self.output = self.folder / name
            self.assert_fetched(self.fetch(self.serve()))
            self.assertEqual(self.names(), [name])
            self.output.unlink()


class LinkTest(FileCase):
    def setUp(self):
        super().setUp()
        self.real = self.path / "real"
        self.link = self.output
        self.link.symlink_to(os.path.relpath(self.real, self.folder))

    def assert_went_through(self, outcome):
        self.assert_fetched(outcome)
        self.assertTrue(self.link.is_symlink())
        self.assertFalse(self.real.is_symlink())
        self.assertEqual(self.names(), ["output"])

    def test_a_link_stays_and_what_it_names_is_replaced(self):
        self.real.write_text("old")
        self.assert_went_through(self.fetch(self.serve()))

    def test_a_link_to_nothing_names_where_the_file_goes(self):
        self.assert_went_through(self.fetch(self.serve()))

    def test_a_link_and_what_it_names_are_one_file(self):
        first = self.started()
        self.output = self.real
        self.assert_left(self.fetch("http://127.0.0.1:9/never-asked"), f"(pid {first.pid})")
        self.assert_went_through(self.ended(first))

    def test_links_in_a_circle(self):
        self.real.symlink_to(self.link)
        self.assert_left(self.fetch("http://127.0.0.1:9/never-asked"), "Too many levels of symbolic links")

    @unittest.skipUnless(os.geteuid() == 0, "needs root: a link of somebody else's")
    def test_a_link_of_another_user(self):
        self.real.write_text("precious")
        os.chown(self.link, 65534, 65534, follow_symlinks=False)
        self.folder.chmod(0o1777)
        self.assert_left(self.fetch("http://127.0.0.1:9/never-asked"), "is a link of another user, in a sticky folder")
        self.assertEqual(self.real.read_text(), "precious")


class ReplacedTest(FileCase):
    def test_permissions_are_kept(self):
        self.output.write_text("old")
        self.output.chmod(0o640)
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual(self.output.stat().st_mode & 0o7777, 0o640)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: files of other people")
    def test_the_owner_is_kept_but_nothing_runs_as_it(self):
        self.output.write_text("old")
        os.chown(self.output, 1234, 4321)
        self.output.chmod(0o4750)
        self.assert_fetched(self.fetch(self.serve()))
        status = self.output.stat()
        self.assertEqual((status.st_uid, status.st_gid, status.st_mode & 0o7777), (1234, 4321, 0o750))

    def put_list(self, *entries, path=None, name=posix_acl.ACCESS):
        if not posix_acl.put(path or self.output, *entries, name=name):
            self.skipTest("the file system has no ACLs")

    def test_the_list_of_who_may_what_is_kept(self):
        """The group's bits of the mode are what the list allows at most, not what the group may do."""
        for entries in (((posix_acl.USER_OBJ, 6), (posix_acl.USER, 6, 65534), (posix_acl.GROUP_OBJ, 0), (posix_acl.MASK, 6),
                         (posix_acl.OTHER, 0)),
                        ((posix_acl.USER_OBJ, 6), (posix_acl.USER, 6, 65534), (posix_acl.GROUP_OBJ, 4),
                         (posix_acl.GROUP, 6, 1234), (posix_acl.MASK, 2), (posix_acl.OTHER, 4))):
            self.output.write_text("old")
            self.put_list(*entries)
            before = self.output.stat().st_mode
            messages = self.assert_fetched(self.fetch(self.serve()))
            self.assertNotIn("could not be kept", messages)
            self.assertEqual(posix_acl.of(self.output), list(entries))
            self.assertEqual(self.output.stat().st_mode, before)
            self.output.unlink()

    def test_the_list_of_the_folder_gives_nobody_a_right_to_it(self):
        self.output.write_text("old")
        self.output.chmod(0o640)
        self.put_list((posix_acl.USER_OBJ, 7), (posix_acl.USER, 7, 65534), (posix_acl.GROUP_OBJ, 7), (posix_acl.MASK, 7),
                      (posix_acl.OTHER, 7), path=self.folder, name=posix_acl.DEFAULT)
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual(posix_acl.of(self.output), [])
        self.assertEqual(self.output.stat().st_mode & 0o7777, 0o640)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: files of other people")
    def test_another_group_gets_no_rights_of_the_one_that_is_lost(self):
        self.prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        os.chown(self.folder, 65534, 65534)
        for mode, left in ((0o664, 0o644), (0o660, 0o600), (0o646, 0o646)):
            self.output.write_text("old")
            os.chown(self.output, 65534, 4321)
            self.output.chmod(mode)
            self.assertIn("the group of", self.assert_fetched(self.fetch(self.serve())))
            status = self.output.stat()
            self.assertEqual((status.st_uid, status.st_gid, status.st_mode & 0o7777), (65534, 65534, left))
            self.output.unlink()
        self.output.write_text("old")
        os.chown(self.output, 65534, 4321)
        self.put_list((posix_acl.USER_OBJ, 6), (posix_acl.USER, 6, 1234), (posix_acl.GROUP_OBJ, 6), (posix_acl.MASK, 6),
                      (posix_acl.OTHER, 4))
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual(posix_acl.of(self.output), [(posix_acl.USER_OBJ, 6), (posix_acl.USER, 6, 1234),
                                                     (posix_acl.GROUP_OBJ, 4), (posix_acl.MASK, 6), (posix_acl.OTHER, 4)])

    def test_a_new_file_has_the_usual_permissions(self):
        before = os.umask(0o027)
        self.addCleanup(os.umask, before)
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual(self.output.stat().st_mode & 0o7777, 0o640)


class LocalFaultTest(FileCase):
    """Refusals before the image is requested."""

    def setUp(self):
        super().setUp()
        self.server = FaultServer(self.image)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.url = f"http://127.0.0.1:{self.server.port}/image"

    def assert_refused(self, output, word):
        self.output = output
        self.assert_left(self.fetch(self.url), word)
        self.assertEqual(self.server.requests, [])

    def mount(self, *options):
        subprocess.run(["mount", *options, str(self.folder)], check=True)
        self.addCleanup(subprocess.run, ["umount", str(self.folder)], check=True)

    def test_names(self):
        (self.path / "file").write_text("a file")
        for output, word in ((self.path / "nowhere" / "x", "nowhere/': No such file or directory"),
                             (self.path / "file" / "x", "Not a directory"),
                             (self.folder / ("n" * 256), "File name too long"),
                             (self.folder, "is a folder"),
                             (f"{self.folder}/", "is a folder"),
                             (f"{self.folder}/new/", "No such file or directory"),
                             (".", "is a folder"),
                             ("/dev/no-such-device", "there is no device '/dev/no-such-device'"),
                             ("/proc/self/exe", "another process")):
            self.assert_refused(output, word)
        socket_path = self.folder / "socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(socket_path))
            self.assert_refused(socket_path, "neither a regular file nor a block device")

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts")
    def test_a_read_only_folder(self):
        self.mount("-t", "tmpfs", "-o", "ro", "none")
        self.assert_refused(self.folder / "x", "Read-only file system")

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts")
    def test_a_mount_point(self):
        self.output.write_text("old")
        subprocess.run(["mount", "--bind", self.output, self.output], check=True)
        self.addCleanup(subprocess.run, ["umount", self.output], check=True)
        self.assert_refused(self.output, "mount point")

    @unittest.skipUnless(os.geteuid() == 0, "needs root: attributes")
    def test_what_even_root_may_not_change(self):
        self.output.write_text("old")
        if subprocess.run(["chattr", "+i", self.output], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("the file system has no attributes")
        self.addCleanup(subprocess.run, ["chattr", "-i", self.output], check=True)
        self.assert_refused(self.output, "immutable")

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts")
    def test_no_room_at_all(self):
        self.mount("-t", "tmpfs", "-o", "size=64k", "none")
        (self.folder / "full").write_bytes(bytes(64 << 10))
        self.assert_refused(self.folder / "x", "No space left on device")
        self.assertEqual(self.names(), ["full"])

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts")
    def test_too_little_room_is_reported_when_the_size_is_known(self):
        self.mount("-t", "tmpfs", "-o", "size=1m", "none")
        self.assert_left(self.fetch(self.url), "has 3.0 MiB, its file system only")
        self.assertEqual(self.names(), [])

    def test_too_little_room_is_reported_although_every_connection_is_cut(self):
        """The first answer has the size, and the bytes do not come that far."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000000000\r\nETag: \"1\"\r\nConnection: close\r\n\r\n"
        with RawServer({"/image": head + bytes(300)}) as server:
            outcome = self.fetch(f"http://127.0.0.1:{server.port}/image")
        self.assertEqual(outcome[0], exit_status.NO_ROOM)
        self.assert_left(outcome, "has 88.8 PiB, its file system only")
        self.assertEqual(self.names(), [])

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts")
    def test_room_that_another_program_takes_meanwhile(self):
        self.mount("-t", "tmpfs", "-o", "size=4m", "none")
        client = self.started()
        with open(self.folder / "other", "wb") as other:
            with self.assertRaises(OSError):
                while True:
                    os.write(other.fileno(), bytes(1 << 16))
        self.assert_left(self.ended(client), "No space left on device")
        self.assertEqual(self.names(), ["other"])


@processes.without_sanitizers
@unittest.skipUnless(os.geteuid() == 0, "needs root: a mount namespace of its own")
class WithoutProcTest(FileCase):
    """Without /proc/self/fd, a file without a name cannot get one, so the file has a name from the beginning."""

    prefix = WITHOUT_PROC

    def test_a_new_file(self):
        client = self.started()
        self.assertRegex(" ".join(self.names()), r"^\.bootferry-[0-9a-f]{16} output\.bootferry$")
        self.assert_fetched(self.ended(client))
        self.assertEqual(self.names(), ["output"])

    def test_a_file_that_is_replaced(self):
        self.output.write_text("old")
        self.assert_fetched(self.fetch(self.serve()))
        self.assertEqual(self.names(), ["output"])

    def test_what_takes_the_place_of_the_bytes_is_not_made_the_file(self):
        client = self.started()
        temporary, = self.folder.glob(".bootferry-*")
        temporary.unlink()
        temporary.write_text("planted")
        self.assert_left(self.ended(client), "removed, renamed or replaced")
        self.assertEqual(self.names(), [temporary.name])
        self.assertEqual(temporary.read_text(), "planted")

    def test_what_appears_meanwhile_is_not_replaced(self):
        client = self.started()
        self.output.write_text("precious")
        self.assert_left(self.ended(client), "created or replaced")
        self.assertEqual(self.names(), ["output", "output.bootferry", "output.part"])
        self.assertEqual(self.output.read_text(), "precious")


if __name__ == "__main__":
    tap.main()
