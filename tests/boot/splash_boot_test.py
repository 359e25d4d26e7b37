# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots with a screen and a splash: what a person in front of the machine sees.

The pictures are kept beside the logs of the machines. The screen is QEMU's VGA, set to 1024x768 by the
kernel's loader (vga=), since that takes no driver that the initrd would have to hold.
"""

import pathlib
import tempfile
import time

import boot_case
import machine
import tap
from picture import Picture

SCREEN = ["-device", "VGA"]
# The serial console, which the tests follow, would have plymouth show details on every screen.
CMDLINE = "console=tty0 vga=0x317 quiet splash plymouth.ignore-serial-consoles"


class SplashBoot(boot_case.BootCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kernel = cls.images.splash_kernel()

    @classmethod
    def build_initrd(cls):
        return cls.images.splash_initrd()

    def look(self, guest):
        with tempfile.NamedTemporaryFile(suffix=".ppm") as shot:
            guest.qmp("screendump", filename=shot.name)
            return Picture(shot.name)

    def wait_for_picture(self, guest, shows, timeout=300):
        """Looks at the screen until shows(picture); returns the picture."""
        deadline = time.monotonic() + timeout
        while not shows(picture := self.look(guest)):
            if time.monotonic() > deadline:
                picture.save(self.work / "not-it.png")
                self.fail(f"the screen did not show it in {timeout} s; see {self.work}/not-it.png")
            time.sleep(0.5)  # a screen gives no event
        return picture


class Spinner(SplashBoot):
    """plymouth's theme `spinner`: an animation at 70 % of the height, messages below it."""

    @staticmethod
    def animation(picture):
        return picture.lit(0.66, 0.73, 0.45, 0.55)

    @staticmethod
    def message(picture):
        return picture.lit(0.73, 0.95)

    def shows_one_line(self, picture):
        pixels = self.message(picture)
        if not self.animation(picture) or not pixels:
            return False
        rows, columns = [y for _, y in pixels], [x for x, _ in pixels]
        return max(rows) - min(rows) < 24 and max(columns) - min(columns) > picture.width / 3

    def test_progress_is_seen(self):
        with self.serve(extra="limit_rate 1m;") as server, \
                self.boot(f"http://{machine.HOST}:{server.port}/{self.iso.name}",
                          f"{CMDLINE} {boot_case.ONE_CONNECTION}", "spinner", extra=SCREEN) as guest:
            first = self.wait_for_picture(guest, self.shows_one_line)
            seen = [self.message(first)]
            for _ in range(4):
                picture = self.wait_for_picture(
                    guest, lambda now: self.shows_one_line(now) and self.message(now) not in seen)
                seen.append(self.message(picture))
            picture.save(self.work / "progress.png")
            # Done: the splash is what it was before.
            self.wait_for_picture(guest, lambda now: self.animation(now) and not self.message(now))
            guest.reported("end")


class Text(SplashBoot):
    """plymouth's theme `text`: three boxes at 2/3 of the height, messages in the middle, on dark gray."""

    @staticmethod
    def boxes(picture):
        return picture.lit(0.62, 0.68, 0.45, 0.55)

    @staticmethod
    def message(picture):
        return picture.lit(0.48, 0.54)

    def test_trouble_and_failure_are_seen(self):
        server = self.serve()
        url = f"http://{machine.HOST}:{server.port}/missing.iso"
        with self.machine(f"root=live:{url} {CMDLINE} plymouth.splash=text", "text", extra=SCREEN) as guest:
            trouble = self.wait_for_picture(guest, lambda now: self.boxes(now) and self.message(now))
            trouble.save(self.work / "retrying.png")
            with server:
                guest.expect(machine.EMERGENCY_PROMPT)
            # The splash has made room for the console, which says the same as the serial one.
            failure = self.wait_for_picture(guest, lambda now: now.lit(0, 0.5) and not self.boxes(now))
            failure.save(self.work / "failure.png")
            self.assert_reason_is_last(guest.text, "404")


if __name__ == "__main__":
    tap.main()
