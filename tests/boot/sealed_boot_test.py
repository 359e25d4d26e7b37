# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk on which nothing can be read or replaced: the root, an erofs, is encrypted and verified as it is read, and changes
are encrypted.

Two machines have the disk, one after the other. The first one deploys the image, and gets the passphrase as a credential;
for the second one the credential is wrong, so that the console asks."""

import re
import subprocess
import tempfile

import disk_boot_test
import machine
import tap

MIB = disk_boot_test.MIB
PASSPHRASE = "correct horse battery staple"


class SealedDisk(disk_boot_test.DiskBoot):
    @classmethod
    def image(cls):
        return cls.images.sealed_iso(PASSPHRASE)

    @classmethod
    def build_initrd(cls):
        return cls.images.sealed_initrd()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.disk = cls.work / "sealed.disk"
        with open(cls.disk, "wb") as file:
            file.truncate(768 * MIB)
        cls.addClassCleanup(cls.disk.unlink)
        roothash, offset = ((cls.iso.parent / name).read_text() for name in ("roothash", "offset"))
        cls.cmdline = (f"rd.bootferry.roothash={roothash} rd.bootferry.verity=hash-offset:{offset} "
                       "rd.live.overlay.persistent rd.live.encrypt")

    @staticmethod
    def credential(passphrase):
        return ["-fw_cfg", f"name=opt/io.systemd.credentials/bootferry.passphrase,string={passphrase}"]

    def assert_sealed(self, report):
        mounts = report.mounts()
        root, changes = mounts["/run/overlay/squashfs_container"], mounts["/run/overlay/overlayfs"]
        self.assertEqual((root[0], changes[0]), ("erofs", "ext4"))
        for device, kind in ((root[1], r"^CRYPT-VERITY-\w+-bootferry_root$"), (changes[1], r"^CRYPT-LUKS2-\w+-lukscow$")):
            self.assertRegex(device, "^/dev/(dm-\\d|mapper/)")
            self.assertTrue(any(re.match(kind, line) for line in report.all("verity")), report.all("verity"))

    @staticmethod
    def type_hidden(guest, passphrase):
        """systemd offers TAB before it hides what is typed: the first character may still be shown, its star says that
        the next ones are not."""
        guest.send(passphrase[0])
        guest.expect(r"\*")
        guest.send(f"{passphrase[1:]}\n")

    def partition_for_changes(self):
        """From its beginning to the end of the disk."""
        with open(self.disk, "rb") as disk:
            table = disk.read(512)
            begins = [int.from_bytes(table[446 + 16 * n + 8:446 + 16 * n + 12], "little") for n in range(4)]
            disk.seek(max(begins) * 512)
            return disk.read()

    def test_1_the_first_boot_encrypts_with_the_credential(self):
        with self.serve() as server:
            with self.boot_disk(self.disk, self.url(server), self.cmdline, "first",
                                extra=self.credential(PASSPHRASE)) as guest:
                count, report = self.finished(guest)
        self.assertEqual(count, 1)
        self.assert_sealed(report)
        self.assertRegex("\n".join(report.all("journal")), r"changes are kept on '/dev/vda2' \(ext4, encrypted, new\)")

    def test_2_the_disk_holds_no_file_system_in_the_clear(self):
        changes = self.partition_for_changes()
        self.assertEqual(changes[:6], b"LUKS\xba\xbe")
        self.assertNotIn(b"boot-counter", changes)
        with tempfile.NamedTemporaryFile() as header:
            header.write(changes[:16 * MIB])
            header.flush()
            dump = subprocess.run(["cryptsetup", "luksDump", header.name], check=True, capture_output=True, text=True).stdout
        self.assertRegex(dump, r"Version:\s+2")
        self.assertRegex(dump, r"Label:\s+lukscow")

    def test_3_a_wrong_passphrase_asks_again_and_loses_nothing(self):
        with self.boot_disk(self.disk, f"live:http://{machine.HOST}/none.iso", self.cmdline, "second",
                            extra=self.credential("wrong")) as guest:
            guest.qmp("set_link", name="net0", up=False)
            guest.expect(r"Wrong\. Passphrase for 'LiveOS/squashfs\.img', which is encrypted:.*press TAB")
            self.type_hidden(guest, PASSPHRASE)
            guest.expect(r"wrong passphrase for '/dev/vda2'")
            guest.expect(r"Wrong\. Passphrase for '/dev/vda2', which keeps the changes:.*press TAB")
            self.type_hidden(guest, "wrong as well")
            guest.expect(r"wrong passphrase for '/dev/vda2'")
            guest.expect(r"Wrong\. Passphrase for '/dev/vda2', which keeps the changes:.*press TAB")
            self.type_hidden(guest, PASSPHRASE)
            count, report = self.finished(guest)
            self.assertNotIn(PASSPHRASE[1:], guest.text)
        self.assertEqual(count, 2)
        self.assert_sealed(report)
        self.assertRegex("\n".join(report.all("journal")), r"changes are kept on '/dev/vda2' \(ext4, encrypted\)")
        self.assertNotIn(PASSPHRASE, "\n".join(report.all("journal")))


if __name__ == "__main__":
    tap.main()
