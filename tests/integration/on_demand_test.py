# SPDX-License-Identifier: LGPL-2.1-or-later
"""An image that is read while it arrives: the real worker, real servers, and the test as the supervisor and as the
kernel's NBD client (support/on_demand_worker.py)."""

import gzip
import os
import pathlib
import random
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import on_demand_worker  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from nginx import Nginx  # noqa: E402
from on_demand_worker import HEAD, PIECE, Failed, Worker  # noqa: E402
from sshd import Sshd  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402

SIZE = 32 * 1024 * 1024 + 777
UNSUPPORTED, INVALID, PROTOCOL, IO, CANCELLED = 12, 2, 8, 10, 1


class OnDemandCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-ondemand-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.served = self.path / "served"
        self.served.mkdir()
        self.image = self.served / "image"
        self.contents = random.Random(1).randbytes(SIZE)
        self.image.write_bytes(self.contents)
        self.target = self.path / "target"
        self.target.write_bytes(bytes(2 * SIZE))

    def nginx(self, extra="", zones=""):
        return Nginx(self.served, extra=f"access_log access.log parts; {extra}",
                     http=f"log_format parts '$status|$http_range|$body_bytes_sent'; {zones}")

    @staticmethod
    def url(server):
        return f"http://127.0.0.1:{server.port}/image"

    def worker(self, server, *options, **how):
        contents = on_demand_worker.job(self.url(server) if not isinstance(server, str) else server, *options)
        return Worker(contents, self.target, **how)

    @staticmethod
    def sent(server):
        return sum(int(line.split("|")[2]) for line in server.access_log().splitlines())

    def expect(self, future, offset, length):
        self.assertEqual(future.result(120), self.contents[offset:offset + length])

    def assert_complete(self):
        with open(self.target, "rb") as target:
            self.assertTrue(target.read(SIZE) == self.contents, "the bytes on the target differ")

    def assert_ends_local(self, worker):
        worker.wait_until_filled()
        self.assert_complete()
        self.expect(worker.kernel.read(SIZE - 1000, 1000), SIZE - 1000, 1000)  # served on
        self.expect(worker.kernel.read(0, 1000), 0, 1000)
        worker.kernel.disconnect()
        self.assertEqual(worker.dismiss(), 0, worker.log())


class OnDemandTest(OnDemandCase):
    def test_random_reads_while_it_fills(self):
        chance = random.Random(7)
        with self.nginx() as server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            self.assertEqual(worker.size, SIZE)
            reads = []
            for _ in range(400):
                length = 512 * chance.randint(1, 256)
                offset = 512 * chance.randint(0, (SIZE - length) // 512)
                reads.append((kernel.read(offset, length), offset, length))
            for read in reads:
                self.expect(*read)
            self.assert_ends_local(worker)
            self.assertLessEqual(self.sent(server), 1.02 * SIZE)

    def test_a_sequential_reader_takes_few_round_trips(self):
        with self.nginx("limit_rate 4m;") as server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            for offset in range(16 << 20, 20 << 20, PIECE):
                self.expect(kernel.read(offset, PIECE), offset, PIECE)
            within = [first for first, _ in self.ranges(server) if (16 << 20) <= first < (20 << 20)]
            self.assertLess(len(within), 64 // 2)

    def test_reads_come_first_on_a_slow_line(self):
        with self.nginx("limit_rate 300k;") as server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            for offset in (SIZE - 4096, 20 << 20, 30 << 20, 10 << 20):
                self.expect(kernel.read(offset, 4096), offset, 4096)
            self.assertLess(worker.present, 0.4 * SIZE)

    def test_the_end_of_the_device_is_padded_with_zeros(self):
        with self.nginx() as server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            end = -(-SIZE // 4096) * 4096
            self.assertEqual(kernel.read(end - 4096, 4096).result(60),
                             self.contents[end - 4096:] + bytes(end - SIZE))
            self.assert_ends_local(worker)

    @staticmethod
    def ranges(server):
        """What was asked for, in the order in which it was sent."""
        parts = [line.split("|")[1] for line in server.access_log().splitlines()]
        return [tuple(map(int, part.removeprefix("bytes=").split("-"))) for part in parts if part != "-"]

    def test_what_a_profile_names_comes_before_the_rest(self):
        wanted = [(28 << 20, 5 * PIECE), (20 << 20, 20 * PIECE), (24 << 20, PIECE)]
        (self.served / "image.profile").write_text(
            f"bootferry-profile 1\n{SIZE}\n" + "".join(f"{offset} {length}\n" for offset, length in wanted))
        with self.nginx("limit_rate 1m;") as server, self.worker(server) as worker:
            worker.wait_for_target()
            self.assert_ends_local(worker)
            begins = [first for first, _ in self.ranges(server)]
            latest = max(begins.index(offset) for offset, _ in wanted)
            rest = [at for at, begin in enumerate(begins) if (20 << 20) < begin
                    and not any(offset <= begin < offset + length for offset, length in wanted)]
            self.assertLess(latest, min(rest), begins)
            self.assertIn("a boot profile names 3 parts of the image", worker.log())

    def test_a_profile_that_is_none_is_ignored(self):
        (self.served / "image.profile").write_text("<html>\n")
        with self.nginx() as server, self.worker(server) as worker:
            worker.wait_for_target()
            self.assert_ends_local(worker)
            self.assertIn("the boot profile is not one of this image; ignoring", worker.log())

    def test_what_was_read_is_recorded_in_order(self):
        with self.nginx("limit_rate 2m;") as server:
            with self.worker(server) as worker:
                kernel = worker.wait_for_target()
                for offset, length in ((20 << 20, 4096), (5 * PIECE, 2 * PIECE), (20 << 20, PIECE), (7 * PIECE - 512, 1024)):
                    self.expect(kernel.read(offset, length), offset, length)
                self.assertEqual(worker.recorded(), [(320, 1), (5, 3)])
                worker.kill()
                memory = worker.memory
            with self.worker(server, memory=memory) as worker:  # goes on
                kernel = worker.wait_for_target()
                self.expect(kernel.read(20 << 20, 4096), 20 << 20, 4096)
                self.expect(kernel.read(0, 4096), 0, 4096)
                self.assert_ends_local(worker)
                self.assertEqual(worker.recorded(), [(320, 1), (5, 3), (0, 1), (SIZE // PIECE - 1, 2)])

    def test_a_killed_worker_is_replaced(self):
        with self.nginx("limit_rate 2m;") as server:
            with self.worker(server) as worker:
                kernel = worker.wait_for_target()
                self.expect(kernel.read(25 << 20, PIECE), 25 << 20, PIECE)
                worker.wait(lambda: worker.present > SIZE // 2)
                worker.kill()
                memory = worker.memory
            with self.worker(server, memory=memory) as worker:
                kernel = worker.wait_for_target()
                self.expect(kernel.read(25 << 20, 4096), 25 << 20, 4096)  # is there
                self.expect(kernel.read(0, 4096), 0, 4096)
                self.assert_ends_local(worker)
            self.assertLess(self.sent(server), 1.35 * SIZE)

    def _map(self):
        with open(self.target, "rb") as target:
            target.seek(4096)
            return target.read(4096)

    def _cut(self):
        """A machine that is switched off when a part of the image is on its disk. Returns how much, as is known there."""
        with self.nginx("limit_rate 1m;") as server, self.worker(server) as worker:
            worker.wait_for_target()
            worker.wait(lambda: any(self._map()))
            known = 0
            while not known:  # written as a whole, but read meanwhile
                known = PIECE * sum(byte.bit_count() for byte in self._map()[:480])
            worker.kill()
        return known

    def test_the_next_boot_goes_on_with_what_is_on_the_disk(self):
        known = self._cut()
        self.assertGreater(known, 2 << 20)
        with self.nginx() as server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            for offset in range(0, SIZE - PIECE, 37 * PIECE + 512):
                self.expect(kernel.read(offset, 4096), offset, 4096)
            self.assert_ends_local(worker)
            self.assertIn("are on the disk since an earlier boot", worker.log())
            self.assertLess(self.sent(server), SIZE - known + (2 << 20))

    def test_the_next_boot_does_not_mix_versions(self):
        """The second has the first one's size and version, and differs from the beginning on."""
        for keeps_version in (False, True):
            with self.subTest(keeps_version=keeps_version):
                self._cut()
                times = self.image.stat()
                self.contents = random.Random(2 + keeps_version).randbytes(SIZE)
                self.image.write_bytes(self.contents)
                if keeps_version:
                    os.utime(self.image, ns=(times.st_atime_ns, times.st_mtime_ns))
                else:
                    os.utime(self.image, (1, 1))
                with self.nginx() as server, self.worker(server) as worker:
                    worker.wait_for_target()
                    self.assert_ends_local(worker)
                    self.assertNotIn("since an earlier boot", worker.log())

    def test_the_server_goes_away_and_comes_back(self):
        server = self.nginx("limit_rate 1m;")
        with server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            self.expect(kernel.read(0, 4096), 0, 4096)
            server.stop()
            missing = kernel.read(28 << 20, 4096)
            worker.wait(lambda: worker.saw("the running system waits for its image"))
            self.assertFalse(missing.done())
            self.expect(kernel.read(0, 4096), 0, 4096)
            self.assertIn("the running system waits for its image", worker.log())
            server.start()
            self.expect(missing, 28 << 20, 4096)
            self.assert_ends_local(worker)

    def test_a_replacement_serves_what_is_there_without_a_server(self):
        server = self.nginx("limit_rate 1m;")
        with server:
            with self.worker(server) as worker:
                self.expect(worker.wait_for_target().read(28 << 20, 4096), 28 << 20, 4096)
                worker.kill()
                memory = worker.memory
            server.stop()
            with self.worker(server, memory=memory) as worker:
                kernel = worker.wait_for_target()
                self.expect(kernel.read(28 << 20, 4096), 28 << 20, 4096)
                missing = kernel.read(16 << 20, 4096)
                worker.wait(lambda: worker.saw("the running system waits for its image"))
                server.start()
                self.expect(missing, 16 << 20, 4096)

    def test_another_version_on_the_server_contributes_nothing(self):
        with self.nginx("limit_rate 300k;") as server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            self.expect(kernel.read(28 << 20, 4096), 28 << 20, 4096)
            new = self.served / "new"
            new.write_bytes(random.Random(2).randbytes(SIZE))
            os.utime(new, (1, 1))
            new.rename(self.image)
            missing = kernel.read(24 << 20, 4096)
            worker.wait(lambda: worker.saw("the running system waits for its image", "changed"))
            self.expect(kernel.read(28 << 20, 4096), 28 << 20, 4096)
            self.assertFalse(missing.done())

    def test_a_mirror_takes_over(self):
        with self.nginx("limit_rate 1m;") as first, self.nginx() as second:
            with self.worker(first, f"--mirror={self.url(second)}") as worker:
                kernel = worker.wait_for_target()
                self.expect(kernel.read(28 << 20, 4096), 28 << 20, 4096)
                first.stop()
                self.expect(kernel.read(16 << 20, 4096), 16 << 20, 4096)
                self.assert_ends_local(worker)

    def test_not_more_connections_than_allowed(self):
        (self.served / "image.profile").write_text(f"bootferry-profile 1\n{SIZE}\n{20 << 20} {PIECE}\n")
        zone = "limit_conn_zone $binary_remote_addr zone=clients:1m; limit_conn_status 429;"
        for allowed in (1, 2, 4):
            server = self.nginx(f"limit_rate 8m; limit_conn clients {allowed};", zone)
            with self.subTest(allowed), server, self.worker(server, f"--connections={allowed}") as worker:
                kernel = worker.wait_for_target()
                for offset in (28 << 20, SIZE - 4096, 9 << 20):
                    self.expect(kernel.read(offset, 4096), offset, 4096)
                self.assert_ends_local(worker)
                self.assertIn("a boot profile names 1 parts", worker.log())
                statuses = [line.split("|")[0] for line in server.access_log().splitlines()]
                self.assertNotIn("429", statuses)
                self.assertEqual(statuses.count("200"), 1, statuses)  # the profile

    def test_a_limit_is_that_of_all_connections(self):
        """Only the shortest time is checked, since the machine may be slow."""
        for option in ("--limit-rate=8M", "--option=curl:limit-rate=8M"):
            with self.subTest(option), self.nginx() as server, self.worker(server, option) as worker:
                begun = time.monotonic()
                kernel = worker.wait_for_target()
                for offset in (28 << 20, SIZE - 4096, 9 << 20):
                    self.expect(kernel.read(offset, 4096), offset, 4096)
                self.assert_ends_local(worker)
                self.assertGreater(time.monotonic() - begun, 3.5)  # 32 MiB, a part of which two sessions may have begun

    def test_a_cancelled_worker_ends(self):
        with self.nginx("limit_rate 1m;") as server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            kernel.read(28 << 20, 4096)
            worker.cancel()
            self.assertEqual(worker.wait_for_failure().code, CANCELLED)

    def test_a_worker_serves_and_fills_without_its_supervisor(self):
        with self.nginx("limit_rate 2m;") as server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            self.expect(kernel.read(28 << 20, 4096), 28 << 20, 4096)
            worker.abandon()
            for offset in range(0, SIZE, 1 << 20):
                length = min(1 << 20, SIZE - offset)
                self.expect(kernel.read(offset, length), offset, length)
            server.stop()
            self.expect(kernel.read(0, 1 << 20), 0, 1 << 20)
            self.assertIsNone(worker.process.poll(), worker.log())
            kernel.disconnect()
            worker.process.wait(60)
            target = self.target.read_bytes()[:SIZE]
            self.assertTrue(target[HEAD:] == self.contents[HEAD:], "the bytes on the target differ")
            self.assertTrue(target.startswith(b"bootferry: the image on this device is not"))  # a disk stays incomplete
            self.assertIn("all of the image has arrived", worker.log())

    def test_one_that_waits_for_its_turn_ends_with_its_supervisor(self):
        with self.nginx() as server, self.worker(server, waits=True) as worker:
            worker.wait(lambda: worker.is_ready)
            worker.abandon()
            worker.process.wait(60)

    def test_a_kernel_that_disconnects_before_the_end(self):
        with self.nginx("limit_rate 1m;") as server, self.worker(server) as worker:
            worker.wait_for_target().disconnect()
            self.assertIn("the kernel has ended the connection", str(worker.wait_for_failure()))

    def test_a_client_that_is_no_kernel(self):
        with self.nginx("limit_rate 1m;") as server, self.worker(server) as worker:
            worker.wait_for_target().send(b"GET / HTTP/1.0\r\nHost: of nobody\r\n\r\n")
            failure = worker.wait_for_failure()
            self.assertEqual(failure.code, PROTOCOL)
            self.assertIn("NBD's magic", str(failure))

    def test_memory_is_bounded(self):
        with self.nginx() as server, self.worker(server) as worker:
            kernel = worker.wait_for_target()
            for read in [kernel.read(offset, 1 << 20) for offset in range(0, 30 << 20, 1 << 20)]:
                read.result(120)
            worker.wait_until_filled()
            status = pathlib.Path(f"/proc/{worker.process.pid}/status").read_text()
            sizes = dict(line.split(":", 1) for line in status.splitlines())
            self.assertLess(int(sizes["RssAnon"].split()[0]), 32 << 10)


class OtherProtocolsTest(OnDemandCase):
    """Without ranges: one stream fills, and what is read meanwhile comes over a second one."""

    def assert_served(self, url, *options):
        with self.worker(url, *options) as worker:
            kernel = worker.wait_for_target()
            for offset in (SIZE - 4096, 20 << 20, 11 << 20):
                self.expect(kernel.read(offset, 4096), offset, 4096)
            self.assert_ends_local(worker)

    def test_ftp(self):
        if why := Vsftpd.missing():
            self.skipTest(why)
        with Vsftpd(self.served, settings=["anon_max_rate=8000000"]) as server:
            self.assert_served(f"ftp://127.0.0.1:{server.port}/image")

    def test_ftp_with_a_server_that_allows_one_connection(self):
        if why := Vsftpd.missing():
            self.skipTest(why)
        with Vsftpd(self.served, settings=["max_per_ip=1", "anon_max_rate=8000000"]) as server:
            self.assert_served(f"ftp://127.0.0.1:{server.port}/image")

    def test_sftp(self):
        if why := Sshd.missing():
            self.skipTest(why)
        with Sshd() as server:
            self.assert_served(f"sftp://{server.user}@127.0.0.1:{server.port}{self.image}",
                               f"--option=sftp:hostkey={server.fingerprint()}", f"--option=sftp:key={server.key}")


class PlainWayTest(OnDemandCase):
    """What cannot be read while it arrives is said before the target is asked for."""

    def assert_refused(self, server, *words, code=UNSUPPORTED, options=()):
        with self.worker(server, *options) as worker:
            with self.assertRaises(Failed) as caught:
                worker.wait_for_target()
            self.assertEqual(caught.exception.code, code, caught.exception)
            for word in words:
                self.assertIn(word, str(caught.exception))

    def test_compressed(self):
        self.image.write_bytes(gzip.compress(self.contents[:1 << 20], 1))
        with self.nginx() as server:
            self.assert_refused(server, "fetched as a whole: it is compressed (gzip)")

    def test_no_ranges(self):
        with self.nginx("max_ranges 0;") as server:
            self.assert_refused(server, "the server does not deliver parts of it")

    def test_no_version(self):
        with self.nginx("etag off; add_header Last-Modified ''; if_modified_since off;") as server:
            self.assert_refused(server, "which version of it it has")

    def test_no_size(self):
        with FaultServer(self.image) as server:
            server.ranges = False
            server.fail_next(Fault(unmeasured=True))
            self.assert_refused(server, "does not report its size")

    def test_a_checksum_is_refused(self):
        with self.nginx() as server:
            self.assert_refused(server, "cannot have a checksum", code=INVALID,
                                options=["--checksum=sha256:" + 64 * "a"])


class InitrdTest(OnDemandCase):
    """Nothing that needs a file for a new connection is served: the initrd's files are gone after the switch of root."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root")
        self.etc = self.path / "etc"
        self.etc.mkdir()
        (self.etc / "initrd-release").touch()

    def begin(self, url, *options):
        return Worker(on_demand_worker.job(url, *options), self.target, etc=self.etc)

    def assert_plain(self, word, url, *options):
        with self.begin(url, *options) as worker, self.assertRaises(Failed) as caught:
            worker.wait_for_target()
        self.assertEqual(caught.exception.code, UNSUPPORTED, caught.exception)
        self.assertIn("fetched as a whole", str(caught.exception))
        self.assertIn(word, str(caught.exception))

    def test_an_address_is_served(self):
        with self.nginx() as server, self.begin(self.url(server)) as worker:
            worker.wait_for_target()
            self.assert_ends_local(worker)

    def test_a_name(self):
        self.assert_plain("'boot.invalid'", "http://boot.invalid/image")

    def test_a_redirect_to_a_name(self):
        with self.nginx("location /moved { return 302 http://localhost:$server_port/image; }") as server:
            (self.etc / "hosts").write_text("127.0.0.1 localhost\n")
            self.assert_plain("'localhost'", f"http://127.0.0.1:{server.port}/moved")

    def test_certificates(self):
        self.assert_plain("https", "https://127.0.0.1:1/image")

    def test_a_key_file(self):
        if why := Sshd.missing():
            self.skipTest(why)
        with Sshd() as server:
            self.assert_plain("files that its options name", f"sftp://{server.user}@127.0.0.1:{server.port}{self.image}",
                              f"--option=sftp:hostkey={server.fingerprint()}", f"--option=sftp:key={server.key}")


if __name__ == "__main__":
    tap.main()
