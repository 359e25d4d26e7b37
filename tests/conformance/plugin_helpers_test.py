# SPDX-License-Identifier: LGPL-2.1-or-later
"""The helpers for plugins: the C header in each dialect, and the C++ wrapper with a plugin that throws all there is."""

import os
import pathlib
import re
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402
from installed import Installed, run  # noqa: E402

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Werror", "-O2"]
POSIX = "-D_POSIX_C_SOURCE=200809L"
C_DIALECTS = [["cc", "-x", "c", "-std=c99", POSIX], ["cc", "-x", "c", "-std=c11", POSIX], ["cc", "-x", "c", "-std=gnu17"],
              ["c++", "-x", "c++", "-std=c++11"], ["c++", "-x", "c++", "-std=c++20"]]
THROWN = {
    "throws-int": "an exception of an unknown type",
    "throws-no-memory": "allocating memory: Cannot allocate memory",
    "throws-system-error": "asking the peer: Host is down",
    "throws-logic-error": "the logic is %s wrong",
    "throws-names": "::1, 127.0.0.1",
    "throws-busy": "go away: Device or resource busy",
}


class PluginHelpersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installed = Installed()
        cls.addClassCleanup(cls.installed.close)
        cls.path = cls.installed.path

    def compile(self, compiler, *arguments):
        run(*compiler, *STRICT, *self.installed.pkg_config("--cflags"), *arguments)

    def test_each_function_in_each_dialect(self):
        for dialect in C_DIALECTS:
            with self.subTest(dialect=dialect):
                self.compile(dialect, "-pthread", "-o", self.path / "helpers", SOURCE / "tests/conformance/helpers.c")
                run(self.path / "helpers")

    def test_a_file_that_uses_none_of_them_is_free_of_warnings(self):
        for header in ("plugin-helpers.h", "plugin.hpp"):
            source = self.path / "unused"
            source.write_text(f'#include "bootferry/{header}"\n#include "bootferry/{header}"\nextern int unused;\n')
            for dialect in C_DIALECTS if header.endswith(".h") else [["c++", "-x", "c++", "-std=c++17"]]:
                with self.subTest(header=header, dialect=dialect):
                    self.compile(dialect, "-Wunused-function", "-c", "-o", os.devnull, source)

    def test_a_failure_leaves_no_doubt_about_a_variable(self):
        source = self.path / "unset"
        source.write_text("""
            #include "bootferry/plugin-helpers.h"
            extern int use(const struct bootferry_host* host, const char* text);
            static int parse(const struct bootferry_host* host, const char* text, int* value) {
                if (text[0] == '-')
                    return bootferry_fail(host, BOOTFERRY_ERROR_PROTOCOL, 0, "odd: %s", text);
                *value = text[0];
                return 0;
            }
            int use(const struct bootferry_host* host, const char* text) {
                int value;

                if (parse(host, text, &value) < 0)
                    return -1;
                return value;
            }
            """)
        for dialect in C_DIALECTS:
            with self.subTest(dialect=dialect):
                self.compile(dialect, "-c", "-o", os.devnull, source)

    def test_strict_c_without_posix_is_told_what_to_do(self):
        source = self.path / "strict"
        source.write_text('#include "bootferry/plugin-helpers.h"\n')
        with self.assertRaisesRegex(AssertionError, "needs POSIX.1-2008: -std=gnu11, or -D_POSIX_C_SOURCE=200809L"):
            self.compile(["cc", "-x", "c", "-std=c11"], "-fsyntax-only", source)

    def build_classy(self, dialect, *arguments):
        tree = self.path / f"classy-{dialect}{len(arguments)}"
        tree.mkdir()
        self.compile(["c++", f"-std={dialect}"], *arguments, "-shared", "-fPIC", "-o", tree / "classy.so",
                     SOURCE / "tests/conformance/classy.cpp")
        (tree / "scheme-classy.so").symlink_to("classy.so")
        return tree

    def test_a_plugin_is_a_class(self):
        for dialect in ("c++17", "c++20"):
            with self.subTest(dialect=dialect):
                tree = self.build_classy(dialect, "-fvisibility=hidden")
                output = run(os.environ["BOOTFERRY_PLUGIN_CHECK"], tree / "classy.so", "classy://host/1000003",
                             "--missing-url", "classy://missing/", "--waiting-url", "classy://waiting/", "--changed-url",
                             "classy://changed/1000002")
                self.assertEqual(re.findall("^ok [0-9]+ - (.*) # SKIP", output, re.MULTILINE),
                                 ["keeps sessions in several threads apart", "reports a refused connection as Unreachable",
                                  "stops while it connects when cancelled", "stops in a read when the server is silent",
                                  "delivers what there is before its buffer is full", "fetches only what is wanted",
                                  "delivers no wrong bytes when the connection is cut", "takes an answer in small pieces",
                                  "stops while it resolves a name when cancelled",
                                  # There is no server and, for these, no login.
                                  "keeps options and credentials to their session", "keeps its login from other servers"])
        environment = {**os.environ, "BOOTFERRY_PLUGIN_DIR": str(tree)}
        run(os.environ["BOOTFERRYCTL"], "fetch", "--option=classy:size=3M", "classy://host", tree / "fetched",
            env=environment)
        self.assertTrue((tree / "fetched").read_bytes() == bytes(p % 251 for p in range(3 << 20)), "the bytes differ")
        self.assertEqual((tree / "fetched").stat().st_mtime, 1_000_000_000)
        with self.assertRaisesRegex(AssertionError, "the size is a number such as 500K"):
            run(os.environ["BOOTFERRYCTL"], "fetch", "--option=classy:size=3MB", "classy://host", tree / "no",
                env=environment)
        for place, words in THROWN.items():
            with self.subTest(place=place), self.assertRaises(AssertionError) as raised:
                run(os.environ["BOOTFERRYCTL"], "fetch", f"classy://{place}/5", tree / "no", env=environment)
            self.assertIn(words, str(raised.exception))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            run(os.environ["BOOTFERRYCTL"], "fetch", f"classy://throws-connect:{port}/5", tree / "connected", env=environment)
            self.assertTrue(listener.accept())
        with socket.socket() as bound:  # and not listened on
            bound.bind(("127.0.0.1", 0))
            with self.assertRaisesRegex(AssertionError, "connecting to 127.0.0.1, port [0-9]+: Connection refused"):
                run(os.environ["BOOTFERRY_PLUGIN_CHECK"], tree / "classy.so",
                    f"classy://throws-connect:{bound.getsockname()[1]}/5")
        with self.assertRaisesRegex(AssertionError, "classy://Throws-Raw-URL/5#Part\n"):
            run(os.environ["BOOTFERRYCTL"], "fetch", "classy://user:secret@Throws-Raw-URL/5#Part", tree / "no",
                env=environment)

    def test_the_host_blanks_a_credential_that_a_plugin_repeats(self):
        tree = self.build_classy("c++17", "-fvisibility=hidden", "-DSECRETS")
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", "classy://admin:verysecret%2Fkey@throws-secret/5", tree / "no"],
                                capture_output=True, text=True, check=False, timeout=300,
                                env={**os.environ, "BOOTFERRY_PLUGIN_DIR": str(tree), "BOOTFERRY_LOG_LEVEL": "debug"})
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("no *** here: user admin", result.stdout + result.stderr)
        self.assertNotIn("verysecret", result.stdout + result.stderr)

    def test_two_plugins_do_not_share_a_table(self):
        # A visible template's static variable would be one for the whole process (STB_GNU_UNIQUE).
        tree = self.build_classy("c++17")
        symbols = subprocess.run(["nm", "-D", tree / "classy.so"], capture_output=True, text=True, check=True).stdout
        self.assertIn("bootferry_plugin_entry", symbols)
        self.assertNotRegex(symbols, "(?m) u .*bootferry")


if __name__ == "__main__":
    tap.main()
