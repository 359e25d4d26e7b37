# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion in bash, zsh and fish offers the verbs and options of bootferryctl's own help, and objects of this machine. It
executes neither the text on the command line nor the output of the program."""

import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import loop_device  # noqa: E402
import shells  # noqa: E402
import tap  # noqa: E402
from service_case import ServiceTest, needs_root  # noqa: E402

PROGRAM = pathlib.Path(os.environ["BOOTFERRYCTL"])
SCRIPTS = pathlib.Path(os.environ["BOOTFERRY_SOURCE"]) / "core/cli"

# A program with short options, and with separate help for each verb.
OTHER_PROGRAM = r'''#!/bin/sh
case "$*" in
    help) cat << 'EOF' ;;
otherctl VERB [OPTION...] [ARGUMENT...]

Without a service:
  fetch URL [FILE]            Download URL
  verify DEVICE|FILE          Read it again
  help [VERB]                 Show this $(touch executed)

  -h, --help                  show this; after a VERB, its options
      --version               show the version
EOF
    "help fetch") cat << 'EOF' ;;
bootferryctl fetch [OPTION...] URL [FILE]

Download URL.

  -o, --output=FILE           where to [`touch executed`]
  -q, --quiet                 print nothing
      --json=short|pretty     JSON: $(touch executed)
      --option=PLUGIN:KEY=VALUE  an option (repeatable)
      --limit-rate=RATE       bytes a second
EOF
    "help verify") printf '      --checksum=CHECKSUM  sha256:HEX\n' ;;
    "plugins --options") printf '%s\n' 'some:key=  a $(touch executed) `touch executed`' 'some:flag  [it]: does not' ;;
esac
'''


def help_of(*words):
    return subprocess.run([PROGRAM, "help", *words], check=True, capture_output=True, text=True).stdout


def verbs():
    return set(re.findall(r"^  ([a-z][a-z-]*)(?: |$)", help_of(), re.MULTILINE))


def options(*words):
    return {f"--{name}" for name in re.findall(r"^ +(?:-\w, +)?--([a-z0-9-]+)", help_of(*words), re.MULTILINE)}


def without_values(words):
    return {word.rstrip("= ") for word in words}


class CompletionTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-completion-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def environment(self, program=PROGRAM):
        return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}

    def complete(self, shell, *lines, environment=None):
        offered, errors = shells.complete(shell, SCRIPTS, lines, environment or self.environment())
        self.assertEqual(errors, "")
        return offered

    def other_program(self):
        program = self.path / "bootferryctl"
        program.write_text(OTHER_PROGRAM)
        program.chmod(0o755)
        return {**self.environment(program), "PWD": str(self.path)}


class Completion(CompletionTest):
    def test_verbs(self):
        for shell in shells.SHELLS:
            with self.subTest(shell=shell):
                offered = self.complete(shell, "bootferryctl ", "bootferryctl dep", f"{PROGRAM} dep")
                self.assertEqual(offered, [verbs(), {"deploy"}, {"deploy"}])

    def test_a_pattern_is_no_verb(self):
        self.assertEqual(self.complete("bash", "bootferryctl * lis", "bootferryctl [a-z]* --hel"), [{"list"}, {"--help"}])

    def test_options(self):
        names = sorted(verbs())
        expected = [options(), *(options(verb) for verb in names)]
        lines = ["bootferryctl --", *(f"bootferryctl {verb} --" for verb in names)]
        for shell in shells.SHELLS:
            offered = self.complete(shell, *lines)
            for line, words, known in zip(lines, offered, expected):
                with self.subTest(shell=shell, line=line):
                    self.assertEqual(without_values(words), known)

    def test_values(self):
        (self.path / "secret-options").touch()
        file = f"{self.path}/secret-"
        listed = subprocess.run([PROGRAM, "plugins", "--options"], check=True, capture_output=True, text=True).stdout
        keys = {line.split()[0].rstrip("=") for line in listed.splitlines()}
        self.assertLessEqual({"curl:cacert", "curl:insecure", "dolly:password", "example:delay"}, keys)
        for shell in shells.SHELLS:
            with self.subTest(shell=shell):
                lists, one, generation, checksum, option, curl, given, url = self.complete(
                    shell, "bootferryctl list --json=", "bootferryctl list --json=p",
                    "bootferryctl dolly-send --generation=", "bootferryctl fetch --checksum=sha",
                    "bootferryctl fetch --option=", "bootferryctl fetch --option=curl:cacer",
                    f"bootferryctl fetch --options-file={file}", "bootferryctl fetch --mirror=h")
                self.assertEqual(lists, {"--json=short", "--json=pretty", "--json=off"})
                self.assertEqual(one, {"--json=pretty"})
                self.assertEqual(generation, {"--generation=classic", "--generation=0.7"})
                self.assertEqual(checksum, {"--checksum=sha256:", "--checksum=sha512:"})
                self.assertEqual(without_values(option), {f"--option={key}" for key in keys})
                self.assertEqual(without_values(curl), {"--option=curl:cacert"})
                self.assertEqual(given, {f"--options-file={file}options"})
                self.assertEqual(url, set())

    def test_a_completed_name_is_not_executed(self):
        """Anybody may choose the name of a file in a shared folder, an archive or a stick."""
        for name in ("do$(touch executed)l.iso", "mo$(touch executed)d.so"):
            (self.path / name).touch()
        (self.path / "fo$(touch executed)l").mkdir()
        lines = [f"bootferryctl {words}" for words in (
            "verify --checksum=do", "verify --checksum do", "fetch --checksum=./do", "fetch --output=do", "verify do",
            "plugins --describe=mo", "plugins --describe=./fo", "deploy http://127.0.0.1:9/ ./fo", "export do")]
        shown = shells.enter_completed(SCRIPTS / "bootferryctl.bash", PROGRAM, self.path, [*lines, "touch reached"])
        self.assertTrue((self.path / "reached").exists(), shown)
        self.assertIn("touch executed)l.iso", shown)
        self.assertFalse((self.path / "executed").exists(), shown)

    def test_what_is_quoted_is_completed_as_file_names_are(self):
        """A typed blank is a part of the word: what is behind it is not completed on its own."""
        for name in ("sp ace.iso", "plain.iso"):
            (self.path / name).touch()
        shown = shells.enter_completed(SCRIPTS / "bootferryctl.bash", PROGRAM, self.path, [
            "bootferryctl verify sp\\ a", "bootferryctl verify --checksum=sp\\ pl"])
        self.assertIn("'sp ace.iso' is too short for an embedded checksum", shown)
        self.assertNotIn("plain.iso", shown)

    def test_before_the_verb(self):
        for shell in shells.SHELLS:
            with self.subTest(shell=shell):
                value, part, word, verb, after = self.complete(
                    shell, "bootferryctl --json=", "bootferryctl --generation=c", "bootferryctl --json ",
                    "bootferryctl --json=short ", "bootferryctl --json short pl")
                self.assertEqual(value, {"--json=short", "--json=pretty", "--json=off"})
                self.assertEqual(part, {"--generation=classic"})
                self.assertEqual(word, {"short", "pretty", "off"})
                self.assertEqual(verb, verbs())
                self.assertEqual(after, {"plugins"})

    def test_plugins(self):
        listed = subprocess.run([PROGRAM, "plugins", "--options"], check=True, capture_output=True, text=True).stdout
        names = {line.split(":")[0] for line in listed.splitlines()}
        for name in ("some.so", "some.txt"):
            (self.path / name).touch()
        here = pathlib.Path("curl-is-not-a-plugin.txt")
        here.touch()
        self.addCleanup(here.unlink)
        for shell in shells.SHELLS:
            with self.subTest(shell=shell):
                offered, value, module = self.complete(shell, "bootferryctl plugins --describe cur", "bootferryctl plugins --describe=",
                                                       f"bootferryctl plugins --describe {self.path}/some")
                self.assertEqual(offered, {"curl"})
                self.assertLessEqual({f"--describe={name}" for name in names}, value)
                self.assertEqual(module, {f"{self.path}/some.so"})

    def test_a_folder_is_no_plugin_but_leads_to_one(self):
        (self.path / "folder.so").mkdir()
        (self.path / "folder.so/some.so").touch()
        environment = {**self.environment(), "PWD": str(self.path)}
        begun, path, inside = self.complete("bash", "bootferryctl plugins --describe=fold",
                                            f"bootferryctl plugins --describe={self.path}/fold",
                                            f"bootferryctl plugins --describe={self.path}/folder.so/", environment=environment)
        self.assertEqual((begun, path), (set(), {f"--describe={self.path}/folder.so/"}))
        self.assertEqual(inside, {f"--describe={self.path}/folder.so/some.so"})

    def test_arguments(self):
        (self.path / "live.iso").touch()
        file = f"{self.path}/live.i"
        for shell in shells.SHELLS:
            with self.subTest(shell=shell):
                target, source, profile, url, more = self.complete(
                    shell, f"bootferryctl fetch http://127.0.0.1/x {file}", f"bootferryctl dolly-send {file}",
                    f"bootferryctl profile {file}", f"bootferryctl fetch {file}", f"bootferryctl fetch --reset http://x/ y {file}")
                self.assertEqual((target, source, profile, url, more),
                                 ({f"{file}so"}, {f"{file}so"}, {f"{file}so"}, set(), set()))

    @needs_root
    def test_devices(self):
        image = self.path / "image"
        image.write_bytes(bytes(1 << 20))
        device = loop_device.LoopDevice(image)
        self.addCleanup(device.detach)
        for shell in shells.SHELLS:
            with self.subTest(shell=shell):
                everything, some = self.complete(shell, "bootferryctl deploy http://x/ ",
                                                 f"bootferryctl deploy http://x/ {device.path[:-1]}")
                self.assertIn(device.path, everything)
                self.assertIn(device.path, some)
                others = [name for name in some if not stat.S_ISBLK(os.stat(name).st_mode)]
                self.assertEqual(others, [])

    def test_a_help_for_each_verb(self):
        (self.path / "live.iso").touch()
        environment = self.other_program()
        lines = {"bootferryctl ": {"fetch", "verify", "help"},
                 "bootferryctl --": {"--help", "--version"},
                 "bootferryctl fetch --": {"--output", "--quiet", "--json", "--option", "--limit-rate"},
                 "bootferryctl verify --": {"--checksum"},
                 f"bootferryctl fetch -o {self.path}/live": {f"{self.path}/live.iso"},
                 f"bootferryctl fetch --output {self.path}/live": {f"{self.path}/live.iso"},
                 f"bootferryctl verify {self.path}/live": {f"{self.path}/live.iso"},
                 "bootferryctl --json short fetch --o": {"--output", "--option"},
                 "bootferryctl fetch --json ": {"short", "pretty"},
                 "bootferryctl fetch --option ": {"some:key", "some:flag"},
                 "bootferryctl fetch --limit-rate ": set(),
                 "bootferryctl fetch -- --o": set(),
                 "bootferryctl help v": {"verify"}}
        for shell in shells.SHELLS:
            offered = self.complete(shell, *lines, environment=environment)
            for (line, expected), words in zip(lines.items(), offered):
                with self.subTest(shell=shell, line=line):
                    self.assertEqual(without_values(words), expected)

    def test_nothing_is_executed(self):
        environment = self.other_program()
        here = os.getcwd()
        os.chdir(self.path)
        self.addCleanup(os.chdir, here)
        for shell in shells.SHELLS:
            with self.subTest(shell=shell):
                self.complete(shell, "bootferryctl ", "bootferryctl fetch --", "bootferryctl fetch --option=",
                              "bootferryctl fetch $(touch executed) --js", "bootferryctl fetch --json=$(touch executed)",
                              "bootferryctl `touch executed` fe", "bootferryctl fetch --option=`touch executed`",
                              "$(touch executed)/bootferryctl fe", "bootferryctl fetch -o $(touch executed)",
                              environment=environment)
                self.assertFalse((self.path / "executed").exists())

    def test_without_the_program_nothing_is_offered(self):
        environment = {**os.environ, "PATH": os.environ["PATH"]}
        for shell in shells.SHELLS:
            with self.subTest(shell=shell):
                self.assertEqual(self.complete(shell, f"{self.path}/bootferryctl ", f"{self.path}/bootferryctl fetch --",
                                               environment=environment), [set(), set()])

    def test_a_key_completes_what_is_typed(self):
        """bash splits words at "=" and ":", and replaces only the last part."""
        arguments = self.path / "arguments"
        program = self.path / "bootferryctl"
        program.write_text(f'#!/bin/sh\ncase $1 in help | plugins) exec {PROGRAM} "$@" ;; esac\n'
                           f'printf "%s\\n" "$@" > {arguments}\n')
        program.chmod(0o755)
        (self.path / "start").write_text(f". {SCRIPTS}/bootferryctl.bash\n")
        shells.typed(["bash", "--noprofile", "--rcfile", self.path / "start", "-i"],
                     "bootferryctl fet\t--option=curl:cacer\t/x --no-con\t--checksum=sha2\t0 a\nexit\n",
                     self.environment(program))
        self.assertEqual(arguments.read_text().split("\n"),
                         ["fetch", "--option=curl:cacert=/x", "--no-continue", "--checksum=sha256:0", "a", ""])


class Transfers(ServiceTest):
    def test_numbers(self):
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram1")
        environment = {**daemon.environment(), "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
        lines = [f"bootferryctl {verb} " for verb in ("cancel", "status", "monitor")] + ["bootferryctl list "]
        for shell in shells.SHELLS:
            with self.subTest(shell=shell):
                self.assertEqual(shells.complete(shell, SCRIPTS, lines, environment),
                                 ([{"1", "2"}, {"1", "2"}, {"1", "2"}, set()], ""))


if __name__ == "__main__":
    tap.main()
