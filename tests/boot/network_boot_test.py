# SPDX-License-Identifier: LGPL-2.1-or-later
"""Networks and servers that are not simply there: late, cut, known by name only."""

import contextlib
import hashlib

import boot_case
import dns
import fault_server
import machine
import processes
import tap

# What bootferry says on the console while it waits for the network or for a server.
WAITING = r"(?i)(waiting for the network|network is unreachable)"
REFUSED = r"(?i)connection refused"


class Late(boot_case.BootCase):
    """One machine whose network and server make every trouble there is, one after the other: the cable is out, the name
    of the server is one that only DHCP's resolver knows, the server is not up yet, and cuts the first answer.

    Its changes are to be kept, which a RAM disk cannot do."""

    name = "images.example.net"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.size = cls.iso.stat().st_size
        port = processes.free_port()
        with contextlib.ExitStack() as stack:
            names = stack.enter_context(dns.NameServer({cls.name: [machine.HOST]}))
            guest = stack.enter_context(cls.boot(
                f"http://{cls.name}:{port}/{cls.iso.name}", "rd.live.overlay.persistent", resolver=names.address,
                hashed=True))
            guest.qmp("set_link", name="net0", up=False)
            guest.expect(WAITING)
            cls.asked_without_cable = list(names.asked)
            guest.qmp("set_link", name="net0", up=True)
            guest.expect(REFUSED)
            server = stack.enter_context(
                fault_server.FaultServer(cls.iso, [fault_server.Fault(cut=cls.size // 3)], port=port))
            cls.report = boot_case.Report(guest)
            cls.console, cls.asked, cls.requests = guest.text, names.asked, server.requests

    def test_it_boots_though_cable_and_server_come_late(self):
        self.assertEqual(self.report.mounts()["/"][0], "overlay")
        self.assertEqual([line for line in self.report.all("failed") if "bootferry" in line], [])

    def test_a_host_name_resolves_with_the_resolver_dhcp_gave(self):
        self.assertEqual(self.asked_without_cable, [])
        self.assertIn(self.name, self.asked)

    def test_a_transfer_cut_in_its_middle_is_resumed_where_it_stopped(self):
        self.assertEqual([line.split()[0] for line in self.report.all("sha256")],
                         [hashlib.sha256(self.iso.read_bytes()).hexdigest()])
        self.assertLessEqual(sum(request.body_bytes for request in self.requests), self.size * 1.1)
        self.assertTrue(any(request.range for request in self.requests), "nothing was asked for by range")

    def test_keeping_changes_on_a_ram_disk_is_logged_and_ignored(self):
        self.assertIn("CHANGES WILL BE LOST", self.console)
        self.assertEqual(self.report.mounts()["/run/overlay/overlayfs"][0], "tmpfs")


class Names(boot_case.BootCase):
    def test_a_name_that_does_not_resolve_is_reported_and_retried(self):
        with dns.NameServer({}) as names:
            with self.boot("http://nowhere.example.net/live.iso", name="no-name", resolver=names.address) as guest:
                guest.expect(r"nowhere\.example\.net")
                guest.expect(r"(?i)(could not be resolved|could not resolve|does not resolve|unknown host|not known)")


if __name__ == "__main__":
    tap.main()
