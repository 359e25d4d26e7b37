# SPDX-License-Identifier: LGPL-2.1-or-later
"""Credentials reach only the server they are for. Four servers log what they receive: those of the image, of a mirror, of a
checksum list, and of a redirect."""

import base64
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from squashfs import make_squashfs  # noqa: E402
from service_case import needs_root  # noqa: E402

SECRETS = ("Authorization", "Cookie", "X-Token", "Referer")


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class CredentialsCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-credentials-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.image = self.path / "image"
        self.image.write_bytes(random.Random(1).randbytes(200_000))
        self.output = self.path / "output"

    def serve(self, file=None, *faults):
        server = FaultServer(file or self.image, faults)
        server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def write_list(self):
        checksums = self.path / "SHA256SUMS"
        checksums.write_bytes(subprocess.run(["sha256sum", self.image.name], check=True, capture_output=True,
                                             cwd=self.path).stdout)
        return checksums

    def url(self, server, user=""):
        return f"http://{user}127.0.0.1:{server.port}/image"

    def assert_credentials(self, server, **wanted):
        """Each request had these credential headers and no others."""
        self.assertTrue(server.requests)
        for request in server.requests:
            sent = {name: value for name, value in request.headers.items() if name in SECRETS}
            self.assertEqual(sent, {name.replace("_", "-"): value for name, value in wanted.items()})


class FetchTest(CredentialsCase):
    def fetch(self, url, *options):
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", *options, url, self.output],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.output.read_bytes() == self.image.read_bytes())

    def test_a_mirror_gets_nothing_that_is_the_first_servers(self):
        first, mirror = self.serve(None, Fault(status=404)), self.serve()
        self.fetch(self.url(first, "someone:geheim@"), f"--mirror={self.url(mirror)}")
        self.assert_credentials(first, Authorization=basic("someone", "geheim"))
        self.assert_credentials(mirror)

    def test_a_mirror_gets_its_own(self):
        first, mirror = self.serve(None, Fault(status=404)), self.serve()
        self.fetch(self.url(first), f"--mirror={self.url(mirror, 'another:offen@')}")
        self.assert_credentials(first)
        self.assert_credentials(mirror, Authorization=basic("another", "offen"))

    def test_options_that_log_in_are_for_the_first_server(self):
        first, mirror, lists = self.serve(None, Fault(status=404)), self.serve(), self.serve(self.write_list())
        self.fetch(self.url(first), f"--mirror={self.url(mirror)}",
                   f"--checksum=http://127.0.0.1:{lists.port}/SHA256SUMS", "--option=curl:user=someone:geheim",
                   "--option=curl:header=X-Token: geheim", "--option=curl:cookie=session=geheim",
                   "--option=curl:referer=http://secret/")
        self.assert_credentials(first, Authorization=basic("someone", "geheim"), Cookie="session=geheim", X_Token="geheim",
                         Referer="http://secret/")
        self.assert_credentials(mirror)
        self.assert_credentials(lists)

    def test_a_bearer_token_is_for_the_first_server(self):
        first, mirror = self.serve(None, Fault(status=404)), self.serve()
        self.fetch(self.url(first), f"--mirror={self.url(mirror)}", "--option=curl:oauth2-bearer=geheim")
        self.assert_credentials(first, Authorization="Bearer geheim")
        self.assert_credentials(mirror)

    def test_a_redirect_takes_no_login_along(self):
        elsewhere = self.serve()
        first = self.serve(None, Fault(status=302, headers=[("Location", self.url(elsewhere))]))
        self.fetch(self.url(first, "someone:geheim@"), "--option=curl:cookie=session=geheim")
        self.assert_credentials(first, Authorization=basic("someone", "geheim"), Cookie="session=geheim")
        self.assert_credentials(elsewhere)

    def test_cookies_beside_a_file_of_them_stay_on_their_host(self):
        elsewhere = FaultServer(self.image, address="127.0.0.2")
        with elsewhere:
            target = f"http://127.0.0.2:{elsewhere.port}/image"
            first = self.serve(None, Fault(status=302, headers=[("Location", target)]))
            jar = self.path / "jar"
            jar.write_text("127.0.0.1\tFALSE\t/\tFALSE\t0\tfiled\tyes\n")
            self.fetch(self.url(first), "--option=curl:cookie=session=geheim; second=2", f"--option=curl:cookie={jar}")
            self.assertEqual(set(first.requests[0].headers["Cookie"].split("; ")),
                             {"session=geheim", "second=2", "filed=yes"})
            self.assert_credentials(elsewhere)

    def test_a_redirect_to_another_path_is_the_same_server(self):
        first = self.serve(None, Fault(status=302, headers=[("Location", "/other")]))
        self.fetch(self.url(first, "someone:geheim@"))
        self.assertEqual(len(first.requests), 2)
        self.assert_credentials(first, Authorization=basic("someone", "geheim"))


@needs_root
class ServiceTest(CredentialsCase):
    def deploy(self, first, *options, **credentials):
        folder = self.path / "credentials"
        folder.mkdir()
        for name, value in credentials.items():
            (folder / f"bootferry.{name}").write_bytes(value.encode() + (b"\r\n" if name.startswith("password") else b"\n"))
        self.image.unlink()
        make_squashfs(self.image, 200_000)
        with Daemon(self.path / "run", environment={"BOOTFERRY_SYSTEM_CREDENTIALS": str(folder)}) as daemon:
            result = daemon.ctl("deploy", *options, self.url(first), "/dev/ram0")
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_credential_without_a_name_is_for_the_images_server(self):
        first, mirror = self.serve(None, Fault(status=404)), self.serve()
        self.deploy(first, f"--mirror={self.url(mirror)}", user="someone", password="geheim")
        self.assert_credentials(first, Authorization=basic("someone", "geheim"))
        self.assert_credentials(mirror)

    def test_others_get_theirs_by_name(self):
        first, mirror = self.serve(None, Fault(status=404)), self.serve()
        self.deploy(first, f"--mirror={self.url(mirror)}", user="someone", password="geheim",
                    **{f"user.127.0.0.1-{mirror.port}": "another", f"password.127.0.0.1-{mirror.port}": "offen"})
        self.assert_credentials(first, Authorization=basic("someone", "geheim"))
        self.assert_credentials(mirror, Authorization=basic("another", "offen"))


if __name__ == "__main__":
    tap.main()
