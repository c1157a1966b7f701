"""Makes picture-font.otf, the letters of FlyOnce's pictures, from Noto Sans CJK (see README.md beside this).

    apt-get download fonts-noto-cjk && dpkg-deb -x fonts-noto-cjk_*.deb noto
    python3 -m venv venv && venv/bin/pip install fonttools==4.68.0
    venv/bin/python make.py noto/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

# Of the collection: simplified Chinese, proportional.
SIMPLIFIED_CHINESE = 2
NAME = "FlyOnce Sans SC"


def characters() -> set[int]:
    """ASCII, Latin-1, GB 2312 as a whole (6,763 characters, its signs and punctuation), and what figures need besides."""
    wanted = {*range(0x20, 0x7F), *range(0xA0, 0x100)}
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                wanted.add(ord(bytes([row, cell]).decode("gb2312")))
            except UnicodeDecodeError:
                pass
    return wanted | {ord(sign) for sign in "–—‘’“”•…‰€−≈≤≥⁴▲▼"}


def main(source: str) -> None:
    font = TTFont(source, fontNumber=SIMPLIFIED_CHINESE, recalcTimestamp=False)
    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx", "GSUB", "GPOS", "GDEF"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    rename(font)
    to = Path(__file__).with_name("picture-font.otf")
    font.save(to)
    print(f"{to}: {to.stat().st_size} bytes, {len(font.getGlyphOrder())} glyphs")


def rename(font: TTFont) -> None:
    """A changed font goes by a name of its own; copyright and licence stay (OFL 1.1, conditions 2 and 3)."""
    plain = NAME.replace(" ", "")
    texts = {1: NAME, 2: "Regular", 3: f"{plain};subset of Noto Sans CJK SC 2.004", 4: NAME, 6: f"{plain}-Regular"}
    for record in list(font["name"].names):
        if record.nameID in texts:
            font["name"].setName(texts[record.nameID], record.nameID, record.platformID, record.platEncID, record.langID)
    top = font["CFF "].cff
    top.fontNames = [f"{plain}-Regular"]
    top.topDictIndex[0].FullName = NAME
    top.topDictIndex[0].FamilyName = NAME


if __name__ == "__main__":
    main(sys.argv[1])
