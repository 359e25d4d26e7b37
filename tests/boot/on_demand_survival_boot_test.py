# SPDX-License-Identifier: LGPL-2.1-or-later
"""The worst moments of a machine that runs from an image which is still arriving: the process that serves it is killed
while the kernel waits for it to exchange the device, and so is the service, and the machine is restarted."""

import hashlib

import on_demand_case
import tap
from on_demand_case import SOURCE

_STILL = "/sys/fs/cgroup/system.slice/bootferry-ondemand.service/still"


class SurvivalCase(on_demand_case.OnDemandCase):
    def run_all(self, *commands, timeout=300):
        for command in commands:
            status, output = self.shell.run(command, timeout=timeout)
            self.assertEqual(status, 0, output)
        return output


class ExchangeTest(SurvivalCase):
    def test_another_process_answers_the_reads_that_the_exchange_waits_for(self):
        # The thread that answers the kernel stands still, the others bring the rest of the image: a read is under way
        # when the device is to be exchanged. It is the second one that the process starts, after the one that watches
        # for bootferryd's end. What the commands need is in memory before.
        self.run_all("D=$(pgrep -x bootferryd); W=$(pgrep -o -x bootferry-trans); "
                     "T=$(ls /proc/$W/task | sort -n | sed -n 3p); [ -n \"$D\" ] && [ -n \"$T\" ]",
                     "read_directly() { dd if=/dev/dm-0 of=/dev/null bs=4096 count=1 iflag=direct skip=$1; }",
                     "read_directly 1; grep -s none /proc/1/wchan; sleep 1; head -c 1M /dev/dm-0 | sha256sum",
                     f"mkdir {_STILL} && echo threaded > {_STILL}/cgroup.type",
                     f"echo $T > {_STILL}/cgroup.threads && echo 1 > {_STILL}/cgroup.freeze",
                     "read_directly 2 & R=$!")
        self.line.rate = None
        self.run_all("while [ -d /proc/$D ] && ! grep -q dm_ /proc/$D/task/*/wchan; do sleep 1; done", timeout=900)
        self.assertRegex(self.shell.run(SOURCE)[1], r"(?m)^nbd\d+\s+ram0\s*$")  # the RAM disk is not shown yet
        self.run_all("kill -KILL $W && wait $R", f"while {SOURCE} | grep -q nbd; do sleep 1; done")
        output = self.run_all(f"head -c {self.size} /dev/dm-0 | sha256sum", timeout=600)
        self.assertIn(hashlib.sha256(self.iso.read_bytes()).hexdigest(), output)
        self.run_all("while pgrep -x bootferry-trans; do sleep 1; done")


class KilledServiceTest(SurvivalCase):
    def test_1_what_is_missing_arrives_without_the_service(self):
        self.run_all("pkill -TERM -x bootferryd", "head -c 64k /ballast | sha256sum",
                     "pkill -KILL -x bootferryd", "while pgrep -x bootferryd; do sleep 1; done",
                     "head -c 1M /ballast | sha256sum", timeout=600)

    def test_2_all_of_it_arrives_and_the_server_is_not_needed_then(self):
        self.line.rate = None
        self.run_all(f"head -c {self.size} /dev/dm-0 | sha256sum", timeout=900)
        self.server.stop()
        output = self.run_all("echo 3 > /proc/sys/vm/drop_caches", f"head -c {self.size} /dev/dm-0 | sha256sum", timeout=900)
        self.assertIn(hashlib.sha256(self.iso.read_bytes()).hexdigest(), output)


class RestartTest(SurvivalCase):
    def test_a_restart_before_the_image_has_arrived(self):
        self.guest.send("systemctl reboot\n")
        self.guest.wait(600)  # systemd-shutdown waits for 90 s before it kills the transfer process
        self.assertLess(self.line.arrived, self.size * 0.6)


if __name__ == "__main__":
    tap.main()
