# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transfers that break: real servers behind a proxy that cuts and stalls, and a server that misbehaves by order.
Whatever happens, the bytes are those of one version of the file, and few are fetched twice."""

import email.utils
import gzip
import hashlib
import lzma
import os
import pathlib
import random
import signal
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import exit_status  # noqa: E402
import tap  # noqa: E402
from certificates import Authority  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from nginx import Nginx  # noqa: E402
from odd_ftp_server import OddFtpServer  # noqa: E402
from other_ftp_servers import Proftpd, PureFtpd  # noqa: E402
from tcp_proxy import Cut, Stall, TcpProxy  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402

SIZE = 2_000_003


class ResumeCase(FetchCase):
    size = SIZE


class CutTest(ResumeCase):
    """Fifty cuts at random places in one image. For http and sftp see fetch_test.py and sftp_test.py."""

    size = 40_000_000  # a cut costs the 64 KiB that are compared, and the TLS record that it falls into, 16 KiB

    def cuts(self):
        places = random.Random(4)
        return [Cut(places.randrange(5_000, self.size // 26)) for _ in range(50)]

    def assert_few_bytes(self, proxy):
        self.assertEqual(len(proxy.to_client), 51)
        self.assertLessEqual(sum(proxy.to_client), self.size * 1.15)

    def test_https(self):
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        port = processes.free_port()
        with Nginx(self.served, extra=f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; "
                                      f"ssl_certificate_key {key};"), TcpProxy(port, self.cuts()) as proxy:
            self.assert_fetched(self.fetch(f"https://127.0.0.1:{proxy.port}/image",
                                           f"--option=curl:cacert={authority.certificate}"))
            self.assert_few_bytes(proxy)

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        # The data connections go to the address of the control connection: there the proxy is.
        with Vsftpd(self.served, one_data_port=True) as server, TcpProxy(server.port, address="127.0.0.2") as control, \
                TcpProxy(server.data_port, self.cuts(), address="127.0.0.2", own_port=server.data_port) as data:
            self.assert_fetched(self.fetch(f"ftp://127.0.0.2:{control.port}/image"))
            self.assert_few_bytes(data)
            self.assertIn("REST ", server.log())


class OtherFtpServersTest(ResumeCase):
    def cut_twice(self, kind, settings=()):
        if reason := kind.missing():
            self.skipTest(reason)
        server = self.enterContext(kind(self.served, settings, few_data_ports=True))
        control = self.enterContext(TcpProxy(server.port, address="127.0.0.2"))
        # The first connections over the one or the other are cut.
        data = [self.enterContext(TcpProxy(port, [Cut(700_000), Cut(500_000)], address="127.0.0.2", own_port=port))
                for port in server.data_ports]
        messages = self.assert_fetched(self.fetch(f"ftp://127.0.0.2:{control.port}/image"))
        received = [count for proxy in data for count in proxy.to_client]
        self.assertGreater(len(received), 1)
        return messages, received

    def test_one_that_permits_no_restart(self):
        messages, _ = self.cut_twice(Proftpd, ["AllowRetrieveRestart off"])
        self.assertIn("451 image: Restart not permitted, try again", messages)
        self.assertIn("starting over", messages)

    def test_proftpd_and_pure_ftpd_resume(self):
        for kind in (Proftpd, PureFtpd):
            with self.subTest(kind=kind):
                messages, received = self.cut_twice(kind)
                self.assertNotIn("starting over", messages)
                self.assertLess(sum(received), SIZE * 1.2)
                self.output.unlink()


class RedirectorTest(ResumeCase):
    """nginx sends each attempt to another mirror: the same bytes under other ETags."""

    def fetched(self, *options):
        mirrors = []
        for number in (1, 2):
            folder = self.path / f"mirror{number}"
            folder.mkdir()
            (folder / "image").write_bytes(self.image.read_bytes())
            os.utime(folder / "image", (number * 1_000_000, number * 1_000_000))
            mirrors.append(self.enterContext(Nginx(folder)))
        proxies = [self.enterContext(TcpProxy(server.port, [Cut(600_000), Cut(600_000)])) for server in mirrors]
        first, second = (f"http://127.0.0.1:{proxy.port}" for proxy in proxies)
        turns = f"map $connection $mirror {{ ~[13579]$ {first}; default {second}; }}"
        redirector = self.enterContext(Nginx(self.served, http=turns, extra="location / { return 302 $mirror$request_uri; }"))
        messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{redirector.port}/image", *options))
        # Each was asked, or this shows nothing.
        self.assertTrue(all(proxy.to_client for proxy in proxies), messages)
        return messages, sum(sum(proxy.to_client) for proxy in proxies)

    def test_mirrors_continue_each_other_under_a_checksum(self):
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        messages, received = self.fetched(f"--checksum=sha256:{digest}")
        self.assertNotIn("starting over", messages)
        # A mirror that does not know the other's ETag begins to send the whole file before the part is asked for.
        self.assertLess(received, SIZE * 2)

    def test_without_one_it_starts_over_until_it_has_one_whole(self):
        messages, _ = self.fetched()
        self.assertIn("starting over", messages)


class StallTest(ResumeCase):
    def assert_stall_is_resumed(self, url, stalling):
        messages = self.assert_fetched(self.fetch(url, "--stall-timeout=1"))
        self.assertIn("nothing arrived for 1 s", messages)
        self.assertTrue(stalling.stalled.is_set())
        self.assertLess(sum(stalling.to_client), SIZE * 1.1)

    def test_http(self):
        with Nginx(self.served) as server, TcpProxy(server.port, [Stall(700_000)]) as proxy:
            self.assert_stall_is_resumed(f"http://127.0.0.1:{proxy.port}/image", proxy)

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        with Vsftpd(self.served, one_data_port=True) as server, TcpProxy(server.port, address="127.0.0.2") as control, \
                TcpProxy(server.data_port, [Stall(700_000)], address="127.0.0.2", own_port=server.data_port) as data:
            self.assert_stall_is_resumed(f"ftp://127.0.0.2:{control.port}/image", data)

    def test_the_overall_timeout_in_a_stall(self):
        with Nginx(self.served) as server, TcpProxy(server.port, [Stall(700_000)] * 9) as proxy:
            self.assert_failed(self.fetch(f"http://127.0.0.1:{proxy.port}/image", "--timeout=2"), "gave up after 2 s",
                               " KiB had arrived")


class StoppedWorkerTest(ResumeCase):
    """A worker that is stopped does not look at its clock: bootferryctl applies the limit, somewhat later."""

    size = 20_000_000

    def stopped(self, url, which, *options):
        client = self.start(url, "--timeout=20", "--stall-timeout=600", *options)
        self.addCleanup(processes.stop_all, client)
        workers = 2 if options else 1
        processes.wait_for(client, lambda: len(processes.children(client.pid)) == workers)
        processes.wait_for(client, lambda: (file := processes.unnamed_file(client.pid)) and file.stat().st_size > 100_000)
        for worker in [processes.children(client.pid)[place] for place in which]:
            os.kill(worker, signal.SIGSTOP)
        return self.ended(client)

    def test_the_time_limit_is_kept(self):
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        for which, *options in ([0],), ([0, 1], f"--checksum={digest}"):
            with self.subTest(which=which, options=options), \
                    FaultServer(self.image, [Fault(stop=18_000_000)]) as server:
                outcome = self.stopped(f"http://127.0.0.1:{server.port}/image", which, *options)
                self.assert_failed(outcome, "gave up after 20 s: a process of the transfer does not react", "are kept in")
                self.assertEqual(outcome[0], exit_status.TIMEOUT)
                self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image", *options))
                self.assertIsNotNone(server.requests[1].range)
                self.output.unlink()


class ChangeTest(ResumeCase):
    """The file is replaced while a transfer of it stalls."""

    def change(self):
        os.rename(self.image, self.path / "before")
        self.image.write_bytes(random.Random(2).randbytes(SIZE))
        os.utime(self.image, (1, 1))

    def assert_started_over(self, url, stalling, *options):
        client = self.start(url, "--stall-timeout=600", *options)
        self.assertTrue(stalling.stalled.wait(60))
        self.change()
        stalling.cut()
        messages = self.assert_fetched(self.ended(client))
        self.assertRegex(messages, "starting over: .*changed")

    def test_http(self):
        with Nginx(self.served) as server, TcpProxy(server.port, [Stall(700_000)]) as proxy:
            self.assert_started_over(f"http://127.0.0.1:{proxy.port}/image", proxy)

    def test_http_without_an_etag(self):
        with Nginx(self.served, extra="etag off;") as server, TcpProxy(server.port, [Stall(700_000)]) as proxy:
            self.assert_started_over(f"http://127.0.0.1:{proxy.port}/image", proxy)

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        with Vsftpd(self.served, one_data_port=True) as server, TcpProxy(server.port, address="127.0.0.2") as control, \
                TcpProxy(server.data_port, [Stall(700_000)], address="127.0.0.2", own_port=server.data_port) as data:
            self.assert_started_over(f"ftp://127.0.0.2:{control.port}/image", data)


class OverwrittenTest(ResumeCase):
    """An image that is overwritten in its place while it is sent: one answer with bytes of two versions."""

    size = 4_000_000

    def assert_starts_over(self, url):
        client = self.start(url, "--limit-rate=1M")

        def has_some():
            file = processes.unnamed_file(client.pid)
            return file and os.stat(file).st_blocks > 0
        processes.wait_for(client, has_some)
        with open(self.image, "r+b") as image:
            image.write(random.Random(2).randbytes(self.size))
        messages = self.assert_fetched(self.ended(client))
        self.assertIn("starting over: the file on the server was changed while it was sent", messages)

    def test_http(self):
        with Nginx(self.served) as server:
            self.assert_starts_over(f"http://127.0.0.1:{server.port}/image")

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        with Vsftpd(self.served) as server:
            self.assert_starts_over(f"ftp://127.0.0.1:{server.port}/image")


class FaultTest(ResumeCase):
    """Servers that violate HTTP, or use rare parts of it."""

    def fetch_with(self, *faults, options=(), path="/image"):
        with FaultServer(self.image, faults) as server:
            outcome = self.fetch(f"http://127.0.0.1:{server.port}{path}", *options)
            return outcome, server.requests

    def test_a_resumed_request_is_conditional(self):
        outcome, requests = self.fetch_with(Fault(cut=500_000))
        self.assert_fetched(outcome)
        self.assertEqual([(request.range, request.headers.get("If-Range")) for request in requests],
                         [(None, None), (f"bytes={500_000 - (1 << 16)}-", '"first"')])

    def test_the_text_of_an_error_is_not_kept_as_a_part_of_the_file(self):
        """As a script on the server sends it when its time is over."""
        for error in (b"\n", b"<b>Fatal error</b>: Maximum execution time exceeded\n"):
            with self.subTest(error):
                outcome, requests = self.fetch_with(Fault(cut=500_000, error=error))
                self.assertIn("starting over: the source changed", self.assert_fetched(outcome))
                self.assertEqual([request.range for request in requests],
                                 [None, f"bytes={500_000 + len(error) - (1 << 16)}-", None])
            self.output.unlink()

    def test_the_text_of_an_error_within_a_compressed_head_is_no_verdict(self):
        error = b"<b>Fatal error</b>: Maximum execution time exceeded, and more of it.\n" * 40
        for suffix, compress in ((".gz", gzip.compress), (".xz", lzma.compress)):
            served = self.image.with_name("image" + suffix)
            served.write_bytes(compress(self.image.read_bytes()))
            for cut in (15, 20_000):
                for chunked in (False, True):
                    text = b"%x\r\n%s\r\n" % (len(error), error) if chunked else error
                    with self.subTest(suffix, cut=cut, chunked=chunked), \
                            FaultServer(served, [Fault(cut=cut, error=text, chunked=chunked)]) as server:
                        self.assertIn("starting over", self.assert_fetched(
                            self.fetch(f"http://127.0.0.1:{server.port}/{served.name}", "--decode")))
                        self.output.unlink()

    def test_a_length_that_is_too_long_each_time_is_given_up(self):
        outcome, requests = self.fetch_with(*[Fault(length=SIZE + 1000)] * 99)
        self.assert_failed(outcome, f"it always stops after {SIZE} of {SIZE + 1000} bytes")

    def test_a_length_that_is_too_short_is_caught_by_a_checksum(self):
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        outcome, _ = self.fetch_with(Fault(length=SIZE - 1000), options=[f"--checksum=sha256:{digest}"])
        self.assert_failed(outcome, "checksum does not match")

    def test_a_part_that_begins_elsewhere_is_not_taken(self):
        outcome, requests = self.fetch_with(Fault(cut=500_000), Fault(shift=100))
        messages = self.assert_fetched(outcome)
        self.assertIn(f"from byte {500_100 - (1 << 16)} where byte {500_000 - (1 << 16)} was requested", messages)

    def test_an_answer_to_a_part_that_cannot_be_used_is_followed_by_a_request_for_all_of_it(self):
        for unusable in (Fault(shift=-100), Fault(unnamed=True), *[Fault(status=status) for status in (400, 403, 404, 410, 412, 416, 501)]):
            outcome, requests = self.fetch_with(Fault(cut=500_000), unusable, unusable)
            self.assertIn("starting over: ", self.assert_fetched(outcome))
            self.output.unlink()
            self.assertEqual(requests[0].range, None)
            self.assertEqual(requests[1].range, f"bytes={500_000 - (1 << 16)}-")
            self.assertEqual(requests[-1].range, None)
            self.assertLessEqual(len(requests), 4)

    def test_a_restart_that_ftp_does_not_permit_is_followed_by_a_request_for_all_of_it(self):
        refusal = "451 image: Restart not permitted, try again"  # ProFTPD, AllowRetrieveRestart off
        with OddFtpServer(self.image.read_bytes(), f"213 {SIZE}", cut=500_000, restart=refusal) as server:
            messages = self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{server.port}/image"))
        self.assertIn(f"starting over: server answered {refusal}", messages)
        self.assertEqual(server.offsets, [0, *[500_000 - (1 << 16)] * 2, 0])

    def test_a_restart_that_ftp_acknowledges_and_ignores_delivers_no_wrong_bytes(self):
        with OddFtpServer(self.image.read_bytes(), f"213 {SIZE}", cut=500_000, ignores_restart=True) as server:
            messages = self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{server.port}/image"))
        self.assertIn("starting over: ", messages)
        self.assertEqual(server.offsets, [0, 500_000 - (1 << 16), 0])

    def test_a_restart_that_ftp_ignores_after_it_honoured_one_delivers_no_wrong_bytes(self):
        for cuts in ([500_000, 900_000], [500_000, 900_000, 1_000_000]):
            with self.subTest(cuts=cuts), \
                    OddFtpServer(self.image.read_bytes(), f"213 {SIZE}", cut=cuts, ignores_restart=True, honours=1) as server:
                self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{server.port}/image"))
                self.assertEqual(server.offsets[:3], [0, 500_000 - (1 << 16), 900_000 - (1 << 16)])
            self.output.unlink()

    def test_a_size_of_ftp_that_is_not_that_of_the_file_ends_it(self):
        with OddFtpServer(self.image.read_bytes(), f"213 {SIZE // 4}") as server:
            outcome = self.fetch(f"ftp://127.0.0.1:{server.port}/image")
            self.assert_failed(outcome, "server sent more bytes than it announced")
            for option in ("limit-rate=100M", "ftp-port=-"):  # by libcurl
                outcome = self.fetch(f"ftp://127.0.0.1:{server.port}/image", f"--option=curl:{option}")
                self.assert_failed(outcome, "server sent more bytes than it announced")
        with OddFtpServer(self.image.read_bytes(), f"213 {SIZE + 1000}", ignores_restart=True, honours=99) as server:
            outcome = self.fetch(f"ftp://127.0.0.1:{server.port}/image")
            self.assert_failed(outcome, f"announced {SIZE + 1000} bytes and ended the file after {SIZE}")

    def test_a_size_of_ftp_over_tls_that_is_too_small_ends_it(self):
        authority = Authority(self.path / "authority")
        certificate = authority.issue("localhost", ["IP:127.0.0.1"])
        rest = SIZE % 16384  # in the last record of TLS
        # Not with ftp-port: libcurl 7.88 speaks no TLS on a data connection that the server opens.
        cases = [("ssl-reqd", 0), ("ssl-reqd", 1), ("ssl-reqd", rest), ("ssl-reqd", SIZE // 2), ("ftp-ssl-control", 0),
                 ("ftp-ssl-control", 1)]
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*certificate)
            tls.minimum_version = tls.maximum_version = version
            for words, less in cases:
                options = [f"--option=curl:{word}" for word in (words, f"cacert={authority.certificate}")]
                with self.subTest(version=version, words=words, less=less), \
                        OddFtpServer(self.image.read_bytes(), f"213 {SIZE - less}", tls=tls) as server:
                    outcome = self.fetch(f"ftp://127.0.0.1:{server.port}/image", *options)
                    if less:
                        self.assert_failed(outcome, "server sent more bytes than it announced")
                    else:
                        self.assert_fetched(outcome)
                        self.assertEqual(server.offsets, [0])
                        self.output.unlink()

    def test_what_ftp_says_of_an_early_end_is_told(self):
        words, size = "451-Error reading\r\n451 the disk.", 20_000_000
        # More than all sockets hold: libcurl keeps to itself what arrives together with the beginning's reply.
        self.image.write_bytes(random.Random(1).randbytes(size))
        for option in ([], ["--option=curl:limit-rate=100M"], ["--option=curl:ftp-port=-"]):
            with self.subTest(option=option), \
                    OddFtpServer(self.image.read_bytes(), f"213 {size}", cut=16_000_000, parting=words, ignores_restart=True,
                                 honours=9) as server:
                messages = self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{server.port}/image", *option))
                self.assertRegex(messages, "retrying in .*: server answered 451 Error reading the disk.")
            self.output.unlink()

    def test_data_connections_that_ftp_refuses_are_no_missing_file(self):
        with OddFtpServer(self.image.read_bytes(), f"213 {SIZE}", passive="550 not here") as server:
            messages = self.assert_failed(self.fetch(f"ftp://127.0.0.1:{server.port}/image"), "server answered 550 not here",
                                          "refuses passive data connections", "ftp-port=-")
            self.assertNotIn("no such file", messages)
            self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{server.port}/image", "--option=curl:ftp-port=-"))

    def test_a_reset_at_the_end_of_ftp_data_is_a_cut_unless_the_server_says_that_it_was_all(self):
        # Past libcurl, by it, and in active mode.
        for option in ([], ["--option=curl:limit-rate=100M"], ["--option=curl:ftp-port=-"]):
            for words, transfers in (("226 done", 1), ("426 broken", 2), ("", 2)):
                with self.subTest(option=option, words=words), \
                        OddFtpServer(self.image.read_bytes(), f"213 {SIZE}", resets=[words], ignores_restart=True,
                                     honours=9) as server:
                    messages = self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{server.port}/image", *option))
                    self.assertEqual(len(server.offsets), transfers, messages)
                    self.assertNotIn("starting over", messages)
                self.output.unlink()
        with OddFtpServer(self.image.read_bytes(), f"213 {SIZE}", resets=["426 broken"] * 9, ignores_restart=True,
                          honours=9) as server:
            outcome = self.fetch(f"ftp://127.0.0.1:{server.port}/image")
            self.assert_failed(outcome, "reset the connection after the announced number of bytes")
            self.assertLess(len(server.offsets), 9)

    def test_a_part_that_is_compressed_is_not_put_behind_bytes_that_are_not(self):
        coded = Fault(headers=[("Content-Encoding", "gzip")])
        outcome, _ = self.fetch_with(Fault(cut=500_000), coded, coded)
        self.assertIn("compressed with 'gzip', and the bytes before it were not", self.assert_fetched(outcome))

    def test_parts_of_a_limited_length_are_no_cuts(self):
        with FaultServer(self.image, [Fault(cut=500_000)]) as server:
            server.limit = 100_000
            messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image"))
            self.assertEqual(len(server.requests), 1 + 16)
        self.assertIn(", 1 retry", messages)

    def test_what_is_refused_altogether_ends_it(self):
        outcome, requests = self.fetch_with(Fault(cut=500_000), *[Fault(status=403)] * 9)
        self.assert_failed(outcome, "server answered 403")
        self.assertEqual([request.range for request in requests], [None, *[f"bytes={500_000 - (1 << 16)}-"] * 2, None])

    def test_a_server_without_ranges_that_always_cuts_is_asked_ever_more_seldom(self):
        with FaultServer(self.image, [Fault(cut=SIZE * 6 // 10)] * 4) as server:
            server.ranges = False
            messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image"))
            self.assertEqual([request.range for request in server.requests], [None] * 5)
        self.assertIn("starting over: the server cannot resume", messages)
        self.assertRegex(messages, "retrying in [34] s: ")  # after the fourth cut at the same byte

    def test_another_total_is_another_file(self):
        outcome, _ = self.fetch_with(Fault(cut=500_000), Fault(total=SIZE + 7))
        self.assertRegex(self.assert_fetched(outcome),
                         f"starting over: the source changed: its size was {SIZE} bytes and is {SIZE + 7} now")

    def test_an_answer_that_never_ends_its_head(self):
        outcome, requests = self.fetch_with(Fault(silent=True), options=["--stall-timeout=1"])
        self.assertIn("nothing arrived for 1 s", self.assert_fetched(outcome))

    def test_redirects(self):
        outcome, requests = self.fetch_with(Fault(status=302, headers=[("Location", "/elsewhere")]),
                                            Fault(cut=500_000), Fault(status=307, headers=[("Location", "/there")]))
        self.assert_fetched(outcome)
        self.assertEqual([(request.path, request.range) for request in requests],
                         [("/image", None), ("/elsewhere", None), ("/image", f"bytes={500_000 - (1 << 16)}-"),
                          ("/there", f"bytes={500_000 - (1 << 16)}-")])

    def test_redirects_to_another_path_each_time_cost_no_connections(self):
        """The redirects lead to other places, as with a token in the path."""
        redirects = [Fault(status=302, headers=[("Location", f"/token{number}")]) for number in range(9)]
        outcome, requests = self.fetch_with(redirects[0], Fault(cut=500_000), redirects[1], Fault(cut=500_000), redirects[2],
                                            Fault(cut=500_000), redirects[3])
        self.assertNotIn("starting over", self.assert_fetched(outcome))
        self.assertEqual([request.path for request in requests],
                         [path for number in range(4) for path in ("/image", f"/token{number}")])

    def test_parts_from_another_path_each_time_cost_one_connection(self):
        redirects = [Fault(status=302, headers=[("Location", f"/token{number}")]) for number in range(30)]
        faults = [fault for redirect in redirects for fault in (redirect, Fault())]
        faults[1] = Fault(cut=500_000)
        with FaultServer(self.image, faults) as server:
            server.limit = 400_000
            self.assertNotIn("starting over", self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image")))
            self.assertLessEqual(len(server.requests), 2 * (1 + 5 + 1))  # five parts, and the first other place

    def test_redirects_without_end(self):
        outcome, _ = self.fetch_with(*[Fault(status=302, headers=[("Location", "/image")])] * 200)
        self.assert_failed(outcome, "redirects more often than")

    def test_retry_after_is_waited_for(self):
        start = time.monotonic()
        outcome, requests = self.fetch_with(
            Fault(status=503, headers=[("Retry-After", "2")]), Fault(status=429, headers=[
                ("Retry-After", email.utils.formatdate(time.time() + 5, usegmt=True))]))
        messages = self.assert_fetched(outcome)
        self.assertGreater(time.monotonic() - start, 3.9)  # a date has no fractions
        self.assertEqual(len(requests), 3)
        self.assertIn("server answered 503", messages)
        self.assertIn("server answered 429", messages)


class VersionTest(ResumeCase):
    """Bytes of two versions are never combined, with and without validators from the server."""

    compared = 1 << 16
    long_ago = email.utils.formatdate(1_000_000_000, usegmt=True)

    def server(self, faults=(), **attributes):
        server = FaultServer(self.image, faults)
        for name, value in attributes.items():
            setattr(server, name, value)
        return self.enterContext(server)

    @staticmethod
    def url(server):
        return f"http://127.0.0.1:{server.port}/image"

    def test_bytes_are_compared_where_there_is_no_validator(self):
        server = self.server([Fault(cut=500_000)], etag="")
        self.assertNotIn("starting over", self.assert_fetched(self.fetch(self.url(server))))
        self.assertEqual([request.range for request in server.requests], [None, f"bytes={500_000 - self.compared}-"])

    def test_bytes_are_compared_where_the_part_has_no_validator(self):
        server = self.server([Fault(cut=500_000)], repeats_etag=False)
        self.assertNotIn("starting over", self.assert_fetched(self.fetch(self.url(server))))
        self.assertEqual([request.range for request in server.requests],
                         [None, f"bytes={500_000 - self.compared}-"])
        self.assertEqual(server.requests[-1].headers.get("If-Range"), '"first"')

    def change(self):
        self.image.write_bytes(random.Random(2).randbytes(self.image.stat().st_size))

    def cut_and_changed(self, server, *options):
        with TcpProxy(server.port, [Stall(700_000)]) as proxy:
            client = self.start(f"http://127.0.0.1:{proxy.port}/image", "--stall-timeout=600", *options)
            self.assertTrue(proxy.stalled.wait(60))
            self.change()
            proxy.cut()
            return self.ended(client)

    def test_other_bytes_start_over(self):
        messages = self.assert_fetched(self.cut_and_changed(self.server(etag="")))
        self.assertIn("starting over: the source changed: the 64.0 KiB before byte", messages)

    def test_other_bytes_with_the_same_validator_start_over(self):
        """A time proves nothing, and neither does an empty ETag or one of two ETags."""
        for attributes in ({"etag": "", "modified": self.long_ago}, {"etag": '""'}, {"etag": 'W/"1"', "modified": self.long_ago}):
            with self.subTest(attributes):
                messages = self.assert_fetched(self.cut_and_changed(self.server(**attributes)))
                self.assertIn("starting over: the source changed: the 64.0 KiB before byte", messages)
            self.output.unlink()
            self.image.write_bytes(random.Random(1).randbytes(SIZE))

    def test_a_time_that_is_not_older_than_the_answer_shows_no_version(self):
        server = self.server(etag="", modified=email.utils.formatdate(time.time() + 3600, usegmt=True))
        messages = self.assert_fetched(self.cut_and_changed(server))
        self.assertIn("starting over: the source changed: the 64.0 KiB before byte", messages)

    def test_another_weak_etag_is_another_version(self):
        server = self.server(etags=iter(['W/"1"', 'W/"2"', 'W/"2"']), modified=self.long_ago)
        messages = self.assert_fetched(self.cut_and_changed(server))
        self.assertIn("starting over: the file on the server changed", messages)
        self.assertEqual(server.requests[1].headers.get("If-Range"), self.long_ago)

    def test_bytes_are_compared_where_the_part_has_a_time_and_no_etag(self):
        server = self.server([Fault(cut=500_000)], repeats_etag=False, modified=self.long_ago)
        self.assertNotIn("starting over", self.assert_fetched(self.fetch(self.url(server))))
        self.assertEqual([request.range for request in server.requests],
                         [None, f"bytes={500_000 - self.compared}-"])

    def test_a_cut_within_zeros_starts_over_once_at_most(self):
        """Comparing them proves nothing: what proves it is before them."""
        noise = random.Random(1).randbytes
        self.image.write_bytes(noise(300_000) + bytes(4_000_000) + noise(300_000))
        server = self.server([Fault(cut=cut) for cut in (800_000, 2_500_000, 2_600_000, 2_700_000, 2_800_000)], etag="")
        messages = self.assert_fetched(self.fetch(self.url(server)))
        self.assertLessEqual(messages.count("starting over"), 1, messages)
        self.assertEqual(server.requests[1].range, f"bytes={300_000 - 4096}-")
        self.assertLessEqual(len(server.requests), 8)

    def test_answers_that_are_no_longer_than_what_is_compared(self):
        """Short answers of a server that limits their length, and of one that cuts them."""
        for etag in ('W/"1"', ""):
            for limit, cuts in ((20_000, [500_000]), (None, [500_000, *[1 << 16] * 6])):
                with self.subTest(etag=etag, limit=limit):
                    server = self.server([Fault(cut=cut) for cut in cuts], etag=etag, modified=self.long_ago, limit=limit)
                    self.assertNotIn("starting over", self.assert_fetched(self.fetch(self.url(server))))
                    sent = sum(request.body_bytes for request in server.requests)
                    self.assertLess(sent, 2 * SIZE + 3 * self.compared)
                self.output.unlink()

    def test_other_bytes_are_not_put_behind_what_a_stream_has(self):
        self.image.write_bytes(random.Random(1).randbytes(2 * SIZE))
        server = self.server([Fault(cut=3_900_000)], etag="")
        reader = processes.start([os.environ["BOOTFERRYCTL"], "fetch", self.url(server), "-"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        self.addCleanup(processes.stop, reader)
        before = self.image.read_bytes()
        received = os.read(reader.stdout.fileno(), 1)  # the head was written, and the transfer continues
        processes.wait_for(reader, lambda: server.requests[0].body_bytes == 3_900_000)
        self.change()
        rest, messages = reader.communicate(timeout=60)
        self.assertEqual(reader.returncode, exit_status.RANGE, messages)
        self.assertIn(b"cannot be taken back", messages.splitlines()[-1])
        self.assertTrue(before.startswith(received + rest))

    def test_a_stream_goes_on_with_whoever_can_continue_it(self):
        self.image.write_bytes(random.Random(1).randbytes(2 * SIZE))
        other = self.path / "other"
        other.write_bytes(random.Random(3).randbytes(2 * SIZE))
        first = self.server([Fault(cut=3_900_000), Fault(ignore_range=True)])
        second = self.enterContext(FaultServer(other))
        second.etag = '"another"'
        for mirror in ([], [f"--mirror={self.url(second)}"]):
            outcome = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", self.url(first), "-", *mirror],
                                     capture_output=True, timeout=60)
            self.assertEqual(outcome.returncode, 0, outcome.stderr)
            self.assertTrue(outcome.stdout == self.image.read_bytes(), "the bytes differ")
            first.fail_next(Fault(cut=3_900_000))
        self.assertEqual(second.requests[0].range, f"bytes={3_900_000 - self.compared}-")

    def test_a_redirectors_servers_continue_each_other_under_a_checksum(self):
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        server = self.server([Fault(cut=500_000), Fault(), Fault(cut=800_000)],
                             etags=(f'"{number}"' for number in range(99)))
        messages = self.assert_fetched(self.fetch(self.url(server), f"--checksum=sha256:{digest}"))
        self.assertNotIn("starting over", messages)
        self.assertLess(sum(request.body_bytes for request in server.requests[2:]), SIZE - 500_000 + 3 * self.compared)

    def test_a_redirector_with_another_file_starts_over(self):
        self.change()
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        self.image.write_bytes(random.Random(1).randbytes(SIZE))
        server = self.server(etags=(f'"{number}"' for number in range(99)))
        messages = self.assert_fetched(self.cut_and_changed(server, f"--checksum=sha256:{digest}"))
        self.assertIn("starting over: the source changed", messages)


class MirrorTest(ResumeCase):
    def test_a_mirror_goes_on_where_the_validator_is_the_same(self):
        with FaultServer(self.image, [Fault(cut=500_000)]) as first, FaultServer(self.image) as second:
            self.assert_fetched(self.fetch(f"http://127.0.0.1:{first.port}/image",
                                           f"--mirror=http://127.0.0.1:{second.port}/image"))
            self.assertEqual(second.requests[0].range, f"bytes={500_000 - (1 << 16)}-")
            self.assertEqual(second.requests[0].headers.get("If-Range"), '"first"')

    def test_a_mirror_with_other_bytes_and_the_same_validator_starts_over(self):
        other = self.path / "other"
        other.write_bytes(random.Random(3).randbytes(SIZE))
        with FaultServer(self.image, [Fault(cut=500_000), *[Fault(status=404)] * 9]) as first, FaultServer(other) as second:
            messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{first.port}/image",
                                                      f"--mirror=http://127.0.0.1:{second.port}/image"), other)
        self.assertIn("starting over: the source changed: the 64.0 KiB before byte", messages)

    def test_a_mirror_with_another_file_starts_over(self):
        other = self.path / "other"
        other.write_bytes(random.Random(3).randbytes(SIZE))
        with FaultServer(self.image, [Fault(cut=500_000)]) as first, FaultServer(other) as second:
            second.etag = '"another"'
            messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{first.port}/image",
                                                  f"--mirror=http://127.0.0.1:{second.port}/image"), other)
        self.assertIn("starting over", messages)

    def test_a_mirror_with_another_validator_goes_on_under_a_checksum(self):
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        with FaultServer(self.image, [Fault(cut=500_000)]) as first, FaultServer(self.image) as second:
            second.etag = '"another"'
            messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{first.port}/image", f"--checksum=sha256:{digest}",
                                                  f"--mirror=http://127.0.0.1:{second.port}/image"))
            self.assertEqual(second.requests[0].range, f"bytes={500_000 - (1 << 16)}-")  # compared
        self.assertNotIn("starting over", messages)

    def test_a_mirror_with_other_bytes_does_not_go_on_under_a_checksum(self):
        other = self.path / "other"
        other.write_bytes(random.Random(3).randbytes(SIZE))
        digest = hashlib.sha256(other.read_bytes()).hexdigest()
        with FaultServer(self.image, [Fault(cut=500_000)]) as first, FaultServer(other) as second:
            messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{first.port}/image", f"--checksum=sha256:{digest}",
                                                      f"--mirror=http://127.0.0.1:{second.port}/image"), other)
            self.assertEqual([request.range for request in second.requests], [f"bytes={500_000 - (1 << 16)}-", None])
        self.assertIn("starting over: the source changed", messages)

    def test_a_mirror_of_another_protocol_takes_over(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        with FaultServer(self.image, [Fault(cut=500_000)]) as first, Vsftpd(self.served) as second:
            messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{first.port}/image", f"--checksum=sha256:{digest}",
                                                  f"--mirror=ftp://127.0.0.1:{second.port}/image"))
            self.assertIn(f"REST {500_000 - (1 << 16)}", second.log())
        self.assertNotIn("starting over", messages)

    def test_wrong_bytes_move_on_to_the_next_mirror(self):
        other = self.path / "other"
        other.write_bytes(random.Random(3).randbytes(SIZE))
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        with FaultServer(other) as first, FaultServer(self.image) as second:
            url, mirror = (f"http://127.0.0.1:{server.port}/image" for server in (first, second))
            messages = self.assert_fetched(self.fetch(url, f"--checksum=sha256:{digest}", f"--mirror={mirror}"))
            self.assertIn(f"switching from 127.0.0.1:{first.port} to 127.0.0.1:{second.port}: "
                          "the checksum does not match", messages)
            self.output.unlink()
            outcome = self.fetch(url, f"--checksum=sha256:{'0' * 64}", f"--mirror={mirror}")
            self.assert_failed(outcome, f"127.0.0.1:{first.port}: the checksum does not match",
                               f"127.0.0.1:{second.port}: the checksum does not match")
            self.assertFalse(self.output.exists())  # what the last one sent whole is kept beside it

    def test_two_places_on_one_server_are_told_apart(self):
        with FaultServer(self.image, [Fault(status=404)]) as server:
            place = f"http://127.0.0.1:{server.port}"
            messages = self.assert_fetched(self.fetch(f"{place}/old?geheim", f"--mirror={place}/image?geheim"))
            self.assertIn(f"switching from {place}/old?... to {place}/image?...: ", messages)
            self.assertNotIn("geheim", messages)

    def test_a_damaged_stream_moves_on_to_the_next_mirror(self):
        plain = self.image.read_bytes()
        packed = gzip.compress(plain, 1)
        damaged = self.path / "damaged"
        self.image.write_bytes(packed)
        for wrong in (packed[:SIZE // 2], packed[:SIZE // 2] + bytes(1000) + packed[SIZE // 2 + 1000:]):
            damaged.write_bytes(wrong)
            with FaultServer(damaged) as first, FaultServer(self.image) as second:
                messages = self.fetch(f"http://127.0.0.1:{first.port}/image", "--decode",
                                  f"--mirror=http://127.0.0.1:{second.port}/image")
            self.assertEqual(messages[0], 0, messages)
            self.assertTrue(self.output.read_bytes() == plain, "the bytes differ")
            self.output.unlink()

    def test_the_reason_of_each_is_reported(self):
        with FaultServer(self.image, [Fault(status=404)]) as first, \
                FaultServer(self.image, [Fault(status=403)]) as second:
            self.assert_failed(
                self.fetch(f"http://127.0.0.1:{first.port}/image", f"--mirror=http://127.0.0.1:{second.port}/image"),
                f"127.0.0.1:{first.port}: server answered 404", f"127.0.0.1:{second.port}: server answered 403")


if __name__ == "__main__":
    tap.main()
