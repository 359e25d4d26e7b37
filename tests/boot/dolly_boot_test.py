# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine that boots as a node of a dolly chain. QEMU's user network lets nobody in by itself: two ports of
this machine lead to the guest's, and whoever uses them is 10.0.2.2 to the guest."""

import hashlib

import boot_case
import machine
import processes
import tap
from spoken import Spoken


class DollyBoot(boot_case.BootCase):
    def test_a_node_boots_what_it_was_sent(self):
        control, data = processes.free_port(), processes.free_port()
        network = f",hostfwd=tcp:127.0.0.1:{control}-:9997,hostfwd=tcp:127.0.0.1:{data}-:9998"
        with self.boot(f"dolly://{machine.HOST}/", "rd.kiwi.live.dolly_options=-v,-a,3600", network=network,
                       hashed=True) as guest:
            guest.expect(r"waiting for the dolly server 10\.0\.2\.2")
            # 127.0.0.1 is an address of the guest as well, by which it finds itself in the list.
            with Spoken([boot_case.BUILD / "core/programs/bootferryctl", "dolly-send", "--generation=classic",
                         "--timeout=5min", f"--control-port={control}", f"--data-port={data}", str(self.iso),
                         "127.0.0.1"]) as sender:
                self.assertEqual(sender.wait(600), 0, sender.text)
                self.assertIn("1 of 1 nodes have acknowledged it", sender.text)
            report = boot_case.Report(guest)
        self.assertEqual(report.mounts()["/"][0], "overlay")
        self.assertEqual([line.split()[0] for line in report.all("sha256")],
                         [hashlib.sha256(self.iso.read_bytes()).hexdigest()])
        self.assertEqual([line for line in report.all("failed") if "bootferry" in line], [])


if __name__ == "__main__":
    tap.main()
