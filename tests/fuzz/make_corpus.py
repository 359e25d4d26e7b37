# SPDX-License-Identifier: LGPL-2.1-or-later
"""make_corpus.py: writes corpus/, a few files for each target. Run it by hand after a change; the files are committed,
so that a finding can be told from its seed."""

import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
SUM = b"sha256:" + b"a" * 64
UNKNOWN = 2**64 - 1
KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
LINE = b"root=live:http://u:p@[2001:db8::1]:80/a/b%20c.iso?x=1 rd.kiwi.live.system=/dev/sda "
HOSTS = b"infile /i\noutfile /o\n"
CLASSIC = HOSTS + b"fanout 2\nserver s\nfirstclient n1\nlastclient n3\nclients 3\nn1\nn2\nn3\nendconfig\n"


def u8(number):
    return struct.pack("<B", number)


def u32(number):
    return struct.pack("<I", number)


def u64(number):
    return struct.pack("<Q", number)


def text(value):
    return u32(len(value)) + value


def piece(packet):
    return struct.pack("<H", len(packet)) + packet


def answer(head, body=b"", status=b"200 OK"):
    return b"HTTP/1.1 " + status + b"\r\n" + head.replace(b"\n", b"\r\n") + b"\r\n" + body


def http():
    """A line of wishes (see http_answer_fuzz.cpp), then the answers."""
    part = b"Content-Range: bytes 5-9/10\nContent-Length: 5\nETag: \"v\"\n"
    moved = answer(b"Location: /other\nContent-Length: 2\n", b"ab", b"302 Found")
    dated = b"Content-Length: 3\nLast-Modified: Sun, 01 Nov 2026 00:00:00 GMT\nDate: Mon, 02 Nov 2026 00:00:00 GMT\n"
    return {
        "plain": b"\n" + answer(b"Content-Length: 10\nETag: \"v\"\nAccept-Ranges: bytes\n", b"0123456789"),
        "spliced": b"s\n" + answer(b"Content-Length: 2000\n", b"0123456789" * 200),
        "short": b"s\n" + answer(b"Content-Length: 2000\n", b"0123456789" * 150),
        "unsized": b"\n" + answer(b"Connection: close\n", b"0123456789"),
        "chunked": b"\n" + answer(b"Transfer-Encoding: chunked\n", b"5;x=y\r\n01234\r\n0\r\nA: b\r\n\r\n"),
        "part": b"ov\n" + answer(part, b"56789", b"206 Partial Content"),
        "length": b"ovl\n" + answer(part, b"56789", b"206 Partial Content"),
        "end": b"o\n" + answer(b"Content-Range: bytes */5\n", b"", b"416 Range Not Satisfiable"),
        "whole": b"o\n" + answer(b"Content-Length: 10\n", b"0123456789"),
        "moved": b"s\n" + moved + b"\n%%\n" + answer(b"Content-Length: 3\n", b"abc"),
        "dated": b"d\n" + answer(dated, b"abc"),
        "busy": b"\n" + answer(b"Retry-After: 7\nContent-Length: 4\n", b"busy", b"503 Service Unavailable"),
        "login": b"\n" + answer(b"WWW-Authenticate: Basic realm=\"r\", Digest nonce=\"n\"\n", b"", b"401 Unauthorized"),
        "continue": b"\n" + answer(b"", b"", b"100 Continue") + answer(b"Content-Length: 1\n", b"x"),
        "coded": b"\n" + answer(b"Content-Encoding: gzip\nContent-Length: 3\n", b"abc"),
        "ssh": b"\nSSH-2.0-OpenSSH_9.2\r\n",
        "old": b"\nHTTP/1.0 200 OK\n\nabc",
    }


def dolly():
    word = u32(0)
    return {
        "classic": b"\0" + CLASSIC,
        "add": b"\0" + HOSTS + b"add2 2:-a:-b\nhyphennormal\nserver s\nfirstclient n\nlastclient n\nclients 1\nn\nendconfig\n",
        "newer": b"\0\0" + word + HOSTS + b"n1\nn2\nendconfig\n",
        "password": b"\1\1" + bytes(32) + b"OK\0" + word + HOSTS + b"n1\nendconfig\n",
        "refused": b"\1\1" + bytes(32) + b"AUTH_FAILED:n1\0",
        "line": b"\0Client n1 configured with parameters. Ready to proceed.",
    }


def channel():
    """Purpose, role, mirrors, checksum, list; then events, each before a packet."""
    def call(number, *fields, event=1, capacity=None):
        return u8(event) + (u64(capacity) if capacity is not None else b"") + piece(u32(number) + b"".join(fields))

    progress = call(3, text(b"transferring"), text(b"detail"), u64(5), u64(9), u64(5), u32(1))
    plugin = call(2, text(b"curl 1"))
    result = [u64(9), u64(9), text(b"")]
    look = [u32(0), text(b""), u64(9), text(b"v"), u32(3), text(b"gzip"), text(b"ISO 9660"), text(b""), u64(9), u64(9),
            text(b"http://h/")]
    return {
        "transfer": bytes([0, 0, 1, 0, 0]) + call(1) + call(8, text(b"/key")) + plugin + call(11, u32(1)) + call(9, u64(9))
        + call(10, u64(9), text(b"\"v\""), u64(7)) + call(4, u64(9)) + progress.replace(u8(1), u8(3) + u64(9), 1)
        + call(5, *result) + call(6, *result),
        "failed": bytes([0, 0, 0, 0, 0]) + call(1) + plugin + call(7, u32(3), text(b"404 Not Found"), event=5),
        "receiver": bytes([0, 1, 0, 1]) + call(1) + plugin + call(15) + progress + call(16),
        "list": bytes([0, 1, 0, 0, 1]) + call(1) + plugin + call(13, u32(0), text(SUM)) + call(15) + call(16),
        "verifier": bytes([0, 2, 0]) + call(1) + call(4, u64(UNKNOWN)) + u8(3) + u64(99)
        + piece(u32(5) + u64(9) + u64(9) + text(SUM)) + call(6, u64(9), u64(9), text(SUM)),
        "look": bytes([2, 0, 1, 0, 1]) + call(1) + plugin + call(12, *look) + call(12, u32(3), text(b"why"), *look[2:])
        + call(13, u32(3), text(b"no list")) + call(14),
        "abandoned": bytes([0, 2, 0]) + call(1) + call(17),
    }


def job(checksum=b"", mirrors=(), credentials=1):
    return (u32(0) + text(b"http://h/a") + u32(len(mirrors)) + b"".join(map(text, mirrors))
            + u32(1) + text(b"curl") + text(b"insecure") + text(b"") + text(checksum)
            + u32(credentials) + (u32(1) + text(b"user") + text(b"u")) * credentials
            + u32(1) * 3 + u64(30000000) + u64(UNKNOWN) * 2 + u64(1000) + u32(4) + text(b"/plugins")
            + u32(1) + text(b"http_proxy") + text(b"http://p/") + u32(1) + u64(5) + u64(9) + text(b"\"v\""))


def jobs():
    return {
        "job": b"\0" + job(),
        "checksum": b"\0" + job(SUM, [b"https://m/b"], 2),
        "list": b"\0" + job(b"http://h/SHA256SUMS", [], 2),
        "verifier": b"\1" + text(SUM) + text(b"http://h/SHA256SUMS") + u32(1) * 4 + u64(5) + u64(9),
    }


def relay():
    """Whether the sender has gone; the packets, each with its length, and 0; what the pipe holds."""
    def packets(*wanted):
        return b"".join(map(piece, wanted)) + bytes(2) * (100 - len(wanted))

    source, count, end = u32(1) + u64(9) + text(b"\"v\"") + u64(7), u32(2) + u64(9), u32(3)
    changed, last, restarted, discard = u32(4) + text(b"changed"), u32(5) + u64(4), u32(6), u32(7)
    return {
        "whole": b"\0" + packets(source, count, last, discard, end) + b"123456789",
        "changed": b"\0" + packets(count, changed, restarted, source, count, end) + b"123456789" * 2,
        "gone": b"\1" + packets(count, last) + b"1234",
        "early": b"\0" + packets(count, count) + b"1234",
    }


CORPUS = {
    "url": {"full": b"http://user:pass%20word@host.example:8080/path?query#fragment", "zone": b"sftp://[fe80::1%25eth0]/x",
            "least": b"a://b"},
    "kernel_command_line": {str(number): LINE + rest for number, rest in enumerate((
        b"ramdisk_size=4", b"rd.kiwi.live.curl_options=-k,--retry,3 rd.kiwi.live.reset", b"rd.live.overlay.size=50%",
        b"rd.bootferry.checksum=http://h/SHA256SUMS rd.bootferry.mirror=http://x/y",
        b"BOOTIF=01-52-54-00-12-34-56 rd.kiwi.live.pxe", b"rd.bootferry.option=curl:cacert=\"/a b\" rootflags=noatime"))}
    | {"label": b"root=live:CDLABEL=A/B quiet", "typing": b"root=live:LABEL=x rd.live.overlay.sise=1 rd.kwii.live.reset"},
    "checksum_list": {"gnu": b"%s  b\n%s *a/b\n" % (b"0" * 64, b"1" * 64), "bsd": b"SHA256 (b) = " + b"a" * 64,
                      "escaped": b"\\" + b"f" * 128 + b"  ./x\\\\y\n# b\n"},
    "partial_state": {"whole": b"url http://h/a\nchecksum " + SUM + b"\nsize 9\nvalidator \"v\"\ninode 7\nborn 1.000000002\n"
                      b"length 5\nmodified 3.000000004\nend\n", "least": b"inode 1\nend\n"},
    "json": {"all": b'{"a": null, "b":true,"c":false,"d":1, "e":-2.5e3,"f":"\\u0009\\"\\\\\\/", "g":["x","y"],"h":[]}',
             "empty": b"{ }"},
    "dolly_greeting": dolly(),
    "known_hosts": {"plain": b"# c\nfiles.example,10.0.0.1 " + KEY + b" c\n", "port": b"[files.example]:22 " + KEY,
                    "pattern": b"*.ex?mple,!bad.* " + KEY + b"\r\n", "revoked": b"@revoked * " + KEY,
                    "authority": b"@cert-authority *.example " + KEY,
                    "hashed": b"|1|Hkll0ODEeGPuuahLOp02/B283Ac=|Q4rCYV0siL9xnwVOIhCj2n7wyX0= " + KEY},
    "sftp_options": {"url": b"sftp://h:2222/~/a%20b\nconnect-timeout=7\ninsecure=\nuser=u\nknown-hosts=/k\n",
                     "pin": b"sftp://[fe80::1%25eth0]/x\nhostkey=SHA256:" + b"A" * 43 + b"\nhostpubsha256=" + b"0" * 64,
                     "pass": b"sftp://h/x\nkey=/k\npass=\n"},
    "program_options": {"curl": b"\1--cacert,/a,-k,--limit-rate=10k,-H,A: b,--resolve,h:80:1.2.3.4",
                        "times": b"\1--max-time=1.5,--retry,3,--connect-timeout,2,--proxy,http://u:p@h:1,--pinnedpubkey,sha256//A=",
                        "comma": b"\1--data,a\\,b,-sS,-o,/x,--no-keepalive", "dolly": b"\0-P,secret,-b,65536,-R,3,-n,node,-4,-v"},
    "http_answer": http(),
    "worker_channel": channel(),
    "worker_job": jobs(),
    "relay": relay(),
}


def main():
    for target, files in CORPUS.items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
