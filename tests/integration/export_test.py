# SPDX-License-Identifier: LGPL-2.1-or-later
"""`bootferryctl export` on ISOs of xorriso with the layouts of distributions: the folder that it makes is served by nginx,
checked and fetched from as a machine would do it, its entries and settings are read by GRUB's and dnsmasq's own parsers, and
it is killed at random."""

import gzip
import json
import lzma
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import posix_acl  # noqa: E402
import tap  # noqa: E402
from nginx import Nginx  # noqa: E402
from service_case import needs_root  # noqa: E402

URL = "http://10.0.0.1/boot"
GENERATOR = "usr/lib/systemd/system-generators/bootferry-generator"
KIWI = ("boot/x86_64/loader/linux", "boot/x86_64/loader/initrd", "LiveOS/squashfs.img")
VERSION = re.compile(r"[0-9a-f]{16}")


def cpio(*names):
    """In the format newc, which the kernel reads."""
    archive = b""
    for name in (*names, "TRAILER!!!"):
        raw = name.encode() + b"\0"
        entry = b"070701" + b"".join(b"%08x" % field for field in (0, 0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, len(raw), 0)) + raw
        archive += entry + b"\0" * (-len(entry) % 4)
    return archive


def zstd(data):
    return subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout


def initrd(*names, compress=gzip.compress):
    """As dracut makes one: microcode, padded, before the compressed archive."""
    early = cpio("kernel/x86/microcode/GenuineIntel.bin")
    return early + b"\0" * (-len(early) % 512) + compress(cpio("init", *names))


class ExportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-export-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.folder = self.path / "srv"
        self.folder.mkdir()

    def iso(self, *names, name="live.iso", size=20000, **files):
        """Each file has bytes of its own; `files` are others, by their contents."""
        tree = pathlib.Path(tempfile.mkdtemp(dir=self.path))
        for path in names:
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            content = initrd(GENERATOR) if "init" in pathlib.PurePath(path).name else path.encode() + random.randbytes(size)
            (tree / path).write_bytes(files.get(path, content))
        return self.make(tree, name)

    def make(self, tree, name="live.iso"):
        made = self.path / name
        made.unlink(missing_ok=True)
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "CDROM", "-o", made, tree], check=True,
                       capture_output=True)
        self.tree = tree
        return made

    def command(self, iso, *words, url=URL):
        return [os.environ["BOOTFERRYCTL"], "export", iso, self.folder, f"--url={url}", *words]

    def run_export(self, iso, *words, url=URL, **options):
        return subprocess.run(self.command(iso, *words, url=url), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=600, **options)

    def export(self, iso, *words, **options):
        result = self.run_export(iso, *words, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def refused(self, status, reason, iso, *words, **options):
        before = self.files()
        result = self.run_export(iso, *words, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertIn(reason, result.stderr)
        self.assertTrue(result.stderr.splitlines()[-1].startswith("bootferryctl: "), result.stderr)
        self.assertEqual(self.files(), before)
        return result

    def files(self):
        """Of FOLDER, with their contents."""
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def versions(self, name="live"):
        return sorted(path.name for path in (self.folder / name).iterdir())

    def entry(self, name="live"):
        """From the script: the version's folder, and the kernel command line."""
        script = (self.folder / f"{name}.ipxe").read_text()
        match = re.search(rf"^kernel ({name}/[0-9a-f]+)/kernel initrd=initrd (.*)$", script, re.MULTILINE)
        return match[1], match[2]

    def check_complete(self, name="live"):
        """The files that each entry names exist and are complete."""
        named = set()
        for file in (f"{name}.ipxe", "grub/grub.cfg", "pxelinux.cfg/default"):
            path = self.folder / file
            if path.exists():
                text = path.read_text()
                found = set(re.findall(rf"{name}/[0-9a-f]{{16}}", text))
                self.assertEqual(len(found), 1, text)
                named |= found
        for folder in named:
            subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=self.folder / folder, check=True)
            self.assertEqual({path.name for path in (self.folder / folder).iterdir()},
                             {"kernel", "initrd", f"{name}.iso", "SHA256SUMS"})
        return named


class Layouts(ExportTest):
    def assert_exports(self, kernel, initrd_path, image, *words, arguments=""):
        iso = self.iso(kernel, initrd_path, image)
        result = self.export(iso, *words)
        self.assertNotIn("warning", result.stderr)
        folder, line = self.entry()
        self.assertEqual((self.folder / folder / "kernel").read_bytes(), (self.tree / kernel).read_bytes())
        self.assertEqual((self.folder / folder / "initrd").read_bytes(), (self.tree / initrd_path).read_bytes())
        self.assertEqual((self.folder / folder / "live.iso").read_bytes(), iso.read_bytes())
        place = f"{URL}/{folder}"
        self.assertEqual(line, f"root=live:{place}/live.iso ip=dhcp rd.bootferry.checksum={place}/SHA256SUMS{arguments}")
        self.check_complete()

    def test_kiwi(self):
        self.assert_exports(*KIWI)

    def test_fedora(self):
        self.assert_exports("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", "LiveOS/squashfs.img")

    def test_live_build(self):
        self.assert_exports("live/vmlinuz-6.1.0-18-amd64", "live/initrd.img-6.1.0-18-amd64", "live/filesystem.squashfs",
                            arguments=" rd.live.dir=live rd.live.squashimg=filesystem.squashfs")

    def test_quiet(self):
        iso = self.iso("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", "LiveOS/squashfs.img")
        told = self.export(iso)
        self.assertIn("machines boot with", told.stderr)
        quiet = self.export(iso, "-q")
        self.assertEqual((quiet.stderr, quiet.stdout), ("", told.stdout))
        quiet = self.export(iso, "--quiet", "--dhcp=none")
        self.assertEqual((quiet.stderr, quiet.stdout), ("", ""))

    def test_layouts_that_are_not_served(self):
        for kernel, initrd_path, image in (
                ("casper/vmlinuz", "casper/initrd", "casper/filesystem.squashfs"),
                ("arch/boot/x86_64/vmlinuz-linux", "arch/boot/x86_64/initramfs-linux.img", "arch/x86_64/airootfs.sfs")):
            with self.subTest(image):
                folder, _, file = image.rpartition("/")
                words = f"rd.live.dir={folder} rd.live.squashimg={file}"
                self.refused(exit_status.NOT_LIVE, words, self.iso(kernel, initrd_path, image))
                self.assert_exports(kernel, initrd_path, image, "--", words, arguments=f" {words}")

    def test_a_link_to_the_kernel(self):
        self.iso("live/vmlinuz-6.1", "live/initrd.img-6.1", "live/filesystem.squashfs")
        (self.tree / "live/vmlinuz").symlink_to("vmlinuz-6.1")
        (self.tree / "live/initrd.img").symlink_to("initrd.img-6.1")
        self.export(self.make(self.tree))
        self.assertEqual((self.folder / self.entry()[0] / "kernel").read_bytes(),
                         (self.tree / "live/vmlinuz-6.1").read_bytes())

    def test_files_named_by_hand(self):
        iso = self.iso(*KIWI, "other/kernel", "other/initrd")
        self.export(iso, "--kernel=/other/kernel", "--initrd=other/initrd")
        self.assertEqual((self.folder / self.entry()[0] / "kernel").read_bytes(), (self.tree / "other/kernel").read_bytes())
        self.refused(exit_status.NOT_FOUND, "no file 'other/none'", iso, "--kernel=other/none")

    def test_an_iso_without_a_kernel(self):
        self.refused(exit_status.NOT_FOUND, "--kernel=PATH", self.iso("LiveOS/squashfs.img"))

    def test_an_iso_without_a_live_system(self):
        self.refused(exit_status.NOT_LIVE, "without a live system", self.iso("boot/x86_64/loader/linux",
                                                                             "boot/x86_64/loader/initrd"))


class Initrds(ExportTest):
    def test_each_compression(self):
        for compress in (bytes, gzip.compress, zstd, lambda data: lzma.compress(data, check=lzma.CHECK_CRC32)):
            for names, warned in (((GENERATOR,), False), (("usr/lib/other",), True)):
                iso = self.iso(*KIWI, **{KIWI[1]: initrd(*names, compress=compress)})
                result = self.export(iso)
                self.assertEqual("does not contain bootferry" in result.stderr, warned, result.stderr)
                self.assertEqual("--initrd-file=FILE" in result.stderr, warned)

    def test_what_is_no_initrd(self):
        whole = initrd(GENERATOR)
        for content in (b"nonsense" * 100, whole[:-30], b"\0" * 512):
            with self.subTest(content[:8]):
                self.assertIn("warning: ", self.export(self.iso(*KIWI, **{KIWI[1]: content})).stderr)

    def test_one_of_this_machine(self):
        ours = self.path / "initrd-with-bootferry"
        ours.write_bytes(initrd(GENERATOR, "ours"))
        ours.chmod(0o600)
        iso = self.iso("live/vmlinuz", "live/filesystem.squashfs")
        self.assertNotIn("warning", self.export(iso, f"--initrd-file={ours}").stderr)
        copied = self.folder / self.entry()[0] / "initrd"
        self.assertEqual((copied.read_bytes(), copied.stat().st_mode & 0o777), (ours.read_bytes(), 0o644))
        self.refused(exit_status.NOT_FOUND, "opening the initrd", iso, f"--initrd-file={self.path}/none")
        self.refused(exit_status.TARGET_REFUSED, "is not a file", iso, f"--initrd-file={self.path}")


class Served(ExportTest):
    """What a machine does with it."""

    def test_a_machine_finds_a_live_image_with_the_checksum(self):
        with Nginx(self.folder) as server:
            iso = self.iso("live/vmlinuz", "live/initrd.img", "live/filesystem.squashfs")
            self.export(iso, url=f"http://127.0.0.1:{server.port}/")
            line = self.entry()[1]
            url = re.search(r"root=live:(\S+)", line)[1]
            checksum = "--checksum=" + re.search(r"rd\.bootferry\.checksum=(\S+)", line)[1]
            run = [os.environ["BOOTFERRYCTL"]]
            for words in (["explain", line], ["check", checksum, "--dir=live", "--squashimg=filesystem.squashfs", url],
                          ["fetch", checksum, url, self.path / "fetched"]):
                done = subprocess.run(run + words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
                self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((self.path / "fetched").read_bytes(), iso.read_bytes())

    def test_everybody_may_read_it(self):
        iso = self.iso(*KIWI)
        iso.chmod(0o600)
        self.export(iso, umask=0o077)
        for path in self.folder.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o777, 0o755 if path.is_dir() else 0o644, path)


class Parsers(ExportTest):
    def settings(self, server, url=URL, name="live"):
        return self.export(self.iso(*KIWI), f"--dhcp={server}", f"--name={name}", url=url).stdout

    def test_grub_reads_the_entries(self):
        config = self.folder / "grub/grub.cfg"
        for name in ("live", "live-2.0+x"):
            self.export(self.iso(*KIWI), f"--name={name}", "--", "a=$b c;d {e} 'f=g h' console=ttyS0,115200")
            subprocess.run(["grub-script-check", config], check=True)
        self.assertEqual(config.read_text().count("menuentry"), 2)

    def test_dnsmasq_reads_its_settings(self):
        self.folder = self.path / 'a "folder" # with \\ blanks'
        self.folder.mkdir()
        for url in (URL, "ftp://images.example.net", "https://[2001:db8::1]:8443/a%20b"):
            config = self.path / "dnsmasq.conf"
            config.write_text(self.settings("dnsmasq", url))
            done = subprocess.run([shutil.which("dnsmasq", path="/usr/sbin:/sbin:/usr/bin"), "--test", f"--conf-file={config}"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual("uefihttp" in config.read_text(), url.startswith("http"))

    def test_keas_settings_are_json(self):
        for url in (URL, "ftp://10.0.0.1"):
            text = self.settings("kea", url)
            classes = json.loads("{" + re.sub(r"^#.*$", "", text, flags=re.MULTILINE) + "}")["client-classes"]
            self.assertEqual([entry["boot-file-name"] for entry in classes],
                             ["live.ipxe", "pxelinux.0", *([f"{URL}/grubnetx64.efi"] if url == URL else []), "grubnetx64.efi"])

    def test_the_tftp_server_is_an_address(self):
        for server in ("isc", "kea"):
            self.assertIn("10.0.0.1", self.settings(server))
            self.assertIn("Put the TFTP server's address in the place of 192.0.2.1",
                          self.settings(server, "http://images.example.net"))

    def test_one_or_all_or_none_are_printed(self):
        parts = [self.settings(server) for server in ("dnsmasq", "isc", "kea")]
        self.assertEqual(self.settings("all"), "\n".join(parts))
        self.assertEqual(self.settings("none"), "")


class Again(ExportTest):
    def test_a_repeated_export_changes_nothing(self):
        iso = self.iso(*KIWI)
        self.export(iso)
        before = self.files()
        times = {path: path.stat().st_mtime_ns for path in (self.folder / "live").rglob("*")}
        self.assertIn("was there already", self.export(iso).stderr)
        self.assertEqual(self.files(), before)
        self.assertEqual({path: path.stat().st_mtime_ns for path in (self.folder / "live").rglob("*")}, times)

    def test_the_version_before_is_kept_until_the_next_but_one_export(self):
        versions = []
        for _ in range(4):
            iso = self.iso(*KIWI)
            self.export(iso)
            versions.append(self.entry()[0].removeprefix("live/"))
            self.assertEqual(self.versions(), sorted(versions[-2:]))
            self.export(iso)  # repeated, it removes nothing
            self.assertEqual(self.versions(), sorted(versions[-2:]))
            self.check_complete()

    def test_a_damaged_version_is_replaced(self):
        iso = self.iso(*KIWI)
        self.export(iso)
        kernel = self.folder / self.entry()[0] / "kernel"
        kernel.write_bytes(b"")
        self.export(iso)
        self.check_complete()
        self.assertEqual(len(self.versions()), 1)

    def test_entries_of_others_stay(self):
        (self.folder / "pxelinux.cfg").mkdir()
        (self.folder / "grub").mkdir()
        menu = "UI menu.c32\nLABEL mine\n    KERNEL mine\n"
        (self.folder / "pxelinux.cfg/default").write_text(menu)
        (self.folder / "pxelinux.cfg/default").chmod(0o664)
        (self.folder / "grub/grub.cfg").write_text("menuentry mine { true\n}\n")
        self.export(self.iso(*KIWI), "--name=one")
        self.export(self.iso(*KIWI), "--name=two")
        self.export(self.iso(*KIWI), "--name=one")
        text = (self.folder / "pxelinux.cfg/default").read_text()
        self.assertTrue(text.startswith(menu))
        self.assertEqual(re.findall(r"^LABEL (.*)", text, re.MULTILINE), ["mine", "one", "two"])
        self.assertNotIn("DEFAULT", text)
        self.assertEqual((self.folder / "pxelinux.cfg/default").stat().st_mode & 0o777, 0o664)
        self.assertTrue((self.folder / "grub/grub.cfg").read_text().startswith("menuentry mine"))

    def test_the_list_of_who_may_change_an_entry_stays(self):
        """The group's bits of the mode are what the list allows at most, not what the group may do."""
        (self.folder / "pxelinux.cfg").mkdir()
        default = self.folder / "pxelinux.cfg/default"
        default.write_text("LABEL mine\n    KERNEL mine\n")
        entries = [(posix_acl.USER_OBJ, 6), (posix_acl.USER, 6, 1234), (posix_acl.GROUP_OBJ, 4), (posix_acl.MASK, 6),
                   (posix_acl.OTHER, 4)]
        if not posix_acl.put(default, *entries):
            self.skipTest("the file system has no ACLs")
        self.export(self.iso(*KIWI))
        self.assertEqual(posix_acl.of(default), entries)

    def test_a_file_that_is_not_ours_is_not_replaced(self):
        (self.folder / "live.ipxe").write_text("#!ipxe\nshell\n")
        (self.folder / "live").mkdir()
        self.refused(exit_status.TARGET_REFUSED, "live.ipxe", self.iso(*KIWI))


class Links(ExportTest):
    def test_the_image_is_a_link_on_request(self):
        iso = self.iso(*KIWI)
        self.export(iso, "--link")
        self.assertEqual((self.folder / self.entry()[0] / "live.iso").stat().st_ino, iso.stat().st_ino)

    def test_one_that_servers_cannot_read_is_refused(self):
        iso = self.iso(*KIWI)
        iso.chmod(0o600)
        self.refused(exit_status.NOT_PERMITTED, "chmod a+r", iso, "--link")

    def test_links_in_the_folder_are_not_followed(self):
        outside = self.path / "outside"
        outside.mkdir()
        (outside / "default").write_text("precious\n")
        for place, target in (("live", outside), ("grub", outside), ("pxelinux.cfg", outside),
                              ("live.ipxe", outside / "default")):
            with self.subTest(place):
                shutil.rmtree(self.folder)
                self.folder.mkdir()
                (self.folder / place).symlink_to(target)
                result = self.run_export(self.iso(*KIWI))
                self.assertEqual(result.returncode, exit_status.TARGET_REFUSED, result.stderr)
                self.assertEqual([path.name for path in outside.iterdir()], ["default"])
                self.assertEqual((outside / "default").read_text(), "precious\n")


class Refusals(ExportTest):
    def test_what_is_not_a_whole_iso(self):
        iso = self.iso(*KIWI)
        whole = iso.read_bytes()
        for content, reason in ((b"<!DOCTYPE html>" + b" " * 100000, "HTML"), (b"", "is not an ISO"),
                                (b"hsqs" + b"\0" * 100000, "is not an ISO"), (whole[:-4096 - 300 * 1024], "is not complete")):
            iso.write_bytes(content)
            self.refused(exit_status.NOT_LIVE, reason, iso)
        self.refused(exit_status.NOT_FOUND, "opening the ISO", self.path / "none.iso")
        self.refused(exit_status.TARGET_REFUSED, "is not a file", self.path)
        self.refused(exit_status.TARGET_REFUSED, "is not a file", "/dev/null")

    def test_folders(self):
        iso = self.iso(*KIWI)
        for folder, status in ((self.path / "none", exit_status.NOT_FOUND), (iso, exit_status.TARGET_REFUSED)):
            result = subprocess.run([os.environ["BOOTFERRYCTL"], "export", iso, folder, f"--url={URL}"], capture_output=True,
                                    text=True, timeout=600)
            self.assertEqual(result.returncode, status, result.stderr)

    @needs_root
    def test_a_full_folder(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", self.folder], check=True)
        self.addCleanup(subprocess.run, ["umount", self.folder], check=True)
        self.refused(exit_status.NO_ROOM, "room", self.iso(*KIWI))
        self.refused(exit_status.NO_ROOM, "No space", self.iso(*KIWI, size=400000))
        self.assertEqual(list(self.folder.iterdir()), [])

    @needs_root
    def test_a_folder_that_is_read_only(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", self.folder], check=True)
        self.addCleanup(subprocess.run, ["umount", self.folder], check=True)
        self.refused(exit_status.TARGET_REFUSED, "Read-only", self.iso(*KIWI))

    def test_urls(self):
        iso = self.iso(*KIWI)
        for url in ("http://h/a b", "http://h/'", 'http://h/"', "http://h/\nLABEL x", "http://h/?q", "http://h/#f", "srv"):
            with self.subTest(url):
                self.refused(exit_status.USAGE, "URL", iso, url=url)
        result = self.refused(exit_status.USAGE, "user name", iso, url="http://me:secret@h/")
        self.assertNotIn("secret", result.stderr + result.stdout)

    def test_options_that_a_boot_refuses(self):
        iso = self.iso(*KIWI)
        for options, reason in (("rd.bootferry.stall_timeout=never", "the boot would be refused"),
                                ("rd.kiwi.live.curl_options=--nonsense", "the boot would be refused"),
                                ("root=/dev/sda", "root= comes from"),
                                ("rd.live.dir=other", "the options name"),
                                ("rd.kiwi.live.curl_options=--user,me:secret", "may be a secret"),
                                ("quiet\\nLABEL", "backslashes")):
            with self.subTest(options):
                result = self.refused(exit_status.USAGE if "dir" not in options else exit_status.NOT_LIVE, reason, iso, "--",
                                      options)
                self.assertNotIn(":secret", result.stderr)

    def test_another_checksum(self):
        self.refused(exit_status.CHECKSUM, "the options state", self.iso(*KIWI), "--", "rd.bootferry.checksum=" + "0" * 64)

    def test_a_name_cannot_break_a_line(self):
        iso = self.iso(*KIWI, name="a'\n}\nDEFAULT evil\n$(touch x).iso")
        self.export(iso)
        self.assertEqual(re.findall("^DEFAULT (.*)", (self.folder / "pxelinux.cfg/default").read_text(), re.MULTILINE),
                         ["a----DEFAULT-evil---touch-x-"])
        subprocess.run(["grub-script-check", self.folder / "grub/grub.cfg"], check=True)

    def test_names_in_the_iso_lead_nowhere(self):
        """xorriso writes no such names; the bytes are changed behind it."""
        iso = self.iso("live/vmlinuz", "live/initrd.img", "live/filesystem.squashfs", "live/sub/vmlinuz")
        iso.write_bytes(iso.read_bytes().replace(b"NM\x0c\x01\x00vmlinuz", b"NM\x0c\x01\x00../../x"))
        self.refused(exit_status.NOT_FOUND, "no kernel", iso)
        self.assertEqual(sorted(path.name for path in self.path.iterdir() if path.name.startswith("x")), [])
        self.iso(*KIWI)
        (self.tree / KIWI[0]).unlink()
        for target in ("/etc/passwd", "../../../../etc/passwd", "linux", "nowhere"):
            (self.tree / KIWI[0]).symlink_to(target)
            with self.subTest(target):
                self.assertEqual(self.run_export(self.make(self.tree)).returncode, exit_status.NOT_FOUND)
            (self.tree / KIWI[0]).unlink()

    def test_without_the_program(self):
        result = self.refused(exit_status.UNSUPPORTED, "libarchive", self.iso(*KIWI),
                              env=os.environ | {"BOOTFERRY_EXPORT": "/nonexistent/bootferry-export"})
        self.assertEqual(result.stdout, "")


class Interrupted(ExportTest):
    def test_killed_at_random(self):
        isos = [self.iso(*KIWI, name=f"{number}.iso", size=2 << 20) for number in range(3)]
        for turn in range(24):
            with self.subTest(turn):
                process = subprocess.Popen(self.command(isos[turn % 3], "--name=live"), stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(random.uniform(0, 0.3))
                process.send_signal(random.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
                process.wait()
                if (self.folder / "live").exists():
                    self.check_complete()
        self.export(isos[0], "--name=live")
        self.export(isos[1], "--name=live")
        self.export(isos[2], "--name=live")
        self.assertEqual(len(self.check_complete()), 1)
        self.assertEqual(len(self.versions()), 2)
        self.assertTrue(all(VERSION.fullmatch(name) for name in self.versions()))
        self.assertEqual([str(path) for path in self.folder.rglob(".*")], [])

    def test_a_signal_leaves_nothing(self):
        """It announces that it reads the ISO before it does; the signal is sent then."""
        iso = self.iso(*KIWI, size=24 << 20)
        for _ in range(20):
            process = subprocess.Popen(self.command(iso), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            line = process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            rest = process.communicate(timeout=600)[1]
            self.assertTrue(line.startswith("reading "), line)
            if process.returncode == exit_status.INTERRUPTED:
                self.assertIn("bootferryctl: interrupted: nothing was exported", rest)
                self.assertEqual(list(self.folder.iterdir()), [])
                return
            self.assertEqual(process.returncode, 0, rest)  # it was faster than the signal
            shutil.rmtree(self.folder)
            self.folder.mkdir()
        self.fail("twenty exports of 24 MiB were faster than a signal")

    def test_two_at_a_time(self):
        """One of them says so, or both succeed one after the other."""
        isos = [self.iso(*KIWI, name=f"{number}.iso", size=2 << 20) for number in range(2)]
        running = [subprocess.Popen(self.command(iso, "--name=live"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, text=True) for iso in isos]
        ended = [(process, process.communicate(timeout=600)[1]) for process in running]
        self.assertIn(0, [process.returncode for process, _ in ended])
        for process, text in ended:
            if process.returncode != 0:
                self.assertIn("another export is writing", text)
                self.assertEqual(process.returncode, exit_status.TARGET_REFUSED)
        self.check_complete()


if __name__ == "__main__":
    tap.main()
