# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's packages as dpkg handles them: installed, upgraded, removed, purged and installed again, in a chroot without
systemd. BOOTFERRY_PACKAGES names the folder of the packages. No machine is booted."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import boot_case
import images
import tap

NAMES = {"bootferry", "bootferry-dev", "bootferry-dracut", "bootferry-export", "bootferry-plugin-curl", "bootferry-plugin-dolly",
         "bootferry-plugin-nfs", "bootferry-plugin-sftp"}

# Each line that it prints is `key: value`. $1: the packages of bootferry.
_STORY = r"""
say() { sed "s/^/$1: /"; }
files() {
    find / /run -xdev \( -path /mnt -o -path /var/cache -o -path /var/log -o -path /var/lib/dpkg \) -prune -o -print | sort
}
state() {
    dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n' $names 2> /dev/null | say "$1-packages"
    systemctl is-enabled bootferryd.socket 2>&1 | say "$1-socket"
}
names=$1
export DEBIAN_FRONTEND=noninteractive
files > /tmp/before
dpkg --install /mnt/old/*.deb > /tmp/log 2>&1; echo $? | say install-status
say install-log < /tmp/log
state install
getent passwd bootferry | say user
stat -c '%U %a' /run/bootferry | say folder
dpkg --verify bootferry bootferry-dev bootferry-dracut 2>&1 | say changed
ldd /usr/bin/bootferryctl /usr/lib/bootferry/* /usr/lib/*/bootferry/plugins/*.so | grep 'not found' | say missing
bootferryctl --version 2>&1 | head -n 1 | say version
journalctl --list-catalog 2> /dev/null | grep -c bootferry | say catalog
bootferry-plugin-check --help | head -n 1 | say checker

systemctl disable bootferryd.socket > /dev/null 2>&1
dpkg --install /mnt/new/*.deb > /tmp/log 2>&1; echo $? | say upgrade-status
say upgrade-log < /tmp/log
state upgrade

dpkg --remove $names > /tmp/log 2>&1; echo $? | say remove-status
dpkg --purge $names >> /tmp/log 2>&1; echo $? | say purge-status
say purge-log < /tmp/log
state purge
files > /tmp/after
diff /tmp/before /tmp/after | say left

dpkg --install /mnt/new/*.deb > /tmp/log 2>&1; echo $? | say again-status
say again-log < /tmp/log
state again
dpkg --purge $names > /dev/null 2>&1; echo $? | say last-status
files > /tmp/after
diff /tmp/before /tmp/after | say last-left
"""


def newer(package, folder, scratch):
    """The same package, of a later version."""
    subprocess.run(["dpkg-deb", "--raw-extract", package, scratch], check=True)
    control = scratch / "DEBIAN/control"
    text = control.read_text()
    version = re.search(r"^Version: (.*)$", text, re.MULTILINE)[1]
    control.write_text(text.replace(f"Version: {version}\n", f"Version: {version}+later\n")
                       .replace(f"(= {version})", f"(= {version}+later)"))
    subprocess.run(["dpkg-deb", "--build", "-Zgzip", "-z1", scratch, folder], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(scratch)


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = os.environ.get("BOOTFERRY_PACKAGES")
        if not folder:
            raise unittest.SkipTest("BOOTFERRY_PACKAGES is not set")
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root (mount namespaces)")
        packages = {path.name.split("_")[0]: path for path in pathlib.Path(folder).glob("*.deb")
                    if "-dbgsym_" not in path.name}
        cls.built = set(packages)
        made = images.Images(boot_case.CACHE)
        with tempfile.TemporaryDirectory(prefix="bootferry-packages-") as exchange:
            exchange = pathlib.Path(exchange)
            (exchange / "old").mkdir()
            (exchange / "new").mkdir()
            for path in packages.values():
                shutil.copy(path, exchange / "old")
                newer(path, exchange / "new", exchange / "scratch")
            printed = made.in_machine(["sh", "-c", _STORY, "sh", " ".join(sorted(packages))], exchange)
        cls.lines = [line.partition(": ")[::2] for line in printed.splitlines()]

    def all(self, key):
        return [value for name, value in self.lines if name == key]

    def succeeded(self, step, log=None):
        self.assertEqual(self.all(f"{step}-status"), ["0"], "\n".join(self.all(f"{log or step}-log")))

    def states(self, step):
        return {(words[0], words[2]) for words in map(str.split, self.all(f"{step}-packages"))}

    def test_these_packages(self):
        self.assertEqual(self.built, NAMES)

    def test_install(self):
        self.succeeded("install")
        self.assertEqual(self.states("install"), {(name, "installed") for name in NAMES})
        self.assertEqual(self.all("install-socket"), ["enabled"])
        self.assertRegex(self.all("user")[0], r"^bootferry:x:\d+:\d+:.*:/:/usr/sbin/nologin$")
        self.assertEqual(self.all("folder"), ["root 755"])

    def test_nothing_is_missing_or_changed(self):
        self.assertEqual(self.all("missing"), [])
        # The machine's dpkg is configured to leave manual pages and documentation out.
        self.assertEqual([line for line in self.all("changed") if "/usr/share/doc/" not in line
                          and "/usr/share/man/" not in line], [])

    def test_the_programs_run(self):
        self.assertIn("bootferry", self.all("version")[0])
        self.assertGreater(int(self.all("catalog")[0]), 0)
        self.assertIn("bootferry-plugin-check", self.all("checker")[0])

    def test_an_upgrade_keeps_what_the_administrator_decided(self):
        self.succeeded("upgrade")
        self.assertEqual(self.states("upgrade"), {(name, "installed") for name in NAMES})
        self.assertTrue(all("+later " in line for line in self.all("upgrade-packages")))
        self.assertEqual(self.all("upgrade-socket"), ["disabled"])

    def test_nothing_is_left_after_a_purge(self):
        self.succeeded("remove", "purge")
        self.succeeded("purge")
        self.assertEqual([state for state in self.states("purge") if state[1] != "not-installed"], [])
        self.assertEqual(self.differences("left"), [])

    def test_installed_again(self):
        self.succeeded("again")
        self.assertEqual(self.states("again"), {(name, "installed") for name in NAMES})
        self.assertEqual(self.all("again-socket"), ["enabled"])
        self.assertEqual(self.all("last-status"), ["0"])
        self.assertEqual(self.differences("last-left"), [])

    def differences(self, key):
        # The user stays, and with it the copies that are kept of the list of users.
        return [line for line in self.all(key) if line[:1] in "<>" and not re.fullmatch(r"> /etc/\.?\w+[-.]\w*(lock)?", line)]


if __name__ == "__main__":
    tap.main()
