"""Siting by `survey::siting` beside spopt with HiGHS: the same instance, one after the other, in processor seconds.

    cargo build --release -p benches --bin siting
    python3 benches/siting_highs.py target/release/siting 200 1500 5 [--seconds 20] [--limit 300] [--venv FOLDER]

spopt, PuLP and highspy are installed into a virtual environment (FOLDER, else a temporary one). spopt builds a dense
matrix of distances, so that 5,000 candidates and 94,000 demands (3.8 GB) are refused here.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PACKAGES = ["spopt==0.7.0", "pulp==3.3.2", "highspy==1.16.0"]
MOST_PAIRS = 50_000_000
GOOD = 0.005


def arguments():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, help="the built bench binary")
    parser.add_argument("candidates", type=int)
    parser.add_argument("demands", type=int)
    parser.add_argument("radius_km", type=float)
    parser.add_argument("--seconds", type=float, default=20.0, help="processor seconds for survey::siting")
    parser.add_argument("--limit", type=float, default=300.0, help="wall seconds for HiGHS")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--venv", type=Path)
    parser.add_argument("--solve", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def solve(instance, limit_s):
    """Runs inside the virtual environment: spopt's MCLP with HiGHS."""
    import highspy
    import numpy as np
    import pulp
    from spopt.locate import MCLP

    candidates, demands = (np.array(instance[key]) for key in ("candidates", "demands"))
    weights = np.array(instance["weights"])
    started = time.process_time()
    distances = np.hypot(*(demands[:, None, axis] - candidates[None, :, axis] for axis in (0, 1)))
    model = MCLP.from_cost_matrix(distances, weights, instance["radius_km"], p_facilities=instance["sites"])
    built = time.process_time() - started
    started = time.process_time()
    found = []

    def improved(_kind, _message, output, _input, _user):
        found.append((abs(output.objective_function_value), time.process_time() - started))

    solver = pulp.HiGHS(
        msg=False,
        timeLimit=limit_s,
        callbackTuple=(improved, None),
        callbacksToActivate=[highspy.cb.HighsCallbackType.kCallbackMipImprovingSolution],
    )
    model.solve(solver, results=False)
    solved = time.process_time() - started
    chosen = [index for index, variable in enumerate(model.fac_vars) if (variable.varValue or 0) > 0.5]
    covered = weights[(distances[:, chosen] <= instance["radius_km"]).any(axis=1)].sum() if chosen else 0.0
    information = model.problem.solverModel.getInfo()
    bound = abs(information.mip_dual_bound) / weights.sum()
    good = next((at for value, at in found if value >= (1 - GOOD) * bound * weights.sum()), None)
    print(
        f"spopt + HiGHS: {pulp.LpStatus[model.problem.status]}, {100 * covered / weights.sum():.4f} %, "
        f"bound {100 * bound:.4f} %; processor s: build {built:.1f}, solve {solved:.1f}, "
        f"within 0.5 % of the bound after {'not' if good is None else f'{good:.2f}'} of solving"
    )


def main():
    """Ours, then theirs."""
    asked = arguments()
    if asked.solve:
        solve(json.loads(asked.solve.read_text()), asked.limit)
        return
    with tempfile.TemporaryDirectory() as scratch:
        instance = Path(scratch) / "instance.json"
        size = [str(asked.candidates), str(asked.demands), str(asked.radius_km)]
        options = ["--seconds", str(asked.seconds), "--seed", str(asked.seed), "--write", str(instance)]
        subprocess.run([asked.program, *size, *options], check=True)
        if asked.candidates * asked.demands > MOST_PAIRS:
            print("spopt + HiGHS: not run, the dense matrix is too large")
            return
        folder = asked.venv or Path(scratch) / "venv"
        python = folder / "bin" / "python"
        if not python.exists():
            venv.create(folder, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        again = [python, __file__, asked.program, *size, "--limit", str(asked.limit), "--solve", str(instance)]
        subprocess.run(again, check=True)


if __name__ == "__main__":
    sys.exit(main())
