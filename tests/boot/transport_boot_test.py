# SPDX-License-Identifier: LGPL-2.1-or-later
"""A boot over each transport beside plain http, with what each needs to know handed over as credentials.

Three machines. What the network does and what the image consists of have nothing to do with each other, so each of
them has both from elsewhere than usual: IPv6 alone, or dracut's network-legacy; an image that is laid out otherwise.
"""

import contextlib
import pathlib
import tempfile
import unittest

import boot_case  # first: it says where the others are

import accounts
import certificates
import machine
import processes
import sshd
import tap
import vsftpd


def on_the_command_line(name, text):
    """Any user may read it there, and it holds one short line: for tests, as systemd(1) says. systemd 252 knows
    no escapes in it."""
    return f'"systemd.set_credential=bootferry.{name}:{text}"'


class TransportBoot(boot_case.BootCase):
    """One boot for each class below: boot_once() keeps its report."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with tempfile.TemporaryDirectory(prefix="bootferry-boot-") as folder:
            cls.path = pathlib.Path(folder)
            cls.path.chmod(0o755)
            cls.boot_once()
        cls.mounts = cls.report.mounts()

    @classmethod
    def in_firmware(cls, **credentials):
        """QEMU's arguments for credentials in its firmware configuration, as systemd looks for them there."""
        arguments = []
        for name, text in credentials.items():
            file = cls.path / f"credential-{name}"
            file.write_text(text)
            arguments += ["-fw_cfg", f"name=opt/io.systemd.credentials/bootferry.{name},file={file}"]
        return arguments

    def assert_boots(self):
        self.assertEqual(self.mounts["/"][:2], ("overlay", "LiveOS_rootfs"))
        self.assertEqual([line for line in self.report.all("failed") if "bootferry" in line or "sysroot" in line], [])

    def assert_read_only(self, point, kind):
        self.assertEqual(self.mounts[point][0], kind)
        self.assertEqual(self.mounts[point][2].split(",")[0], "ro")

    def assert_the_device_is_the_container(self, kind):
        self.assertNotIn("/run/overlay/live", self.mounts)
        self.assert_read_only("/run/overlay/squashfs_container", kind)
        self.assertEqual(self.mounts["/run/overlay/squashfs_container"][1], "/dev/ram0")
        self.assert_read_only("/run/overlay/rootfsbase", kind)


class WithNetworkLegacy(TransportBoot):
    @classmethod
    def build_initrd(cls):
        return cls.images.initrd("initrd-network-legacy", ["--add", "network-legacy"])


class HttpsOverIpv6(TransportBoot):
    """A private authority, a server that dies in mid-transfer, IPv6 and a literal address; a bare erofs."""

    @classmethod
    def image(cls):
        return cls.images.live_erofs()

    @classmethod
    def boot_once(cls):
        authority = certificates.Authority(cls.path / "authority")
        certificate, key = authority.issue("server", [f"IP:{machine.HOST_V6}"])
        port = processes.free_port("::1")
        server = cls.serve(address="::1", extra=f"listen [::1]:{port} ssl; ssl_certificate {certificate}; "
                                                f"ssl_certificate_key {key}; limit_rate 2m;")
        with contextlib.ExitStack() as stack:
            stack.callback(server.stop)
            server.start()
            guest = stack.enter_context(cls.boot(
                f"https://[{machine.HOST_V6}]:{port}/{cls.iso.name}", boot_case.ONE_CONNECTION, "https",
                network=",ipv4=off,ipv6=on", extra=cls.in_firmware(cacert=authority.certificate.read_text())))
            guest.expect(boot_case.PROGRESS)
            server.stop()
            guest.expect(r"(?i)connection refused")
            server.start()
            cls.report = boot_case.Report(guest)
            cls.answers = [line.split('" ')[1].split() for line in server.access_log().splitlines()]

    def test_it_boots(self):
        self.assert_boots()

    def test_the_rest_was_requested_when_the_server_was_back(self):
        rest, *looks = self.answers
        self.assertEqual(rest[0], "206")
        self.assertLess(int(rest[1]), self.iso.stat().st_size)
        self.assertEqual([look[:2] for look in looks], [["206", "1"]])  # whether it is still the same file

    def test_the_device_is_the_container_and_its_tree_the_root(self):
        self.assert_the_device_is_the_container("erofs")


class FtpWithNetworkLegacy(WithNetworkLegacy):
    """A login by credentials, ip=dhcp on the line; a bare squashfs, with options for its mounts."""

    @classmethod
    def image(cls):
        return cls.images.live_squashfs()

    @classmethod
    def boot_once(cls):
        if reason := vsftpd.Vsftpd.missing():
            raise unittest.SkipTest(reason)
        prefix = accounts.prefix(cls.path / "accounts", "vsftpd")
        with vsftpd.Vsftpd(cls.iso.parent, prefix=prefix,
                           settings=("anonymous_enable=NO", "local_enable=YES", "pam_service_name=vsftpd",
                                     f"local_root={cls.iso.parent}")) as server:
            with cls.boot(f"ftp://{machine.HOST}:{server.port}/{cls.iso.name}",
                          f"ip=dhcp rd.live.overlay.size=64m rootflags=noatime,redirect_dir=on "
                          f"{on_the_command_line('user', accounts.NAME)} "
                          f"{on_the_command_line('password', accounts.PASSWORD)}", "ftp") as guest:
                cls.report = boot_case.Report(guest)
            cls.server_log = server.log()

    def test_it_boots(self):
        self.assert_boots()

    def test_a_login_by_credentials(self):
        self.assertIn("OK LOGIN", self.server_log)

    def test_the_device_is_the_container_and_its_tree_the_root(self):
        self.assert_the_device_is_the_container("squashfs")

    def test_the_overlay_has_the_requested_size(self):
        self.assertIn(f"size={64 << 10}k", self.mounts["/run/overlay/overlayfs"][2].split(","))

    def test_rootflags_are_the_roots(self):
        options = self.mounts["/"][2].split(",")
        self.assertIn("noatime", options)
        self.assertIn("redirect_dir=on", options)


class SftpWithNetworkLegacy(WithNetworkLegacy):
    """A key and known hosts by credentials, a cable that is plugged in late; an image elsewhere on the ISO."""

    @classmethod
    def image(cls):
        return cls.images.xfs_iso()

    @classmethod
    def boot_once(cls):
        if reason := sshd.Sshd.missing():
            raise unittest.SkipTest(reason)
        with sshd.Sshd() as server:
            known = server.known_hosts(name=machine.HOST, kinds=["ed25519"])
            with cls.boot(f"sftp://{server.user}@{machine.HOST}:{server.port}{cls.iso}",
                          "rd.live.dir=system/today rd.live.squashimg=root.img", "sftp",
                          extra=cls.in_firmware(sshkey=server.key.read_text(), known_hosts=known)) as guest:
                guest.qmp("set_link", name="net0", up=False)
                guest.expect(r"No carrier detected")
                guest.qmp("set_link", name="net0", up=True)
                cls.report = boot_case.Report(guest)
            cls.server_log = server.log()

    def test_it_boots_though_the_cable_is_plugged_in_late(self):
        self.assert_boots()

    def test_a_key_and_known_hosts_by_credentials(self):
        self.assertIn("Accepted publickey", self.server_log)

    def test_the_container_is_found_by_the_names_on_the_command_line(self):
        self.assertEqual(self.mounts["/run/overlay/live"][:2], ("iso9660", "/dev/ram0"))
        self.assert_read_only("/run/overlay/live", "iso9660")
        self.assert_read_only("/run/overlay/squashfs_container", "squashfs")

    def test_the_root_image_in_it_is_an_xfs(self):
        self.assert_read_only("/run/overlay/rootfsbase", "xfs")


if __name__ == "__main__":
    tap.main()
