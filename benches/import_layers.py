"""Importing layers beside GDAL and shapely: the same files, one after the other, in processor seconds and peak memory.

    python3 benches/import_layers.py target/debug/flyonce [--buildings 100000] [--vertices 1000000]

Needs an environment with `shapely==2.2.0`, `pyproj==3.7.2` and `numpy`, and `ogr2ogr` on the path. The files are made up
and the same for the same arguments: houses in Gauss-Krueger metres (EPSG:4549), one in fifty drawn as a bow tie, and one
outline of many vertices. Each program reads the file, mends it and brings it to WGS-84;
`flyonce` also measures it, looks for overlaps, and keeps layer and original under their SHA-256.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}
CENTRE = np.array([645_000.0, 3_455_000.0])

SHAPELY = """
import sys, json, shapely, pyproj
text = open(sys.argv[1]).read()
shapes = shapely.get_parts(shapely.from_geojson(text))
mended = shapely.make_valid(shapes)
change = pyproj.Transformer.from_crs(4549, 4326, always_xy=True)
degrees = shapely.transform(mended, lambda p: __import__("numpy").column_stack(change.transform(p[:, 0], p[:, 1])))
open(sys.argv[2], "w").write("\\n".join(shapely.to_geojson(degrees)))
print(json.dumps({"area_km2": shapely.union_all(mended).area / 1e6}))
"""


def arguments():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, help="the built flyonce")
    parser.add_argument("--buildings", type=int, default=100_000)
    parser.add_argument("--vertices", type=int, default=1_000_000)
    return parser.parse_args()


def collection(rings):
    """GeoJSON of one polygon a ring."""
    features = [
        {
            "type": "Feature",
            "properties": {"name": f"{number}"},
            "geometry": {"type": "Polygon", "coordinates": [np.round(ring, 3).tolist()]},
        }
        for number, ring in enumerate(rings, 1)
    ]
    return json.dumps({"type": "FeatureCollection", "crs": CRS, "features": features})


def buildings(count):
    """Houses on a turned grid with streets between them; one in fifty is a bow tie."""
    random = np.random.default_rng(1)
    columns = int(np.ceil(np.sqrt(count)))
    turn = np.radians(17.0)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    rings = []
    for number in range(count):
        corner = np.array([number % columns, number // columns]) * 60.0
        wide, deep = random.uniform(12.0, 40.0, 2)
        # An L: six corners.
        ring = [[0, 0], [wide, 0], [wide, deep / 2], [wide / 2, deep / 2], [wide / 2, deep], [0, deep], [0, 0]]
        if number % 50 == 0:
            ring = [[0, 0], [wide, deep], [wide, 0], [0, deep], [0, 0]]
        rings.append((np.array(ring) + corner - columns * 30.0) @ matrix + CENTRE)
    return collection(rings)


def outline(count):
    """One coast of `count` vertices."""
    random = np.random.default_rng(2)
    angle = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    wave = sum(np.sin(angle * 2**k + random.uniform(0, 6)) * 0.5**k for k in range(1, 14))
    radius = 20_000.0 + 4_000.0 * wave
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]) + CENTRE
    return collection([np.vstack([ring, ring[:1]])])


def measured(command, **more):
    """Runs a command; wall and processor seconds, peak memory, and what it printed."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, **more)
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} failed")
    return {
        "processor_s": round(used.ru_utime + used.ru_stime, 2),
        "wall_s": round(time.monotonic() - started, 2),
        "peak_mb": round(used.ru_maxrss / 1024),
    }, said


def main():
    """Makes the files and prints a row for each program and file."""
    given = arguments()
    program = given.program.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "by_shapely.py").write_text(SHAPELY)
        for name, text in (("buildings", buildings(given.buildings)), ("outline", outline(given.vertices))):
            file = folder / f"{name}.geojson"
            file.write_text(text)
            kept = ["layers", "import", str(file), "--kind", "shown", "--layer-version", "1", "--source", "made up"]
            rows = {}
            rows["flyonce"], said = measured([program, "--json", "--data", folder / "data", *kept], cwd=folder)
            answer = json.loads(said)
            rows["flyonce"]["mended"] = len(answer["kept"]["repairs"])
            rows["flyonce"]["area_km2"] = round(answer["kept"]["measured"]["area_m2"] / 1e6, 6)
            to_wgs84 = ["ogr2ogr", "-f", "GeoJSON", "-t_srs", "EPSG:4326", "-makevalid"]
            rows["ogr2ogr"], _ = measured([*to_wgs84, folder / f"{name}_ogr.geojson", file])
            by_shapely = [sys.executable, folder / "by_shapely.py", file, folder / f"{name}_shapely.geojson"]
            rows["shapely"], said = measured(by_shapely)
            rows["shapely"]["area_km2_on_the_zone"] = round(json.loads(said)["area_km2"], 6)
            print(json.dumps({"file": name, "mb": round(file.stat().st_size / 1e6, 1), **rows}, indent=1), flush=True)


if __name__ == "__main__":
    main()
