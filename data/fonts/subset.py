"""Makes the fonts for names in other scripts: subsets without hinting and layout tables, compressed.

Needs fonttools 4 and brotli. Usage: subset.py DejaVuSans.ttf DroidSansFallback.ttf noto-emoji-*-400-normal.woff2
"""

import gzip
import sys
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.merge import Merger
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
LAYOUT = ["GSUB", "GPOS", "GDEF", "vhea", "vmtx", "VORG", "BASE", "FFTM", "kern", "morx", "STAT", "MATH"]

LETTERS_AND_SIGNS = [
    (0x0100, 0x024F), (0x0300, 0x052F), (0x0530, 0x06FF), (0x0750, 0x077F), (0x10A0, 0x10FF), (0x1D00, 0x1DBF),
    (0x1E00, 0x1FFF), (0x2000, 0x20CF), (0x2100, 0x21FF), (0x2460, 0x24FF), (0x25A0, 0x27BF), (0x2D00, 0x2D2F),
    (0xFB13, 0xFDFF), (0xFE70, 0xFEFE),
]
EAST_ASIA = [
    (0x0E00, 0x0E7F), (0x1100, 0x11FF), (0x2E80, 0x2FDF), (0x3000, 0x9FFF), (0xA000, 0xA4CF), (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF), (0x20000, 0x2FFFF),
]
EMOJI = [(0x2010, 0x1FFFF)]


def cut(source: str, ranges: list[tuple[int, int]], name: str) -> None:
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.drop_tables += LAYOUT
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    options.glyph_names = False
    font = subset.load_font(source, options)
    known = font.getBestCmap()
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in ranges for code in range(first, last + 1) if code in known])
    subsetter.subset(font)
    with tempfile.NamedTemporaryFile(suffix=".ttf") as file:
        subset.save_font(font, file.name, options)
        packed = gzip.compress(Path(file.name).read_bytes(), 9, mtime=0)
    (HERE / f"{name}.ttf.gz").write_bytes(packed)


def join(parts: list[str], target: str) -> None:
    plain = []
    for number, part in enumerate(sorted(parts)):
        font = TTFont(part)
        font.flavor = None
        for table in LAYOUT:
            if table in font:
                del font[table]
        plain.append(f"{target}.{number}.ttf")
        font.save(plain[-1])
    Merger().merge(plain).save(target)


def main() -> None:
    dejavu, droid, *emoji = sys.argv[1:]
    cut(dejavu, LETTERS_AND_SIGNS, "DejaVuSans")
    cut(droid, EAST_ASIA, "DroidSansFallback")
    with tempfile.TemporaryDirectory() as folder:
        joined = str(Path(folder) / "emoji.ttf")
        join(emoji, joined)
        cut(joined, EMOJI, "NotoEmoji")


if __name__ == "__main__":
    main()
