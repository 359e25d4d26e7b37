# SPDX-License-Identifier: LGPL-2.1-or-later
"""The generator as systemd runs it, and its units checked by systemd-analyze."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402

URL = "root=live:http://10.0.0.1/live.iso"
ROOTHASH = "0123456789abcdef" * 4
HAS_VERITY = os.environ["BOOTFERRY_HAS_VERITY"] == "1"


class GeneratorTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-generator-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def generate(self, line, settings="no-settings", booted_from=None, verity_table=None, root_path=None, keep_run=False):
        """booted_from: the URL in the firmware's variable, as efivarfs shows it; verity_table: /etc/veritytab; root_path:
        of the DHCP lease."""
        for name in ("normal", "early", "late", *([] if keep_run else ["run"])):
            shutil.rmtree(self.path / name, ignore_errors=True)
            (self.path / name).mkdir()
        if booted_from is not None:
            variable = self.path / "run" / "efivars" / "LoaderDeviceURL-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
            variable.parent.mkdir()
            variable.write_bytes(b"\x06\0\0\0" + (booted_from + "\0").encode("utf-16-le"))
        if verity_table is not None:
            (self.path / "run" / "veritytab").write_text(verity_table)
        if root_path is not None:
            (self.path / "run" / "root-path").write_text(root_path)
        (self.path / "cmdline").write_text(line + "\n")
        environment = dict(os.environ, BOOTFERRY_PROC_CMDLINE=str(self.path / "cmdline"),
                           BOOTFERRY_RUNTIME_DIRECTORY=str(self.path / "run"),
                           BOOTFERRY_SETTINGS=str(self.path / settings))
        result = subprocess.run([os.environ["BOOTFERRY_GENERATOR"], *(str(self.path / n) for n in
                                ("normal", "early", "late"))], env=environment, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return {file.name: file.read_text() for folder in ("normal", "early")
                for file in (self.path / folder).iterdir() if file.is_file()}

    def test_another_root_is_left_alone(self):
        self.assertEqual(self.generate("root=/dev/sda1 quiet"), {})

    def test_a_wrong_line_becomes_a_unit_that_fails_with_the_reason(self):
        for line, word in ((f"{URL} rd.bootferry.chekcsum=1", "rd.bootferry.chekcsum"),
                           (f"{URL} rd.bootferry.checksum=http://u:p@x/y", "rd.bootferry.checksum"),
                           ("root=live:nonsense", "live:http://SERVER/PATH"),
                           (f"{URL} ramdisk_size=\"1 %n $x\"", "ramdisk_size")):
            units = self.generate(line)
            self.assertIn("bootferryctl refuse ", units["bootferry-deploy.service"], line)
            self.assertIn(word, units["bootferry-deploy.service"], line)

    def test_an_image_on_the_server_that_the_machine_booted_from(self):
        line = "root=live:bootorigin:live.iso rd.bootferry.checksum=bootorigin:/SHA256SUMS"
        deploy = self.generate(line, booted_from="http://10.0.0.1/boot/uki.efi")["bootferry-deploy.service"]
        self.assertIn(" --checksum=http://10.0.0.1/SHA256SUMS ", deploy)
        self.assertIn(" http://10.0.0.1/boot/live.iso", deploy)
        self.assertIn("bootferryctl refuse ", self.generate(line)["bootferry-deploy.service"])
        self.assertIn("LoaderDeviceURL", self.generate(line)["bootferry-deploy.service"])
        self.assertEqual(self.generate("root=/dev/sda1 rd.bootferry.checksum=bootorigin:SHA256SUMS"), {})

    def test_an_image_that_the_dhcp_server_names(self):
        line = "root=dhcp rd.bootferry.checksum=http://10.0.0.1/SHA256SUMS"
        self.assertEqual(self.generate(line), {})  # before there is a lease
        units = self.generate(line, root_path="live:http://10.0.0.2/live.iso\n")
        self.assertIn(" --checksum=http://10.0.0.1/SHA256SUMS ", units["bootferry-deploy.service"])
        self.assertIn(" http://10.0.0.2/live.iso", units["bootferry-deploy.service"])
        self.assertEqual(self.generate(line, root_path="nfs:10.0.0.2:/srv/root\n"), {})
        self.assertIn("expected live: and the URL of an image",
                      self.generate(line, root_path="live:/dev/sda\n")["bootferry-deploy.service"])
        units = self.generate("root=live:http://10.0.0.1/a.iso", root_path="live:http://10.0.0.2/live.iso\n")
        self.assertNotIn("10.0.0.2", "".join(units.values()))

    def test_the_server_that_the_network_names_gets_no_login(self):
        login = " rd.kiwi.live.curl_options=-u,user:geheim"
        proxy = " rd.kiwi.live.curl_options=--proxy,http://p:3128"
        for line, given in (("root=dhcp", {"root_path": "live:http://10.0.0.2/live.iso\n"}),
                            ("root=live:bootorigin:live.iso", {"booted_from": "http://10.0.0.1/uki.efi"})):
            refused = self.generate(line + login, **given)["bootferry-deploy.service"]
            self.assertIn("curl:user on the kernel command line would be sent to whatever server", refused)
            self.assertNotIn("geheim", refused)
            self.assertFalse((self.path / "run/secret-options").exists())
            for netrc in ("netrc", "netrc-optional", "netrc-file=/etc/netrc"):
                refused = self.generate(f"{line} rd.bootferry.option=curl:{netrc}", **given)["bootferry-deploy.service"]
                self.assertIn("curl:netrc", refused)
                self.assertIn("on the kernel command line would be sent to whatever server", refused)
            self.assertIn(" http://10.0.0.", self.generate(line + proxy, **given)["bootferry-deploy.service"])
            self.assertTrue((self.path / "run/server-from-network").exists())
        self.generate(f"{URL}{login}")
        self.assertFalse((self.path / "run/server-from-network").exists())

    def test_an_initrd_that_demands_signatures(self):
        settings = self.path / "settings"
        settings.mkdir()
        (settings / "verify").write_text("required\n")
        signed = f"{URL} rd.bootferry.checksum=http://10.0.0.1/SHA256SUMS"
        for line in (URL, f"{URL} rd.bootferry.checksum={'a' * 64}", "root=live:LABEL=CDROM"):
            self.assertIn("only a signed image", self.generate(line, "settings")["bootferry-deploy.service"], line)
        self.assertIn(" --signature=auto --verify=required ", self.generate(signed, "settings")["bootferry-deploy.service"])
        self.assertNotIn("--verify", self.generate(signed)["bootferry-deploy.service"])
        self.assertIn("refuse", self.generate(f"{signed} rd.bootferry.verify=no", "settings")["bootferry-deploy.service"])
        self.assertEqual(self.generate("root=/dev/sda1", "settings"), {})
        (settings / "verify").write_text("")
        self.assertIn("does not contain the word required", self.generate(signed, "settings")["bootferry-deploy.service"])
        self.assertEqual(self.generate("root=/dev/sda1", "settings"), {})

    def test_secrets_are_in_files_only_root_reads(self):
        units = self.generate("root=live:ftp://user:geheim@10.0.0.1/live.iso")
        self.assertNotIn("geheim", "".join(units.values()))
        secret = self.path / "run" / "userinfo"
        self.assertEqual(secret.read_text(), "user:geheim\n")
        self.assertEqual(stat.S_IMODE(secret.stat().st_mode), 0o600)

    def test_curl_options_are_options_of_the_plugin(self):
        units = self.generate(f"{URL} rd.bootferry.option=curl:limit-rate=5m "
                              "rd.kiwi.live.curl_options=-sSf,--limit-rate,1m,-k,-u,user:geheim,--noproxy,a\\,b")
        deploy = units["bootferry-deploy.service"]
        command = next(line for line in deploy.splitlines() if line.startswith("ExecStart="))
        self.assertIn(" --option=curl:limit-rate=1m --option=curl:insecure --option=curl:noproxy=a,b "
                      "--option=curl:limit-rate=5m ", command)
        self.assertNotIn("geheim", "".join(units.values()))
        secret = self.path / "run" / "secret-options"
        self.assertIn(f"--options-file={secret}", command)
        self.assertEqual(secret.read_text(), "curl:user=user:geheim\n")
        self.assertEqual(stat.S_IMODE(secret.stat().st_mode), 0o600)

    def test_curl_options_that_cannot_be_honoured_are_named(self):
        for options, word in (("-X,PUT", "-X/--request is refused: the image is fetched with GET"),
                              ("--frob=geheim", "--frob is not an option of curl"),
                              ("-u,a:geheim,-m", "-m/--max-time needs a value"),
                              ("-k,geheim", "word 2 of 2")):
            units = self.generate(f"{URL} rd.kiwi.live.curl_options={options}")
            self.assertIn("bootferryctl refuse ", units["bootferry-deploy.service"], options)
            self.assertIn(word, units["bootferry-deploy.service"], options)
            self.assertNotIn("geheim", "".join(units.values()))
        units = self.generate("root=live:dolly://10.0.0.1/live.iso rd.kiwi.live.curl_options=-k")
        self.assertIn("and not to dolly", units["bootferry-deploy.service"])

    def test_outside_an_initrd_nothing_happens(self):
        environment = {k: v for k, v in os.environ.items() if k != "BOOTFERRY_PROC_CMDLINE"}
        if os.path.exists("/etc/initrd-release"):
            self.skipTest("this is an initrd")
        (self.path / "out").mkdir()
        subprocess.run([os.environ["BOOTFERRY_GENERATOR"]] + [str(self.path / "out")] * 3, env=environment, check=True)
        self.assertEqual(list((self.path / "out").iterdir()), [])

    @unittest.skipUnless(HAS_VERITY, "this build has no libcryptsetup")
    def test_a_table_of_kiwi_is_read_as_if_it_were_on_the_line(self):
        table = f"verityroot PLACEHOLDER PLACEHOLDER {ROOTHASH} hash-offset=8192,hash-block-size=4096\n"
        units = self.generate("root=live:CDLABEL=CDROM rd.kiwi.verity_options=panic-on-corruption", verity_table=table)
        self.assertIn(f"--roothash={ROOTHASH} --verity-offset=8192 --verity-options=panic-on-corruption ",
                      units["bootferry-live-root.service"])
        self.assertNotIn("--roothash", self.generate(URL)["bootferry-live-root.service"])
        other = self.generate(f"{URL} rd.bootferry.roothash={'0' * 64} rd.bootferry.verity=hash-offset:512",
                              verity_table=table)
        self.assertIn(f"--roothash={'0' * 64} ", other["bootferry-live-root.service"])
        self.assertIn("replaces the root hash of the initrd's /etc/veritytab", other["bootferry-deploy.service"])
        signed = self.generate("root=live:CDLABEL=CDROM rd.bootferry.verify=required rd.bootferry.roothash_signature=base64:MIIB",
                               verity_table=table)
        self.assertIn("--roothash-signature=base64:MIIB ", signed["bootferry-live-root.service"])
        for words in ("", "rd.bootferry.roothash_signature=base64:MIIB rd.live.overlay.persistent"):
            refused = self.generate(f"root=live:CDLABEL=CDROM rd.bootferry.verify=required {words}", verity_table=table)
            self.assertIn("needs a signed root hash", refused["bootferry-deploy.service"])
        refused = self.generate(URL, verity_table=table.replace(",", ",ignore-corruption,"))
        self.assertIn("/etc/veritytab: ignore-corruption", refused["bootferry-deploy.service"])

    def test_what_cannot_be_written_is_a_refusal(self):
        """A unit that fails with the reason, not half a boot."""
        for line, word in ((f"root=live:LABEL={'a' * 300}", "too long"), (f"root=live:/dev/{'a/' * 150}", "too long"),
                           (f"root=live:LABEL={'-' * 60}", "too long")):
            units = self.generate(line)
            self.assertIn("bootferryctl refuse ", units["bootferry-deploy.service"], line)
            self.assertIn(word, units["bootferry-deploy.service"], line)
            self.assertIn("sysroot.mount", units)
        (self.path / "run/userinfo").mkdir()
        secret = "root=live:http://u:geheim@10.0.0.1/live.iso"
        self.assertIn("could not be written", self.generate(secret, keep_run=True)["bootferry-deploy.service"])

    def test_systemd_finds_nothing_wrong(self):
        program = shutil.which("systemd-analyze")
        self.assertIsNotNone(program, "systemd-analyze is in the package systemd")
        verified = [f"{URL} rd.bootferry.roothash={ROOTHASH}"] if HAS_VERITY else []
        for line in (URL, "root=live:CDLABEL=CDROM", "root=live:nonsense", *verified,
                     f"{URL} rd.live.overlay.persistant rd.kiwi.live.$x%n",
                     f"{URL}?a=%41&b=$c;d rd.live.overlay.size=25% rootflags=noatime"):
            units = self.generate(line)
            # What the units start is not installed here; everything else is looked at as it stands.
            for folder in ("normal", "early"):
                for file in (self.path / folder).rglob("*.service"):
                    text = file.read_text().replace('/usr/bin/bootferryctl', '/bin/true')
                    file.write_text(re.sub(r'/usr/\S+/bootferry-live-root', '/bin/true', text))
            search = ":".join(str(self.path / folder) for folder in ("early", "normal")) + ":"
            for name in units:
                if name.endswith((".service", ".mount")):
                    result = subprocess.run([program, "verify", "--man=no", name],
                                            env=dict(os.environ, SYSTEMD_UNIT_PATH=search),
                                            capture_output=True, text=True)
                    ours = [text for text in result.stderr.splitlines() if "bootferry" in text or "sysroot" in text]
                    self.assertEqual(ours, [], line)
                    self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    tap.main()
