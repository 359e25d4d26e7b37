# SPDX-License-Identifier: LGPL-2.1-or-later
"""The effect of curl's options on real servers: nginx and vsftpd log what arrives, tinyproxy and microsocks are
in between. curl_options_test.py tests the parsing of options, this file their effect."""

import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import accounts  # noqa: E402
import exit_status  # noqa: E402
import processes  # noqa: E402
import proxies  # noqa: E402
import tap  # noqa: E402
from certificates import Authority  # noqa: E402
from nginx import Nginx  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402

SIZE = 300_000
LOG_FORMAT = ('log_format seen \'version=$server_protocol tls=$ssl_protocol cipher=$ssl_cipher from=$remote_addr '
              'port=$remote_port client=$ssl_client_verify via="$http_via" authorization="$http_authorization"\';')


class EffectCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-curl-effect-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.served = self.path / "served"
        (self.served / "a" / "b").mkdir(parents=True)
        self.content = random.Random(5).randbytes(SIZE)
        for place in ("image", "a/b/image"):
            (self.served / place).write_bytes(self.content)
        self.output = self.path / "output"

    def fetch(self, url, words=""):
        """`words` as they stand on the kernel command line."""
        line = subprocess.run([os.environ["CURL_OPTION_TABLE"], "--parse", words], check=True, capture_output=True,
                              text=True).stdout.rstrip("\n")
        verdict, *options = line.split("\t")
        self.assertEqual(verdict, "ok", line)
        self.output.unlink(missing_ok=True)
        return subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", *(f"--option=curl:{o}" for o in options), url,
                               str(self.output)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def assert_fetched(self, url, words=""):
        result = self.fetch(url, words)
        self.assertEqual(result.returncode, 0, f"{words}: {result.stderr}")
        self.assertTrue(self.output.read_bytes() == self.content, "the bytes differ")

    def assert_refused(self, reason, url, words=""):
        result = self.fetch(url, words)
        self.assertIn(result.returncode, exit_status.FAILURES, words)
        self.assertRegex(result.stderr.splitlines()[-1], reason, words)
        self.assertNotIn("retrying", result.stderr)


class NginxCase(EffectCase):
    def serve(self, extra="", **how):
        self.server = Nginx(self.served, extra=f"access_log access.log seen; {extra}", http=LOG_FORMAT, **how)
        self.addCleanup(self.server.stop)
        self.server.start()
        return f"http://127.0.0.1:{self.server.port}/image"

    def seen(self, words, url):
        """What the server notes of a fetch with these options: name → value."""
        before = len(self.server.access_log().splitlines())
        self.assert_fetched(url, words)
        line = self.server.access_log().splitlines()[before]
        return {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|(\S*))', line)}


class HttpTest(NginxCase):
    def test_versions(self):
        url = self.serve()
        for words, version in (("", "HTTP/1.1"), ("-0", "HTTP/1.0"), ("--http1.1", "HTTP/1.1")):
            self.assertEqual(self.seen(words, url)["version"], version)

    def test_where_it_comes_from(self):
        url = self.serve()
        self.assertEqual(self.seen("--interface,127.0.0.2", url)["from"], "127.0.0.2")
        self.assertEqual(self.seen("--interface,lo", url)["from"], "127.0.0.1")
        port = processes.free_port()
        self.assertEqual(self.seen(f"--local-port,{port}", url)["port"], str(port))

    def test_a_unix_socket(self):
        socket = self.path / "socket"
        self.serve(f"listen unix:{socket};")
        seen = self.seen(f"--unix-socket,{socket}", "http://server.example/image")
        self.assertEqual(seen["from"], "unix:")

    def test_logins(self):
        (self.path / "users").write_text("someone:{PLAIN}geheim\n")
        url = self.serve(f'auth_basic realm; auth_basic_user_file {self.path}/users;')
        (self.path / "netrc").write_text("machine 127.0.0.1 login someone password geheim\n")
        self.assert_fetched(url, f"--netrc-file,{self.path}/netrc")
        self.assert_fetched(url, "-u,someone:geheim")
        self.assert_refused("401 Unauthorized: credentials", url)
        self.assert_refused("401 Unauthorized: credentials", url, "-u,someone:wrong")

    def test_a_bearer_token(self):
        url = self.serve()
        self.assertEqual(self.seen("--oauth2-bearer,abc.def", url)["authorization"], "Bearer abc.def")

    def test_the_rate_is_limited(self):
        self.content *= 10  # the first half a megabyte comes at once
        (self.served / "image").write_bytes(self.content)
        url = self.serve()
        start = time.monotonic()
        self.assert_fetched(url, "--limit-rate,1m")
        self.assertGreater(time.monotonic() - start, 1.5)  # without the option it is a matter of milliseconds

    def test_protocols_that_are_not_allowed(self):
        url = self.serve()
        self.assert_refused("(?i)protocol", url, "--proto,=https")


class TlsTest(NginxCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-authority-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.folder.chmod(0o755)
        cls.authority = Authority(cls.folder / "authority")
        cls.trust = f"--cacert,{cls.authority.certificate}"

    def serve_tls(self, extra="", identity=None):
        certificate, key = identity or self.authority.issue("server", ["IP:127.0.0.1"])
        port = processes.free_port()
        self.serve(f"listen 127.0.0.1:{port} ssl http2; ssl_certificate {certificate}; ssl_certificate_key {key}; "
                   f"{extra or 'ssl_protocols TLSv1.2 TLSv1.3;'}")
        return f"https://127.0.0.1:{port}/image"

    def test_versions_and_ciphers(self):
        url = self.serve_tls()
        cipher = "ECDHE-ECDSA-AES128-GCM-SHA256"
        for words, name, value in (("", "version", "HTTP/1.1"), ("--http2", "version", "HTTP/2.0"),
                                   ("--tls-max,1.2", "tls", "TLSv1.2"), ("--tlsv1.3", "tls", "TLSv1.3"),
                                   (f"--tls-max,1.2,--ciphers,{cipher}", "cipher", cipher),
                                   ("--tls13-ciphers,TLS_CHACHA20_POLY1305_SHA256", "cipher",
                                    "TLS_CHACHA20_POLY1305_SHA256")):
            with self.subTest(words=words):
                self.assertEqual(self.seen(f"{self.trust},{words}", url)[name], value)

    def test_a_demand_that_the_server_cannot_meet(self):
        url = self.serve_tls("ssl_protocols TLSv1.2;")
        self.assert_refused("TLS with 127.0.0.1:[0-9]+: the server and this machine have no TLS version in common", url,
                            f"{self.trust},--tlsv1.3")

    def test_a_port_without_tls(self):
        url = self.serve().replace("http:", "https:")
        result = self.fetch(url)  # as any violation of a protocol, it is tried once more
        self.assertEqual(result.returncode, exit_status.PROTOCOL, result.stderr)
        self.assertRegex(result.stderr.splitlines()[-1], "TLS with 127.0.0.1:[0-9]+: the server does not speak TLS at this port$")

    def test_a_server_that_requires_a_client_certificate(self):
        certificate, key = self.authority.issue("server", ["IP:127.0.0.1"])
        for version in ("-tls1_2", "-tls1_3"):
            port = processes.free_port()
            server = processes.start(["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", version,
                                      "-cert", certificate, "-key", key, "-CAfile", self.authority.certificate,
                                      "-Verify", "1", "-verify_return_error"],
                                     stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(processes.stop, server)
            processes.wait_for_port(server, port)
            with self.subTest(version):
                self.assert_refused("TLS with 127.0.0.1:[0-9]+: .*requires a client certificate",
                                    f"https://127.0.0.1:{port}/image", self.trust)

    def test_trust(self):
        url = self.serve_tls()
        self.assert_refused("certificate of 127.0.0.1:[0-9]+ was not accepted: [^:]*does not trust its issuer", url)
        self.assert_fetched(url, "-k")
        hashed = self.path / "hashed"
        hashed.mkdir()
        shutil.copy(self.authority.certificate, hashed)
        subprocess.run(["openssl", "rehash", hashed], check=True)
        self.assert_fetched(url, f"--capath,{hashed}")

    def test_a_file_that_is_not_what_it_should_be_is_named(self):
        url = self.serve_tls()
        garbage = self.path / "garbage.pem"
        garbage.write_text("no certificate\n")
        for words, reason in ((f"--cacert,{garbage}", "the certificates to trust cannot be read, or are not in PEM form"),
                              (f"--cacert,{self.path}/missing", "curl's option cacert: "),
                              (f"{self.trust},--crlfile,{garbage}", "the revocation list cannot be read, or is not in PEM form"),
                              (f"{self.trust},-E,{garbage}", "the client certificate or its key cannot be used: could not load PEM client certificate from")):
            with self.subTest(words):
                self.assert_refused(f"{reason}.*{self.path}/", url, words)

    def test_a_pinned_key(self):
        certificate, key = self.authority.issue("pinned", ["IP:127.0.0.1"])
        other, _ = self.authority.issue("other", ["IP:127.0.0.1"])
        url = self.serve_tls(identity=(certificate, key))
        self.assert_fetched(url, f"{self.trust},--pinnedpubkey,{self.authority.pin(certificate)}")
        for trust in (self.trust, "-k"):
            self.assert_refused("(?i)pinned|public key", url, f"{trust},--pinnedpubkey,{self.authority.pin(other)}")

    def test_a_revoked_certificate(self):
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        trust = f"--cacert,{authority.certificate}"
        url = self.serve_tls(identity=(certificate, key))
        self.assert_fetched(url, f"{trust},--crlfile,{authority.revocation_list()}")
        authority.revoke(certificate)
        self.assert_refused("revoked", url, f"{trust},--crlfile,{authority.revocation_list()}")

    def test_a_client_certificate(self):
        url = self.serve_tls(f"ssl_verify_client optional; ssl_client_certificate {self.authority.certificate}; "
                             "if ($ssl_client_verify != SUCCESS) { return 403; }")
        certificate, key = self.authority.issue("client")
        locked = self.authority.locked(key, "open sesame")
        both = self.path / "both.pem"
        both.write_text(certificate.read_text() + locked.read_text())
        for words in (f"-E,{certificate},--key,{key}", f"--cert,{certificate},--key,{locked},--pass,open sesame",
                      f"-E,{both}:open sesame"):
            with self.subTest(words=words):
                self.assertEqual(self.seen(f"{self.trust},{words}", url)["client"], "SUCCESS")
        self.assert_refused("server answered 403", url, self.trust)
        self.assert_refused("(?i)certificate|key", url, f"{self.trust},-E,{certificate},--key,{locked},--pass,wrong")

    def test_a_clock_that_is_wrong_is_named(self):
        for dates in (("-startdate", "20010101000000Z", "-enddate", "20010102000000Z"),
                      ("-startdate", "20490101000000Z", "-enddate", "20490102000000Z")):
            url = self.serve_tls(identity=self.authority.issue("dated", ["IP:127.0.0.1"], *dates))
            self.assert_refused(rf"this machine's clock says {time.gmtime().tm_year}-", url, self.trust)


class ProxyTest(NginxCase):
    def test_a_proxy(self):
        url, proxy = self.serve(), proxies.tinyproxy(self)
        self.assertIn("between", self.seen(f"-x,{proxy}", url)["via"])
        self.assertIn("between", self.seen(f"-x,http://{proxy}", url)["via"])
        self.assertEqual(self.seen(f"-x,{proxy},--noproxy,127.0.0.1", url)["via"], "-")
        self.assertEqual(self.seen(f"-x,{proxy},-p", url)["via"], "-", "through a tunnel the proxy adds nothing")
        self.assertIn("CONNECT", (self.path / "tinyproxy.log").read_text())

    def test_a_proxy_that_wants_a_login(self):
        url, proxy = self.serve(), proxies.tinyproxy(self, "BasicAuth someone geheim")
        self.assertIn("between", self.seen(f"-x,{proxy},-U,someone:geheim", url)["via"])
        self.assertIn("between", self.seen(f"-x,http://someone:geheim@{proxy}", url)["via"])
        self.assert_refused("407|credentials", url, f"-x,{proxy}")

    def test_https_through_a_proxy(self):
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        port = processes.free_port()
        self.serve(f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};")
        proxy = proxies.tinyproxy(self)
        self.assert_fetched(f"https://127.0.0.1:{port}/image", f"--cacert,{authority.certificate},-x,{proxy}")
        self.assertIn("CONNECT", (self.path / "tinyproxy.log").read_text())

    def test_socks(self):
        url, proxy = self.serve(), proxies.microsocks(self)
        for words in (f"--socks5,{proxy}", f"--socks5-hostname,{proxy}", f"-x,socks5h://{proxy}"):
            self.assertEqual(self.seen(words, url)["from"], "127.0.0.3", words)

    def test_socks_with_a_login(self):
        url, proxy = self.serve(), proxies.microsocks(self, "-u", "someone", "-P", "geheim")
        self.assertEqual(self.seen(f"--socks5,{proxy},-U,someone:geheim", url)["from"], "127.0.0.3")
        result = self.fetch(url, f"--socks5,{proxy},-U,someone:falsch,--max-time,5,-m,5")
        self.assertIn(result.returncode, exit_status.FAILURES)
        self.assertNotIn("falsch", result.stderr)


class FtpTest(EffectCase):
    def setUp(self):
        super().setUp()
        if reason := Vsftpd.missing():
            self.skipTest(reason)

    def serve(self, *settings, **how):
        self.server = Vsftpd(self.served, settings=settings, **how)
        self.addCleanup(self.server.stop)
        self.server.start()
        return f"ftp://127.0.0.1:{self.server.port}/a/b/image"

    def commands(self, words, url):
        """The commands that the server receives in a fetch with these options, in order."""
        before = len(self.server.log())
        self.assert_fetched(url, words)
        return re.findall(r'FTP command: Client "[^"]*", "([^"]*)"', self.server.log()[before:])

    def test_passive_and_active(self):
        url = self.serve()
        for words, command in (("", "EPSV"), ("--disable-epsv", "PASV"), ("-P,-", "EPRT"),
                               ("-P,127.0.0.1,--disable-eprt", "PORT"), ("-P,-,--ftp-pasv", "EPSV")):
            with self.subTest(words=words):
                messages = [line.split()[0] for line in self.commands(words, url)]
                self.assertEqual([name for name in messages if name in ("EPSV", "PASV", "EPRT", "PORT")], [command])

    def test_how_the_folder_is_reached(self):
        url = self.serve()
        for method, folders in (("multicwd", ["CWD a", "CWD b"]), ("singlecwd", ["CWD a/b"]), ("nocwd", [])):
            with self.subTest(method=method):
                messages = self.commands(f"--ftp-method,{method}", url)
                self.assertEqual([line for line in messages if line.startswith("CWD")], folders)

    def test_a_login(self):
        prefix = accounts.prefix(self.path / "accounts", "vsftpd")
        self.serve("anonymous_enable=NO", "local_enable=YES", "pam_service_name=vsftpd",
                   f"local_root={self.served}", prefix=prefix)
        place = f"127.0.0.1:{self.server.port}/image"
        password = accounts.PASSWORD.replace(" ", "%20")
        self.assert_fetched(f"ftp://{accounts.NAME}:{password}@{place}")
        self.assert_fetched(f"ftp://{place}", f"-u,{accounts.NAME}:{accounts.PASSWORD}")
        self.assert_refused("530 Login incorrect", f"ftp://{accounts.NAME}:wrong@{place}")

    def test_tls(self):
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        trust = f"--cacert,{authority.certificate}"
        url = self.serve("ssl_enable=YES", "allow_anon_ssl=YES", f"rsa_cert_file={certificate}",
                         f"rsa_private_key_file={key}", "ssl_ciphers=HIGH")
        self.assertEqual(self.commands(trust, url)[0].split()[0], "USER")
        for words, protection in (("--ssl-reqd", "PROT P"), ("--ssl", "PROT P"), ("--ftp-ssl-control", "PROT C")):
            with self.subTest(words=words):
                messages = self.commands(f"{trust},{words}", url)
                self.assertTrue(messages[0].startswith("AUTH"), messages)
                self.assertIn(protection, messages)
        self.assert_refused("certificate of 127.0.0.1:[0-9]+ was not accepted", url, "--ssl-reqd")

    def test_tls_in_active_mode(self):
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        url = self.serve("ssl_enable=YES", "allow_anon_ssl=YES", f"rsa_cert_file={certificate}",
                         f"rsa_private_key_file={key}", "ssl_ciphers=HIGH")
        version = subprocess.run(["curl", "--version"], check=True, capture_output=True, text=True).stdout
        words = f"--cacert,{authority.certificate},--ftp-port,-"
        if re.search(r"libcurl/7\.8[78]\.", version):  # which would wait for ever
            for option in ("--ssl", "--ssl-reqd"):
                self.assert_refused("option ftp-port does not work with TLS in libcurl 7", url, f"{words},{option}")
        else:
            self.assert_fetched(url, f"{words},--ssl-reqd")
        self.assert_fetched(url, f"{words},--ftp-ssl-control")

    def test_tls_that_the_server_does_not_have(self):
        self.assert_refused("(?i)ssl|tls", self.serve(), "--ssl-reqd")


if __name__ == "__main__":
    tap.main()
