# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots that cannot succeed end in the emergency shell at once, with the reason as the last word."""

import re

import boot_case
import machine
import tap


class FailingBoot(boot_case.BootCase):
    def boots_into_emergency(self, root, name, cmdline=""):
        with self.machine(f"root={root} {cmdline}", name) as guest:
            guest.expect(machine.EMERGENCY_PROMPT)
            return guest.text


class NotFound(FailingBoot):
    def test_404_reaches_the_emergency_shell_with_the_reason_last(self):
        with self.serve() as server:
            url = f"http://{machine.HOST}:{server.port}/missing.iso"
            console = self.boots_into_emergency(f"live:{url}", "missing", "quiet rd.live.overlay.persistant")
        self.assert_reason_is_last(console, r"404")
        self.assert_reason_is_last(console, re.escape(url))
        # A mistyped option is reported on the console of a quiet boot as well.
        self.assertRegex(console, r"rd\.live\.overlay\.persistant [^\n]*did you mean rd\.live\.overlay\.persistent\?")

    def test_without_a_shell_the_reason_is_shown_before_the_reboot(self):
        with self.serve() as server:
            url = f"http://{machine.HOST}:{server.port}/missing.iso"
            with self.machine(f"root=live:{url} rd.shell=0 rd.emergency=reboot", "reboot") as guest:
                guest.expect(r"The live system cannot be booted:")
                guest.expect(r"404")
                guest.wait()


class WrongImage(FailingBoot):
    def test_html_page_instead_of_an_image(self):
        pages = self.work / "pages"
        pages.mkdir(exist_ok=True)
        (pages / "live.iso").write_text("<!DOCTYPE html>\n<html><body>Please log in</body></html>\n" * 64)
        with self.serve(pages) as server:
            console = self.boots_into_emergency(f"live:http://{machine.HOST}:{server.port}/live.iso", "html")
        self.assert_reason_is_last(console, r"not a live image")

    def test_image_larger_than_memory(self):
        large = self.work / "large"
        large.mkdir(exist_ok=True)
        with open(self.iso, "rb") as iso, open(large / "live.iso", "wb") as image:
            image.write(iso.read(1 << 20))
            image.truncate(64 << 30)
        with self.serve(large) as server:
            console = self.boots_into_emergency(f"live:http://{machine.HOST}:{server.port}/live.iso", "large")
        (large / "live.iso").unlink()
        self.assert_reason_is_last(console, r"64\.0 GiB.*available|available.*64\.0 GiB")

    def test_image_larger_than_ramdisk_size(self):
        with self.serve() as server:
            console = self.boots_into_emergency(f"live:http://{machine.HOST}:{server.port}/{self.iso.name}",
                                                "ramdisk", "ramdisk_size=16384")
        self.assert_reason_is_last(console, r"ramdisk_size")


class WrongCommandLine(FailingBoot):
    def test_unknown_scheme_names_the_installed_ones(self):
        console = self.boots_into_emergency("live:gopher://10.0.2.2/live.iso", "scheme")
        self.assert_reason_is_last(console, r"no plugin serves .*gopher.*http")

    def test_bad_text(self):
        console = self.boots_into_emergency("live:http:///live.iso", "text")
        self.assert_reason_is_last(console, r"http:///live\.iso|host")


if __name__ == "__main__":
    tap.main()
