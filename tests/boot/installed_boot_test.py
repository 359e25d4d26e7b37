# SPDX-License-Identifier: LGPL-2.1-or-later
"""A booted system that has bootferry installed: it knows what it was booted from, and transfers once more."""

import json
import re

import boot_case
import machine
import tap

MIB = 1 << 20


class InstalledBoot(boot_case.BootCase):
    @classmethod
    def image(cls):
        return cls.images.installed_iso()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        disk = cls.work / "second.disk"
        with open(disk, "wb") as file:
            file.truncate(512 * MIB)
        drive = ["-drive", f"if=none,id=disk0,format=raw,file={str(disk).replace(',', ',,')}",
                 "-device", "virtio-blk-pci,drive=disk0"]
        with cls.serve() as server:
            cls.url = f"http://{machine.HOST}:{server.port}/{cls.iso.name}"
            with cls.boot(cls.url, f"report.again={cls.url}", extra=drive, memory=1024, whole=True) as guest:
                cls.report = boot_case.Report(guest, last="again-end", timeout=900)
        with open(disk, "rb") as file:
            cls.on_disk = file.read(cls.iso.stat().st_size)
        disk.unlink()

    def text(self, key):
        return "\n".join(self.report.all(key))

    def test_nothing_of_the_initrds_runs_on(self):
        self.assertEqual(self.report.all("process"), [])
        self.assertEqual(self.report.all("before"), ["inactive"])
        self.assertEqual([line for line in self.report.all("failed") if "bootferry" in line], [])

    def test_the_record_of_the_boot(self):
        record = json.loads(self.text("record"))
        self.assertEqual((record["state"], record["url"], record["target"], record["device"], record["initrd"]),
                         ("done", self.url, "/dev/ram0", "/dev/ram0", True))
        self.assertEqual((record["bytes"], record["reused"]), (self.iso.stat().st_size, False))
        self.assertGreater(record["seconds"], 0)
        self.assertGreaterEqual(record["attempts"], 1)

    def test_status_shows_it(self):
        self.assertIn("Recorded in /run/bootferry/result.json", self.text("status"))
        self.assertIn(self.url, self.text("status"))

    def test_the_bus_starts_the_service(self):
        self.assertRegex(self.text("activated"), r'a\(ssas\) \d+ "curl"')
        self.assertEqual(self.report.all("after"), ["active"])

    def test_a_second_transfer(self):
        self.assertRegex(self.report.all("deploy")[-1], rf"^/dev/vda: .* from {re.escape(self.url)} in [\d.]+ m?s")
        self.assertEqual(self.on_disk, self.iso.read_bytes())
        views = json.loads(self.text("json"))
        self.assertEqual([(view["device"], view["state"]) for view in views], [("/dev/ram0", "done"), ("/dev/vda", "done")])

    def test_the_journal_explains_a_failure(self):
        self.assertEqual(self.report.all("catalog"), [])
        self.assertIn("404", self.report.all("failure")[-1])
        explained = self.text("explained")
        self.assertIn("Subject: File or device not found", explained)
        self.assertIn(f"{self.url}.missing", explained)


if __name__ == "__main__":
    tap.main()
