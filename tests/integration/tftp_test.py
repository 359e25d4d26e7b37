# SPDX-License-Identifier: LGPL-2.1-or-later
"""tftp from the real tftpd-hpa, and from a server that misbehaves by order."""

import os
import pathlib
import sys
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from odd_tftp_server import OddTftpServer  # noqa: E402
from tftpd import Tftpd  # noqa: E402


class TftpdTest(FetchCase):
    size = 3_000_003

    def setUp(self):
        super().setUp()
        if reason := Tftpd.missing():
            self.skipTest(reason)
        self.served.chmod(0o755)
        self.image.chmod(0o644)

    def test_an_image(self):
        with Tftpd(self.served) as server:
            self.assertIn("2.9 MiB", self.assert_fetched(self.fetch(f"tftp://127.0.0.1:{server.port}/image")))

    def test_an_empty_file(self):
        self.image.write_bytes(b"")
        for options in ([], ["--refuse", "tsize"]):
            with self.subTest(options=options), Tftpd(self.served, options=options) as server:
                self.assert_fetched(self.fetch(f"tftp://127.0.0.1:{server.port}/image"))
                self.output.unlink()

    def test_block_sizes(self):
        """Blocks of 8 bytes, so that the block number wraps to 0."""
        content = self.image.read_bytes()[:700_000]
        self.image.write_bytes(content)
        with Tftpd(self.served) as server:
            url = f"tftp://127.0.0.1:{server.port}/image"
            for option in ("tftp-blksize=8", "tftp-blksize=65464", "tftp-no-options"):
                with self.subTest(option):
                    self.assert_fetched(self.fetch(url, f"--option=curl:{option}"))
        for value in ("7", "65465", "x"):
            self.assertEqual(self.fetch(url, f"--option=curl:tftp-blksize={value}")[0], exit_status.USAGE)

    def test_a_server_that_knows_no_options(self):
        with Tftpd(self.served, options=["--refuse", "blksize", "--refuse", "tsize"]) as server:
            self.assert_fetched(self.fetch(f"tftp://127.0.0.1:{server.port}/image"))

    def test_a_missing_file_is_final(self):
        with Tftpd(self.served) as server:
            status, messages = self.fetch(f"tftp://127.0.0.1:{server.port}/nothing")
        self.assertEqual(status, exit_status.NOT_FOUND, messages)
        self.assertIn("server answered File not found", messages.splitlines()[-1])

    def test_a_file_that_may_not_be_read_is_final(self):
        self.image.chmod(0o600)
        with Tftpd(self.served) as server:
            status, messages = self.fetch(f"tftp://127.0.0.1:{server.port}/image")
        self.assertEqual(status, exit_status.PROTOCOL, messages)  # it has no code for that
        self.assertIn("server answered Permission denied", messages.splitlines()[-1])

    def test_a_server_that_comes_up_late(self):
        server = Tftpd(self.served)
        self.addCleanup(server.stop)
        client = self.start(f"tftp://127.0.0.1:{server.port}/image")
        processes.read_until(client.stderr, "connecting")
        server.start()
        self.assert_fetched(self.ended(client))


class OddServerTest(FetchCase):
    size = 300_000

    def test_what_is_asked_for(self):
        with OddTftpServer(self.image.read_bytes()) as server:
            self.assert_fetched(self.fetch(f"tftp://127.0.0.1:{server.port}/folder/image"))
            self.assert_fetched(self.fetch(f"tftp://127.0.0.1:{server.port}//folder/an%20image"))
        self.assertEqual([name for name, _ in server.requests], ["folder/image", "/folder/an image"])
        self.assertEqual(server.requests[0][1]["blksize"], "1428")

    def test_a_block_is_repeated_after_two_seconds(self):
        """RFC 2349: libcurl derives it from the time to connect."""
        with OddTftpServer(self.image.read_bytes()) as server:
            for option, seconds in (((), "2"), (("--option=curl:connect-timeout=9",), "3")):
                self.assert_fetched(self.fetch(f"tftp://127.0.0.1:{server.port}/image", *option))
                self.assertEqual(server.requests[-1][1]["timeout"], seconds)

    def test_a_transfer_that_stops_begins_anew(self):
        for knows_options in (True, False):
            with OddTftpServer(self.image.read_bytes(), knows_options, stop=50) as server:
                messages = self.assert_fetched(self.fetch(f"tftp://127.0.0.1:{server.port}/image", "--stall-timeout=1"))
            self.assertIn("starting over: the server cannot resume", messages)

    def test_what_tftp_does_not_have(self):
        with OddTftpServer(self.image.read_bytes()) as server:
            url = f"tftp://127.0.0.1:{server.port}/image"
            for option in ("proxy=127.0.0.1:9", "socks5=127.0.0.1:9", "limit-rate=1k"):
                status, messages = self.fetch(url, f"--option=curl:{option}")
                self.assertEqual(status, exit_status.USAGE, messages)
                self.assertIn(f"curl's option {option.split('=')[0]} does not work with tftp", messages.splitlines()[-1])
            for option in ("user=u:geheim", "oauth2-bearer=geheim", "header=X-Token: geheim", "cookie=a=geheim"):
                status, messages = self.fetch(url, f"--option=curl:{option}")
                self.assertEqual(status, exit_status.USAGE, messages)
                self.assertIn(f"curl's option {option.split('=')[0]} does not work with tftp", messages.splitlines()[-1])
                self.assertNotIn("geheim", messages)
            status, messages = self.fetch(url.replace("//", "//u:geheim@"))
            self.assertEqual(status, exit_status.USAGE, messages)
            self.assertIn("tftp has no login", messages)
            self.assertNotIn("geheim", messages)
            status, messages = self.fetch(url + ";mode=netascii")
            self.assertEqual(status, exit_status.USAGE, messages)
            self.assertEqual(server.requests, [])
            self.assert_fetched(self.fetch(url + ";mode=octet"))
            with unittest.mock.patch.dict(os.environ, all_proxy="http://127.0.0.1:9"):
                self.assert_fetched(self.fetch(url))

    def test_a_mirror_is_not_meant_by_the_login_for_another_server(self):
        with OddTftpServer(self.image.read_bytes()) as server:
            self.assert_fetched(self.fetch(f"http://127.0.0.1:{processes.free_port()}/image", "--option=curl:user=u:geheim",
                                           f"--mirror=tftp://127.0.0.1:{server.port}/image"))

    def test_a_size_that_is_not_true(self):
        size = len(self.image.read_bytes())
        for announced, words in ((size - 100_000, "server sent more bytes than it announced"),
                                 (size + 1, f"announced {size + 1} bytes and ended the file after {size}"),
                                 (2**62, "there is no room for")):
            with self.subTest(announced), OddTftpServer(self.image.read_bytes(), size=announced) as server:
                self.assert_failed(self.fetch(f"tftp://127.0.0.1:{server.port}/image"), words)

    def test_a_size_of_0_of_a_file_that_is_not_empty(self):
        with OddTftpServer(self.image.read_bytes(), size=0) as server:
            self.assert_fetched(self.fetch(f"tftp://127.0.0.1:{server.port}/image"))
        self.assertTrue(server.requests[0][1])
        self.assertFalse(server.requests[-1][1])

    def test_an_error_without_words(self):
        with OddTftpServer(b"", error=(1, "")) as server:
            self.assert_failed(self.fetch(f"tftp://127.0.0.1:{server.port}/image"), "server answered with an error without words")

    def test_errors(self):
        for code, status in ((1, exit_status.NOT_FOUND), (2, exit_status.AUTH), (0, exit_status.PROTOCOL),
                             (4, exit_status.PROTOCOL), (99, exit_status.PROTOCOL)):
            with self.subTest(code), OddTftpServer(b"", error=(code, "words")) as server:
                seen, messages = self.fetch(f"tftp://127.0.0.1:{server.port}/image", "--timeout=30")
                self.assertEqual(seen, status, messages)
                self.assertIn("server answered words", messages.splitlines()[-1])


if __name__ == "__main__":
    tap.main()
