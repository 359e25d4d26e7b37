# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virtual machine under QEMU, seen through its serial console as an administrator sees it.

Tests never sleep: they wait for a line on the console, with a bound that is generous because QEMU
may run without KVM on a busy machine. The console's output is kept in a file. What the booted
system reports (live/report) comes by a serial port of its own: the console is the kernel's and systemd's as
well, whose lines begin in the middle of another's.

The machine boots as a real one does, over PXE: QEMU's own DHCP and TFTP hand out pxelinux, kernel
and initrd. Where the way to the kernel is not what is tested, `pxe=False` loads it directly. Without a
kernel it boots from its disk. `tftp` is a folder that has everything but pxelinux, the entries as well.
"""

import contextlib
import json
import os
import pathlib
import re
import socket
import threading

import images
import processes
import serial_port

# What the guest sees of the host's loopback in QEMU's user network.
HOST = "10.0.2.2"
HOST_V6 = "fec0::2"

# The prompt of sulogin (util-linux 2.41 has one word more), which dracut's emergency shell begins with.
EMERGENCY_PROMPT = r"(Press Enter|Give root password) for (system )?maintenance"

_PXELINUX = ("/usr/lib/PXELINUX/pxelinux.0", "/usr/lib/syslinux/modules/bios/ldlinux.c32")


class Machine:
    """Context manager. `log` is where the console is kept; `work` a scratch folder of this machine."""

    def __init__(self, kernel, initrd, cmdline, work, *, memory=768, processors=1, pxe=True, tftp=None, network="",
                 nic="virtio-net-pci", extra=(), resolver=None, echo=None):
        self._kernel, self._initrd = kernel and pathlib.Path(kernel), initrd and pathlib.Path(initrd)
        self._cmdline = f"console=ttyS0 {images.EMULATED} {cmdline}"
        self._work = pathlib.Path(work)
        self._memory, self._processors, self._pxe, self._network, self._nic = memory, processors, pxe, network, nic
        self._extra, self._resolver, self._echo, self._tftp = list(extra), resolver, echo, tftp
        self.log = self._work / "console.log"
        self._process = self._console = self._report = self._report_socket = self._monitor = None
        self._greeted = False

    def _command(self, monitor, report):
        network = f"user,id=net0{self._network}"
        # KVM only on request: in a machine that is itself virtual, the firmware may not run on it. All emulated
        # processors share one thread: with thread=multi, QEMU 7.2 lets a machine with two idle processors stand still
        # for minutes now and then. A second processor there costs work and saves no time.
        accelerator = "kvm" if os.environ.get("BOOTFERRY_TEST_KVM") == "1" else "tcg,thread=single"
        command = ["qemu-system-x86_64", "-accel", accelerator,
                   "-smp", str(self._processors), "-m", str(self._memory), "-display", "none", "-no-reboot",
                   "-nodefaults", "-serial", "stdio", "-device", "virtio-rng-pci",
                   "-chardev", f"socket,id=report,fd={report}", "-serial", "chardev:report",
                   "-chardev", f"socket,id=qmp,fd={monitor}", "-mon", "chardev=qmp,mode=control"]
        if self._kernel is None:
            command += ["-boot", "c"]
        elif self._pxe:
            tftp = self._tftp or self._work / "tftp"
            (tftp / "pxelinux.cfg").mkdir(parents=True, exist_ok=True)
            for source in _PXELINUX if self._tftp else (*_PXELINUX, self._kernel, self._initrd):
                link = tftp / {str(self._kernel): "linux", str(self._initrd): "initrd"}.get(
                    str(source), pathlib.Path(source).name)
                link.unlink(missing_ok=True)
                link.symlink_to(pathlib.Path(source).resolve())
            if not self._tftp:
                (tftp / "pxelinux.cfg" / "default").write_text(
                    "DEFAULT live\nSERIAL 0 115200\nLABEL live\n  KERNEL linux\n"
                    f"  APPEND initrd=initrd {self._cmdline}\n")
            network += f",tftp={str(tftp).replace(',', ',,')},bootfile=pxelinux.0"
            command += ["-boot", "n"]
        else:
            command += ["-kernel", str(self._kernel), "-initrd", str(self._initrd), "-append", self._cmdline]
        command += ["-netdev", network, "-device", f"{self._nic},netdev=net0", *self._extra]
        if self._resolver:
            # QEMU's DNS proxy asks the resolver of /etc/resolv.conf, always on port 53. A mount
            # namespace of its own gives this QEMU another file, and the machine none of it.
            conf = self._work / "resolv.conf"
            conf.write_text(f"nameserver {self._resolver}\n")
            command = ["unshare", "--mount", "--", "sh", "-c",
                       'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"', str(conf), *command]
        return command

    def start(self):
        self._work.mkdir(parents=True, exist_ok=True)
        monitor, qemus_monitor = socket.socketpair()
        self._report_socket, qemus_report = socket.socketpair()
        with monitor, qemus_monitor, qemus_report:
            theirs = [qemus_monitor.fileno(), qemus_report.fileno()]
            self._process = processes.start(
                self._command(*theirs), pass_fds=theirs, stdin=processes.subprocess.PIPE,
                stdout=processes.subprocess.PIPE, stderr=processes.subprocess.STDOUT)
            self._monitor = monitor.makefile("rw")
        changed = threading.Condition()
        self._console = serial_port.SerialPort(self._process.stdout.fileno(), self.log, changed, self._echo)
        self._report = serial_port.SerialPort(self._report_socket.fileno(), self._work / "report.log", changed)
        return self

    def stop(self):
        if self._process is not None:
            processes.stop(self._process)
            self._console.join()
            self._report.join()
            self._monitor.close()
            self._report_socket.close()
            self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def text(self):
        """The console's output so far, without escape sequences."""
        return self._console.text

    def expect(self, pattern, timeout=300):
        """Waits for `pattern` on the console, behind what the last expect() matched; returns the match."""
        with self._explained():
            return self._console.expect(pattern, timeout)

    def reported(self, last, timeout=600):
        """Waits for the end of the line `last: …` of the booted system's report; returns all of it. A machine that ends in
        the emergency shell will not report any more."""
        with self._explained():
            self._report.expect(rf"^{last}: [^\n]*\n", timeout, in_vain=lambda: "it needs maintenance" if re.search(
                EMERGENCY_PROMPT, self._console.text) else None)
        return self._report.text

    @contextlib.contextmanager
    def _explained(self):
        try:
            yield
        except serial_port.ConsoleError as error:
            raise serial_port.ConsoleError(f"{error}. The console ended so:\n{self._console.tail()}") from None

    def wait(self, timeout=120):
        """Waits until the machine has switched itself off (or rebooted, which is the same here)."""
        if not self._console.wait_for_end(timeout):
            raise serial_port.ConsoleError(f"the machine still runs after {timeout} s; see {self.log}")

    def send(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def qmp(self, command, **arguments):
        """One command to QEMU's monitor: set_link unplugs the cable, screendump takes a picture."""
        if not self._greeted:
            json.loads(self._monitor.readline())
            self._greeted = True
            self._ask({"execute": "qmp_capabilities"})
        return self._ask({"execute": command, "arguments": arguments})

    def _ask(self, request):
        self._monitor.write(json.dumps(request) + "\n")
        self._monitor.flush()
        while True:
            answer = json.loads(self._monitor.readline())
            if "error" in answer:
                raise RuntimeError(f"QEMU refuses {request['execute']}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
