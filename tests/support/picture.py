# SPDX-License-Identifier: LGPL-2.1-or-later
"""A picture of a machine's screen, as QEMU's screendump leaves it (PPM), looked at and kept as PNG."""

import pathlib
import struct
import zlib


class Picture:
    def __init__(self, ppm):
        magic, size, _, self._pixels = pathlib.Path(ppm).read_bytes().split(b"\n", 3)
        assert magic == b"P6", magic
        self.width, self.height = (int(number) for number in size.split())

    def row(self, y):
        return self._pixels[y * self.width * 3:(y + 1) * self.width * 3]

    def lit(self, top, bottom, left=0.0, right=1.0):
        """(x, y) of the bright pixels in a part of the screen; its borders are fractions of the screen."""
        columns = range(int(left * self.width), int(right * self.width))
        return {(x, y) for y in range(int(top * self.height), int(bottom * self.height))
                for row in [self.row(y)] if max(row, default=0) > 127
                for x in columns if row[x * 3 + 1] > 127}

    def save(self, path):
        """Writes a PNG, in gray if the picture has no color."""
        gray = self._pixels[0::3] == self._pixels[1::3] == self._pixels[2::3]
        pixels, depth = (self._pixels[0::3], 1) if gray else (self._pixels, 3)
        stride = self.width * depth
        lines = b"".join(b"\0" + pixels[y * stride:(y + 1) * stride] for y in range(self.height))
        with open(path, "wb") as png:
            png.write(b"\x89PNG\r\n\x1a\n")
            for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 0 if gray else 2, 0, 0, 0)),
                               (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")):
                png.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
