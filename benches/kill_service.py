#!/usr/bin/env python3
"""Kills the service (SIGKILL) at random moments of one simulated wave and counts what was lost or doubled.

A simulated city and `flyonce serve` run as two processes over loopback sockets; the service is started again at once
after every kill. When all sorties are over, prints JSON. Ends with 1 when anything was lost or doubled.

    python3 benches/kill_service.py target/debug/flyonce --docks 4
"""

import argparse
import datetime
import json
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import time

WAVE_START = "2026-03-02T02:00:00Z"
# City time at which the service first starts: docks and vehicles come up before the slot.
SERVICE_START = "2026-03-02T01:58:30Z"
OVER = {"closed", "refused", "failed"}


def main():
    options = read_options()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="flyonce-kill-"))
    site = Site(folder, options)
    try:
        result = site.run()
    finally:
        site.end()
    print(json.dumps(result, indent=2, ensure_ascii=False))
    sys.exit(0 if result["lost"] == 0 and result["doubled"] == 0 else 1)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", type=pathlib.Path, help="the built flyonce")
    parser.add_argument("--docks", type=int, default=2)
    parser.add_argument("--speed", type=float, default=8.0, help="city seconds per second")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--span-s", type=float, default=90.0, help="all kills fall into so many seconds")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--patience-s", type=float, default=600.0, help="longest wait for the end")
    return parser.parse_args()


class Site:
    """A folder, a city that flies on, and a service that does not."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.program = str(options.program.resolve())
        self.mqtt, self.http, self.mavlink = free_tcp(), free_tcp(), free_udp(options.docks)
        self.began = time.monotonic()
        self.began_at = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        self.city = self.service = None
        (folder / "flyonce.toml").write_text(f'[mqtt]\nlisten = "127.0.0.1:{self.mqtt}"\n')

    def run(self):
        self.start_city()
        self.start_service()
        first = time.monotonic()
        dice = random.Random(self.options.seed)
        moments = sorted(dice.uniform(0, self.options.span_s) for _kill in range(self.options.kills))
        done = []
        for moment in moments:
            time.sleep(max(0.0, first + moment - time.monotonic()))
            self.service.kill()
            self.service.wait()
            done.append(round(time.monotonic() - first, 1))
            self.start_service()
        over = self.wait_for_the_end()
        return self.result(over, done, time.monotonic() - first)

    def start_city(self):
        options = self.options
        arguments = ["simulate", "--docks", options.docks, "--seed", 7, "--speed", options.speed, "--start", WAVE_START,
                     "--world", "data", "--mqtt", f"mqtt://127.0.0.1:{self.mqtt}", "--mavlink-base-port", self.mavlink]
        self.city = self.start(arguments, "city.log")
        truth = self.folder / "data/truth/truth.json"
        while not is_json(truth):
            if self.city.poll() is not None or time.monotonic() - self.began > self.options.patience_s:
                sys.exit(f"the city did not start: see {self.folder}/city.log")
            time.sleep(0.2)

    def start_service(self):
        # Not waiting until it listens: a kill may fall into its start, too.
        self.service = self.start(
            ["--data", "data", "--lang", "en", "serve", "--listen", f"127.0.0.1:{self.http}", "--city-time", SERVICE_START,
             "--city-time-was-at", self.began_at, "--city-speed", self.options.speed], "service.log")

    def start(self, arguments, log):
        with open(self.folder / log, "ab") as log_file:
            return subprocess.Popen([self.program, *map(str, arguments)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                    stdout=log_file, stderr=log_file)

    def ask(self, *arguments):
        command = [self.program, "--data", "data", "--lang", "en", *arguments, "--json"]
        return json.loads(subprocess.run(command, cwd=self.folder, check=True, capture_output=True).stdout)

    def wait_for_the_end(self):
        give_up = time.monotonic() + self.options.patience_s
        while time.monotonic() < give_up:
            flights = self.ask("flights", "list")["flights"]
            if len(flights) == self.options.docks and all(flight["state"] in OVER for flight in flights):
                return True
            time.sleep(2)
        return False

    def result(self, over, kills, seconds):
        flights = self.ask("flights", "list")["flights"]
        photos = self.ask("photos", "--limit", "1")["total"]
        total = {word: sum(flight["shots"][word] for flight in flights) for word in ("planned", "stored", "extra")}
        wrong = [flight for flight in flights
                 if flight["state"] != "closed" or flight["shots"]["stored"] != flight["shots"]["planned"]
                 or flight["shots"]["extra"]]
        return {
            "docks": self.options.docks, "speed": self.options.speed, "all_over": over,
            "sorties_not_begun": self.options.docks - len(flights),
            "planned": total["planned"], "stored": total["stored"], "photos": photos,
            "lost": total["planned"] - total["stored"],
            "of_these_not_flown": sum(flight["shots"]["lost"]["not_flown"] for flight in flights),
            "doubled": photos - total["stored"], "extra": total["extra"],
            "seconds": round(seconds, 1), "kills_at_s": kills, "folder": str(self.folder), "wrong_sorties": wrong,
        }

    def end(self):
        for process in (self.service, self.city):
            if process is not None:
                process.kill()
                process.wait()


def is_json(path):
    try:
        json.loads(path.read_bytes())
        return True
    except (OSError, ValueError):
        return False


def free_tcp():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_udp(count):
    """A port below `count` free ones: vehicle n sends to this port + n."""
    while True:
        base = random.randrange(20_000, 60_000)
        try:
            for port in range(base + 1, base + 1 + count):
                with socket.socket(type=socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue


if __name__ == "__main__":
    main()
