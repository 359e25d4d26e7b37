# SPDX-License-Identifier: LGPL-2.1-or-later
"""Conventions of curl and wget in fetch: a name from the URL, short options, --quiet, a rate limit, proxies from the
environment, checksums alone and in files."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from nginx import Nginx  # noqa: E402
from service_case import needs_root  # noqa: E402
from sshd import Sshd  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402

PLUGINS = pathlib.Path(os.environ["BOOTFERRY_PLUGIN_DIR"])
PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY",
           "ALL_PROXY", "NO_PROXY")


class ConventionsCase(FetchCase):
    size = 300_000

    def setUp(self):
        super().setUp()
        self.folder = self.path / "here"
        self.folder.mkdir()

    def serve(self, faults=()):
        server = FaultServer(self.image, list(faults))
        self.addCleanup(server.__exit__)
        server.__enter__()
        return server

    def url(self, name="image", faults=()):
        return f"http://127.0.0.1:{self.serve(faults).port}/{name}"

    def run_in_folder(self, *words, **variables):
        environment = {key: value for key, value in os.environ.items() if key not in PROXIES}
        return subprocess.run([os.environ["BOOTFERRYCTL"], *words], cwd=self.folder, env={**environment, **variables},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def assert_ended(self, result, status, *words):
        messages = result.stderr.decode()
        self.assertEqual(result.returncode, status, messages)
        for word in words:
            self.assertIn(word, messages.splitlines()[-1])

    def assert_has(self, name):
        self.assertTrue((self.folder / name).read_bytes() == self.image.read_bytes(), "the bytes differ")


class UnusedOptionTest(ConventionsCase):
    """The options of a plugin that serves none of the URLs: a file of them may be for several transports."""

    def test_is_a_warning(self):
        warning = "bootferryctl: the option sftp:pass has no effect: no URL here is for the plugin 'sftp'; http URLs are for 'curl'"
        url = self.url(faults=[Fault()] * 20)
        (self.folder / "options").write_text("sftp:pass=geheim\ncurl:connect-timeout=9\n")
        for words in (["fetch", url, "a"], ["fetch", "-q", url, "b"], ["check", url], ["deploy", url, "/dev/ram0"]):
            result = self.run_in_folder(*words, "--options-file=options", BOOTFERRY_RUNTIME_DIRECTORY=str(self.folder))
            lines = result.stderr.decode().splitlines()
            self.assertEqual(lines.count(warning), 1, lines)
            self.assertNotIn("geheim", result.stderr.decode())
            self.assertEqual(result.returncode == 0, words[0] == "fetch", lines)
        self.assert_has("b")

    def test_is_used_for_a_mirror(self):
        result = self.run_in_folder("fetch", self.url(), "a", "--option=sftp:pass=x", "--mirror=sftp://127.0.0.1:1/a")
        self.assert_ended(result, 0)
        self.assertNotIn(b"no effect", result.stderr)


class QuietTest(ConventionsCase):
    def test_nothing_is_printed_but_failures(self):
        squashfs = self.served / "image"
        subprocess.run(["mksquashfs", self.folder, squashfs, "-quiet", "-no-progress", "-noappend"], check=True, stdout=subprocess.DEVNULL)
        digest = hashlib.sha256(squashfs.read_bytes()).hexdigest()
        url = self.url(faults=[Fault()] * 9)
        for words in (["check", url], ["verify", str(squashfs), f"--checksum={digest}"]):
            result = self.run_in_folder(*words)
            self.assertEqual((result.returncode, bool(result.stdout)), (0, True), result.stderr)
            for quiet in ("-q", "--quiet"):
                result = self.run_in_folder(*words, quiet)
                self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))
            self.assertTrue(self.run_in_folder(*words, "-q", "--json=short").stdout.startswith((b"[{", b"{")))
        self.assert_ended(self.run_in_folder("check", "-q", "http://127.0.0.1:1/"), exit_status.UNREACHABLE, "refused")
        self.assert_ended(self.run_in_folder("verify", "-q", str(squashfs), f"--checksum={64 * 'a'}"), exit_status.CHECKSUM, "does not match")

    def test_debug_messages_of_check(self):
        squashfs = self.served / "image"
        subprocess.run(["mksquashfs", self.folder, squashfs, "-quiet", "-no-progress", "-noappend"], check=True, stdout=subprocess.DEVNULL)
        url = self.url(faults=[Fault()] * 9)
        self.assertNotIn(b"127.0.0.1", self.run_in_folder("check", url).stderr)
        self.assertIn(b"127.0.0.1", self.run_in_folder("check", "-v", url).stderr)


class NameTest(ConventionsCase):
    def test_it_is_the_urls(self):
        for url, name in (("live.iso", "live.iso"), ("a/b%20c.iso?token=x/y", "b c.iso"), ("-q", "-q")):
            self.assert_ended(self.run_in_folder("fetch", self.url(url)), 0)
            self.assert_has(name)

    def test_it_replaces_what_has_the_name(self):
        (self.folder / "live.iso").write_text("older")
        self.assert_ended(self.run_in_folder("fetch", self.url("live.iso")), 0)
        self.assert_has("live.iso")

    def test_no_name_is_an_error_before_the_network(self):
        for path in ("", "a/", "..", "%2e%2e", "%2E%2E%2Fx", "a%2Fb", "a%0Ab", "a%00b", "-", "%1B%5B2J"):
            self.assert_ended(self.run_in_folder("fetch", f"http://127.0.0.1:1/{path}"), exit_status.USAGE, "specify FILE")
        self.assertEqual(self.names(), [])

    def test_a_redirect_does_not_choose_it(self):
        with Nginx(self.served, extra="location = /wanted { return 302 /image; }") as server:
            self.assert_ended(self.run_in_folder("fetch", f"http://127.0.0.1:{server.port}/wanted"), 0)
        self.assertEqual(self.names(), ["wanted"])
        self.assert_has("wanted")

    def test_a_server_does_not_choose_it(self):
        headers = [("Content-Disposition", 'attachment; filename="../evil"')]
        self.assert_ended(self.run_in_folder("fetch", self.url("wanted", [Fault(headers=headers)])), 0)
        self.assertEqual(self.names(), ["wanted"])
        self.assertFalse((self.path / "evil").exists())

    def test_only_a_file_can_be_meant(self):
        os.mkfifo(self.folder / "pipe")
        (self.folder / "folder").mkdir()
        for name in ("pipe", "folder"):
            self.assert_ended(self.run_in_folder("fetch", f"http://127.0.0.1:1/{name}"), exit_status.TARGET_REFUSED,
                              "not a regular file")


class OptionsTest(ConventionsCase):
    def test_each_way_to_write_them(self):
        for number, words in enumerate((["-o", "FILE"], ["-oFILE"], ["--output", "FILE"], ["--output=FILE"],
                                        ["--outp=FILE", "--timeout", "60"])):
            words = [word.replace("FILE", f"file{number}") for word in words]
            for order in (["fetch", *words, self.url()], ["fetch", self.url(), *words], [*words, "fetch", self.url()],
                          ["fetch", *words, "--", self.url()]):
                self.assert_ended(self.run_in_folder(*order), 0)
                self.assert_has(f"file{number}")
                (self.folder / f"file{number}").unlink()

    def test_standard_output(self):
        for words in (["-"], ["-o", "-"], ["-o-"]):
            result = self.run_in_folder("fetch", "-q", self.url(), *words)
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            self.assertTrue(result.stdout == self.image.read_bytes())

    def test_two_targets(self):
        self.assert_ended(self.run_in_folder("fetch", "-o", "a", self.url(), "b"), exit_status.USAGE, "the target is given twice")

    def test_quiet_is_silent_but_for_failures(self):
        result = self.run_in_folder("fetch", "-q", self.url(), "file")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))
        result = self.run_in_folder("fetch", "--quiet", self.url(faults=[Fault(status=404)]), "file")
        self.assert_ended(result, exit_status.NOT_FOUND, "404")
        self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_quiet_and_verbose(self):
        self.assert_ended(self.run_in_folder("fetch", "-qv", self.url(), "file"), exit_status.USAGE, "contradict each other")

    def test_reset_of_a_file_is_a_warning(self):
        for target, words in (("file", "; --no-continue starts a file over"), ("-", "by request")):
            result = self.run_in_folder("fetch", "-q", "--reset", self.url(), target)
            self.assert_ended(result, 0, f"--reset has no effect: '{target}' is no block device")
            self.assertTrue(result.stderr.decode().endswith(words + "\n"), result.stderr)

    def test_a_query_is_shown_nowhere(self):
        place = self.url("image?geheim")
        shown = place.replace("geheim", "...")
        mirror = self.url("image?geheim", [Fault(status=404)])
        result = self.run_in_folder("fetch", "--json=short", f"--mirror={place}", mirror, "file")
        self.assert_ended(result, 0)
        last = json.loads(result.stdout.decode().splitlines()[-1])
        self.assertEqual((last["url"], last["sources"]), (mirror.replace("geheim", "..."), [shown]))
        result = self.run_in_folder("fetch", "-v", place, "file")
        self.assert_ended(result, 0, f" from {shown} in ")
        for words in ([place], ["check", f"{place} x"], ["list", place], ["status", place], ["fetch", place, "a", place]):
            result = self.run_in_folder(*words)
            self.assertNotEqual(result.returncode, 0)
            self.assertNotIn(b"geheim", result.stdout + result.stderr)

    def test_verbose_names_attempts_and_places(self):
        mirror = self.url("mirror")
        url = self.url("image", [Fault(status=404)])
        result = self.run_in_folder("fetch", "-v", f"--mirror={mirror}", url, "file")
        self.assert_ended(result, 0)
        messages = result.stderr.decode()
        for words in ("switching from ", f"receiving from {mirror}, ", "using the plugin curl "):
            self.assertEqual(messages.count(words), 1)

    def test_verbose_names_redirects_and_addresses(self):
        place = self.url("image")
        port = place.split(":")[2].split("/")[0]
        first = self.url("here", [Fault(status=302, headers=[("Location", f"http://u:geheim@localhost:{port}/image?geheim")])])
        result = self.run_in_folder("fetch", "-v", first, "file")
        self.assert_ended(result, 0)
        messages = result.stderr.decode()
        self.assertIn(f"requesting {first} from 127.0.0.1 port {first.split(':')[2].split('/')[0]}", messages)
        self.assertRegex(messages, rf"requesting http://localhost:{port}/image\?\.\.\. from 127.0.0.1 port {port}\n")
        self.assertNotIn("geheim", messages)

    def test_a_verb_that_an_option_took_as_its_value(self):
        secret = "http://u:geheim@127.0.0.1:1/image"
        for words in (["--mirror", "fetch", secret], ["-o", "fetch", secret], ["--timeout", "check", secret]):
            result = self.run_in_folder(*words)
            self.assert_ended(result, exit_status.USAGE, words[0] if words[0] != "-o" else "--output", f"'{words[1]}'")
            self.assertNotIn(b"geheim", result.stderr)

    def test_no_wrong_word_shows_a_password(self):
        for secret in ("http://u:geheim@127.0.0.1:1/image", "u:geheim@127.0.0.1/image", "u:ge/geheim@127.0.0.1/image",
                       "http://u:ge/geheim@127.0.0.1/image"):
            self.assert_not_shown(secret)
        for secret in ("curl:pass=geheim", "curl:user=u:geheim", "dolly:password=geheim"):
            for words in ([secret], ["list", secret], ["fetch", "http://127.0.0.1:1/x", "a", secret]):
                self.assertNotIn(b"geheim", self.run_in_folder(*words).stderr)

    def assert_not_shown(self, secret):
        for words in ([secret], ["fetch", secret, "a", secret], ["fetch", "http://127.0.0.1:1/x", secret],
                      ["fetch", "-o", "a", "http://127.0.0.1:1/x", secret], ["status", secret], ["cancel", secret],
                      ["verify", secret], ["dolly-send", secret, "127.0.0.1"], ["help", secret],
                      ["list", secret], ["fetch", f"--json={secret}", "http://127.0.0.1:1/x"],
                      ["fetch", f"--timeout={secret}", "http://127.0.0.1:1/x"],
                      ["fetch", f"--connections={secret}", "http://127.0.0.1:1/x"],
                      ["verify", f"--size={secret}", "x"], ["deploy", "http://127.0.0.1:1/x", secret]):
            with self.subTest(words=words):
                result = self.run_in_folder(*words)
                self.assertIn(result.returncode, exit_status.FAILURES)
                self.assertNotIn(b"geheim", result.stderr)

    def test_control_characters_are_escaped(self):
        for words in (["\x1b[31m"], ["fetch", "\x1b[31m"], ["verify", "\x1b[31m"], ["dolly-send", "\x1b[31m", "h"],
                      ["fetch", "http://127.0.0.1:1/x", "\x1b[31m/x"], ["--\x1b[31m"], ["fetch", "--json=\x1b[31m", "http://a/x"],
                      ["refuse", "\x1b[31m"], ["fetch", "--options-file=\x1b[31m", "http://a/x"]):
            with self.subTest(words=words):
                result = self.run_in_folder(*words)
                self.assertIn(result.returncode, exit_status.FAILURES)
                self.assertNotIn(b"\x1b", result.stderr)

    def test_verbose_says_more(self):
        plain = self.run_in_folder("fetch", self.url(), "file").stderr
        self.assertGreater(len(self.run_in_folder("fetch", "-v", self.url(), "file").stderr.splitlines()),
                           len(plain.splitlines()))

    def test_no_time_limit(self):
        self.assert_ended(self.run_in_folder("fetch", "--timeout=0", self.url(faults=[Fault(cut=1000)]), "file"), 0)


class ChecksumTest(ConventionsCase):
    def setUp(self):
        super().setUp()
        self.short, self.long = (make(self.image.read_bytes()).hexdigest() for make in (hashlib.sha256, hashlib.sha512))

    def test_a_digest_alone(self):
        for digest in (self.short, self.short.upper(), self.long):
            self.assert_ended(self.run_in_folder("fetch", "--checksum", digest, self.url(), "file"), 0)
        for digest in ("0" * 64, "0" * 128):
            self.assert_ended(self.run_in_folder("fetch", f"--checksum={digest}", self.url(), "other"),
                              exit_status.CHECKSUM)
        self.assert_ended(self.run_in_folder("fetch", f"--checksum={self.short[1:]}", self.url(), "file"), exit_status.USAGE)
        self.assertEqual(self.names(), ["file"])

    def test_a_list_on_this_machine(self):
        (self.folder / "SHA256SUMS").write_text(f"{self.short}  live.iso\n{'0' * 64}  wrong.iso\n")
        for name in ("SHA256SUMS", "./SHA256SUMS", str(self.folder / "SHA256SUMS")):
            self.assert_ended(self.run_in_folder("fetch", f"--checksum={name}", self.url("live.iso")), 0)
        self.assert_ended(self.run_in_folder("fetch", "--checksum=SHA256SUMS", self.url("wrong.iso")), exit_status.CHECKSUM)
        self.assert_ended(self.run_in_folder("fetch", "--checksum=SHA256SUMS", self.url("other.iso")),
                          exit_status.NOT_FOUND, "SHA256SUMS")
        self.assert_ended(self.run_in_folder("fetch", "--checksum=SHA1SUMS", self.url("live.iso")), exit_status.NOT_FOUND,
                          "there is no checksum list with this name here")


class RateTest(ConventionsCase):
    """All bytes arrive, and not faster than the limit. Only the shortest time is checked, since the machine may be slow."""

    def check(self, url, *options):
        begun = time.monotonic()
        self.assert_ended(self.run_in_folder("fetch", "--limit-rate=100K", *options, url, "file"), 0)
        self.assertGreater(time.monotonic() - begun, 2)  # 300 000 bytes at 102 400 a second, a tenth of one saved
        self.assert_has("file")

    def test_http(self):
        self.check(self.url())

    def test_http_that_is_spliced(self):
        with Nginx(self.served) as server:
            self.check(f"http://127.0.0.1:{server.port}/image")

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        with Vsftpd(self.served) as server:
            self.check(f"ftp://127.0.0.1:{server.port}/image")

    def test_sftp(self):
        if reason := Sshd.missing() or ("built without it" if not (PLUGINS / "scheme-sftp.so").exists() else None):
            self.skipTest(reason)
        with Sshd() as server:
            self.check(f"sftp://{server.user}@127.0.0.1:{server.port}{self.image}",
                       f"--option=sftp:hostkey={server.fingerprint()}", f"--option=sftp:key={server.key}")

    @needs_root
    def test_dolly(self):
        """In a network of its own: the ports are dolly's."""
        chain = ('ip link set lo up; "$0" fetch -q --timeout=60 --limit-rate=100K dolly://127.0.0.1/ file & '
                 '"$0" dolly-send --timeout=60 "$1" 127.0.0.1 && wait $!')
        begun = time.monotonic()
        done = subprocess.run(["unshare", "--net", "sh", "-c", chain, os.environ["BOOTFERRYCTL"], self.image],
                              cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        self.assert_ended(done, 0)
        self.assertGreater(time.monotonic() - begun, 2)
        self.assert_has("file")

    def test_what_is_none(self):
        for rate in ("", "fast", "-1", "1.5M", "10MB"):
            self.assert_ended(self.run_in_folder("fetch", f"--limit-rate={rate}", self.url(), "file"), exit_status.USAGE,
                              "--limit-rate: expected bytes per second")
        self.assert_ended(self.run_in_folder("fetch", "--limit-rate=0", self.url(), "file"), 0)


class ProxyTest(ConventionsCase):
    """The host does not exist, so the file can only come from the proxy, a server that is sent the whole URL."""

    URL = "http://no-such-host.invalid/image"

    def via(self, server, **variables):
        return self.run_in_folder("fetch", "--timeout=20", self.URL, "file", **variables), server.requests

    def test_one_from_the_environment(self):
        for name in ("http_proxy", "all_proxy", "ALL_PROXY"):
            server = self.serve()
            result, requests = self.via(server, **{name: f"http://127.0.0.1:{server.port}"})
            self.assert_ended(result, 0)
            self.assertEqual(requests[0].path, self.URL)
            self.assertNotIn("Proxy-Authorization", requests[0].headers)
            self.assert_has("file")

    def test_a_login_goes_to_the_proxy_and_nowhere_else(self):
        server = self.serve()
        result, requests = self.via(server, http_proxy=f"http://someone:geheim@127.0.0.1:{server.port}")
        self.assert_ended(result, 0)
        self.assertEqual(requests[0].headers["Proxy-Authorization"], "Basic c29tZW9uZTpnZWhlaW0=")
        self.assertNotIn("Authorization", requests[0].headers)
        server = self.serve([Fault(status=407)])
        result, _ = self.via(server, http_proxy=f"http://someone:geheim@127.0.0.1:{server.port}")
        self.assertIn(result.returncode, exit_status.FAILURES)
        self.assertNotIn(b"geheim", result.stderr)
        direct = self.serve()
        result = self.run_in_folder("fetch", f"http://127.0.0.1:{direct.port}/image", "file",
                                    http_proxy=f"http://someone:geheim@127.0.0.1:{server.port}", no_proxy="127.0.0.1")
        self.assert_ended(result, 0)
        self.assertNotIn("Proxy-Authorization", direct.requests[0].headers)

    def test_one_that_cannot_be_used_is_an_error_without_its_password(self):
        for proxy in ("gopher://someone:geheim@proxy.invalid", "http://someone:geheim@[proxy", "http://some one:geheim@x",
                      "http://someone:geheim@proxy.invalid:99999"):
            with self.subTest(proxy=proxy):
                result = self.run_in_folder("fetch", "--timeout=20", self.URL, "file", http_proxy=proxy)
                self.assert_ended(result, exit_status.USAGE, "the proxy's URL")
                self.assertIn(b"the environment variable http_proxy: ", result.stderr)
                self.assertNotIn(b"geheim", result.stderr)

    def test_hosts_without(self):
        for name in ("no_proxy", "NO_PROXY"):
            for hosts in ("127.0.0.1", "*", "x.example,127.0.0.1"):
                result = self.run_in_folder("fetch", self.url(), "file", http_proxy="http://127.0.0.1:1", **{name: hosts})
                self.assert_ended(result, 0)

    def test_a_variable_that_web_clients_can_set_is_ignored(self):
        self.assert_ended(self.run_in_folder("fetch", self.url(), "file", HTTP_PROXY="http://127.0.0.1:1"), 0)

    def test_an_option_is_stronger(self):
        server = self.serve()
        result = self.run_in_folder("fetch", f"--option=curl:proxy=127.0.0.1:{server.port}", self.URL, "file",
                                    http_proxy="http://127.0.0.1:1")
        self.assert_ended(result, 0)


if __name__ == "__main__":
    tap.main()
