# SPDX-License-Identifier: LGPL-2.1-or-later
"""rd.kiwi.live.curl_options= compared with the installed curl, the curl plugin and the manual page,
and with what arrives at a server."""

import hashlib
import os
import pathlib
import random
import re
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from nginx import Nginx  # noqa: E402
from raw_server import RawServer  # noqa: E402

TOOL = os.environ["CURL_OPTION_TABLE"]
MANUAL_PAGE = pathlib.Path(os.environ["BOOTFERRY_DOCS"], "bootferry-curl-options.7")


class Option:
    def __init__(self, line):
        self.treatment, self.letter, self.name, self.arity, self.on, self.off, self.era, self.why = \
            line.split("\t")
        # curl's help shows a switch that is on by default by its negation, and so does the manual page.
        self.shown = f"no-{self.name}" if self.arity == "default-on" else self.name
        self.takes_value = self.arity == "value"

    def means(self):
        return self.treatment, self.arity, self.on, self.off, self.why


def run(*arguments):
    return subprocess.run([TOOL, *arguments], check=True, capture_output=True, text=True).stdout.splitlines()


def table():
    return [Option(line) for line in run()]


def parsed(*texts):
    return [line.split("\t") for line in run("--parse", *texts)]


class CurlTest(unittest.TestCase):
    """The curl program is the reference for names, letters, values, and shortened names."""

    @classmethod
    def setUpClass(cls):
        cls.curl = shutil.which("curl")
        if cls.curl is None:
            raise unittest.SkipTest("curl is not installed")
        cls.version = subprocess.run([cls.curl, "--version"], check=True, capture_output=True,
                                     text=True).stdout.split()[1]
        text = subprocess.run([cls.curl, "--help", "all"], check=True, capture_output=True, text=True).stdout
        cls.help = {}
        for line in text.splitlines():
            found = re.match(r"\s*(?:-(.), )?\s*--([a-z0-9.-]+)( +<| \[\S+\]\S)?", line)
            if found:
                cls.help[found[2]] = (found[1] or "", found[3] is not None)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bootferry-curl-")
        self.addCleanup(self.folder.cleanup)

    def test_every_option_of_curl_is_in_one_class(self):
        names = [option.name for option in table()]
        self.assertEqual(len(names), len(set(names)))
        shown = {option.shown for option in table()}
        self.assertGreater(len(self.help), 200)
        self.assertEqual([name for name in self.help if name not in shown], [])

    def test_letters_and_values_are_curls(self):
        ours = {option.shown: option for option in table()}
        # An option that gets a new name takes its letter along (8.10: -i is --show-headers, and was --include).
        by_letter = {option.letter: option for option in table() if option.letter}
        letters = {letter for letter, _ in self.help.values() if letter}
        for name, (letter, takes_value) in self.help.items():
            option = ours[name]
            self.assertEqual(option.takes_value, takes_value, name)
            self.assertTrue(option.letter == letter or not option.letter or option.letter in letters, name)
            if letter:
                self.assertEqual(by_letter[letter].means(), option.means(), name)

    def verdict(self, word):
        """curl's verdict on a long name. "-o" without its value keeps curl from doing anything, but some options
        open the file "1" as soon as they are read."""
        result = subprocess.run([self.curl, "-q", f"--{word}", "1", "-o"], stdin=subprocess.DEVNULL,
                                cwd=self.folder.name, capture_output=True, text=True, timeout=120)
        for line in result.stderr.splitlines():
            for reason in ("is ambiguous", "is unknown", "isn't a boolean"):
                if f"option --{word}: " in line and reason in line:
                    return reason
        return "known"

    def test_names_are_shortened_as_curl_does(self):
        if not self.version.startswith("7.88."):
            self.skipTest(f"the table's rules for shortened names are those of curl 7.88, this is {self.version}")
        names = sorted(option.name for option in table() if option.era == "7.88")
        words = set()
        for name in names:
            others = [other for other in names if other != name]
            shared = max(len(os.path.commonprefix([name, other])) for other in others)
            words.update(name[:length] for length in (shared, shared + 1) if 0 < length < len(name))
        self.assertGreater(len(words), 200)
        words = sorted(words)
        for word, (verdict, *rest) in zip(words, parsed(*(f"--{word},1" for word in words))):
            reason = rest[0] if verdict == "error" else ""
            ours = ("is ambiguous" if "write the full name" in reason else
                    "is unknown" if "is not an option of curl" in reason else "known")
            self.assertEqual(ours, self.verdict(word), f"--{word}: {reason}")

    def test_switches_are_turned_off_as_curl_does(self):
        if not self.version.startswith("7.88."):
            self.skipTest("curl 8 lets fewer options be turned off")
        # --help may have a value and need not: the one such option.
        names = [option.name for option in table() if option.era == "7.88" and option.name != "help"]
        for name, (verdict, *rest) in zip(names, parsed(*(f"--no-{name}" for name in names))):
            ours = "isn't a boolean" if verdict == "error" and "cannot be turned off" in rest[0] else "known"
            self.assertEqual(ours, self.verdict(f"no-{name}"), name)


class PluginTest(unittest.TestCase):
    def test_what_is_honoured_is_taken_by_the_plugin(self):
        module = pathlib.Path(os.environ["BOOTFERRY_PLUGIN_DIR"]) / "curl.so"
        taken = dict(line.split("\t") for line in run("--plugin", str(module)))
        wanted = set()
        for option in table():
            for key, kind in ((option.on, "value" if option.takes_value else "flag"), (option.off, "flag")):
                if key:
                    self.assertEqual(taken.get(key), kind, f"--{option.name} is {key}")
                    wanted.add(key)
        self.assertEqual(sorted(set(taken) - wanted), ["ftp-ssl", "ftp-ssl-reqd"], "options only the plugin knows")


def capitalized(reason):
    """The name of an option of the kernel command line keeps its small letter."""
    return reason if reason.startswith("rd.") else reason[0].upper() + reason[1:]


class ManualPageTest(unittest.TestCase):
    """bootferry-curl-options(7) compared with the table."""

    def test_the_page_lists_the_table(self):
        treatment, listed = None, {}
        sections = {"OPTIONS THAT ARE HONOURED": "honoured", "OPTIONS ABOUT RETRYING": "retry",
                    "OPTIONS WITHOUT EFFECT": "harmless", "OPTIONS THAT ARE REFUSED": "refused"}
        for line in MANUAL_PAGE.read_text().splitlines():
            if line.startswith(".Sh "):
                treatment = sections.get(line.removeprefix(".Sh "))
            if treatment and line.startswith(".It Fl"):
                found = re.fullmatch(r"\.It Fl (?:(?:\\&)?(.) , Fl )?Fl (\S+)( Ar \S+)?( No \\\(dg)?", line)
                self.assertIsNotNone(found, line)
                self.assertNotIn(found[2], listed)
                listed[found[2]] = (treatment, found[1] or "", found[3] is not None, found[4] is not None)
        self.assertEqual(listed, {option.shown: (option.treatment, option.letter, option.takes_value,
                                                 option.era == "newer") for option in table()})

    def test_the_reasons_are_the_headings(self):
        heading, reasons = None, {}
        for line in MANUAL_PAGE.read_text().splitlines():
            if line.startswith((".Sh ", ".Ss ")):
                heading = line[4:].removeprefix("\\&")
            elif found := re.match(r"\.It Fl (?:(?:\\&)?. , Fl )?Fl (\S+)", line):
                reasons[found[1]] = heading
        explained = {option.shown: capitalized(option.why) for option in table()
                     if option.treatment in ("harmless", "refused")}
        self.assertGreater(len(explained), 100)
        self.assertEqual({name: reasons[name] for name in explained}, explained)

    def test_the_page_is_well_formed(self):
        program = shutil.which("groff")
        if program is None:
            self.skipTest("groff is not installed")
        result = subprocess.run([program, "-mdoc", "-Tutf8", "-ww", MANUAL_PAGE], check=True,
                                capture_output=True, text=True)
        self.assertEqual(result.stderr, "")
        self.assertIn("rd.kiwi.live.curl_options=", re.sub("\x1b\\[[0-9;]*m|.\b", "", result.stdout))


class FetchTest(unittest.TestCase):
    """From the words of the kernel command line to what a server sees."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-curl-options-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        (self.path / "served").mkdir()
        self.image = self.path / "served" / "image"
        self.image.write_bytes(random.Random(3).randbytes(300_000))

    def fetch(self, url, text):
        (verdict, *options), = parsed(text)
        self.assertEqual(verdict, "ok", options)
        output = self.path / "output"
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", *(f"--option=curl:{o}" for o in options), url,
                                 str(output)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if result.returncode == 0:
            self.assertEqual(hashlib.sha256(output.read_bytes()).digest(),
                             hashlib.sha256(self.image.read_bytes()).digest())
        return result

    def test_headers_names_and_logins_arrive(self):
        with FaultServer(self.image) as server:
            result = self.fetch(f"http://127.0.0.1:{server.port}/image",
                                "-sSf,-A,kiosk,-H,X-Rack: 7\\,8,-e,http://here/,-b,a=1,-b,b=2,-u,user:pw,"
                                "--limit-rate,100m,-4,--no-alpn,-o,/dev/null")
            self.assertEqual(result.returncode, 0, result.stderr)
            headers = server.requests[0].headers
        for name, value in (("User-Agent", "kiosk"), ("X-Rack", "7,8"), ("Referer", "http://here/"),
                            ("Cookie", "a=1; b=2"), ("Authorization", "Basic dXNlcjpwdw==")):
            self.assertEqual(headers.get(name), value)

    def test_a_proxy_is_used_and_its_password_not_shown(self):
        with FaultServer(self.image, [Fault(status=407)]) as server:
            result = self.fetch("http://10.255.255.1/image",
                                f"-x,127.0.0.1:{server.port},-U,someone:geheim,--socks5-basic")
            self.assertIn("Proxy-Authorization", server.requests[0].headers)
        self.assertIn(result.returncode, exit_status.FAILURES)
        self.assertNotIn("geheim", result.stderr)

    def test_a_proxy_after_a_socks_proxy_is_ignored(self):
        with FaultServer(self.image) as server:
            result = self.fetch("http://10.255.255.1/image", f"--socks5,127.0.0.1:1,-x,127.0.0.1:{server.port}")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_names_are_resolved_as_configured(self):
        with Nginx(self.path / "served") as server:
            for text in (f"--resolve,no-such-host.invalid:{server.port}:127.0.0.1",
                         f"--connect-to,no-such-host.invalid:{server.port}:127.0.0.1:{server.port}"):
                result = self.fetch(f"http://no-such-host.invalid:{server.port}/image", text)
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_redirects_are_followed_unless_turned_off(self):
        with Nginx(self.path / "served", extra="location = /moved { return 302 /image; }") as server:
            url = f"http://127.0.0.1:{server.port}/moved"
            for text in ("", "-L", "--no-location,-L", "--proto-redir,=http", "--max-redirs,-1"):
                result = self.fetch(url, text)
                self.assertEqual(result.returncode, 0, text + result.stderr)
            for text, word in (("--no-location", "302"), ("--proto-redir,-all", "302"),
                               ("--max-redirs,0", "redirect"), ("--proto-redir,=ftp", "http")):
                result = self.fetch(url, text)
                self.assertIn(result.returncode, exit_status.FAILURES, text)
                self.assertIn(word, result.stderr.splitlines()[-1].lower(), text)

    def test_what_libcurl_lacks_is_an_error_by_name(self):
        result = self.fetch("http://127.0.0.1:1/image", "--tls-max,9.9")
        self.assertIn(result.returncode, exit_status.FAILURES)
        self.assertIn("tls-max", result.stderr.splitlines()[-1])

    def test_a_misspelt_option_names_the_right_one(self):
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", "--option=curl:max-filesze=9", "http://127.0.0.1:1/image",
                                 str(self.path / "output")], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, exit_status.USAGE)
        self.assertIn("did you mean 'max-filesize'?", result.stderr.splitlines()[-1])

    def test_a_file_that_is_too_large_is_refused(self):
        with Nginx(self.path / "served") as server:
            url = f"http://127.0.0.1:{server.port}/image"
            self.assertEqual(self.fetch(url, "--max-filesize,1M").returncode, 0)
            self.assertIn(self.fetch(url, "--max-filesize,1K").returncode, exit_status.FAILURES)
        body = b"1000\r\n" + b"x" * 4096 + b"\r\n0\r\n\r\n"  # the length is not announced
        with RawServer({"/image": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body}) as server:
            result = self.fetch(f"http://127.0.0.1:{server.port}/image", "--max-filesize,1K")
            self.assertIn(result.returncode, exit_status.FAILURES)
            self.assertIn("larger than curl's option max-filesize", result.stderr)


class PlainFtpServer(socketserver.ThreadingTCPServer):
    """Supports no TLS and refuses every login; `commands` collects the commands."""

    allow_reuse_address = daemon_threads = True

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 ready\r\n")
            for line in self.rfile:
                command = line.split()[0].decode().upper()
                self.server.commands.append(command)
                self.wfile.write(b"530 nobody may\r\n" if command == "USER" else b"500 not known\r\n")

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.commands = []


class FtpTlsTest(unittest.TestCase):
    def commands_for(self, text):
        (verdict, *options), = parsed(text)
        self.assertEqual(verdict, "ok")
        with PlainFtpServer() as server, tempfile.TemporaryDirectory() as folder:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                result = subprocess.run(
                    [os.environ["BOOTFERRYCTL"], "fetch", *(f"--option=curl:{o}" for o in options), "--timeout=5",
                     f"ftp://127.0.0.1:{server.server_address[1]}/image", f"{folder}/output"],
                    stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
            finally:
                server.shutdown()
                thread.join()
        self.assertIn(result.returncode, exit_status.FAILURES)
        return server.commands

    def test_a_demand_for_tls_is_not_weakened(self):
        self.assertIn("USER", self.commands_for("--ssl"))
        for text in ("--ssl-reqd", "--ssl-reqd,--ssl", "--ssl,--ssl-reqd",
                     "--ftp-ssl-reqd,--ftp-ssl-control,--ftp-ssl"):
            commands = self.commands_for(text)
            self.assertIn("AUTH", commands, text)
            self.assertNotIn("USER", commands, text)


if __name__ == "__main__":
    tap.main()
