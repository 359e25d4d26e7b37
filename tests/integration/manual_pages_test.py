# SPDX-License-Identifier: LGPL-2.1-or-later
"""Manual pages describe the options in the programs' --help. Every program has a page, groff reports no errors, and no line
is cut on a terminal of 80 columns."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import ctl_help  # noqa: E402
import tap  # noqa: E402

DOCS = pathlib.Path(os.environ["BOOTFERRY_DOCS"])
SOURCE = pathlib.Path(os.environ["BOOTFERRY_SOURCE"])
PAGES = sorted(DOCS.glob("*.[1-8]"))
# The program's page, and the variable that holds its path; empty if this build does not have the program.
PROGRAMS = {"bootferry-export.8": "BOOTFERRY_EXPORT", "bootferry-generator.8": "BOOTFERRY_GENERATOR", "bootferry-live-root.8": "BOOTFERRY_LIVE_ROOT",
            "bootferry-plugin-check.1": "BOOTFERRY_PLUGIN_CHECK", "bootferry-plymouth.8": "BOOTFERRY_PLYMOUTH",
            "bootferry-report.8": "BOOTFERRY_REPORT",
            "bootferry-transfer.8": "BOOTFERRY_WORKER", "bootferryctl.1": "BOOTFERRYCTL", "bootferryd.8": "BOOTFERRYD"}
PROGRAMS = {name: variable for name, variable in PROGRAMS.items() if os.environ[variable]}
COLUMNS = 80
# Set by one of these programs for another, or by systemd for every service; not for users.
INTERNAL_VARIABLES = {"BOOTFERRY_WORKER_PROCESS", "JOURNAL_STREAM"}


def help_of(program):
    return subprocess.run([os.environ[program], "--help"], check=True, capture_output=True, text=True).stdout


def page(name):
    return (DOCS / name).read_text()


def items(text, macro):
    """What `.It Fl Fl name` or `.It Cm name` lines begin with."""
    return {word for line in text.splitlines() if line.startswith(".It ")
            for word in re.findall(rf"{macro} ([a-z][a-z0-9-]*)", line)}


def options_of(text):
    """Options at the beginning of a line of --help."""
    return set(re.findall(r"^ +(?:-\w, +)?--([a-z0-9-]+)", text, re.MULTILINE))


def shown(path):
    """As man(1) shows it on a terminal of 80 columns. -Wbreak: groff 1.23 says of each line that it cannot adjust; one that
    is too long is found by its length."""
    return subprocess.run(["groff", "-mandoc", "-Tutf8", "-P-cbou", "-ww", "-Wbreak", f"-rLL={COLUMNS - 2}n", path],
                          capture_output=True, text=True)


class ManualPages(unittest.TestCase):
    def test_every_program_has_one(self):
        built = {pathlib.Path(os.environ[variable]).name for variable in PROGRAMS.values()}
        self.assertEqual({name.rpartition(".")[0] for name in PROGRAMS}, built)
        installed = re.findall(r"programs \+= \{'([a-z-]+)'|^\w+ = executable\('(bootferry-[a-z-]+)'", "".join(path.read_text() for path in [
                                   *SOURCE.glob("core/**/meson.build"), *SOURCE.glob("initrd-generator/meson.build")]),
                               re.MULTILINE)
        installed = {name for names in installed for name in names if name}
        self.assertEqual(installed - ({"bootferry-export"} - built), built)

    def test_every_page_is_installed(self):
        installed = set(re.findall(r"'([a-z][\w.-]+\.[1-8])'", (DOCS / "meson.build").read_text()))
        self.assertEqual(installed, {path.name for path in PAGES})

    def test_help_fits_a_terminal(self):
        for name, variable in PROGRAMS.items():
            for line in help_of(variable).splitlines():
                self.assertLessEqual(len(line), COLUMNS, f"{name}: {line}")

    def test_options_are_those_of_help(self):
        for name, variable in PROGRAMS.items():
            with self.subTest(page=name):
                known = ctl_help.all_options() if variable == "BOOTFERRYCTL" else options_of(help_of(variable))
                self.assertEqual(items(page(name), "Fl Fl"), known)

    def test_verbs_are_those_of_help(self):
        self.assertEqual(items(page("bootferryctl.1"), "Cm"), set(ctl_help.verbs()))

    def test_every_program_answers_for_help_and_its_version(self):
        """On standard output, wherever the option stands, and in no time: nothing else is done."""
        version = re.search(r"(?m)^  version: '(.*)',$", (SOURCE / "meson.build").read_text())[1]
        for variable in PROGRAMS.values():
            program = os.environ[variable]
            name = pathlib.Path(program).name
            for words in (["--help"], ["-h"], ["--version"], ["-h", "--version"]):
                with self.subTest(program=name, words=words):
                    done = subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertTrue(done.stdout.startswith(f"{name} {version}\n" if words == ["--version"] else name),
                                    done.stdout)
                    self.assertTrue(done.stdout.endswith("\n"))
            with open("/dev/full", "w") as full:
                done = subprocess.run([program, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertNotEqual(done.returncode, 0, name)

    def test_programs_that_others_start_say_who(self):
        for name, words in (("bootferry-generator.8", "systemd.generator(7)"),
                            ("bootferry-transfer.8", "is started by bootferryd and bootferryctl")):
            with self.subTest(page=name):
                done = subprocess.run([os.environ[PROGRAMS[name]]], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(words, done.stderr)

    def test_programs_have_the_usual_sections(self):
        for name in PROGRAMS:
            with self.subTest(page=name):
                sections = re.findall(r"^\.Sh (.*)", page(name), re.MULTILINE)
                self.assertEqual(sections[:3], ["NAME", "SYNOPSIS", "DESCRIPTION"])
                self.assertLessEqual({"EXIT STATUS", "ENVIRONMENT", "SEE ALSO"}, set(sections))
                self.assertEqual(sections[-1], "SEE ALSO")

    def test_variables_of_the_environment_are_those_that_are_read(self):
        text = "".join(path.read_text() for folder in ("core", "initrd-generator", "plugins")
                       for path in (SOURCE / folder).glob("**/*.cpp"))
        read = set(re.findall(r'\b(?:getenv|environment|fromEnvironment)\(\s*"([A-Z_]+)"', text))
        self.assertIn("BOOTFERRY_LOG_LEVEL", read)
        named = {word for path in PAGES for line in path.read_text().splitlines()
                 if line.startswith((".It Ev", ".Ev")) for word in re.findall(r"\b[A-Z][A-Z_]+\b", line)}
        self.assertEqual(read - named - INTERNAL_VARIABLES, set())

    def test_references_lead_to_pages(self):
        ours = {path.name for path in PAGES}
        for path in PAGES:
            for name, section in re.findall(r"\.Xr ([\w.-]*bootferry[\w.-]*) (\d)", path.read_text()):
                with self.subTest(page=path.name):
                    self.assertIn(f"{name}.{section}", ours)

    def test_they_can_be_shown(self):
        for path in PAGES:
            with self.subTest(page=path.name):
                done = shown(path)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual([line for line in done.stdout.splitlines() if len(line) > COLUMNS], [])

    def test_headers_hold_the_whole_title(self):
        for path in PAGES:
            with self.subTest(page=path.name):
                name, _, section = path.name.rpartition(".")
                header = shown(path).stdout.splitlines()[0]
                title = f"{name.upper()}({section})"
                self.assertRegex(header, rf"^{re.escape(title)}  +\S.*\S  +{re.escape(title)}$")


if __name__ == "__main__":
    tap.main()
