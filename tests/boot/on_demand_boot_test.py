# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine that is up before its image has arrived (rd.bootferry.ondemand), and ends with all of it in its memory.

One boot. Until the login prompt the line is slow; then it is fast, and the process that serves the image is killed."""

import hashlib
import re

import on_demand_case
import tap
from on_demand_case import SOURCE

_WORKERS = "ps -e -o comm= | grep -c '^bootferry-trans'"


class OnDemand(on_demand_case.OnDemandCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Its number is the kernel's choice: while udev looks at a new one, it makes another.
        cls.nbd = re.findall(r"(?m)^nbd\d+(?=\s*$)", cls.shell.run(SOURCE)[1])

    def test_1_login_before_40_percent_have_arrived(self):
        self.assertLess(self.arrived, self.size * 0.4)
        self.assertTrue(self.nbd)

    def test_2_another_process_takes_the_place_of_one_that_is_killed(self):
        status, output = self.shell.run("pkill -KILL -o -x bootferry-trans")  # the other one waits for its turn
        self.assertEqual(status, 0, output)
        self.line.rate = None
        status, output = self.shell.run("head -c 8M /ballast | sha256sum", timeout=600)
        self.assertRegex(output, r"[0-9a-f]{64}")

    def test_3_the_image_ends_in_memory(self):
        status, output = self.shell.run(f"until {SOURCE} | grep -q ram0; do sleep 1; done", timeout=900)
        self.assertEqual(status, 0, output)
        status, output = self.shell.run(f"head -c {self.size} /dev/dm-0 | sha256sum", timeout=600)
        self.assertIn(hashlib.sha256(self.iso.read_bytes()).hexdigest(), output)

    def test_4_nothing_of_it_is_left(self):
        status, output = self.shell.run(f"i=0; while [ $({_WORKERS}) != 0 ] && [ $i -lt 60 ]; do sleep 1; i=$((i+1)); done; "
                                        f"{_WORKERS}; cat /sys/block/{self.nbd[0]}/size")
        self.assertEqual(re.findall(r"(?m)^\d+\s*$", output)[:2], ["0", "0"], output)
        self.assertIn("ram0", self.shell.run(SOURCE)[1])

    def test_5_what_the_boot_has_read_is_kept_for_root(self):
        self.shell.run("i=0; while [ -e /run/bootferry/ondemand ] && [ $i -lt 60 ]; do sleep 1; i=$((i+1)); done")
        status, output = self.shell.run("stat -c 'mode %a' /run/bootferry/boot-profile; head -n 3 /run/bootferry/boot-profile; "
                                        "ls /run/bootferry/ondemand")
        self.assertIn("mode 600", output)
        self.assertRegex(output, rf"bootferry-profile 1\s+{self.size}\s+\d+ \d+")
        self.assertNotEqual(status, 0, output)  # the socket went with the service


if __name__ == "__main__":
    tap.main()
