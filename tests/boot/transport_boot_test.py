# SPDX-License-Identifier: LGPL-2.1-or-later
"""A boot over each transport beside plain http, with what each needs to know handed over as credentials, and a
server that dies in mid-transfer."""

import pathlib
import tempfile

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
    def in_firmware(self, **credentials):
        """QEMU's arguments for credentials in its firmware configuration, as systemd looks for them there."""
        arguments = []
        for name, text in credentials.items():
            file = self.path / f"credential-{name}"
            file.write_text(text)
            arguments += ["-fw_cfg", f"name=opt/io.systemd.credentials/bootferry.{name},file={file}"]
        return arguments

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-boot-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)

    def assert_boots(self, guest):
        report = boot_case.Report(guest)
        self.assertEqual(report.mounts()["/run/overlay/live"][:2], ("iso9660", "/dev/ram0"))
        self.assertEqual([line for line in report.all("failed") if "bootferry" in line], [])


class Https(TransportBoot):
    def test_a_private_authority_and_a_server_that_dies_in_mid_transfer(self):
        authority = certificates.Authority(self.path / "authority")
        certificate, key = authority.issue("server", [f"IP:{machine.HOST}"])
        port = processes.free_port()
        server = self.serve(extra=f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; "
                                  f"ssl_certificate_key {key}; limit_rate 2m;")
        self.addCleanup(server.stop)
        server.start()
        with self.boot(f"https://{machine.HOST}:{port}/{self.iso.name}", boot_case.ONE_CONNECTION, name="https",
                       extra=self.in_firmware(cacert=authority.certificate.read_text())) as guest:
            guest.expect(boot_case.PROGRESS)
            server.stop()
            guest.expect(r"(?i)connection refused")
            server.start()
            self.assert_boots(guest)
        answers = [line.split('" ')[1].split() for line in server.access_log().splitlines()]
        self.assertEqual([status for status, *_ in answers], ["206"])
        self.assertLess(int(answers[0][1]), self.iso.stat().st_size)


class Ftp(TransportBoot):
    def test_a_login_by_credentials(self):
        if reason := vsftpd.Vsftpd.missing():
            self.skipTest(reason)
        prefix = accounts.prefix(self.path / "accounts", "vsftpd")
        with vsftpd.Vsftpd(self.iso.parent, prefix=prefix,
                           settings=("anonymous_enable=NO", "local_enable=YES", "pam_service_name=vsftpd",
                                     f"local_root={self.iso.parent}")) as server:
            with self.boot(f"ftp://{machine.HOST}:{server.port}/{self.iso.name}",
                           f"{on_the_command_line('user', accounts.NAME)} "
                           f"{on_the_command_line('password', accounts.PASSWORD)}", "ftp") as guest:
                self.assert_boots(guest)
            self.assertIn("OK LOGIN", server.log())


class Sftp(TransportBoot):
    def test_a_key_and_known_hosts_by_credentials(self):
        if reason := sshd.Sshd.missing():
            self.skipTest(reason)
        with sshd.Sshd() as server:
            known = server.known_hosts(name=machine.HOST, kinds=["ed25519"])
            with self.boot(f"sftp://{server.user}@{machine.HOST}:{server.port}{self.iso}", name="sftp",
                           extra=self.in_firmware(sshkey=server.key.read_text(), known_hosts=known)) as guest:
                self.assert_boots(guest)
            self.assertIn("Accepted publickey", server.log())


if __name__ == "__main__":
    tap.main()
