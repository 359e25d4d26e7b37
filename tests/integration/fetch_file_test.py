# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file as the target of bootferryctl fetch: others fetch to it, write beside it, and put things in its way."""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import tap  # noqa: E402
from fault_server import FaultServer  # noqa: E402
from fetch_case import FetchCase  # noqa: E402

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
        """A fetch that is receiving, and has some seconds to go."""
        client = self.start(self.serve(pace=SLOW), *options)
        processes.wait_for(client, lambda: processes.unnamed_file(client.pid) or any(self.folder.glob(".bootferry-*")))
        return client

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def assert_left(self, outcome, word):
        """It failed for that reason, and nothing that was there was touched."""
        status, said = outcome
        self.assertEqual(status, 1, said)
        self.assertIn(word, said.splitlines()[-1])


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
        self.assertEqual(sorted(status for status, _ in outcomes), [0] + [1] * 9, outcomes)
        for status, said in outcomes:
            if status:
                self.assertIn("another bootferryctl is fetching to", said)
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
        self.assert_left(self.fetch(self.serve()), "'output.bootferry' beside")
        self.record.unlink()
        self.record.hardlink_to(precious)
        self.assert_left(self.fetch(self.serve()), "'output.bootferry' beside")
        self.assertEqual(precious.read_text(), "precious")

    def test_what_is_no_record_is_not_changed(self):
        self.record.write_text("precious")
        self.assert_left(self.fetch(self.serve()), "no record of bootferryctl's")
        self.assertEqual(self.record.read_text(), "precious")
        self.record.unlink()
        os.mkfifo(self.record)
        self.assert_left(self.fetch(self.serve()), "no record of bootferryctl's")

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


@unittest.skipUnless(os.geteuid() == 0, "needs root: a mount namespace of its own")
class WithoutProcTest(FileCase):
    """What has no name cannot be given one without /proc/self/fd: the bytes have a name from the beginning."""

    def start(self, url, *options):
        command = [os.environ["BOOTFERRYCTL"], "fetch", *options, url, str(self.output)]
        # The link is what the dynamic linker goes by.
        hide = 'mount -t tmpfs none /proc && mkdir /proc/self && ln -s "$1" /proc/self/exe && exec "$@"'
        client = processes.start(["unshare", "--mount", "sh", "-c", hide, "sh", *command], stderr=subprocess.PIPE,
                                 text=True)
        self.addCleanup(processes.stop, client)
        return client

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
        self.assert_left(self.ended(client), "created or replaced")
        self.assertFalse(self.output.exists())
        self.assertEqual(temporary.read_text(), "planted")

    def test_what_appears_meanwhile_is_not_replaced(self):
        client = self.started()
        self.output.write_text("precious")
        self.assert_left(self.ended(client), "created or replaced")
        self.assertEqual(self.names(), ["output"])
        self.assertEqual(self.output.read_text(), "precious")


if __name__ == "__main__":
    tap.main()
