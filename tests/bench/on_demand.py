#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system that boots from an image while it arrives, as far as the network sees it: the real worker, and this program as its
supervisor and as the kernel's NBD client (support/on_demand_worker.py), since few kernels of test machines have nbd.

    on_demand.py URL IMAGE TARGET --bytes=BYTES [--until=reads|all] [--record=PROFILE]

Four readers read files of 4 KiB to 2 MiB all over the image, together BYTES, each from its beginning to its end as the kernel's
read-ahead does, and think for 20 ms before the next one. What they get is compared with IMAGE.
"""

import argparse
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import on_demand_worker  # noqa: E402

READERS = 4
_AT_ONCE = 128 << 10  # the kernel's read-ahead
_THINKS = 0.02        # seconds


def files(size, total):
    """Offset and length of each file, in the order in which a boot reads them."""
    chance, found = random.Random(3), []
    while total > 0:
        length = min(total, 4096 << chance.randint(0, 9))
        found.append((chance.randrange(0, max(1, (size - length) // 4096)) * 4096, length))
        total -= length
    return found


def boot(kernel, image, wanted):
    failures = []

    def read(mine):
        try:
            with open(image, "rb") as original:
                for offset, length in mine:
                    for at in range(offset, offset + length, _AT_ONCE):
                        part = min(_AT_ONCE, offset + length - at)
                        original.seek(at)
                        if kernel.read(at, part).result(600) != original.read(part):
                            raise RuntimeError(f"other bytes at {at}")
                    time.sleep(_THINKS)
        except Exception as error:  # pylint: disable=broad-exception-caught
            failures.append(error)

    readers = [threading.Thread(target=read, args=(wanted[number::READERS],)) for number in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    if failures:
        raise failures[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("image", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--bytes", type=int, required=True, help="that are read")
    parser.add_argument("--until", choices=["reads", "all"], default="all", help="when to end")
    parser.add_argument("--record", type=pathlib.Path, help="a file for the boot profile")
    options = parser.parse_args()
    size = options.image.stat().st_size
    with open(options.target, "wb") as target:
        target.truncate(size + (1 << 20))
    os.environ.setdefault("BOOTFERRY_WORKER_USER", "nobody")
    with on_demand_worker.Worker(on_demand_worker.job(options.url), options.target) as worker:
        kernel = worker.wait_for_target()
        boot(kernel, options.image, files(size, options.bytes))
        if options.record:
            piece = on_demand_worker.PIECE
            rows = [(first * piece, min(size, (first + count) * piece) - first * piece) for first, count in worker.recorded()]
            options.record.write_text(f"bootferry-profile 1\n{size}\n" + "".join(f"{at} {length}\n" for at, length in rows))
        if options.until == "all":
            worker.wait_until_filled()
            kernel.disconnect()
            worker.dismiss()


if __name__ == "__main__":
    main()
