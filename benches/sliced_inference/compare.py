"""Core-seconds per km² of ground and recall per ground object: `flyonce ingest` beside sliced inference with SAHI.

One simulated sortie, the same photos, fp32 file, ONNX Runtime library, ground scale and thread count (1) for both, in one
run. Times are processor time of whole processes or calls, so that a busy machine does not distort them much.

    pip install -r benches/sliced_inference/requirements.txt
    simulator demo --photos 40 --strips 5 --slanting-one-in 0 --altitude-m 100 --width 4000 --height 3000 \
        --forward-overlap 0.7 --side-overlap 0.6 --out SORTIE
    python benches/sliced_inference/compare.py --flyonce target/release/flyonce --photos SORTIE --work FOLDER
"""

import argparse
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import time
import tomllib
from pathlib import Path

import numpy as np
from PIL import Image

from recall import found_share, ground_km2, truth_of
from sahi_model import OnnxTiles, sliced

MODELS = Path(__file__).resolve().parents[2] / "models"
CARDS = {"fp32": MODELS / "aerial8.toml", "int8": MODELS / "aerial8-int8.toml"}


def arguments():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flyonce", type=Path, required=True, help="the program, better a release build")
    parser.add_argument("--photos", type=Path, required=True, help="folder of `simulator demo`")
    parser.add_argument("--work", type=Path, required=True, help="folder for data folders and the result")
    return parser.parse_args()


def ingest(args, name, precision, looks_per_cell, photos):
    """One ingest into a fresh data folder by one worker: processor seconds, stage times, tiles and detections."""
    folder = args.work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = folder / "flyonce.toml"
    config.write_text(f'[data]\nfolder = "{folder / "data"}"\n[model]\ncard = "{CARDS[precision]}"\nworkers = 1\n'
                      f"looks_per_cell = {looks_per_cell}\n", encoding="utf-8")
    command = [str(args.flyonce.resolve()), "--config", str(config), "--json", "ingest", *map(str, photos)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "RUST_LOG": "warn"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = json.loads(done.stdout)
    database = sqlite3.connect(folder / "data" / "flyonce.sqlite")
    tiles = database.execute("select p.photo_id, n.name, t.x_px, t.y_px, t.width_px, t.height_px, t.scale from tile t "
                             "join photo p using (photo_id) join photo_name n using (sha256)").fetchall()
    finds = database.execute("select n.name, d.class, d.score, d.x0_px, d.y0_px, d.x1_px, d.y1_px from detection d "
                             "join photo p using (photo_id) join photo_name n using (sha256)").fetchall()
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"core_s": seconds, "look_times": summary.get("look_times"), "tiles": tiles, "finds": finds,
            "looked_at": summary.get("looked_at")}


def run_tiles(model, photos, tiles):
    """The chosen tiles through Python's ONNX Runtime: what tile choice and precision save without our runtime."""
    by_photo = {}
    for _, name, x, y, width, height, scale in tiles:
        by_photo.setdefault(Path(name).name, []).append((x, y, width, height, scale))
    started = time.process_time()
    for photo in photos:
        wanted = by_photo.get(photo.name, [])
        picture = Image.open(photo).convert("RGB") if wanted else None
        for x, y, width, height, scale in wanted:
            part = picture.crop((x, y, min(x + width, picture.width), min(y + height, picture.height)))
            part = part.resize((max(1, round(part.width * scale)), max(1, round(part.height * scale))), Image.Resampling.BOX)
            model.run(np.asarray(part))
    return time.process_time() - started


def main():
    """Prints the table and writes result.json."""
    args = arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    photos = sorted(args.photos.glob("*.JPG"))
    truth = truth_of(args.photos / "truth" / "truth.json")
    km2 = ground_km2(truth)
    card = tomllib.loads(CARDS["fp32"].read_text(encoding="utf-8"))
    models = {key: OnnxTiles(path.with_name(tomllib.loads(path.read_text("utf-8"))["file"]), card)
              for key, path in CARDS.items()}
    rows = []

    def add(name, core_s, tiles, finds):
        """A row; `core_s` of the program is all that its process took: start, intake, pose checks, looking, leads."""
        recall, precision = found_share(truth, finds, card) if finds is not None else (None, None)
        rows.append({"way": name, "core_s_per_km2": core_s / km2, "tiles_per_km2": tiles / km2,
                     "recall": recall, "precision": precision})
        print(json.dumps(rows[-1]), flush=True)

    for standard in (True, False):
        core_s, tiles, finds = sliced(models["fp32"], photos, card, standard)
        add(f"SAHI, fp32{', with its full-frame pass' if standard else ', slices only'}", core_s, tiles, finds)
    stages = {}

    def add_ingest(looks, precision):
        run = ingest(args, f"{precision}-k{looks}", precision, looks, photos)
        name = f"flyonce {'K=' + str(looks) if looks else 'every tile'}, {precision}"
        add(name, run["core_s"], len(run["tiles"]), run["finds"])
        stages[name] = stage_seconds(run)
        return run

    for looks in (1, 2):
        fp32 = add_ingest(looks, "fp32")
        add(f"chosen tiles K={looks}, Python, fp32", run_tiles(models["fp32"], photos, fp32["tiles"]),
            len(fp32["tiles"]), None)
        add_ingest(looks, "int8")
    add_ingest(0, "fp32")
    one = photos[len(photos) // 2:len(photos) // 2 + 1]
    single = {"sahi_core_s": sliced(models["fp32"], one, card, True)[0]}
    for precision in CARDS:
        stage = stage_seconds(ingest(args, "single", precision, 1, one))
        single[f"flyonce_{precision}_look_s"] = sum(stage.values()) - stage["start, intake, pose checks, leads"]
    stages = {name: {stage: seconds / km2 for stage, seconds in of.items()} for name, of in stages.items()}
    result = {"km2": km2, "photos": len(photos), "rows": rows, "stages": stages, "single": single}
    (args.work / "result.json").write_text(json.dumps(result, indent=1))
    show(result)


def show(result):
    """Prints the tables."""
    rows, stages, single = result["rows"], result["stages"], result["single"]
    base = rows[0]["core_s_per_km2"]
    print(f"\n{result['km2']:.4f} km² of ground, {result['photos']} photos\n\n| way | core-s per km² | times less | tiles per km² | recall | precision |"
          "\n|---|---|---|---|---|---|")
    for row in rows:
        recall = "" if row["recall"] is None else f"{row['recall']:.3f} | {row['precision']:.3f}"
        print(f"| {row['way']} | {row['core_s_per_km2']:.1f} | {base / row['core_s_per_km2']:.1f} | {row['tiles_per_km2']:.0f} | {recall or ' | '} |")
    print("single frame:", json.dumps(single))
    print("where the time of the program goes, core-s per km²:")
    for name, of in stages.items():
        print(f"  {name}: " + ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in of.items()))


def stage_seconds(run):
    """Processor seconds of a run by stage: the one worker's stages by its own clock (wall clock: keep the machine idle),
    the rest of the process together."""
    times = {key: value / 1e6 for key, value in run["look_times"].items() if key.endswith("_us")}
    stages = {"tile choice": times["choose_us"], "read and decode": times["read_us"] + times["decode_us"],
              "quality": times["quality_us"], "scale": times["prepare_us"], "model": times["infer_us"],
              "merge and commit": times["merge_us"] + times["commit_us"]}
    return {**stages, "start, intake, pose checks, leads": run["core_s"] - sum(stages.values())}


if __name__ == "__main__":
    main()
