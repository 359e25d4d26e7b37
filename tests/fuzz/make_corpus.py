# SPDX-License-Identifier: LGPL-2.1-or-later
"""make_corpus.py: writes corpus/, a few files for each target. Run it by hand after a change; the files are committed,
so that a finding can be distinguished from its seed."""

import hashlib
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


def nbd():
    def asks(kind, offset=0, length=512, magic=0x25609513):
        return struct.pack(">IHHQQI", magic, 0, kind, 7, offset, length)
    leave = asks(2)
    return {"reads": asks(0) + asks(0, 512, 3000) + asks(0, 8192) + leave, "waits": asks(0, 4096) + asks(0, 4095, 2) + asks(0),
            "write": asks(1, 0, 40) + 40 * b"x" + asks(3) + asks(4) + asks(6) + asks(99) + leave,
            "beyond": asks(0, 12800 - 511), "nothing": asks(0, 0, 0), "much": asks(0, 0, (32 << 20) + 1),
            "magic": asks(0, magic=1), "cut": asks(0)[:20]}


def piece(packet):
    return struct.pack("<H", len(packet)) + packet


def ftp():
    """A line of settings (see ftp_answer_fuzz.cpp), the replies, then the file."""
    login = b"220 hello\r\n331 a password\r\n230 welcome\r\n257 \"/\"\r\n"
    passive = b"229 ok (|||@P|)\r\n"
    whole = login + b"213 20261101000000\r\n" + passive + b"200 binary\r\n213 10\r\n"
    return {
        "plain": b"\n" + whole + b"150 here\r\n226 done\r\n%%\n0123456789",
        "spliced": b"s\n" + whole.replace(b"213 10", b"213 2000") + b"150 here\r\n226 done\r\n%%\n" + b"0123456789" * 200,
        "resumed": b"ov\n" + whole + b"350 from there\r\n150 here\r\n226 done\r\n%%\n56789",
        "ignores-rest": b"o\n" + whole + b"350 from there\r\n150 here (10 bytes)\r\n226 done\r\n%%\n0123456789",
        "no-rest": b"o\n" + whole + b"451 not that\r\n%%\n",
        "short": b"\n" + whole + b"150 here\r\n226 done\r\n%%\n012345",
        "cut": b"\n" + whole + b"150 here\r\n426 gone\r\n%%\n012345",
        "pasv": b"\n" + login + b"500 mdtm\r\n500 epsv\r\n227 (127,0,0,1,@Q)\r\n200 i\r\n500 size\r\n150 here (10 bytes)\r\n"
                b"226 done\r\n%%\n0123456789",
        "busy": b"\n421-Too many\r\n421 users\r\n%%\n",
        "full": b"\n220 hello\r\n331 a password\r\n530 Sorry, the maximum number of clients (2) are connected\r\n%%\n",
        "missing": b"\n" + whole.replace(b"213 10", b"550 none") + b"550 no such file\r\n%%\n",
        "huge": b"\n" + whole.replace(b"213 10", b"213 99999999999999999999") + b"150 here\r\n226 done\r\n%%\n0123456789",
    }


def answer(head, body=b"", status=b"200 OK"):
    return b"HTTP/1.1 " + status + b"\r\n" + head.replace(b"\n", b"\r\n") + b"\r\n" + body


def http():
    """A line of settings (see http_answer_fuzz.cpp), then the answers."""
    part = b"Content-Range: bytes 5-9/10\nContent-Length: 5\nETag: \"v\"\n"
    moved = answer(b"Location: /other\nContent-Length: 2\n", b"ab", b"302 Found")
    dated = b"Content-Length: 3\nLast-Modified: Sun, 01 Nov 2026 00:00:00 GMT\nDate: Mon, 02 Nov 2026 00:00:00 GMT\n"
    return {
        "plain": b"\n" + answer(b"Content-Length: 10\nETag: \"v\"\nAccept-Ranges: bytes\n", b"0123456789"),
        "spliced": b"s\n" + answer(b"Content-Length: 2000\n", b"0123456789" * 200),
        "past-libcurl": b"sx\n" + answer(b"Content-Length: 3010\n", b"0123456789"),
        "past-libcurl-read": b"x\n" + moved + b"\n%%\n" + answer(b"Content-Length: 3010\n", b"0123456789"),
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

    def progress(written, **more):
        return call(3, text(b"transferring"), text(b"detail"), u64(5), u64(9), u64(written), u32(1), **more)

    plugin = call(2, text(b"curl 1"))
    result = [u64(9), u64(9), text(b"")]
    look = [u32(0), text(b""), u64(9), text(b"v"), u32(3), text(b"gzip"), text(b"ISO 9660"), text(b""), u64(9), u64(9),
            text(b"http://h/"), text(b"CDROM"), text(b"MBR"), u32(3), text(b"live-build"), text(b"live/filesystem.squashfs"),
            text(b"")]
    return {
        "transfer": bytes([0, 0, 1, 0, 0]) + call(1) + call(8, text(b"/key")) + plugin + call(11, u32(1)) + call(9, u64(9))
        + call(10, u64(9), text(b"\"v\""), u64(7)) + call(4, u64(9)) + progress(5, event=3, capacity=9)
        + call(5, *result) + call(6, *result),
        "failed": bytes([0, 0, 0, 0, 0]) + call(1) + plugin + call(7, u32(3), text(b"404 Not Found"), event=5),
        "receiver": bytes([0, 1, 0, 1]) + call(1) + plugin + call(15) + progress(0) + call(16),
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
            + u32(1) + text(b"http_proxy") + text(b"http://p/") + u32(1) + text(b"LiveOS/squashfs.img") + u64(5) + u64(9) + text(b"\"v\""))


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


def at(place, content):
    """One piece of a disk (disk_image.h)."""
    return u32(place) + piece(content)


def u16(number):
    return struct.pack("<H", number)


def iso(field):
    """A descriptor of 40 sectors, with isomd5sum's or tagmedia's field: a function of the digest."""
    sectors = 40
    head = bytearray(sectors * 2048)
    head[32768:32775] = b"\1CD001\1"
    head[32768 + 80:32768 + 84] = u32(sectors)
    head[32768 + 128:32768 + 130] = u16(2048)
    head[32768 + 883:32768 + 883 + 512] = b" " * 512
    content = field(hashlib.md5(head).hexdigest().encode()).ljust(512)
    return at(32768, bytes(head[32768:32768 + 132])) + at(32768 + 883, content)


def images():
    return {
        "isomd5sum": iso(lambda digest: b"ISO MD5SUM = " + digest + b";SKIPSECTORS = 0;THIS IS NOT THE SAME AS MD5SUM"),
        "tagmedia": iso(lambda digest: b"check=1;md5sum=" + digest + b";pad=0;signature=0"),
        "damaged": iso(lambda digest: b"sha256sum=" + b"a" * 64 + b";pad=3"),
        "squashfs": at(0, b"hsqs" + bytes(16) + u16(6) + bytes(6) + u16(4) + bytes(10) + u64(700001)),
        "erofs": at(1024, b"\xe2\xe1\xf5\xe0" + bytes(8) + b"\x0c" + bytes(23) + u32(100) + bytes(40) + u32(2) + u16(5)),
        "ext4": at(1080, b"\x53\xef"),
        "xfs": at(0, b"XFSB"),
        "btrfs": at(65600, b"_BHRfS_M"),
        "mark": at(0, b"bootferry: the image on this device is not complete\n"),
        "page": at(0, b"<!DOCTYPE html>\n<title>Login</title>"),
        "tail": at(2**31 + 511, b"LABELONE"),
        "empty": at(0, b"\xff" * 512),
    }


def both(number, size):
    """A number in both byte orders, as in ISO 9660."""
    return number.to_bytes(size, "little") + number.to_bytes(size, "big")


def record(name, block, *, size=2048, folder=False, fields=b""):
    content = (both(block, 4) + both(size, 4) + bytes(7) + (b"\2" if folder else b"\0") + bytes(2) + both(1, 2) + u8(len(name))
               + name + bytes((len(name) + 1) % 2) + fields)
    content += bytes(len(content) % 2)
    return u8(len(content) + 2) + b"\0" + content


def volume(folders, *, root=20, joliet=None, udf=b""):
    """Descriptors from sector 16; folders: block → records behind those for itself and its parent."""
    def descriptor(kind, block, escape=b""):
        return (kind + b"CD001\1".ljust(39) + b"CDROM".ljust(32) + bytes(16) + escape.ljust(40, b"\0") + both(2048, 2)
                + bytes(24) + record(b"\0", block, folder=True)).ljust(2048, b"\0")

    head = descriptor(b"\1", root) + (descriptor(b"\2", joliet, b"%/E") if joliet else b"") + b"\xffCD001\1".ljust(2048, b"\0")
    disk = at(32768, head[:190]) + b"".join(at(32768 + 2048 * i, head[2048 * i:2048 * i + 190]) for i in range(1, len(head) // 2048))
    for block, records in folders.items():
        sharing = b"SP\7\1\xbe\xef\0" if block == root and (not joliet or root > 100) else b""
        disk += at(2048 * block, record(b"\0", block, folder=True, fields=sharing) + record(b"\1", root, folder=True)
                   + b"".join(records))
    return disk + udf


def layouts():
    """What is cut off, the root image that is looked for, the pieces of the head."""
    def named(name, block, **more):
        return record(b"X", block, fields=b"NM" + u8(5 + len(name)) + b"\1\0" + name, **more)

    def wide(name):
        return b"".join(bytes([0, byte]) for byte in name)

    begin = u16(0) + piece(b"LiveOS/squashfs.img")
    kiwi = {20: [named(b"LiveOS", 21, folder=True)], 21: [named(b"squashfs.img", 500)]}
    return {
        "rock-ridge": begin + volume(kiwi),
        "cut": u16(30000) + begin[2:] + volume({20: [named(b"LiveOS", 120, folder=True)], 120: kiwi[21]}),
        "joliet": begin + volume({20: [], 22: [record(wide(b"LiveOS"), 23, folder=True)],
                                  23: [record(wide(b"SQUASHFS.IMG;1"), 500)]}, joliet=22),
        "joliet-and-rock-ridge": u16(30000) + begin[2:] + volume(
            {118: [named(b"x", 500)], 22: [record(wide(b"LiveOS"), 23, folder=True)], 23: [record(wide(b"squashfs.img"), 500)]},
            root=118, joliet=22),
        "plain": u16(9) + piece(b"liveos/squashfs.img")
        + volume({30: [record(b"LIVEOS", 31, folder=True)], 31: [record(b"SQUASHFS.IMG;1", 500)]}, root=30),
        "live-build": begin + volume({20: [named(b"live", 21, folder=True)], 21: [named(b"filesystem.squashfs", 500)]}),
        "casper": begin + volume({20: [named(b"casper", 21, folder=True)], 21: [named(b"a.squashfs", 500), named(b"b.squashfs", 5)]}),
        "archiso": begin + volume({20: [named(b"arch", 21, folder=True)], 21: [named(b"x86_64", 22, folder=True)],
                                   22: [named(b"airootfs.sfs", 500)]}),
        "root-tree": begin + volume({20: [named(b"etc", 21, folder=True), named(b"init", 500)]}),
        "data": begin + volume({20: [named(b"setup.exe", 500)]}),
        "udf": begin + volume({20: [named(b"readme.txt", 500)]}, udf=at(18 * 2048, b"\0BEA01\1") + at(19 * 2048, b"\0NSR02\1")),
        "loop": begin + volume({20: [named(b"LiveOS", 20, folder=True)]}),
        "link": begin + volume({20: [record(b"X", 1, fields=b"NM\x0b\1\0LiveOSPX\x24\1" + both(0xA1FF, 4) + bytes(24))]}),
        "squashfs": begin + at(0, b"hsqs"),
        "table": begin + at(446, (b"\x80\0\0\0\xee\0\0\0" + u32(1) + u32(9)).ljust(64, b"\0") + b"\x55\xaaEFI PART"),
    }


def partition(kind, begin, size):
    return bytes(4) + u8(kind) + bytes(3) + u32(begin) + u32(size)


def mbr(*partitions, place=0):
    return at(place + 446, b"".join(partitions).ljust(64, b"\0") + b"\x55\xaa")


def gpt(*, last=8158, entries=128):
    """Both copies; the checksums are filled in by the target."""
    def header(own, other, table):
        return (b"EFI PART" + u32(0x10000) + u32(92) + u32(0) * 2 + u64(own) + u64(other) + u64(34) + u64(last) + bytes(range(16))
                + u64(table) + u32(entries) + u32(128) + u32(0))

    entry = bytes(range(1, 17)) + bytes(range(2, 18)) + u64(100) + u64(2047) + u64(0) + "image".encode("utf-16-le")
    return (mbr(partition(0xee, 1, 8191)) + at(512, header(1, 8191, 2)) + at(1024, entry)
            + at(8191 * 512, header(8191, 1, 8159)) + at(8159 * 512, entry))


def tables():
    """Whether checksums are filled in, the image's end, the least space; then the disk."""
    begin = u8(1) + u32(1 << 20) + u32(1 << 20)
    extended = mbr(partition(0x17, 64, 2000), partition(5, 4096, 1024)) + mbr(partition(0x83, 64, 500), place=4096 * 512)
    return {
        "none": begin,
        "mbr": begin + mbr(partition(0x17, 64, 2000), partition(0xef, 2064, 32)),
        "full": begin + mbr(*(partition(0x83, 64 + 100 * i, 100) for i in range(4))),
        "extended": begin + extended,
        "wraps": begin + mbr(partition(0x83, 2**32 - 1, 2**32 - 1), partition(0x83, 64, 2**32 - 1)),
        "gpt": begin + gpt(),
        "gpt-short": begin + gpt(last=4095, entries=4),
        "gpt-long": begin + gpt(last=2**64 - 1),
        "gpt-wrong": u8(0) + u32(1 << 20) + u32(1 << 20) + gpt(),
    }


def request(*options, url=b"http://h/a", target=b"/dev/ram0"):
    return b"\n".join((url, target, *options))


def stream():
    """Block size, buffer, generation, connections, size of a read (each less one); control; data."""
    return {
        "one": bytes([0, 99, 0, 0, 99]) + piece(u64(9)) + b"123456789",
        "three": bytes([2, 7, 1, 2, 4]) + piece(u64(12)) + piece(b"123abc") + piece(b"456") + piece(b"789"),
        "surplus": bytes([0, 99, 1, 0, 99]) + piece(u64(5)) + b"123456789",
        "cut": bytes([0, 3, 0, 0, 1]) + piece(u64(9)) + b"1234",
        "no-total": bytes([0, 99, 0, 0, 99]) + piece(u64(9)[:3]) + b"123456789",
    }


def relay_sender():
    """Whether the source can be spliced; the packets of the verifying process."""
    begin, finish = u32(1), u32(4)
    again = u32(2) + u32(0) + text(b"changed") + u32(0)
    wrong = u32(2) + u32(14) + text(b"the checksum is wrong") + u32(1)
    return {
        "finish": b"\0" + piece(begin) + piece(finish),
        "again": b"\1" + piece(begin) + piece(again) + piece(finish),
        "wrong": b"\0" + piece(begin) + piece(wrong),
        "answers": b"\1" + piece(begin) + piece(u32(3) + b"abcd") + piece(u32(5) + u32(1)) + piece(finish),
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
    "dolly_stream": stream(),
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
    "ftp_answer": ftp(),
    "http_answer": http(),
    "http_head": {
        "full": b"u:p@h:80/a?b\nHTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5, 5\r\n"
                b"ETag: W/\"v\"\r\nLast-Modified: Sun, 01 Nov 2026 00:00:00 GMT\r\nDate: Mon, 02 Nov 2026 00:00:00 GMT\r\n"
                b"Accept-Ranges: bytes\r\nTransfer-Encoding: gzip, chunked\r\nContent-Encoding: br\r\nLocation: /x\r\n",
        "busy": b"[::1]\nHTTP/1.1 503 Busy\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"v\"\r\n",
        "ftp": b"h\n220-Welcome\r\n220 there\r\n213 99999999999999999999\r\n530 There are too many users\r\n",
    },
    "image_head": images(),
    "image_layout": layouts(),
    "partition_table": tables(),
    "request_map": {
        "all": request(b"user s u", b"password s p", b"mirrors as https://m/b", b"checksum s " + SUM, b"ramdisk-size t 4096",
                       b"plugin-options p cacert=/a", b"stall-timeout-usec t 30000000", b"timeout-usec t 18446744073709551615",
                       b"connections u 4", b"reset b 1", b"require-live-image b 0"),
        "list": request(b"checksum s http://h/SHA256SUMS"), "type": request(b"reset s yes"), "twice": request(*[b"reset b 1"] * 2),
        "unknown": request(b"nothing s x"), "bad": request(url=b"http://u:p@h/", target=b"/dev/../x"),
    },
    "worker_channel": channel(),
    "worker_job": jobs(),
    "nbd_server": nbd(),
    "relay": relay(),
    "relay_sender": relay_sender(),
}


def main():
    for target, files in CORPUS.items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
