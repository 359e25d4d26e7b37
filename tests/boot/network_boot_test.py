# SPDX-License-Identifier: LGPL-2.1-or-later
"""Networks and servers that are not simply there: late, cut, IPv6 only, known by name only."""

import boot_case
import dns
import fault_server
import machine
import tap

# What bootferry says on the console while it waits for the network or for a server.
WAITING = r"(?i)(waiting for the network|network is unreachable)"
REFUSED = r"(?i)connection refused"


class NetworkBoot(boot_case.BootCase):
    def assert_boots(self, guest):
        report = boot_case.Report(guest)
        self.assertEqual(report.mounts()["/"][0], "overlay")
        self.assertEqual([line for line in report.all("failed") if "bootferry" in line], [])
        return report

    def url(self, server, host=machine.HOST):
        return f"http://{host}:{server.port}/{self.iso.name}"


class Names(NetworkBoot):
    def test_a_host_name_resolves_with_the_resolver_dhcp_gave(self):
        with self.serve() as server, dns.NameServer({"images.example.net": [machine.HOST]}) as names:
            with self.boot(self.url(server, "images.example.net"), resolver=names.address) as guest:
                self.assert_boots(guest)
        self.assertIn("images.example.net", names.asked)

    def test_a_name_that_does_not_resolve_is_reported_and_retried(self):
        with self.serve() as server, dns.NameServer({}) as names:
            with self.boot(self.url(server, "nowhere.example.net"), name="no-name", resolver=names.address) as guest:
                guest.expect(r"nowhere\.example\.net")
                guest.expect(r"(?i)(could not be resolved|could not resolve|does not resolve|unknown host|not known)")


class Late(NetworkBoot):
    def test_the_cable_is_plugged_in_late(self):
        with self.serve() as server:
            guest = self.boot(self.url(server), name="cable")
            with guest:
                guest.qmp("set_link", name="net0", up=False)
                guest.expect(WAITING)
                guest.qmp("set_link", name="net0", up=True)
                self.assert_boots(guest)

    def test_the_server_comes_up_late(self):
        server = self.serve()
        try:
            with self.boot(self.url(server), name="server") as guest:
                guest.expect(REFUSED)
                server.start()
                self.assert_boots(guest)
        finally:
            server.stop()


class Cut(NetworkBoot):
    def test_a_transfer_cut_in_its_middle_is_resumed_where_it_stopped(self):
        size = self.iso.stat().st_size
        with fault_server.FaultServer(self.iso, [fault_server.Fault(cut=size // 3)]) as server:
            with self.boot(self.url(server), hashed=True) as guest:
                report = self.assert_boots(guest)
        self.assertEqual(len(report.all("sha256")), 1)
        fetched = sum(request.body_bytes for request in server.requests)
        self.assertLessEqual(fetched, size * 1.1)
        self.assertTrue(any(request.range for request in server.requests), "nothing was asked for by range")


class Ipv6Only(NetworkBoot):
    def test_literal_address(self):
        with self.serve(address="::1") as server:
            with self.boot(self.url(server, f"[{machine.HOST_V6}]"), network=",ipv4=off,ipv6=on") as guest:
                self.assert_boots(guest)


class NetworkLegacy(NetworkBoot):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.initrd = cls.images.initrd("initrd-network-legacy", ["--add", "network-legacy"])

    def test_with_ip_dhcp_on_the_line(self):
        with self.serve() as server:
            with self.boot(self.url(server), "ip=dhcp") as guest:
                self.assert_boots(guest)

    def test_the_cable_is_plugged_in_late(self):
        with self.serve() as server:
            with self.boot(self.url(server), name="cable") as guest:
                guest.qmp("set_link", name="net0", up=False)
                guest.expect(r"No carrier detected")
                guest.qmp("set_link", name="net0", up=True)
                self.assert_boots(guest)


if __name__ == "__main__":
    tap.main()
