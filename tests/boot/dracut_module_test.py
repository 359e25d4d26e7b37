# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the dracut module puts into an initrd, and when it refuses to build one. No machine is booted."""

import pathlib
import shutil
import subprocess
import tempfile

import boot_case
import images
import tap

_RIVAL = """#!/bin/bash
check() { return 255; }
depends() { :; }
install() { inst_hook cmdline 30 "$moddir/parse-kiwi-live.sh"; }
"""
_RIVAL_FILES = {
    "usr/lib/dracut/modules.d/55kiwi-live/module-setup.sh": _RIVAL,
    "usr/lib/dracut/modules.d/55kiwi-live/parse-kiwi-live.sh": "#!/bin/sh\n",
}


def lay_out(folder, files):
    """Writes a tree to lay over the machine: path → text, or a path for a link to it; None takes the machine's own
    file away."""
    folder = pathlib.Path(folder)
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            subprocess.run(["mknod", target, "c", "0", "0"], check=True)  # overlayfs's mark for "removed"
        elif isinstance(text, pathlib.PurePath):
            target.symlink_to(text)
        else:
            target.write_text(text)
            target.chmod(0o755)
    return folder


class Listed(boot_case.BootCase):
    """With `paths`, all that is in the initrd."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        listing = cls.images.in_machine(["lsinitrd", "/mnt/initrd"], cls.initrd.parent)
        cls.paths = {line.split()[8] for line in listing.splitlines() if len(line.split()) > 8 and line[0] in "-ldc"}


class WithSplash(Listed):
    @classmethod
    def build_initrd(cls):
        return cls.images.splash_initrd()

    def test_the_program_and_its_unit(self):
        self.assertIn("usr/lib/bootferry/bootferry-plymouth", self.paths)
        self.assertIn("usr/lib/systemd/system/bootferry-plymouth.service", self.paths)

    def test_a_graphical_theme_can_show_text(self):
        names = {pathlib.PurePath(path).name for path in self.paths}
        self.assertLessEqual({"label.so", "libpangocairo-1.0.so.0", "libcairo.so.2", "fonts.conf"}, names)
        self.assertTrue(any(name.endswith((".ttf", ".otf")) for name in names))


class Contents(Listed):
    def test_no_splash_where_there_is_no_plymouth(self):
        self.assertFalse([path for path in self.paths if "plymouth" in path])

    def read(self, path):
        return self.images.in_machine(["lsinitrd", "-f", path, "/mnt/initrd"], self.initrd.parent)

    def test_kernel_modules(self):
        built_in = next(self.images.machine_tree().glob("usr/lib/modules/*/modules.builtin")).read_text().split()
        names = {pathlib.PurePath(path).name.split(".")[0] for path in [*self.paths, *built_in] if ".ko" in path}
        for module in ("brd", "nbd", "dm-mod", "loop", "isofs", "squashfs", "erofs", "overlay", "ext4", "xfs",
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

    def test_what_serves_a_root_path_of_dhcp(self):
        self.assertIn("usr/sbin/liveroot", self.paths)
        hooks = {pathlib.PurePath(path).name for path in self.paths if "/dracut/hooks/cmdline/" in path}
        self.assertIn("90-parse-root-path.sh", hooks)

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


class PluginsWithoutTheModeOfPrograms(Listed):
    """As Debian's packages have them: a library need not be executable."""

    @classmethod
    def build_initrd(cls):
        with tempfile.TemporaryDirectory(dir=cls.images.cache) as folder:
            for plugin in cls.images.installed().glob("usr/lib/*/bootferry/plugins/[!s]*.so"):
                target = pathlib.Path(folder, plugin.relative_to(cls.images.installed()))
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(plugin, target)
                target.chmod(0o644)
            return cls.images.initrd("initrd-plain-plugins", over=[folder])

    def test_their_libraries_are_there(self):
        self.assertTrue([path for path in self.paths if path.endswith("/libcurl.so.4")])


class Refusals(boot_case.BootCase):
    def dracut(self, *arguments, files):
        """Runs dracut, with our module and what that needs, on a machine with `files` laid over it; returns whether
        an initrd was built, and dracut's output."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            over = lay_out(pathlib.Path(folder, "over"), files)
            exchange = pathlib.Path(folder, "exchange")
            exchange.mkdir()
            version = self.kernel.name.removeprefix("vmlinuz-")
            log = self.work / "dracut.log"
            try:
                self.images.in_machine(
                    ["dracut", "--force", "--no-hostonly", "--no-compress", "--modules", "bootferry", *arguments,
                     "--kver", version, "/mnt/initrd"], exchange, over=[over, self.images.installed()], log=log)
                succeeded = True
            except images.BuildError:
                succeeded = False
            self.assertEqual((exchange / "initrd").exists(), succeeded)
            listing = ""
            if succeeded:
                listing = self.images.in_machine(["lsinitrd", "/mnt/initrd"], exchange)
            return succeeded, log.read_text(), listing

    def refusal(self, *arguments, files):
        succeeded, messages, _ = self.dracut(*arguments, files=files)
        self.assertFalse(succeeded, f"dracut was to refuse, but built an initrd:\n{messages}")
        return messages

    def test_missing_program(self):
        messages = self.refusal(files={"usr/lib/bootferry/bootferry-transfer": None})
        self.assertIn("/usr/lib/bootferry/bootferry-transfer", messages)
        self.assertIn("install bootferry completely", messages)

    def test_missing_certificates(self):
        messages = self.refusal(files={"etc/ssl/certs/ca-certificates.crt": None})
        self.assertIn("install the package ca-certificates", messages)

    def test_what_verifies_blocks_is_an_option(self):
        parts = ("libcryptsetup.so.12", "libdevmapper.so", "libjson-c.so", "/dm-verity.ko", "/dm-bufio.ko")
        for conf, expected in (("", []), ('bootferry_verity="yes"\n', list(parts))):
            succeeded, messages, listing = self.dracut(files={"etc/dracut.conf.d/verity.conf": conf})
            self.assertTrue(succeeded, messages)
            self.assertEqual([part for part in parts if part in listing], expected)

    def test_an_emergency_shell_for_everybody_is_an_option(self):
        script = ("initdir=/mnt/initrd; mkdir $initdir; . /usr/lib/dracut/modules.d/*bootferry/module-setup.sh; "
                  "for bootferry_emergency_shell in '' no yes perhaps; do "
                  "list_misnamed; install_emergency_shell; echo $(cat $initdir/etc/cmdline.d/* 2> /dev/null); done")
        with tempfile.TemporaryDirectory(dir=self.work) as exchange:
            printed = self.images.in_machine(["bash", "-c", script], exchange, over=[self.images.installed()]).splitlines()
        refused = printed.pop(3)
        self.assertIn('bootferry_emergency_shell="perhaps"', refused)
        self.assertEqual(printed, ["", "", "SYSTEMD_SULOGIN_FORCE=1", "SYSTEMD_SULOGIN_FORCE=1"])

    def test_keys_that_sign_images(self):
        # The module's own functions, with others in place of dracut's.
        script = ("initdir=/mnt/initrd; mkdir -p $initdir; . /usr/lib/dracut/modules.d/*bootferry/module-setup.sh; "
                  "inst_multiple() { echo \"program $*\"; }; inst_simple() { echo \"$*\"; }; "
                  "mkdir -p /etc/bootferry/keys; "
                  "list_missing_keys; install_keys; "
                  "bootferry_verify=required; list_missing_keys; "
                  "printf '\\306\\001k' | tee /etc/b.asc > /etc/bootferry/keys/a.gpg; bootferry_keys=/etc/b.asc; "
                  "list_missing_keys; install_keys; cat $initdir/etc/bootferry/verify; "
                  "bootferry_keys='/etc/nobody.asc /etc/passwd'; bootferry_verify=no; list_missing_keys; "
                  "echo '-----BEGIN PRIVATE KEY-----' > /etc/bootferry/keys/c.pem; list_missing_keys")
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            over = lay_out(pathlib.Path(folder, "over"), {"usr/bin/gpgv": "#!/bin/sh\n"})
            exchange = pathlib.Path(folder, "exchange")
            exchange.mkdir()
            printed = self.images.in_machine(["bash", "-c", script], exchange,
                                             over=[over, self.images.installed()]).splitlines()
        self.assertIn("no key is trusted", printed.pop(0))
        self.assertEqual(printed[:4], ["program /usr/bin/gpgv", "/etc/bootferry/keys/a.gpg /etc/bootferry/keys/a.gpg",
                                       "/etc/b.asc /etc/bootferry/keys/b.asc", "required"])
        for words in ("/etc/nobody.asc is missing", "/etc/passwd is not named", 'verify="no"',
                      "c.pem holds a private key"):
            self.assertIn(words, "\n".join(printed[4:]))

    def test_certificates_lie_elsewhere_on_other_distributions(self):
        debian, link = "etc/ssl/certs/ca-certificates.crt", pathlib.PurePath
        fedora, suse = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "var/lib/ca-certificates/ca-bundle.pem"
        arch = "etc/ca-certificates/extracted/tls-ca-bundle.pem"
        layouts = {
            "Debian": {debian: "trust"},
            "Fedora": {debian: None, fedora: "trust", "etc/pki/tls/certs/ca-bundle.crt": link(f"/{fedora}")},
            "SUSE": {debian: None, suse: "trust", "etc/ssl/ca-bundle.pem": link(f"../../{suse}")},
            "Arch": {debian: link("../../ca-certificates/extracted/tls-ca-bundle.pem"), arch: "trust"},
        }
        # The module's own functions, with dracut's to install a file: all of dracut takes minutes.
        script = ("set -e; dracutbasedir=/usr/lib/dracut initdir=/mnt/initrd; export dracutbasedir initdir; "
                  "mkdir $initdir; cd $dracutbasedir; set +eu; . ./dracut-init.sh; "
                  ". ./modules.d/*bootferry/module-setup.sh; list_missing_certificates; install_certificates; "
                  "cat $initdir/etc/ssl/certs/ca-certificates.crt $initdir/etc/pki/tls/certs/ca-bundle.crt "
                  "$initdir/etc/ssl/ca-bundle.pem 2> /dev/null; exit 0")
        for name, files in layouts.items():
            with self.subTest(name=name), tempfile.TemporaryDirectory(dir=self.work) as folder:
                over = lay_out(pathlib.Path(folder, "over"), files)
                exchange = pathlib.Path(folder, "exchange")
                exchange.mkdir()
                messages = self.images.in_machine(["bash", "-c", script], exchange, over=[over, self.images.installed()])
                self.assertEqual(messages, "trust")

    def test_missing_kernel_module(self):
        version = self.kernel.name.removeprefix("vmlinuz-")
        modules = f"usr/lib/modules/{version}"
        index = (self.images.machine_tree() / modules / "modules.dep").read_text()
        without = "\n".join(line for line in index.splitlines() if "squashfs" not in line) + "\n"
        messages = self.refusal(files={
            f"{modules}/kernel/fs/squashfs": None, f"{modules}/modules.dep": without,
            f"{modules}/modules.dep.bin": None, f"{modules}/modules.alias.bin": None})
        self.assertIn("kernel module squashfs", messages)

    def test_what_verifies_blocks_is_demanded(self):
        script = ("libdirs='/usr/lib/x86_64-linux-gnu /mnt'; . /usr/lib/dracut/modules.d/*bootferry/module-setup.sh; "
                  "no_kernel=yes; echo \"in $(cryptsetup_library)\"; bootferry_verity=perhaps; bootferry_encryption=perhaps; "
                  "list_misnamed; "
                  "bootferry_verity=yes; libdirs=/mnt; list_missing | grep cryptsetup")
        with tempfile.TemporaryDirectory(dir=self.work) as exchange:
            printed = self.images.in_machine(["bash", "-c", script], exchange, over=[self.images.installed()]).splitlines()
        self.assertEqual(printed[0], "in /usr/lib/x86_64-linux-gnu/libcryptsetup.so.12")
        self.assertIn('bootferry_verity="perhaps"', printed[1])
        self.assertIn('bootferry_encryption="perhaps"', printed[2])
        self.assertIn("install its package", printed[3])

    def test_plugins_and_file_systems_that_there_are_not(self):
        messages = self.refusal(files={"etc/dracut.conf.d/few.conf":
                                   'bootferry_plugins="curl gopher"\nbootferry_filesystems="ext4 zfs"\n'})
        self.assertIn("plugin gopher: dracut.conf has", messages)
        self.assertIn("file system zfs: dracut.conf has", messages)
        self.assertNotIn("plugin curl", messages)

    def test_optional_parts_stay_out(self):
        succeeded, messages, listing = self.dracut(files={
            "etc/dracut.conf.d/few.conf": 'bootferry_plugins="curl"\nbootferry_filesystems="ext4"\n'})
        self.assertTrue(succeeded, messages)
        for there in ("plugins/curl.so", "plugins/scheme-https.so", "sbin/mkfs.ext4", "sbin/e2fsck"):
            self.assertIn(there, listing)
        for absent in ("plugins/sftp.so", "plugins/scheme-dolly.so", "sbin/mkfs.xfs", "sbin/mkfs.btrfs", "libcryptsetup.so",
                       "dm-verity.ko"):
            self.assertNotIn(absent, listing)

    def test_another_module_that_serves_root_live(self):
        messages = self.refusal("--add", "kiwi-live", files=_RIVAL_FILES)
        self.assertIn("'kiwi-live' both serve root=live:", messages)
        self.assertIn('omit_dracutmodules+=" kiwi-live "', messages)
        self.assertIn('bootferry_overrides+=" kiwi-live "', messages)

    def test_another_module_that_is_omitted(self):
        succeeded, messages, listing = self.dracut("--add", "kiwi-live", files={
            **_RIVAL_FILES, "etc/dracut.conf.d/yield.conf": 'bootferry_overrides+=" kiwi-live "\n'})
        self.assertTrue(succeeded, messages)
        self.assertRegex(listing, r"etc/systemd/system-generators/dracut-kiwi-generator -> \S*dev/null")
        self.assertIn("etc/bootferry-overrides", listing)


class CmdlineHook(boot_case.BootCase):
    """parse-bootferry.sh, sourced as dracut sources it, on a machine without any other hook."""

    _HARNESS = r"""
        printf '%s' "$1" > /tmp/line
        getarg() {
            set -- "$1" $(cat /tmp/line)
            wanted=$1; shift
            for word; do case "$word" in "$wanted"*) echo "${word#"$wanted"}"; return 0;; esac; done
            return 1
        }
        getargbool() { case " $(cat /tmp/line) " in *" $2 "* | *" $2=1 "*) return 0;; esac; return "$((1 - $1))"; }
        hookdir=/tmp/hooks
        mkdir -p $hookdir/cmdline $hookdir/pre-udev /etc/cmdline.d
        touch $hookdir/cmdline/30-parse-kiwi-live.sh $hookdir/cmdline/30-parse-other.sh
        touch $hookdir/pre-udev/30-kiwi-live-genrules.sh $hookdir/pre-udev/60-kiwi-live-net-genrules.sh
        . /usr/lib/dracut/modules.d/90bootferry/parse-bootferry.sh
        echo "rootok=$rootok"
        cat /etc/cmdline.d/20-bootferry.conf /etc/systemd/network/zzzz-bootferry.network 2> /dev/null
        cd $hookdir && find . -type f
    """

    def run_hook(self, line, files=()):
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            over = lay_out(pathlib.Path(folder, "over"), {"etc/hooked": "", **dict(files)})
            exchange = pathlib.Path(folder, "exchange")
            exchange.mkdir()
            messages = self.images.in_machine(["sh", "-c", self._HARNESS, "sh", line], exchange,
                                          over=[over, self.images.installed()])
        return messages.splitlines()

    def test_an_image_from_the_network(self):
        lines = self.run_hook("quiet root=live:http://10.0.2.2/live.iso")
        for line in ("rootok=1", "rd.neednet=1", "DHCP=yes", "Type=ether"):
            self.assertIn(line, lines)

    def test_ip_on_the_line_is_left_alone(self):
        lines = self.run_hook("ip=dhcp root=live:http://10.0.2.2/live.iso")
        self.assertIn("rd.neednet=1", lines)
        self.assertNotIn("DHCP=yes", lines)

    def test_the_boot_interface_of_pxelinux(self):
        lines = self.run_hook("BOOTIF=01-52-54-00-12-34-56 root=live:http://10.0.2.2/live.iso")
        self.assertIn("MACAddress=52-54-00-12-34-56", lines)
        self.assertNotIn("Type=ether", lines)

    def test_a_local_medium_needs_no_network(self):
        for place in ("CDLABEL=CDROM", "LABEL=x", "UUID=1234", "/dev/sr0"):
            with self.subTest(place=place):
                lines = self.run_hook(f"root=live:{place}")
                self.assertIn("rootok=1", lines)
                self.assertNotIn("rd.neednet=1", lines)

    def test_the_other_spellings_of_a_live_root(self):
        for line, is_remote in (("root='live:http://10.0.2.2/live.iso'", True), ('root="live:CDLABEL=A"', False),
                                ("root=http://10.0.2.2/live.iso", True), ("root='https://10.0.2.2/live.iso'", True),
                                ("root=LABEL=A rd.live.image", False),
                                ("root=LABEL=A liveimg", False), ("rd.live.image=1 root=ftp://10.0.2.2/a", True)):
            with self.subTest(line=line):
                lines = self.run_hook(line)
                self.assertIn("rootok=1", lines)
                self.assertEqual("rd.neednet=1" in lines, is_remote)

    def test_a_root_that_the_dhcp_server_names(self):
        lines = self.run_hook("root=dhcp")
        self.assertIn("rootok=", lines)  # dracut's to judge
        self.assertIn("RequestOptions=17", lines)
        self.assertNotIn("RequestOptions=17", self.run_hook("root=live:http://10.0.2.2/live.iso"))
        self.assertNotIn("DHCP=yes", self.run_hook("root=dhcp ip=dhcp"))

    def test_other_roots_are_not_ours(self):
        for line in ("root=/dev/sda1", "root=nfs:10.0.2.2:/a rd.live.image", "root=LABEL=A rd.live.image=0"):
            with self.subTest(line=line):
                lines = self.run_hook(line)
                self.assertIn("rootok=", lines)
                self.assertNotIn("rd.neednet=1", lines)

    def test_the_hooks_of_a_module_that_yields_are_taken_out(self):
        kept = {"./cmdline/30-parse-other.sh", "./pre-udev/60-kiwi-live-net-genrules.sh"}
        gone = {"./cmdline/30-parse-kiwi-live.sh", "./pre-udev/30-kiwi-live-genrules.sh"}
        line = "root=live:http://10.0.2.2/live.iso"
        self.assertLessEqual(kept | gone, set(self.run_hook(line)))
        lines = set(self.run_hook(line, {"etc/bootferry-overrides": "kiwi-live\n"}))
        self.assertLessEqual(kept, lines)
        self.assertFalse(gone & lines)


class RootPath(boot_case.BootCase):
    """root=dhcp, as dracut's netroot and its queue handle it, once there is a lease. systemctl only writes down its
    arguments."""

    _HARNESS = r"""
        export hookdir=/lib/dracut/hooks root=dhcp netroot=dhcp NEWROOT=/sysroot
        mkdir -p $hookdir/cmdline $hookdir/initqueue/finished /run/systemd/netif/leases /etc/cmdline.d
        echo root=dhcp > /etc/cmdline.d/test.conf
        echo "NAME=dracut" > /etc/initrd-release
        cp /usr/lib/dracut/modules.d/99base/*-lib.sh /usr/lib/dracut/modules.d/40network/net-lib.sh /usr/lib/
        cp /usr/lib/dracut/dracut-util /usr/bin/dracut-getarg; cp /usr/lib/dracut/dracut-util /usr/bin/dracut-getargs
        cp /usr/lib/dracut/modules.d/40network/netroot.sh /sbin/netroot
        cp /usr/lib/dracut/modules.d/90bootferry/liveroot.sh /sbin/liveroot
        cp /usr/lib/dracut/modules.d/90bootferry/parse-root-path.sh $hookdir/cmdline/90-parse-root-path.sh
        touch $hookdir/initqueue/finished/dhcp.sh
        rm -f /bin/systemctl
        printf '#!/bin/sh\necho "systemctl $*"\n' > /bin/systemctl
        chmod +x /bin/systemctl
        eval "$1"
        cat /run/bootferry/root-path
        ls $hookdir/initqueue/finished
    """

    def run_machine(self, script):
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            over = lay_out(pathlib.Path(folder, "over"), {"etc/hooked": ""})
            exchange = pathlib.Path(folder, "exchange")
            exchange.mkdir()
            return self.images.in_machine(["sh", "-c", self._HARNESS + "\ntrue", "sh", script], exchange,
                                          over=[over, self.images.installed()]).splitlines()

    def assert_served(self, lines):
        self.assertEqual([line for line in lines if line.startswith("systemctl")],
                         ["systemctl daemon-reload", "systemctl --no-block start sysroot.mount"])
        self.assertIn("live:http://10.0.2.2/live.iso?a=b&c", lines)
        self.assertNotIn("dhcp.sh", lines)

    def test_netroot_hands_it_to_the_generator(self):
        self.assert_served(self.run_machine(r"""
            echo "new_root_path='live:http://10.0.2.2/live.iso?a=b&c'" > /tmp/dhclient.lan0.dhcpopts
            /sbin/netroot lan0; /sbin/netroot lan0"""))

    def test_a_lease_of_networkd(self):
        queue = "command -v getarg > /dev/null || . /usr/lib/dracut-lib.sh; . /usr/lib/dracut/modules.d/90bootferry/bootferry-lease.sh"
        self.assert_served(self.run_machine(f"""
            printf 'ADDRESS=10.0.2.15\nROOT_PATH=live:http://10.0.2.2/live.iso?a=b&c\n' > /run/systemd/netif/leases/2
            ({queue}); ({queue})"""))
        lines = self.run_machine(f"""
            printf 'ADDRESS=10.0.2.15\nROOT_PATH=nfs:10.0.2.2:/srv\n' > /run/systemd/netif/leases/2
            ({queue}) 2>&1""")
        self.assertIn("dhcp.sh", lines)
        self.assertFalse([line for line in lines if line.startswith("systemctl")])

    def test_one_that_nothing_verifies_is_refused_where_that_is_demanded(self):
        """Run as netroot runs the hook; die() is replaced by a report."""
        hook = """
            . /usr/lib/dracut-lib.sh
            die() { echo "died: $*"; exit 1; }
            for path in nfs:10.0.2.2:/srv nbd:10.0.2.2:root iscsi:10.0.2.2::::iqn live:http://h/live.iso dhcp dhcp6 ''; do
                (netroot=$path; . $hookdir/cmdline/90-parse-root-path.sh; echo "passed: $path")
            done"""
        others = {"nfs:10.0.2.2:/srv", "nbd:10.0.2.2:root", "iscsi:10.0.2.2::::iqn"}
        line = "echo root=dhcp {} > /etc/cmdline.d/test.conf"
        for demand in (line.format("rd.bootferry.verify=required"), line.format("rd.bootferry.roothash=00"),
                       line.format("rd.bootferry.checksum=http://h/SHA256SUMS"),
                       "mkdir -p /etc/bootferry; echo required > /etc/bootferry/verify",
                       "echo 'verityroot PLACEHOLDER PLACEHOLDER 00' > /etc/veritytab", None,
                       line.format("quiet").replace("root=dhcp", "root=nfs:h:/srv rd.bootferry.verify=required")):
            with self.subTest(demand=demand):
                lines = self.run_machine((demand or "") + hook)
                passed = {line[8:] for line in lines if line.startswith("passed: ")}
                died = "\n".join(line for line in lines if line.startswith("died: "))
                self.assertLessEqual({"live:http://h/live.iso", "dhcp", "dhcp6", ""}, passed)
                if demand is None or "nfs:h" in demand:
                    self.assertLessEqual(others, passed)
                    continue
                self.assertFalse(passed & others)
                self.assertIn("(option 17) is 'nfs:10.0.2.2:/srv', which nothing would verify", died)
                self.assertEqual(died.count("died: "), 3)


if __name__ == "__main__":
    tap.main()
