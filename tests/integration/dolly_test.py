# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chains of `bootferryctl fetch dolly://...` in network namespaces, fed by `bootferryctl dolly-send` and by a
server that violates the protocol."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import network  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from dolly_peer import DollyPeer, classic_tab, newer_tab  # noqa: E402
from spoken import Spoken  # noqa: E402

SIZE = 5_000_003
NODES = 5
WAITING = "waiting for the dolly server"


class DollyCase(unittest.TestCase):
    """hosts[0] sends, the others receive."""

    @classmethod
    def setUpClass(cls):
        if reason := network.missing():
            raise unittest.SkipTest(reason)
        net = network.Network(NODES + 2)
        cls.enterClassContext(net) if hasattr(cls, "enterClassContext") else cls._enter(net)
        cls.head, *cls.hosts = net.hosts

    @classmethod
    def _enter(cls, context):
        context.__enter__()
        cls.addClassCleanup(context.__exit__)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-dolly-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.content = random.Random(1).randbytes(SIZE)
        self.image = self.path / "image"
        self.image.write_bytes(self.content)

    def output(self, host):
        return self.path / f"output-{host.address}"

    def node(self, host, *options, wait=True):
        node = Spoken(host.command(os.environ["BOOTFERRYCTL"], "fetch", *options, f"dolly://{self.head.address}/image",
                                   str(self.output(host))))
        self.addCleanup(node.stop)
        if wait:
            node.expect(WAITING)
        return node

    def sender(self, hosts, *options, start=None):
        sender = Spoken((start or self.head).command(
            os.environ["BOOTFERRYCTL"], "dolly-send", *options, str(self.image),
            *(host if isinstance(host, str) else host.address for host in hosts)))
        self.addCleanup(sender.stop)
        return sender

    def password_file(self, password):
        path = self.path / "password"
        path.write_text(password + "\n")
        return f"--password-file={path}"

    def assert_received(self, host, node):
        self.assertEqual(node.wait(), 0, node.text)
        # Not assertEqual: what it would print of two images that differ is of no use to anyone.
        self.assertTrue(self.output(host).read_bytes() == self.content, "the bytes differ")

    def peer(self, host, **how):
        with self.head.entered():
            peer = DollyPeer(host.address, **how)
        self.addCleanup(peer.__exit__)
        return peer

    def send_well(self, host, node):
        """After an earlier failure, a correct server is accepted."""
        sender = self.sender([host])
        self.assertEqual(sender.wait(), 0, sender.text)
        self.assert_received(host, node)


class ChainTest(DollyCase):
    def check_chain(self, count, *sender_options, node_options=()):
        hosts = self.hosts[:count]
        nodes = [self.node(host, *node_options) for host in hosts]
        sender = self.sender(hosts, *sender_options)
        self.assertEqual(sender.wait(), 0, sender.text)
        for host, node in zip(hosts, nodes):
            self.assert_received(host, node)
            self.assertIn(f"{host.address}: reached", sender.text)
            self.assertIn(f"{host.address}: ready", sender.text)
        self.assertIn(f"{count} of {count} nodes have acknowledged it", sender.text)

    def test_a_quiet_sender(self):
        host = self.hosts[0]
        node = self.node(host)
        sender = self.sender([host], "-q")
        self.assertEqual((sender.wait(), sender.text), (0, ""))
        self.assert_received(host, node)

    def test_one_node(self):
        for generation in ("classic", "0.7"):
            with self.subTest(generation=generation):
                self.check_chain(1, f"--generation={generation}")

    def test_two_nodes(self):
        self.check_chain(2, "--generation=classic")
        self.check_chain(2, self.password_file("open sesame"), node_options=["--option=dolly:password=open sesame"])

    def test_five_nodes(self):
        self.check_chain(5, "--generation=classic")
        self.check_chain(5, "--generation=0.7")

    def test_five_nodes_of_which_each_serves_two(self):
        self.check_chain(5, "--generation=classic", "--fanout=2")

    def test_an_empty_image_and_one_of_a_byte(self):
        for self.content in (b"", b"x"):
            self.image.write_bytes(self.content)
            self.check_chain(2)

    def test_a_node_that_comes_late_is_waited_for(self):
        hosts = self.hosts[:2]
        first = self.node(hosts[0])
        sender = self.sender(hosts)
        first.expect(f"waiting for the next node, {hosts[1].address}")
        second = self.node(hosts[1], wait=False)
        self.assertEqual(sender.wait(), 0, sender.text)
        self.assert_received(hosts[0], first)
        self.assert_received(hosts[1], second)

    def test_a_sender_that_is_first_waits(self):
        sender = self.sender([self.hosts[0]])
        sender.expect(f"waiting for {self.hosts[0].address} .port 9998: Connection refused")
        self.assert_received(self.hosts[0], self.node(self.hosts[0], wait=False))
        self.assertEqual(sender.wait(), 0, sender.text)

    def test_the_chain_behind_does_not_wait_for_our_disk_and_the_sender_does(self):
        first, second = self.hosts[:2]
        stopped = self.node(first)
        node = self.node(second)
        # The process that hands out the target sleeps, so that the worker gets none and writes nothing.
        stopped.process.send_signal(signal.SIGSTOP)
        sender = self.sender([first, second])
        self.assert_received(second, node)
        self.assertIsNone(sender.process.poll(), "acknowledged although nothing is written: " + sender.text)
        self.assertNotIn("have acknowledged", sender.text)
        stopped.process.send_signal(signal.SIGCONT)
        self.assertEqual(sender.wait(), 0, sender.text)
        self.assert_received(first, stopped)


class ServerTest(DollyCase):
    """One node, or two, and a server of the test's own."""

    def setUp(self):
        super().setUp()
        self.host = self.hosts[0]

    def begin_classic(self, hosts=None, extra="", **how):
        hosts = hosts or [self.host]
        peer = self.peer(hosts[0], **how)
        peer.greet_classic(classic_tab([host.address for host in hosts], extra))
        return peer, peer.lines_until_ready(len(hosts))

    def test_the_messages_are_dollys_own(self):
        node = self.node(self.host)
        peer, lines = self.begin_classic()
        address = self.host.address
        self.assertEqual(lines, [f"Host got parameters '{address}'.", f"Host ready '{address}'."])
        peer.__exit__()
        node.expect("broke off after 0 bytes")
        peer = self.peer(self.host)
        peer.greet_newer(newer_tab([address]))
        self.assertEqual(peer.lines_until_ready(1),
                         [f"Client {address} configured with parameters. Ready to proceed.", f"Client {address} ready."])

    def test_what_is_acknowledged_is_written(self):
        node = self.node(self.host)
        peer, _ = self.begin_classic()
        peer.send(self.content)
        peer.send_total(SIZE)
        self.assertEqual(peer.acknowledgement(), SIZE)
        try:
            written = processes.unnamed_file(node.process.pid).read_bytes()
        except (AttributeError, FileNotFoundError):  # it has its name by now
            self.assertEqual(node.wait(), 0)
            written = self.output(self.host).read_bytes()
        self.assertTrue(written == self.content)
        self.assert_received(self.host, node)

    def test_what_has_another_checksum_is_not_acknowledged(self):
        node = self.node(self.host, "--checksum=sha256:" + "0" * 64)
        peer, _ = self.begin_classic()
        peer.send(self.content)
        peer.send_total(SIZE)
        self.assertIsNone(peer.acknowledgement())
        self.assertEqual(node.wait(), exit_status.CHECKSUM)
        self.assertFalse(self.output(self.host).exists())

    def test_a_total_that_differs(self):
        node = self.node(self.host)
        for total, reason in ((SIZE + 1, f"broke off after {SIZE} bytes of {SIZE + 1}"),
                              (SIZE - 1, f"more than the {SIZE - 1} bytes it announced|announces {SIZE - 1}")):
            peer, _ = self.begin_classic()
            peer.send(self.content)
            peer.send_total(total)
            peer.data[0].close()
            self.assertIsNone(peer.acknowledgement())
            node.expect(reason)
        self.send_well(self.host, node)

    def test_a_server_that_dies(self):
        node = self.node(self.host)
        peer, _ = self.begin_classic()
        peer.send(self.content[:SIZE // 2])
        peer.__exit__()
        node.expect("broke off after")
        self.send_well(self.host, node)

    def test_a_node_that_dies(self):
        hosts = self.hosts[:3]
        nodes = [self.node(host) for host in hosts]
        peer, _ = self.begin_classic(hosts)
        peer.send(self.content[:SIZE // 2])
        process = nodes[2].process
        processes.wait_for(process, lambda: (written := processes.unnamed_file(process.pid)) and written.stat().st_size)
        nodes[1].process.kill()
        nodes[0].expect(f"the next node, {hosts[1].address}, closed the connection after")
        nodes[2].expect(f"{hosts[1].address} broke off after")
        rest = [hosts[0], hosts[2]]
        sender = self.sender(rest)
        self.assertEqual(sender.wait(), 0, sender.text)
        self.assert_received(hosts[0], nodes[0])
        self.assert_received(hosts[2], nodes[2])

    def test_a_list_without_us(self):
        node = self.node(self.host)
        peer = self.peer(self.host)
        peer.greet_classic(classic_tab(["10.77.0.99"]))
        node.expect("its list of hosts does not contain this machine")
        self.assertEqual(peer.receive(1), b"")
        self.send_well(self.host, node)

    def test_found_by_the_hosts_name(self):
        node = self.node(self.host)
        peer = self.peer(self.host)
        peer.greet_classic(classic_tab([f"n{self.host.address.rsplit('.', 1)[1]}"]))
        self.assertEqual(len(peer.lines_until_ready(1)), 2)
        node.expect("waiting for the ring to be built")

    def test_found_by_the_name_that_was_given(self):
        node = self.node(self.host, "--option=dolly:name=left")
        peer = self.peer(self.host)
        peer.greet_classic(classic_tab(["left"]))
        self.assertEqual(peer.lines_until_ready(1), ["Host got parameters 'left'.", "Host ready 'left'."])
        node.expect("waiting for the ring to be built")

    def test_nonsense(self):
        node = self.node(self.host)
        for text, reason in ((b"GET / HTTP/1.1\r\n\r\n", "neither generation"),
                             (b"infile x\noutfile y\nendconfig\n", "no line 'server '"),
                             (b"\0\1\0\0\0", "sends directories")):
            peer = self.peer(self.host)
            peer.control.sendall(text)
            node.expect(reason)
            peer.__exit__()
        self.send_well(self.host, node)

    def test_a_foreign_server_is_turned_away(self):
        node = self.node(self.host)
        stranger = self.hosts[NODES]
        sender = self.sender([self.host], start=stranger)
        self.assertEqual(sender.wait(), exit_status.UNREACHABLE, sender.text)
        self.assertIn(f"'{self.host.address}' closed the connection before the chain was ready", sender.text)
        node.expect(f"{stranger.address} was rejected: it is neither {self.head.address} nor a host of its own list")
        self.send_well(self.host, node)

    def test_extra_interfaces(self):
        # "add" makes names of addresses here: 10.77.0.3 with a 4 behind it is its second interface.
        first, second = self.hosts[0], self.hosts[1]
        second.run("ip", "address", "add", f"{second.address}4/24", "dev", "eth0")
        nodes = [self.node(first), self.node(second)]
        peer, _ = self.begin_classic([first, second], extra="add 1:4:\n", interfaces=2)
        sending = threading.Thread(target=peer.send, args=[self.content])
        sending.start()
        sending.join(30)
        peer.send_total(SIZE)
        self.assertEqual(peer.acknowledgement(), SIZE)
        self.assert_received(first, nodes[0])
        self.assert_received(second, nodes[1])


class PasswordTest(DollyCase):
    def test_another_password(self):
        host = self.hosts[0]
        node = self.node(host, "--option=dolly:password=open sesame")
        sender = self.sender([host], self.password_file("closed"))
        self.assertIn(sender.wait(), exit_status.FAILURES)
        self.assertIn(f"'{host.address}' has another password", sender.text)
        node.expect("the server has another password")
        sender = self.sender([host], "--generation=0.7")
        self.assertIn(sender.wait(), exit_status.FAILURES)
        node.expect("the server requires no password")
        sender = self.sender([host], "--generation=classic")
        self.assertIn(sender.wait(), exit_status.FAILURES)
        node.expect("the classic protocol, which has no password")
        sender = self.sender([host], self.password_file("open sesame"))
        self.assertEqual(sender.wait(), 0, sender.text)
        self.assert_received(host, node)
        self.assertNotIn("sesame", node.text + sender.text)

    def test_a_node_without_one(self):
        host = self.hosts[0]
        node = self.node(host)
        sender = self.sender([host], self.password_file("open sesame"))
        self.assertIn(sender.wait(), exit_status.FAILURES)
        self.assertIn("when it was asked for the password", sender.text)
        node.expect("the server requires a password, and none is set")

    def test_the_challenge_is_dollys_own(self):
        host = self.hosts[0]
        self.node(host, "--option=dolly:password=open sesame")
        peer = self.peer(host)
        self.assertTrue(peer.greet_newer(newer_tab([host.address]), b"open sesame"))
        self.assertEqual(len(peer.lines_until_ready(1)), 2)


class WordsTest(unittest.TestCase):
    def refusal(self, *words):
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "dolly-send", *words], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=120)
        self.assertIn(result.returncode, exit_status.FAILURES, words)
        return result.stderr.splitlines()[-1]

    def test_errors_are_reported(self):
        for words, reason in ((["image"], "an argument is missing: bootferryctl dolly-send [OPTION...] IMAGE HOST..."),
                              (["/nothing", "10.77.0.2"], "opening '/nothing': No such file"),
                              (["/dev/null", "10.77.0.2"], "neither a regular file nor a block device"),
                              (["--generation=0.8", "/etc/fstab", "a"], "--generation: expected classic or 0.7"),
                              (["--fanout=2", "/etc/fstab", "a"], "only the classic generation"),
                              (["--generation=classic", "--password-file=/etc/fstab", "/etc/fstab", "a"],
                               "has no password"),
                              (["--password-file=/nothing", "/etc/fstab", "a"], "--password-file: opening '/nothing': No such file"),
                              (["--data-port=65536", "/etc/fstab", "a"], "--data-port: expected a number"),
                              (["/etc/fstab", "a", "a"], "is given twice"),
                              (["/etc/fstab", "a b"], "without blanks"),
                              (["--frob", "/etc/fstab", "a"], "no option '--frob'"),
                              (["/etc/fstab", "no-such-host.invalid"], "does not resolve"),
                              (["--timeout=1", "--data-port=1", "/etc/fstab", "127.0.0.1"],
                               "'127.0.0.1', port 1: Connection refused")):
            with self.subTest(words=words):
                self.assertIn(reason, self.refusal(*words))


if __name__ == "__main__":
    tap.main()
