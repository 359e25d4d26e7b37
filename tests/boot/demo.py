# SPDX-License-Identifier: LGPL-2.1-or-later
"""The second half of tests/demo: images, server, machine. Usage: demo.py BUILD CACHE

The link is slowed down, since loopback would have the ISO in memory before anyone saw it come.
"""

import contextlib
import os
import pathlib
import signal
import sys
import tempfile
import termios
import threading
import tty

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import images
import machine
import nginx

# Bytes per second for each connection, in nginx's form; so each client gets one connection.
_RATE = "4m"
_SLOW = {"extra": f"limit_rate {_RATE}; limit_conn clients 1;",
         "http": "limit_conn_zone $binary_remote_addr zone=clients:1m;"}
_END = b"\x1d"  # Ctrl-]


def say(text):
    print(f"== {text}", flush=True)


@contextlib.contextmanager
def raw_terminal(descriptor):
    saved = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, saved)


def echo(piece):
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def talk_to(guest):
    """Passes the keyboard on until Ctrl-], or until the machine is switched off."""
    def type_on():
        while True:
            keys = os.read(sys.stdin.fileno(), 1024)
            if not keys or _END in keys:
                guest.stop()
                return
            guest.send(keys.decode("utf-8", "surrogateescape"))

    with raw_terminal(sys.stdin.fileno()):
        threading.Thread(target=type_on, daemon=True).start()
        guest.wait(timeout=None)


def look_around(guest):
    """Logs in and shows what was booted, as a person would do it."""
    guest.expect(r"live login:", timeout=900)
    guest.send("root\n")
    for command in ("findmnt -t overlay,iso9660,squashfs,ext4 -o TARGET,FSTYPE,SOURCE", "cat /run/bootferry/result.json"):
        guest.expect(r"^root@live:~#")
        guest.send(f"{command}\n")
    guest.expect(r"^root@live:~#")


def main():
    store = images.Images(sys.argv[2], sys.argv[1])
    say("a live ISO: Debian with systemd, in the layout of KIWI's live images")
    iso = store.live_iso()
    print(f"   {iso.stat().st_size / 2**20:.0f} MiB: {iso}")
    say("an initrd: dracut --add bootferry, on a Debian tree with this build installed")
    initrd = store.initrd()
    print(f"   {initrd.stat().st_size / 2**20:.0f} MiB: {initrd}")
    with nginx.Nginx(iso.parent, **_SLOW) as server, tempfile.TemporaryDirectory() as work:
        cmdline = f"quiet root=live:http://{machine.HOST}:{server.port}/{iso.name}"
        say(f"nginx serves it, 4 MB/s; a machine boots over PXE with:")
        print(f"   {cmdline}")
        interactive = sys.stdin.isatty() and sys.stdout.isatty()
        if interactive:
            print("   (log in as root, no password; Ctrl-] ends the show)")
        with machine.Machine(store.kernel(), initrd, cmdline, work, echo=echo) as guest:
            if interactive:
                talk_to(guest)
            else:
                look_around(guest)
        print()
    say("done; nothing is left running")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds, which stops the machine
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (AssertionError, RuntimeError) as error:
        sys.exit(f"\ndemo: {error}")
