# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots that cannot succeed end in the emergency shell at once, with the reason as the last word.

One machine fails again and again: each time somebody leaves its shell for another attempt, with another command line.
"""

import re
import subprocess

import boot_case
import emergency_shell
import machine
import tap

MIB = 1 << 20


class Failing(boot_case.BootCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.documents = cls.work / "documents"
        cls.documents.mkdir(exist_ok=True)
        (cls.documents / "page.iso").write_text("<!DOCTYPE html>\n<html><body>Please log in</body></html>\n" * 64)
        for name, size in (("large.iso", 64 << 30), ("live.iso", cls.iso.stat().st_size)):
            with open(cls.iso, "rb") as iso, open(cls.documents / name, "wb") as image:
                image.write(iso.read(1 << 20))
                image.truncate(size)
        cls.disk = cls.work / "foreign.disk"
        with open(cls.disk, "wb") as file:
            file.truncate(128 * MIB)
        cls.addClassCleanup(cls.disk.unlink)
        cls.addClassCleanup((cls.documents / "large.iso").unlink)
        subprocess.run(["sfdisk", "--quiet", cls.disk], input="label: gpt\n", text=True, check=True)
        cls.disk_before = cls.disk.read_bytes()
        quoted = str(cls.disk).replace(",", ",,")
        server = cls.serve(cls.documents)
        cls.addClassCleanup(server.stop)
        server.start()
        cls.url = f"http://{machine.HOST}:{server.port}"
        cls.missing = f"{cls.url}/missing.iso"
        cls.guest = cls.machine(f"root=live:{cls.missing} quiet rd.live.overlay.persistant SYSTEMD_SULOGIN_FORCE=1",
                                extra=["-drive", f"if=none,id=disk0,format=raw,file={quoted}",
                                       "-device", "virtio-blk-pci,drive=disk0"])
        cls.addClassCleanup(cls.guest.stop)
        cls.shell = emergency_shell.EmergencyShell(cls.guest.start())
        cls.console = cls.shell.console

    def fail_with(self, line):
        return self.shell.try_again(f"SYSTEMD_SULOGIN_FORCE=1 {line}")

    def test_1_404(self):
        self.assert_reason_is_last(self.console, r"404")
        self.assert_reason_is_last(self.console, re.escape(self.missing))

    def test_1_a_mistyped_option_is_reported_on_a_quiet_boot(self):
        self.assertRegex(self.console, r"rd\.live\.overlay\.persistant [^\n]*did you mean rd\.live\.overlay\.persistent\?")

    def test_2_bad_text(self):
        self.assert_reason_is_last(self.fail_with("root=live:http:///live.iso"), r"http:///live\.iso|host")

    def test_3_an_unknown_scheme_names_the_installed_ones(self):
        self.assert_reason_is_last(self.fail_with("root=live:gopher://10.0.2.2/live.iso"), r"no plugin serves .*gopher.*http")

    def test_4_an_image_larger_than_memory(self):
        self.assert_reason_is_last(self.fail_with(f"root=live:{self.url}/large.iso"),
                                   r"64\.0 GiB.*available|available.*64\.0 GiB")

    def test_5_an_image_larger_than_ramdisk_size(self):
        self.assert_reason_is_last(self.fail_with(f"root=live:{self.url}/live.iso ramdisk_size=16384"), r"ramdisk_size")

    def test_6_a_foreign_disk_is_refused_with_its_name(self):
        console = self.fail_with(f"root=live:{self.url}/live.iso rd.kiwi.live.system=/dev/vda")
        self.assert_reason_is_last(console, r"'/dev/vda' holds GPT without partitions; rd\.kiwi\.live\.reset")
        self.assertEqual(self.disk.read_bytes(), self.disk_before)

    def test_7_a_disk_that_is_not_there(self):
        console = self.fail_with(f"root=live:{self.url}/live.iso rd.kiwi.live.system=/dev/sdz")
        self.assertRegex(console, r"waiting for the device '/dev/sdz' \(\d of 90 s\)")
        self.assertRegex(console, r"waiting for the device '/dev/sdz' \([3-9]\d of 90 s\)")
        self.assert_reason_is_last(console, r"'/dev/sdz' did not appear")

    def test_8_an_html_page_instead_of_an_image(self):
        self.assert_reason_is_last(self.fail_with(f"root=live:{self.url}/page.iso"), r"not a live image")


class WithoutShell(boot_case.BootCase):
    def test_the_reason_is_shown_before_the_reboot(self):
        with self.serve() as server:
            url = f"http://{machine.HOST}:{server.port}/missing.iso"
            with self.machine(f"root=live:{url} rd.shell=0 rd.emergency=reboot", "reboot") as guest:
                guest.expect(r"The live system cannot be booted:")
                guest.expect(r"404")
                guest.wait()


if __name__ == "__main__":
    tap.main()
