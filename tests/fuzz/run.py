# SPDX-License-Identifier: LGPL-2.1-or-later
"""run.py PROGRAM NAME [LIBFUZZER-OPTION...]: a bounded run of one fuzz target over seeds made here.

Compressed seeds come from the real tools. What crashes is left in the working directory, to be given to PROGRAM.
"""

import pathlib
import subprocess
import sys
import tempfile

TEXT = b"abcdefgh" * 200 + bytes(range(256))
LINE = "root=live:http://u:p@[2001:db8::1]:80/a/b%20c.iso?x=1 rd.kiwi.live.system=/dev/sda "
SEEDS = {
    "decoder": [subprocess.run(tool, input=TEXT, check=True, capture_output=True).stdout for tool in (
        ["gzip", "-c"], ["xz", "-c"], ["xz", "-c", "-T2", "--block-size=512"], ["xz", "-c", "--check=crc32"],
        ["zstd", "-c"], ["zstd", "-c", "--no-check"], ["sh", "-c", "cat > /dev/null; printf x | gzip; printf y | gzip"],
    )] if sys.argv[2] == "decoder" else [],
    "url": [b"http://user:pass%20word@host.example:8080/path?query#fragment", b"sftp://[fe80::1%25eth0]/x", b"a://b"],
    "kernel_command_line": [(LINE + rest).encode() for rest in (
        "ramdisk_size=4", "rd.kiwi.live.curl_options=-k,--retry,3 rd.kiwi.live.reset", "rd.live.overlay.size=50%",
        "rd.bootferry.checksum=http://h/SHA256SUMS rd.bootferry.mirror=http://x/y", "BOOTIF=01-52-54-00-12-34-56 rd.kiwi.live.pxe",
        "rd.bootferry.option=curl:cacert=\"/a b\" rootflags=noatime")] + [b"root=live:CDLABEL=A/B quiet"],
    "checksum_list": [b"%s  b\n%s *a/b\n" % (b"0" * 64, b"1" * 64), b"SHA256 (b) = " + b"a" * 64,
                      b"\\" + b"f" * 128 + b"  ./x\\\\y\n# b\n"],
}


def main():
    program, name, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="bootferry-fuzz-") as folder:
        for number, seed in enumerate(SEEDS[name]):
            pathlib.Path(folder, str(number)).write_bytes(seed)
        limits = ["-runs=20000", "-max_len=4096", "-timeout=30", "-rss_limit_mb=4096", "-seed=1", "-print_final_stats=1"]
        return subprocess.run([program, *limits, *options, folder], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
