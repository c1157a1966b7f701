#!/usr/bin/env python3
"""The coverage ledger beside GEOS on the same photos, in one run.

Builds and runs `cargo bench -p benches --bench coverage` for each number of photos, which leaves the photos' corners and
the ledger's percentages in a folder; then unites the same photos with shapely (`unary_union`), adds one photo and one
sortie of 760 to the union of the others, and measures the exact share of every area. Seconds are those of the processor.
Prints JSON.

    python3 -m venv /tmp/geos && /tmp/geos/bin/pip install shapely==2.2.0 numpy
    /tmp/geos/bin/python benches/coverage.py --photos 100000 1000000 --cells 5 2

Town polygons come from `../shared/data/geo` (or $FLYONCE_SHARED) and are left out where it is absent; districts on turned
patterns are always there.
"""

import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import shapely

SORTIE = 760


def main():
    options = read_options()
    rows = []
    with tempfile.TemporaryDirectory(prefix="flyonce-coverage-") as folder:
        for photos in options.photos:
            row = {"photos": photos, "ledger": {}}
            for cell_m in options.cells:
                out = pathlib.Path(folder) / f"{photos}-{cell_m}"
                row["ledger"][f"{cell_m} m"] = ledger(options.program, photos, cell_m, out)
            outs = {cell_m: pathlib.Path(folder) / f"{photos}-{cell_m}" for cell_m in options.cells}
            row["geos"], row["error"] = geos(photos, outs)
            row["ratio"] = {name: ratios(figures, row["geos"]) for name, figures in row["ledger"].items()}
            rows.append(row)
            print(f"{photos} photos done", file=sys.stderr)
    print(json.dumps({"shapely": shapely.__version__, "geos": shapely.geos_version_string, "runs": rows},
                     indent=2, ensure_ascii=False))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, nargs="+", default=[100_000])
    parser.add_argument("--cells", type=float, nargs="+", default=[5.0])
    parser.add_argument("--program", type=pathlib.Path, help="the built bench, instead of cargo bench")
    return parser.parse_args()


def ledger(program, photos, cell_m, out):
    command = [str(program)] if program else ["cargo", "bench", "-q", "-p", "benches", "--bench", "coverage", "--"]
    command += ["--photos", str(photos), "--cell", str(cell_m), "--out", str(out)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def seconds(work):
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def geos(photos, outs):
    first = next(iter(outs.values()))
    corners = numpy.fromfile(first / "photos.f64").reshape(photos, 4, 2)
    frames = shapely.polygons(corners)
    whole_s, union = seconds(lambda: shapely.unary_union(frames))
    # As the ledger meets it: one photo more than there are.
    apart = frames[photos // 2 : photos // 2 + SORTIE]
    rest = shapely.unary_union(numpy.delete(frames, slice(photos // 2, photos // 2 + SORTIE)))
    one_s = statistics.median(seconds(lambda frame=frame: rest.union(frame))[0] for frame in apart[:: SORTIE // 5])
    sortie_s, _ = seconds(lambda: rest.union(shapely.unary_union(apart)))
    figures = {
        "unary_union_s": whole_s,
        "one_photo_s": one_s,
        "sortie_s": sortie_s,
        "union_km2": union.area / 1e6,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    errors = {f"{cell_m} m": error(json.loads((out / "areas.json").read_text()), union, figures) for cell_m, out in outs.items()}
    return figures, errors


def error(areas, union, figures):
    """Differences from the exact shares, percentage points; of the total, per cent of itself."""
    result = {"total_percent": 100 * (areas.pop("total_km2") / figures["union_km2"] - 1)}
    for name, parts in areas.items():
        off, slowest = [], 0.0
        for part in parts:
            area = shapely.unary_union([shapely.Polygon(shell, holes) for shell, holes in part["polygons"]])
            took, seen = seconds(lambda area=area: union.intersection(area))
            slowest += took
            off.append(abs(part["percent"] - 100 * seen.area / area.area))
        if off:
            result[name] = {"areas": len(off), "mean": statistics.mean(off), "worst": max(off)}
            figures.setdefault("by_area_s", {})[name] = slowest
    return result


def ratios(figures, geos_figures):
    return {
        "build": geos_figures["unary_union_s"] / figures["build_s"],
        "one_photo": geos_figures["one_photo_s"] * 1e6 / figures["one_photo_in_us"],
        "sortie": geos_figures["sortie_s"] * 1e3 / figures["sortie_out_and_in_ms"],
    }


if __name__ == "__main__":
    main()
