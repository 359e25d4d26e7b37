# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the dracut module puts into an initrd, and when it refuses to build one. No machine is booted."""

import subprocess
import tempfile
import pathlib

import boot_case
import images
import tap


class Contents(boot_case.BootCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        listing = cls.images.in_machine(["lsinitrd", "/mnt/initrd"], cls.initrd.parent)
        cls.paths = {line.split()[8] for line in listing.splitlines() if len(line.split()) > 8 and line[0] in "-ldc"}

    def read(self, path):
        return self.images.in_machine(["lsinitrd", "-f", path, "/mnt/initrd"], self.initrd.parent)

    def test_kernel_modules(self):
        names = {pathlib.PurePath(path).name.split(".")[0] for path in self.paths if ".ko" in path}
        for module in ("brd", "loop", "isofs", "squashfs", "erofs", "overlay", "ext4", "xfs",
                       "nls_utf8", "nls_iso8859-1", "nls_cp437", "nls_ascii", "virtio_net", "virtio_blk"):
            self.assertIn(module, names)

    def test_programs_and_units(self):
        for path in ("usr/bin/bootferryctl", "usr/lib/bootferry/bootferryd", "usr/lib/bootferry/bootferry-transfer",
                     "usr/lib/bootferry/bootferry-live-root",
                     "usr/lib/systemd/system-generators/bootferry-generator",
                     "usr/lib/systemd/system/bootferryd.service", "usr/lib/systemd/system/bootferryd.socket"):
            self.assertIn(path, self.paths)

    def test_plugins_with_their_scheme_links(self):
        names = {pathlib.PurePath(path).name for path in self.paths if "/bootferry/plugins/" in path}
        self.assertLessEqual({"curl.so", "scheme-http.so", "scheme-https.so", "scheme-ftp.so"}, names)

    def test_certificates(self):
        self.assertIn("etc/ssl/certs/ca-certificates.crt", self.paths)
        self.assertIn("BEGIN CERTIFICATE", self.read("etc/ssl/certs/ca-certificates.crt"))

    def test_user(self):
        entries = [line.split(":") for line in self.read("etc/passwd").splitlines()]
        user = [entry for entry in entries if entry[0] == "bootferry"]
        self.assertEqual(len(user), 1)
        self.assertNotEqual(user[0][2], "0")
        self.assertEqual([entry[0] for entry in entries if entry[2] == user[0][2]], ["bootferry"])

    def test_names_resolve_through_dns(self):
        self.assertRegex(self.read("etc/nsswitch.conf"), r"(?m)^hosts:.*\bdns\b")
        self.assertTrue(any("libnss_dns.so" in path for path in self.paths))

    def test_resolv_conf_can_be_written(self):
        self.assertNotIn("etc/resolv.conf", self.paths)


class Refusals(boot_case.BootCase):
    def dracut(self, *arguments, files=None):
        """Runs dracut with `files` (path → text; None: away) laid over the machine; returns what it says."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            over = pathlib.Path(folder, "over")
            over.mkdir()
            for path, text in (files or {}).items():
                target = over / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if text is None:
                    # overlayfs's mark for "removed": a character device 0/0
                    subprocess.run(["mknod", target, "c", "0", "0"], check=True)
                else:
                    target.write_text(text)
                    target.chmod(0o755)
            exchange = pathlib.Path(folder, "exchange")
            exchange.mkdir()
            version = self.kernel.name.removeprefix("vmlinuz-")
            try:
                said = self.images.in_machine(
                    ["dracut", "--force", "--no-hostonly", "--no-compress", "--add", "bootferry", *arguments,
                     "--kver", version, "/mnt/initrd"], exchange, over=[over, self.images.installed()],
                    log=self.work / "dracut.log")
            except images.BuildError:
                self.assertFalse((exchange / "initrd").exists(), "dracut failed, and left an initrd all the same")
                return (self.work / "dracut.log").read_text()
            self.fail(f"dracut was to refuse, but built an initrd:\n{said}")

    def test_missing_program(self):
        said = self.dracut(files={"usr/lib/bootferry/bootferry-transfer": None})
        self.assertIn("/usr/lib/bootferry/bootferry-transfer", said)
        self.assertIn("install bootferry completely", said)

    def test_missing_certificates(self):
        said = self.dracut(files={"etc/ssl/certs/ca-certificates.crt": None})
        self.assertIn("install the package ca-certificates", said)

    def test_missing_kernel_module(self):
        version = self.kernel.name.removeprefix("vmlinuz-")
        modules = f"usr/lib/modules/{version}"
        index = (self.images.machine_tree() / modules / "modules.dep").read_text()
        without = "\n".join(line for line in index.splitlines() if "squashfs" not in line) + "\n"
        said = self.dracut(files={
            f"{modules}/kernel/fs/squashfs": None, f"{modules}/modules.dep": without,
            f"{modules}/modules.dep.bin": None, f"{modules}/modules.alias.bin": None})
        self.assertIn("kernel module squashfs", said)

    def test_another_module_that_serves_root_live(self):
        module = "#!/bin/bash\ncheck() { return 255; }\ndepends() { :; }\ninstall() { :; }\n"
        path = "usr/lib/dracut/modules.d/90kiwi-live/module-setup.sh"
        said = self.dracut("--add", "kiwi-live", files={path: module})
        self.assertIn("'kiwi-live' both serve root=live:", said)
        self.assertIn('omit_dracutmodules+=" kiwi-live "', said)
        self.assertIn('bootferry_overrides+=" kiwi-live "', said)


if __name__ == "__main__":
    tap.main()
