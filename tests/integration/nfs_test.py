# SPDX-License-Identifier: LGPL-2.1-or-later
"""The nfs plugin against nfs-ganesha in a network namespace of its own, versions 3 and 4: whole files, cuts, a server that
dies and comes back, a file that changes, refusals, silence, and the checker's rules."""

import contextlib
import hashlib
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from ganesha import Ganesha  # noqa: E402
from odd_nfs_server import OddNfsServer  # noqa: E402
from raw_server import RawServer  # noqa: E402
from tcp_proxy import Cut, Stall, TcpProxy  # noqa: E402

VERSIONS = (3, 4)
# So that little is under way when a connection breaks.
SMALL = {"reads": 2, "read_size": "64K"}


@unittest.skipIf(Ganesha.missing(), Ganesha.missing())
class NfsCase(FetchCase):
    size = 2_000_003
    parent = os.environ["BOOTFERRY_BUILD_ROOT"]  # /tmp may be a tmpfs

    def serve(self, **settings):
        server = Ganesha(self.served, **settings)
        self.addCleanup(server.__exit__)
        server.start()
        self.prefix = server.command()
        return server

    @contextlib.contextmanager
    def proxied(self, server, faults, version):
        """A proxy before the server, and the image's URL through it."""
        with server.host().entered():
            with TcpProxy(server.port, faults) as proxy:
                query = {**SMALL, **({"mount_port": server.mount_port} if version == 3 else {})}
                url = server.url("image", version, **query)
                yield proxy, url.replace(server.address, f"{server.address}:{proxy.port}", 1)

    def replace(self):
        """Another file of the same size under the same name."""
        new = self.served / "new"
        new.write_bytes(random.Random(2).randbytes(self.size))
        new.rename(self.image)


class FetchTest(NfsCase):
    def test_the_whole_file(self):
        server = self.serve()
        for version in VERSIONS:
            with self.subTest(version=version):
                self.assert_fetched(self.fetch(server.url("image", version)))
                self.assertEqual(int(self.output.stat().st_mtime), int(self.image.stat().st_mtime))
                self.output.unlink()

    def test_options_and_the_query(self):
        server = self.serve()
        folder = os.path.dirname(self.served)
        for url, *options in (
                (server.url("image", 4).split("?")[0], "--option=nfs:version=4", "--option=nfs:read-size=4K", "--option=nfs:reads=1"),
                # The query is about this server, and wins.
                (server.url("image", 3, uid=1, gid=1, reads=64), "--option=nfs:version=4", "--option=nfs:version=3"),
                (server.url("image") + "?version=3", "--option=nfs:version=4"),
                # No portmapper is asked.
                (server.url("image", 3, mount_port=2048).replace(server.address, f"{server.address}:2049"),),
                (server.url("image", 3), f"--option=nfs:export={self.served}"),
        ):
            with self.subTest(url=url, options=options):
                self.assert_fetched(self.fetch(url, *options))
                self.output.unlink()
        for words, url, *options in (
                ("there is no option 'colour'", server.url("image"), "--option=nfs:colour=green"),
                ("'colour' in the URL: there is no option 'colour'", server.url("image", colour="green")),
                ("it takes a number from 3 to 4", server.url("image") + "?version=2"),
                ("it takes a size from 4K to 1M", server.url("image"), "--option=nfs:read-size=2M"),
                ("it takes a number from 1 to 64", server.url("image"), "--option=nfs:reads=0"),
                ("it takes a number from 0 to 2147483647", server.url("image", uid=-1)),
                ("does not lie below the export '/elsewhere'", server.url("image"), "--option=nfs:export=/elsewhere"),
                (f"to '{folder}'", f"nfs://{server.address}{folder}/image"),
                ("must be nfs://SERVER/EXPORT/FILE", f"nfs://{server.address}/images/?version=4"),
        ):
            with self.subTest(words=words):
                self.assert_failed(self.fetch(url, *options), words)

    def test_symbolic_links(self):
        server = self.serve()
        below = self.served / "below"
        below.mkdir()
        # libnfs 4.0 misreads the links of version 4 whose text has a length that 4 divides, such as "../image".
        (below / "beside").symlink_to("image")
        (below / "image").symlink_to("./../image")
        (self.served / "twice").symlink_to("below//beside")
        (self.served / "loop").symlink_to("./loop")
        export = f"--option=nfs:export={self.served}"
        for name, version, *options in (("twice", 3), ("twice", 4), ("below/beside", 3, export), ("below/image", 3, export),
                                        ("below/image", 4, "--option=nfs:export=/images")):
            with self.subTest(name=name, version=version):
                self.assert_fetched(self.fetch(server.url(name, version), *options))
                self.output.unlink()
        for version in VERSIONS:
            self.assert_failed(self.fetch(server.url("below/image", version)), "a symbolic link on the way to '",
                               "(option 'export')")
        self.assert_failed(self.fetch(server.url("loop", 3)), "Too many levels of symbolic links")
        # libnfs follows it without end.
        self.assert_failed(self.fetch(server.url("loop", 4), "--timeout=2"), "gave up after 2 s")

    def test_the_checker(self):
        server = self.serve()
        (self.served / "changed").write_bytes(random.Random(2).randbytes(self.size))
        with server.host().entered():
            silent = socket.create_server((server.address, 0))
        self.addCleanup(silent.close)
        for version in VERSIONS:
            # What is fetched ahead is less than the image, so that a cut connection shows at its end.
            query = {"read_size": "64K", "reads": 2, **({"mount_port": server.mount_port} if version == 3 else {})}
            # With a port, so that the checker puts its proxy before the server.
            named = {name: server.url(name, version, **query).replace(server.address, f"{server.address}:{server.port}", 1)
                     for name in ("image", "missing", "changed")}
            waiting = f"nfs://{server.address}:{silent.getsockname()[1]}/images/image?version=4"
            with self.subTest(version=version):
                check = subprocess.run(server.command(
                    os.environ["BOOTFERRY_PLUGIN_CHECK"], os.environ["BOOTFERRY_PLUGIN_DIR"] + "/nfs.so", named["image"],
                    "--missing-url", named["missing"], "--changed-url", named["changed"], "--waiting-url", waiting),
                    check=False, capture_output=True, text=True)
                self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
                self.assertEqual(re.findall("^ok [0-9]+ - (.*) # SKIP", check.stdout, re.MULTILINE),
                                 ["delivers the same through splice", "keeps sessions in several threads apart",
                                  # It has no option for a login.
                                  "keeps options and credentials to their session", "keeps its login from other servers"])


class ManualTest(unittest.TestCase):
    def test_the_table_of_options_is_the_plugins(self):
        described = subprocess.run([os.environ["BOOTFERRYCTL"], "plugins", "--describe",
                                    os.environ["BOOTFERRY_PLUGIN_DIR"] + "/nfs.so"], check=True, capture_output=True, text=True)
        page = (pathlib.Path(os.environ["BOOTFERRY_SOURCE"]) / "docs/nfs.md").read_text()
        self.assertEqual(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", page, re.MULTILINE),
                         re.findall(r"^  ([a-z-]+)=  (.*)$", described.stdout, re.MULTILINE))


class BrokenTest(NfsCase):
    def test_cuts(self):
        server = self.serve()
        places = random.Random(4)
        for version in VERSIONS:
            cuts = [Cut(places.randrange(5_000, 250_000)) for _ in range(10)]
            with self.subTest(version=version), self.proxied(server, cuts, version) as (proxy, url):
                self.assert_fetched(self.fetch(url))
                self.assertEqual(len(proxy.to_client), 11)
                self.assertLess(sum(proxy.to_client), self.size * 2)
                self.output.unlink()

    def test_the_server_dies_and_comes_back(self):
        server = self.serve(graceless=False)
        for version in VERSIONS:
            with self.subTest(version=version), self.proxied(server, [Stall(700_000)], version) as (proxy, url):
                client = self.start(url, "--stall-timeout=600")
                self.assertTrue(proxy.stalled.wait(60))
                server.stop()
                proxy.cut()
                seen = processes.read_until(client.stderr, "the connection")
                server.start()
                status, messages = self.ended(client)
                self.assert_fetched((status, seen + messages))
                self.assertNotIn("starting over", messages)
                self.output.unlink()

    def test_the_server_is_silent(self):
        server = self.serve()
        for version in VERSIONS:
            with self.subTest(version=version), self.proxied(server, [Stall(700_000)], version) as (proxy, url):
                messages = self.assert_fetched(self.fetch(url, "--stall-timeout=1"))
                self.assertIn("nothing arrived for 1 s", messages)
                self.assertLess(sum(proxy.to_client), self.size * 1.5)
                self.output.unlink()

    def test_a_cancel_while_it_is_silent(self):
        server = self.serve()
        for version in VERSIONS:
            for place in (0, 700_000):  # while it connects, and while it reads
                with self.subTest(version=version, place=place), \
                        self.proxied(server, [Stall(place)], version) as (proxy, url):
                    client = self.start(url, "--stall-timeout=600", "--no-continue")
                    self.assertTrue(proxy.stalled.wait(60))
                    client.send_signal(signal.SIGINT)
                    status, messages = self.ended(client)
                    self.assertNotEqual(status, 0, messages)
                    self.assertIn("cancelled", messages)


class ChangeTest(NfsCase):
    def assert_started_over(self, server, version, change):
        with self.subTest(version=version), self.proxied(server, [Stall(700_000)], version) as (proxy, url):
            client = self.start(url, "--stall-timeout=600")
            self.assertTrue(proxy.stalled.wait(60))
            change()
            yield proxy
            messages = self.assert_fetched(self.ended(client))
            self.assertRegex(messages, "starting over: .*changed")
            self.output.unlink()

    def test_between_two_connections(self):
        server = self.serve()
        for version in VERSIONS:
            for proxy in self.assert_started_over(server, version, self.replace):
                proxy.cut()

    def test_while_it_is_read(self):
        server = self.serve()

        def write_in_place():
            times = self.image.stat()
            self.image.write_bytes(random.Random().randbytes(self.size))
            os.utime(self.image, ns=(times.st_atime_ns, times.st_mtime_ns))  # the size and the time are those of before
        for version in VERSIONS:
            for proxy in self.assert_started_over(server, version, write_in_place):
                proxy.resume()

    def test_it_gets_shorter_while_it_is_read(self):
        server = self.serve()
        for version in VERSIONS:
            self.image.write_bytes(random.Random(1).randbytes(self.size))
            for proxy in self.assert_started_over(server, version, lambda: os.truncate(self.image, 900_000)):
                proxy.resume()


class RefusalTest(NfsCase):
    def test_a_missing_file(self):
        server = self.serve()
        for version in VERSIONS:
            for name in ("missing", "missing/too", "image/below"):
                with self.subTest(version=version, name=name):
                    status, _ = outcome = self.fetch(server.url(name, version))
                    self.assert_failed(outcome, "the server answered ")
                    self.assertIn(status, (exit_status.NOT_FOUND, exit_status.AUTH) if version == 3 else
                                  (exit_status.NOT_FOUND,))
        (self.served / "folder").mkdir()
        for version in VERSIONS:
            self.assert_failed(self.fetch(server.url("folder", version)), "folder'")

    def test_a_file_that_others_may_read(self):
        server = self.serve()
        os.chmod(self.image, 0o400)
        os.chown(self.image, 1234, 1234)
        for version in VERSIONS:
            with self.subTest(version=version):
                self.assert_failed(self.fetch(server.url("image", version)), "user 65534", "options 'uid' and 'gid'")
                self.assert_fetched(self.fetch(server.url("image", version, uid=1234)))
                self.output.unlink()

    def test_an_export_for_low_ports_only(self):
        server = self.serve(extra="PrivilegedPort = true;")
        for version in VERSIONS:
            with self.subTest(version=version):
                self.assert_failed(self.fetch(server.url("image", version)),
                                   "ports below 1024" if version == 3 else "not exported to this machine")

    def test_a_version_that_it_does_not_serve(self):
        server = self.serve(protocols="3")
        self.assert_failed(self.fetch(server.url("image", 4)), "does not serve NFS version 4 (option 'version')")
        self.assert_fetched(self.fetch(server.url("image", 3)))

    def test_what_does_not_speak_nfs(self):
        server = self.serve()
        with server.host().entered():
            other = self.enterContext(RawServer({}, greeting=b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"))
        for url in (f"nfs://127.0.0.1:{other.port}/images/image?version=4",
                    f"nfs://127.0.0.1/images/image?mount-port={other.port}"):
            self.assert_failed(self.fetch(url), "the server at '127.0.0.1' does not speak NFS")

    def test_no_server(self):
        server = self.serve()
        server.stop()
        for version in VERSIONS:
            with self.subTest(version=version):
                self.assert_failed(self.fetch(server.url("image", version), "--timeout=2"), "gave up after 2 s")


class OddServerTest(FetchCase):
    """A server that ends a connection at a moment at which no real one can be made to."""
    size = 3_000_003

    def test_the_connection_ends_when_all_that_was_requested_has_come(self):
        # Pieces that are smaller than a part, as a limit, a checksum and a compressed image have them.
        content = self.image.read_bytes()
        for options in (["--limit-rate=1M"], ["--checksum=sha256:" + hashlib.sha256(content).hexdigest()]):
            with self.subTest(options=options), OddNfsServer(content, closes_after=2) as server:
                self.assert_fetched(self.fetch(server.url(read_size="1M", reads=2), *options))
                self.output.unlink()


if __name__ == "__main__":
    tap.main()
