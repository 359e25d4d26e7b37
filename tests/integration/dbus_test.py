# SPDX-License-Identifier: LGPL-2.1-or-later
"""org.bootferry1 as clients see it: documented as it is, the same at both doors, and harmed by none of them.

The doors are the private socket, a real dbus-daemon and a real dbus-broker; the clients busctl, and sockets
that behave as no client should.
"""

import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import message_bus  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from fault_server import FaultServer  # noqa: E402
from raw_dbus import METHOD_RETURN, RawClient  # noqa: E402
from service_case import MANAGER, NOBODY, ServiceTest, needs_root  # noqa: E402

DOCS = pathlib.Path(os.environ["BOOTFERRY_DOCS"])
INTERFACES = pathlib.Path(os.environ["BOOTFERRY_INTERFACES"])
TRANSFER = ("org.bootferry1", "/org/bootferry1/transfer/_1", "org.bootferry1.Transfer")
EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"
METHOD_RETURN = 2  # D-Bus specification, "Message Format"
NOWHERE = "http://127.0.0.1:1/live"  # refused at once, and tried for ever


def interface_of(text, name):
    return next(i for i in ElementTree.fromstring(text).iter("interface") if i.get("name") == name)


def described(element):
    """An introspected interface as comparable values; the order of things does not matter."""
    return sorted((child.tag, child.get("name"), child.get("type"), child.get("access"),
                   tuple((arg.get("name"), arg.get("type"), arg.get("direction")) for arg in child.iter("arg")),
                   tuple((note.get("name"), note.get("value")) for note in child.iter("annotation")))
                  for child in element)


def listing(element):
    """The interface as manual pages in the manner of systemd's show it."""
    def arguments(member):
        return ", ".join(" ".join(filter(None, (arg.get("direction"), arg.get("type"), arg.get("name"))))
                         for arg in member.iter("arg"))
    lines = []
    for heading, tag in (("methods", "method"), ("signals", "signal")):
        members = element.findall(tag)
        if members:
            lines += [f"{heading}:"] + [f"{member.get('name')}({arguments(member)});" for member in members]
    lines.append("properties:")
    for prop in element.findall("property"):
        lines += [f'@{note.get("name")}("{note.get("value")}")' for note in prop.findall("annotation")]
        lines.append(f"readonly {prop.get('type')} {prop.get('name')};")
    return lines


class Documentation(ServiceTest):
    PATHS = {"org.bootferry1.Manager": "/org/bootferry1", "org.bootferry1.Transfer": "/org/bootferry1/transfer/_1"}

    def setUp(self):
        super().setUp()
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        self.live = {name: interface_of(daemon.busctl("introspect", "--xml-interface", "org.bootferry1", path).stdout, name)
                     for name, path in self.PATHS.items()}
        self.page = (DOCS / "org.bootferry1.5").read_text()

    def test_the_installed_interfaces_are_those_of_the_service(self):
        for name, live in self.live.items():
            with self.subTest(interface=name):
                installed = interface_of((INTERFACES / f"{name}.xml").read_text(), name)
                self.assertEqual(described(installed), described(live))

    def test_the_page_lists_the_interfaces(self):
        for name, live in self.live.items():
            with self.subTest(interface=name):
                text = re.search(rf"  interface {re.escape(name)} {{\n(.*?)\n  }};", self.page, re.DOTALL)[1]
                lines = re.sub(r",\n +", ", ", text).splitlines()  # a method with many arguments has several lines
                self.assertEqual([line.strip() for line in lines], listing(live))

    def test_the_page_describes_each_member(self):
        items = {word for line in self.page.splitlines() if line.startswith((".It Fn", ".It Li"))
                 for word in re.findall(r"\w+", line)}
        for live in self.live.values():
            for member in live:
                self.assertIn(member.get("name"), items)

    def test_the_annotations_are_true(self):
        """Constant properties have the same value at the end, and each change was signalled."""
        for prop in self.live["org.bootferry1.Transfer"].findall("property"):
            notes = {note.get("name"): note.get("value") for note in prop.findall("annotation")}
            fixed = prop.get("name") in ("Id", "Url", "Target", "ChecksumRequested", "StartedUSec")
            self.assertEqual(notes.get(EMITS, "true"), "const" if fixed else "true", prop.get("name"))


class StartTransfer(ServiceTest):
    WRONG = {
        "user": ("u", "1"), "password": ("u", "1"), "mirrors": ("s", "x"), "checksum": ("s", "md5:00"),
        "plugin-options": ("s", "x"), "ramdisk-size": ("t", "0"), "stall-timeout-usec": ("t", "0"),
        "timeout-usec": ("t", "0"), "connections": ("u", "17"), "reset": ("s", "yes"), "require-live-image": ("u", "1"),
        "signature": ("s", "none"), "verify": ("s", "optional"), "on-demand": ("s", "yes"),
    }

    def start(self, daemon, *options, url=None, target="/dev/ram0"):
        return daemon.busctl("call", *MANAGER, "StartTransfer", "ssa{sv}", url or self.url(), target,
                             str(len(options)), *(word for option in options for word in option))

    def assert_names(self, result, *words):
        self.assertEqual(result.returncode, 1)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_timeouts_near_the_ends_of_numbers_are_for_ever(self):
        daemon = self.daemon()
        for usec in (2**53, 2**54 + 2**53, 2**55, 2**63, 2**64 - 1):
            with self.subTest(usec=usec):
                result = self.start(daemon, ("stall-timeout-usec", "t", str(usec)), ("timeout-usec", "t", str(usec)))
                self.assertEqual(result.returncode, 0, result.stderr)
                path = result.stdout.split()[-1].strip('"')
                processes.wait_for(daemon.process, lambda: daemon.busctl(
                    "get-property", "org.bootferry1", path, "org.bootferry1.Transfer", "State").stdout.strip()
                    in ('s "done"', 's "failed"'))
                for name, value in (("State", 's "done"'), ("Attempt", "u 1")):
                    self.assertEqual(daemon.busctl("get-property", "org.bootferry1", path, "org.bootferry1.Transfer",
                                                   name).stdout.strip(), value)

    def test_a_wrong_option_is_named(self):
        daemon = self.daemon()
        for name, (kind, value) in self.WRONG.items():
            with self.subTest(option=name):
                self.assert_names(self.start(daemon, (name, kind, value)), name)
        self.assert_names(self.start(daemon, ("checksumm", "s", "sha256:00")), "no option 'checksumm'")
        self.assert_names(self.start(daemon, ("checksum", "u", "3")), "'checksum' has type 's', not 'u'")
        self.assert_names(self.start(daemon, ("reset", "b", "0"), ("reset", "b", "1")), "'reset' is given twice")
        self.assert_names(self.start(daemon, ("mirrors", "as", "1", "not a URL")), "mirrors", "not a URL")
        self.assert_names(self.start(daemon, url="not a URL"), "not a URL")
        for name in ("user", "password"):
            self.assert_names(self.start(daemon, (name, "s", "x"), url="tftp://127.0.0.1/x"), "tftp has no login")
        self.assert_names(self.start(daemon, target="ram0"), "ram0")
        self.assertEqual(daemon.busctl("call", *MANAGER, "ListTransfers").stdout.strip(), "a(uosssd) 0")

    def test_the_page_names_the_options_there_are(self):
        page = (DOCS / "org.bootferry1.5").read_text()
        options = dict(re.findall(r"Li ([a-z-]+) No \((.*?)\)(?: ,|\n)", page))
        daemon = self.daemon()
        self.assertEqual(set(options), set(self.WRONG))
        for name, kind in options.items():
            other = "u" if kind != "u" else "s"
            self.assert_names(self.start(daemon, (name, other, "1")), f"'{name}' has type '{kind}'")

    def test_errors_have_names(self):
        daemon = self.daemon()
        with RawClient(daemon.folder / "private") as client:
            client.call("org.bootferry1", "/org/bootferry1", "org.bootferry1.Manager", "CancelTransfer",
                        signature="u", body=b"\7\0\0\0")
            client.message()  # the answer to Hello
            kind, header, _, _ = client.message()
        self.assertEqual(kind, 3)
        self.assertIn(b"org.bootferry1.Error.NotFound\0", header)


class Doors(ServiceTest):
    """The same test on each connection."""

    def try_door(self, daemon, address, wait):
        wait()
        def bus(*words, prefix=()):
            return daemon.busctl(*words, address=address, prefix=prefix)
        log = self.path / "monitor.log"
        with open(log, "w") as messages, \
                processes.running(["stdbuf", "-oL", "busctl", f"--address={address}", "--json=short", "monitor",
                                   "--match=path_namespace='/org/bootferry1'"], stdout=subprocess.PIPE, stderr=messages,
                                  text=True, env={**os.environ, "SYSTEMD_LOG_LEVEL": "debug"}) as monitor:
            # Newer versions do not print with JSON that they have begun; the answer to their call after Hello shows it.
            processes.wait_for(monitor, lambda: re.search(r"^Got message type=method_return .* reply_cookie=[2-9]",
                                                          log.read_text(), re.MULTILINE))
            started = bus("call", *MANAGER, "StartTransfer", "ssa{sv}", NOWHERE, "/dev/ram0", "0")
            self.assertEqual(started.stdout.strip(), 'uo 1 "/org/bootferry1/transfer/_1"', started.stderr)
            self.assertIn("/org/bootferry1/transfer/_1", bus("tree", "org.bootferry1").stdout)
            self.assertRegex(bus("introspect", *TRANSFER[:2]).stdout, r"(?m)^\.State +property +s .*emits-change$")
            self.assertRegex(bus("get-property", *TRANSFER, "State", "Url").stdout,
                             rf'^s "(waiting|connecting)"\ns "{NOWHERE}"\n$')
            self.assertIn(NOWHERE, bus("call", *MANAGER, "ListTransfers").stdout)
            managed = bus("call", "org.bootferry1", "/org/bootferry1", "org.freedesktop.DBus.ObjectManager",
                          "GetManagedObjects")
            self.assertIn("/org/bootferry1/transfer/_1", managed.stdout)
            self.check_nobody(bus)
            self.check_signals(monitor, lambda: self.assertEqual(bus("call", *TRANSFER, "Cancel").returncode, 0))
        self.assertEqual(bus("get-property", *TRANSFER, "State").stdout, 's "cancelled"\n')

    def check_nobody(self, bus):
        if os.geteuid() != 0:
            return
        self.assertIn('"', bus("get-property", *TRANSFER, "State", prefix=NOBODY).stdout)
        self.assertIn(NOWHERE, bus("call", *MANAGER, "ListTransfers", prefix=NOBODY).stdout)
        for call in (["call", *MANAGER, "StartTransfer", "ssa{sv}", NOWHERE, "/dev/ram1", "0"],
                     ["call", *MANAGER, "CancelTransfer", "u", "1"], ["call", *TRANSFER, "Cancel"]):
            refused = bus(*call, prefix=NOBODY)
            self.assertEqual(refused.returncode, 1, call)
            self.assertRegex(refused.stderr, "(?i)access denied|rejected send message|only root")

    def check_signals(self, monitor, cancel):
        """The signals of a transfer that waits and is then cancelled."""
        members, states = [], []
        for line in monitor.stdout:
            message = json.loads(line)
            members.append(message.get("member"))
            if message.get("member") == "PropertiesChanged" and message["type"] == "signal":
                states.append(message["payload"]["data"][1].get("State", {}).get("data"))
                if states[-1] == "waiting" and states.count("waiting") == 1:
                    cancel()
            if message.get("member") == "TransferEnded":
                self.assertEqual(message["payload"]["data"], [1, "/org/bootferry1/transfer/_1", "cancelled"])
                break
        for member in ("InterfacesAdded", "TransferNew", "PropertiesChanged"):
            self.assertIn(member, members)
        self.assertIn("waiting", states)
        self.assertEqual(states[-1], "cancelled")

    def test_the_private_socket(self):
        daemon = self.daemon()
        self.try_door(daemon, daemon.address, lambda: None)

    def test_message_buses_that_come_late_go_and_come_again(self):
        for kind in message_bus.KINDS:
            with self.subTest(kind=kind):
                if kind == "dbus-broker" and os.geteuid() != 0:
                    self.skipTest("needs root, to give dbus-broker a place to log to")
                bus = message_bus.MessageBus(self.path, kind)
                self.addCleanup(bus.stop)
                daemon = self.daemon(environment={"DBUS_SYSTEM_BUS_ADDRESS": bus.address})
                self.assertEqual(daemon.ctl("plugins").returncode, 0, "without a bus")
                bus.start()
                self.try_door(daemon, bus.address, lambda b=bus, d=daemon: self.wait_for_name(b, d))
                bus.stop()
                self.assertEqual(daemon.ctl("plugins").returncode, 0, "without a bus again")
                bus.start()
                self.wait_for_name(bus, daemon)
                self.assertIn("cancelled", daemon.busctl("call", *MANAGER, "ListTransfers", address=bus.address).stdout)
                os.kill(daemon.process.pid, signal.SIGTERM)
                self.assertEqual(daemon.process.wait(timeout=60), 0)
                bus.stop()
                daemon.stop()

    @staticmethod
    def wait_for_name(bus, daemon):
        def there():
            asked = daemon.busctl("call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                  "NameHasOwner", "s", "org.bootferry1", address=bus.address)
            return asked.stdout.strip() == "b true"
        processes.wait_for(daemon.process, there, timeout=60)

    @needs_root
    def test_a_client_that_lies_about_its_sender(self):
        daemon = self.daemon()
        start = ("import sys; sys.path.insert(0, sys.argv[1]); from raw_dbus import RawClient\n"
                 "with RawClient(sys.argv[2]) as client:\n"
                 "    client.call('org.bootferry1', '/org/bootferry1', 'org.bootferry1.Manager', 'CancelTransfer',\n"
                 "                sender=sys.argv[3], signature='u', body=bytes([1, 0, 0, 0]))\n"
                 "    client.message()\n"
                 "    print(client.message()[1])\n")
        support = pathlib.Path(__file__).resolve().parent.parent / "support"
        for sender in (":1.1", "org.freedesktop.DBus", "org.bootferry1"):
            messages = subprocess.run([*NOBODY, "python3", "-c", start, support, daemon.folder / "private", sender],
                                  capture_output=True, text=True, timeout=60)
            self.assertIn("org.bootferry1.Error.NotPermitted", messages.stdout, messages.stderr)

    def test_the_answer_to_hello_comes_before_any_signal(self):
        """A client library closes a connection on which anything else comes first."""
        daemon = self.daemon()
        with RawClient(daemon.folder / "private", hello=False) as client:
            self.assertEqual(daemon.ctl("deploy", self.url("nothing"), "/dev/ram0").returncode, exit_status.NOT_FOUND)
            client.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
            self.assertEqual(client.message()[0], METHOD_RETURN)
            self.assertEqual(daemon.ctl("deploy", self.url("nothing"), "/dev/ram0").returncode, exit_status.NOT_FOUND)
            self.assertIn(b"TransferNew\0", b"".join(header for _, header, _, _ in itertools.islice(client.signals(), 2)))


class Signals(ServiceTest):
    def follow(self, daemon):
        """The PropertiesChanged signals of a whole transfer, until it has ended; bytes come in all the time."""
        with FaultServer(self.image, pace=1_500_000) as server, RawClient(daemon.folder / "private") as client, \
                daemon.ctl_running("deploy", f"http://127.0.0.1:{server.port}/", "/dev/ram0") as deploy:
            for message in client.signals():
                if b"PropertiesChanged\0" in message[1]:
                    yield message[2], message[3]
                elif b"TransferEnded\0" in message[1]:
                    break
            deploy.wait(timeout=60)

    def test_an_object_outlives_its_transfer_until_sixteen_others_have_ended(self):
        daemon = self.daemon()
        first = TRANSFER[1].encode() + b"\0"
        with RawClient(daemon.folder / "private") as client:
            for _ in range(17):
                self.assertEqual(daemon.ctl("deploy", self.url("nothing"), "/dev/ram0").returncode, exit_status.NOT_FOUND)
            self.assertEqual(daemon.busctl("get-property", *TRANSFER, "State").stdout, 's "failed"\n')
            daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
            self.assertEqual(daemon.busctl("get-property", *TRANSFER, "State").returncode, 1)
            ended = False
            for _, header, body, _ in client.signals():
                ended = ended or (b"TransferEnded\0" in header and first in body)
                if b"InterfacesRemoved\0" in header:
                    break
        self.assertTrue(ended)
        self.assertIn(first, body)
        self.assertIn(b"org.bootferry1.Transfer\0", body)

    @needs_root
    def test_at_most_two_a_second_beside_new_states(self):
        """Counts over the whole transfer, so that short delays of the reader do not matter."""
        signals = list(self.follow(self.daemon()))
        numbers = [when for body, when in signals if b"\5\0\0\0State\0" not in body]
        seconds = signals[-1][1] - signals[0][1]
        self.assertGreater(len(numbers), 4, "a transfer of four seconds tells how it moves")
        self.assertLessEqual(len(numbers), 2 * seconds + 1)

    @needs_root
    def test_fifty_clients_of_which_one_never_reads_and_ten_are_killed(self):
        daemon = self.daemon()
        private = daemon.folder / "private"
        deaf = RawClient(private)
        flooding = RawClient(private)
        silent = RawClient(private, hello=False)
        mute = socket.socket(socket.AF_UNIX)
        mute.connect(str(private))
        readers = [processes.start(["busctl", f"--address={daemon.address}", "monitor"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL) for _ in range(10)]
        others = [RawClient(private) for _ in range(50 - len(readers))]
        self.addCleanup(lambda: [processes.stop(reader) for reader in readers])
        with daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0") as deploy:
            processes.read_until(deploy.stdout, "%")
            for reader in readers:
                reader.kill()
            for client in others[:10]:
                client.close()
            self.flood(flooding)
            messages = deploy.stdout.read()
            self.assertEqual(deploy.wait(timeout=120), 0, messages)
        self.assertNotIn("retry", messages)
        for client in others[10:]:
            self.assertTrue(any(b"TransferEnded\0" in header for _, header, _, _ in client.signals()))
        for client in (deaf, silent, *others):
            client.close()
        mute.close()
        self.assertEqual(daemon.ctl("list").returncode, 0)

    @needs_root
    def test_a_client_that_reads_late_has_missed_nothing(self):
        daemon = self.daemon()
        with RawClient(daemon.folder / "private") as late:
            for _ in range(85):
                late.call("org.bootferry1", "/org/bootferry1", "org.freedesktop.DBus.Introspectable", "Introspect")
            self.assertEqual(daemon.ctl("deploy", self.url(), "/dev/ram0").returncode, 0)
            answers, size = 0, 0
            while b"TransferEnded\0" not in (message := late.message())[1]:
                answers += message[0] == METHOD_RETURN
                size += len(message[2])
        self.assertEqual(answers, 1 + 85)  # and Hello
        kept_by_the_socket = int(pathlib.Path("/proc/sys/net/core/wmem_default").read_text())
        self.assertGreater(size, kept_by_the_socket, "nothing had to wait in the service")

    def flood(self, client):
        """Calls without reading an answer, until the service disconnects."""
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            for _ in range(100_000):
                client.call("org.bootferry1", "/org/bootferry1", "org.freedesktop.DBus.ObjectManager",
                            "GetManagedObjects")

    @needs_root
    def test_one_user_cannot_take_all_places(self):
        daemon = self.daemon()
        take = ("import socket, sys\n"
                "taken = []\n"
                "for _ in range(300):\n"
                "    taken.append(socket.socket(socket.AF_UNIX)); taken[-1].connect(sys.argv[1])\n"
                "print('taken', flush=True); sys.stdin.read()\n")
        with processes.running([*NOBODY, "python3", "-c", take, daemon.folder / "private"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True) as taker:
            self.assertEqual(taker.stdout.readline(), "taken\n")
            self.assertEqual(daemon.ctl("list").returncode, 0)


if __name__ == "__main__":
    tap.main()
