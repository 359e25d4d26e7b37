# SPDX-License-Identifier: LGPL-2.1-or-later
"""`bootferryctl explain` against the generator: the same units, the same refusals, and the same warnings."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import tap  # noqa: E402

URL = "root=live:http://10.0.0.1/live.iso"


class ExplainTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-explain-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.cmdline = self.path / "cmdline"
        self.run_folder = self.path / "run"

    def explain(self, *arguments, prefix=(), **environment):
        variables = dict(os.environ, BOOTFERRY_PROC_CMDLINE=str(self.cmdline),
                         BOOTFERRY_RUNTIME_DIRECTORY=str(self.run_folder), **environment)
        return subprocess.run([*prefix, os.environ["BOOTFERRYCTL"], "explain", *arguments], env=variables,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def explained(self, *arguments):
        result = self.explain(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
        return result.stdout

    def generate(self, line):
        """The generator's output for this line: the units' texts by name, and its messages."""
        self.cmdline.write_text(line + "\n")
        with tempfile.TemporaryDirectory(prefix="bootferry-generated-") as name:
            out = pathlib.Path(name)
            for part in ("normal", "early", "late"):
                (out / part).mkdir()
            result = subprocess.run([os.environ["BOOTFERRY_GENERATOR"], *(out / p for p in ("normal", "early", "late"))],
                                    env=dict(os.environ, BOOTFERRY_PROC_CMDLINE=str(self.cmdline),
                                             BOOTFERRY_RUNTIME_DIRECTORY=str(self.run_folder)),
                                    capture_output=True, text=True, timeout=60, check=True)
            units = {str(file.relative_to(out / part)): file.read_text() for part in ("normal", "early")
                     for file in (out / part).rglob("*") if file.is_file() and not file.is_symlink()}
            return units, result.stderr

    def test_each_word_has_its_line(self):
        lines = self.explained(f"{URL} rd.live.check rd.live.image quiet").splitlines()
        for line, (word, meaning) in zip(lines, ((URL, "fetch this image over http to /dev/ram0"),
                                                 ("rd.live.check", "verify the checksum that is embedded"),
                                                 ("rd.live.image", "boot a live image"),
                                                 ("quiet", "not read by bootferry"))):
            self.assertTrue(line.startswith(word + "  "), line)
            self.assertIn(meaning, line)

    def test_the_server_that_another_machine_boots_from_is_assumed(self):
        line = "root=live:bootorigin:live.iso"
        text = self.explained(line)
        self.assertIn("fetch http://boot-origin.invalid/live.iso over http to /dev/ram0", text)
        self.assertIn("bootorigin: stands for the URL that the firmware of that machine boots from", text)
        kinds = [part["kind"] for part in json.loads(self.explained("--json=short", line))]
        self.assertEqual(kinds.count("assumption"), 1)
        # Of this machine it is known whether there is one.
        self.cmdline.write_text(line)
        result = self.explain()
        self.assertEqual(result.returncode, 1)
        self.assertIn("write the whole URL instead", result.stderr)
        self.assertNotIn("stands for", result.stdout)

    def test_the_image_that_the_dhcp_server_names(self):
        self.assertIn("is assumed here", self.explained("root=dhcp"))
        self.assertIn("rd.bootferry.foo", self.explain("root=dhcp rd.bootferry.foo=1").stderr)
        self.cmdline.write_text("root=dhcp")
        self.assertIn("if the DHCP server's root path (option 17) is live:", self.explained())
        self.run_folder.mkdir(exist_ok=True)
        (self.run_folder / "root-path").write_text("live:http://10.0.0.2/live.iso\n")
        self.assertNotIn("10.0.0.2", self.explained("root=dhcp"))  # of another machine nothing is known
        self.cmdline.write_text("root=dhcp")
        self.assertIn("fetch this image over http to /dev/ram0", self.explained())

    def test_the_query_of_a_url_is_not_shown(self):
        """It may be a signature that gives access; what is shown here ends up in reports of faults."""
        for extra in ("", " rd.bootferry.mirror=http://10.0.0.2/a?geheim rd.bootferry.checksum=http://10.0.0.2/S?geheim",
                      " rd.overlay.crypt=x", " rd.bootferry.connections=99"):
            line = f"root=live:http://10.0.0.1/live.iso?geheim{extra}"
            for options in ([], ["--units"], ["--json=short", "--units"]):
                result = self.explain(*options, line)
                self.assertIn("http://10.0.0.1/live.iso?...", result.stdout)
                self.assertNotIn("geheim", result.stdout + result.stderr)

    def test_the_units_are_the_generators(self):
        for line in (URL, "root=live:CDLABEL=A", f"{URL} rd.live.overlay.persistant rd.kiwi.live.system=/dev/sda",
                     f"{URL} rd.kiwi.live.pxe BOOTIF=01-52-54-00-12-34-56", f"{URL} rd.bootferry.chekcsum=1",
                     "root=live:nonsense", f"{URL} rd.overlay.crypt=x", "root=http://10.0.0.1/a", f"{URL} rd.live.overlay.size=4096",
                     f"{URL} persistence-encryption=luks", "root=live:ftp://u:geheim@10.0.0.1/a rootflags=noatime", "root=/dev/sda1"):
            units, _ = self.generate(line)
            result = self.explain("--units", line)
            self.assertEqual(result.returncode, int(any("bootferryctl refuse" in text for text in units.values())), line)
            names = self.explain(line).stdout
            for name, text in units.items():
                self.assertIn(f"\n  {name}\n", names)
                shown = "".join(f"    {part}\n" for part in text.splitlines())
                self.assertIn(f"\n  {name}\n{shown}", result.stdout)
            self.assertNotIn("geheim", result.stdout + result.stderr + names)
            if not units:
                self.assertIn("bootferry does not serve this boot", names)
            self.assertEqual("[Match]" in result.stdout, "rd.kiwi.live.pxe" in line)

    def test_a_misspelt_root_is_recognised_by_its_value(self):
        for line in ("roto=live:http://h/x.iso", "ROOT=live:http://h/x.iso?a=b", "live:http://h/x.iso", "live:http://h/x.iso?a=b"):
            with self.subTest(line=line):
                self.assertIn("Did you mean root=live:SCHEME://HOST/PATH?", self.explained(line))
        self.assertNotIn("Did you mean", self.explained("quiet splash"))

    def test_a_refusal_is_the_boots_own(self):
        for line in (f"{URL} rd.bootferry.chekcsum=1", f"{URL} ramdisk_size=2G", "root=live:nonsense",
                     f"{URL} rd.overlay.crypt=x", f"{URL} rd.overlay=LABEL=a", f"{URL} toram rd.kiwi.live.system=/dev/sda",
                     f"{URL} rd.kiwi.live.curl_options=--frob", "root=live:dolly://h/ rd.kiwi.live.curl_options=-k"):
            _, messages = self.generate(line)
            reason = messages.strip().removeprefix("bootferry-generator: ")
            result = self.explain(line)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr, f"bootferryctl: the boot would be refused: {reason}\n")
        self.assertIn("(did you mean rd.bootferry.checksum?)", self.explain(f"{URL} rd.bootferry.chekcsum=1").stderr)

    def test_the_generator_warns_of_what_is_explained_as_an_error(self):
        for word, meant in (("rd.live.overlay.persistant", "rd.live.overlay.persistent"),
                            ("rd.kiwi.live.sytem=/dev/sda", "rd.kiwi.live.system"),
                            ("rd.kiwi.system=/dev/sda", "rd.kiwi.live.system"),
                            ("rd.live.overlay_persistent", "rd.live.overlay.persistent")):
            units, messages = self.generate(f"{URL} {word}")
            self.assertIn(f"did you mean {meant}?", messages)
            self.assertIn(f"did you mean {meant}?", units["bootferry-deploy.service"])
            self.assertIn(f"did you mean {meant}?", self.explained(f"{URL} {word}"))
        for words in ("rd.live.overlay_persistent", "rd.live.overlay=none rd.kiwi.live.system=/dev/sda"):
            _, messages = self.generate(f"{URL} {words}")
            shown = self.explained(f"{URL} {words}")
            self.assertTrue(messages)
            for message in messages.splitlines():
                self.assertIn(f"\nwarning: {message.removeprefix('bootferry-generator: ')}\n", shown)
        units, messages = self.generate(f"{URL} rd.live.image rd.neednet=1 quiet rd.luks.options=discard")
        self.assertEqual(messages, "")
        self.assertNotIn("ExecStartPre", "".join(units.values()))

    def test_a_remark_is_a_warning_and_no_failure(self):
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "remark", "a % b"], capture_output=True, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", "bootferryctl: a % b\n"))

    def test_json(self):
        def objects(*words, status=0):
            result = self.explain("--json=short", *words)
            self.assertEqual(result.returncode, status, result.stderr)
            return json.loads(result.stdout)

        explained = objects(f"{URL} rd.live.image quiet rd.live.overlay.persistant")
        words = [(entry["word"], entry["use"]) for entry in explained if entry["kind"] == "word"]
        self.assertEqual(words, [(URL, "read"), ("rd.live.image", "read"), ("quiet", "foreign"),
                                 ("rd.live.overlay.persistant", "suspicious")])
        units, _ = self.generate(URL)
        self.assertEqual({entry["path"] for entry in objects(URL) if entry["kind"] == "unit"}, set(units))
        texts = {entry["path"]: entry["text"] for entry in objects("--units", URL) if entry["kind"] == "unit"}
        self.assertEqual(texts, units)
        text = self.explain(URL).stdout
        links = [(entry["path"], entry["target"]) for entry in explained if entry["kind"] == "link"]
        self.assertTrue(links)
        for path, target in links:
            self.assertIn(f"  {path} -> {target}\n", text)
        verdict = explained[-1]
        self.assertEqual((verdict["kind"], verdict["served"], verdict["refused"], verdict["message"]),
                         ("verdict", True, False, None))
        self.assertTrue(verdict["plugin"].startswith("curl "))
        verdict = objects(f"{URL} rd.bootferry.chekcsum=1", status=1)[-1]
        self.assertEqual((verdict["served"], verdict["refused"]), (False, True))
        self.assertIn("rd.bootferry.chekcsum", verdict["message"])
        self.assertFalse(objects("root=/dev/sda1")[-1]["served"])
        self.assertEqual(self.explain("--json=xml", URL).returncode, exit_status.USAGE)

    def test_json_of_bytes_that_are_no_text(self):
        """The kernel takes any; the output is JSON nevertheless, and the lines are lines."""
        for word in (b"foo=\xff\xfe", b"rd.\xc3(x", b"rd.bootferry.chekcsum=\x80", b"a\x1b[31m\x7f"):
            for option in ("--json=short", "--json=pretty"):
                result = subprocess.run([os.environ["BOOTFERRYCTL"], "explain", option, os.fsencode(URL) + b" " + word],
                                        stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
                self.assertIn(result.returncode, (0, 1), result.stderr)
                words = [entry for entry in json.loads(result.stdout.decode("utf-8")) if entry["kind"] == "word"]
                self.assertEqual(len(words), 2)
                self.assertNotRegex(result.stderr.decode("utf-8"), r"[\x00-\x09\x0b-\x1f\x7f]")

    def test_plugins_check_their_options(self):
        for word, reason in (("rd.bootferry.option=curl:frob=geheim", "frob"),
                             ("rd.bootferry.option=curl:limit-rate=geheim", "limit-rate"),
                             ("rd.bootferry.option=nosuch:a=geheim", "the plugin 'nosuch', which is not installed")):
            result = self.explain(f"{URL} {word}")
            self.assertEqual(result.returncode, 1)
            self.assertIn(reason, result.stderr)
            self.assertNotIn("geheim", result.stdout + result.stderr)
        result = self.explain("root=live:gopher://10.0.0.1/a")
        self.assertEqual(result.returncode, 1)
        self.assertIn("gopher", result.stderr)
        self.assertIn("\nThe plugin curl ", self.explained(f"{URL} rd.bootferry.option=curl:limit-rate=1m"))

    def test_an_option_of_a_plugin_that_serves_no_url_is_a_warning(self):
        option = "rd.bootferry.option=sftp:key=geheim"
        text = "the option sftp:key has no effect: no URL here is for the plugin 'sftp'; http URLs are for 'curl'"
        shown = self.explained(f"{URL} {option}")
        self.assertIn(f"\nwarning: {text}\n", shown)
        warnings = [part["text"] for part in json.loads(self.explained("--json=short", f"{URL} {option}"))
                    if part["kind"] == "warning"]
        self.assertEqual(warnings, [text])
        # Without the program that knows the options, the URLs still show it.
        self.assertIn(text, self.explain(f"{URL} {option}", BOOTFERRY_WORKER="/nonexistent").stdout)
        for used in ("rd.bootferry.option=curl:limit-rate=1m", f"{option} rd.bootferry.mirror=sftp://10.0.0.2/live.iso"):
            self.assertNotIn("warning: ", self.explained(f"{URL} {used}"))
        self.assertNotIn("geheim", shown.replace(f"{option}  ", ""))

    @staticmethod
    def verdict(result):
        return json.loads(result.stdout)[-1]

    def test_without_the_transfer_program_that_is_said(self):
        result = self.explain(URL, BOOTFERRY_WORKER="/nonexistent")
        self.assertEqual(result.returncode, 0)
        self.assertIn("The options of plugins are not checked: ", result.stdout)
        self.assertIsNone(self.verdict(self.explain("--json=short", URL))["unchecked"])
        for program in ("/nonexistent", "/bin/false"):
            result = self.explain("--json=short", URL, BOOTFERRY_WORKER=program)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("transfer", self.verdict(result)["unchecked"])

    def test_the_proxies_of_this_process_are_not_those_of_the_boot(self):
        self.assertEqual(self.explain(URL, http_proxy="gopher://nonsense").returncode, 0)

    def test_no_server_is_asked(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            port = server.getsockname()[1]
            self.explained(f"root=live:http://127.0.0.1:{port}/a rd.bootferry.mirror=http://127.0.0.1:{port}/b "
                           f"rd.bootferry.checksum=http://127.0.0.1:{port}/SHA256SUMS")
            self.assertRaises(BlockingIOError, server.accept)

    def test_without_an_argument_it_is_this_machines_line(self):
        self.cmdline.write_text(f"{URL} rd.live.dir=x\n")
        self.assertIn("rd.live.dir=x  ", self.explained())
        self.assertNotIn("rd.live.dir", self.explained(""))
        self.assertEqual(self.explained(URL, "rd.live.dir=x"), self.explained(f"{URL} rd.live.dir=x"))
        self.assertEqual(self.explained("--", URL), self.explained(URL))
        result = self.explain("--frob")
        self.assertEqual((result.returncode, result.stdout), (exit_status.USAGE, ""))
        self.assertIn("no option '--frob'", result.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: changes to another user")
    def test_anybody_may_ask(self):
        result = self.explain(f"{URL} rd.bootferry.option=curl:limit-rate=1m",
                              prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("The plugin curl ", result.stdout)

    def test_the_terminal_is_not_written_to(self):
        for line in (f"{URL} rd.live.dir=\x1b[31m", f"{URL} rootflags=\x1b[31m \x1b]0;x\x07=\x1b"):
            for options in ((), ("--units",)):
                result = self.explain(*options, line)
                self.assertNotIn("\x1b", result.stdout + result.stderr)
                self.assertIn("\n  sysroot.mount\n", result.stdout)


if __name__ == "__main__":
    tap.main()
