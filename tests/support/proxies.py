# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real proxies on loopback: tinyproxy for http, microsocks for SOCKS5. Each ends with its test case."""

import shutil
import subprocess

import processes


def _program(case, name):
    program = shutil.which(name)
    if program is None:
        case.skipTest(f"{name} is not installed")
    return program


def tinyproxy(case, *settings):
    """Its address; its log is tinyproxy.log in the folder of the case."""
    program, port = _program(case, "tinyproxy"), processes.free_port()
    configuration = case.path / "tinyproxy.conf"
    configuration.write_text("\n".join((f"Port {port}", "Listen 127.0.0.1", "ViaProxyName \"between\"",
                                        f'LogFile "{case.path}/tinyproxy.log"', "LogLevel Connect", *settings, "")))
    server = processes.start([program, "-d", "-c", configuration])
    case.addCleanup(processes.stop, server)
    processes.wait_for_port(server, port)
    return f"127.0.0.1:{port}"


def microsocks(case, *words):
    """Its address; it connects to servers from 127.0.0.3."""
    program, port = _program(case, "microsocks"), processes.free_port()
    server = processes.start([program, "-i", "127.0.0.1", "-p", str(port), "-b", "127.0.0.3", *words],
                             stderr=subprocess.DEVNULL)
    case.addCleanup(processes.stop, server)
    processes.wait_for_port(server, port)
    return f"127.0.0.1:{port}"
