#!/usr/bin/env python3
"""One wave of a simulated fleet in real time: how many take off and when, and what it costs.

A simulated city and `flyonce serve` run as two processes over loopback sockets, without time-lapse; all docks are due in
the same minute. Prints JSON: take-offs and their times after the slot (the city's own word), processor time and memory
of both processes, gaps of more than 3 s in the heartbeats of either side (from the telemetry logs), MQTT messages a
second, and beside it how many the rule of DJI's published demo server would have launched.

    python3 benches/fleet_wave.py target/debug/flyonce --docks 16
    python3 benches/fleet_wave.py target/debug/flyonce --docks 200 --until-take-off
    python3 benches/fleet_wave.py target/debug/flyonce --docks 16 --fault D03:lid_stuck --fault D05:silent
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

WAVE_START = "2026-03-02T02:00:00Z"
OVER = {"closed", "refused", "failed"}
TICKS = os.sysconf("SC_CLK_TCK")
LONGEST_GAP_S = 3.0


def main():
    options = read_options()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="flyonce-wave-"))
    site = Site(folder, options)
    try:
        result = site.run()
    finally:
        site.end()
    result["demo_server_rule"] = demo_server(options.docks)
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if not options.keep:
        shutil.rmtree(folder)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", type=pathlib.Path, help="the built flyonce")
    parser.add_argument("--docks", type=int, default=16)
    parser.add_argument("--fault", action="append", default=[], metavar="DOCK:FAULT")
    parser.add_argument("--run-up-s", type=float, default=40.0, help="from the service's start to the slot")
    parser.add_argument("--until-take-off", action="store_true", help="end a minute after the last take-off")
    parser.add_argument("--photo-width", type=int, default=208, help="small pictures cost little")
    parser.add_argument("--patience-s", type=float, default=600.0, help="longest wait for the end")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    return parser.parse_args()


class Site:
    """A folder, a city and a service."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.program = str(options.program.resolve())
        self.mqtt, self.http, self.mavlink = free_tcp(), free_tcp(), free_udp(options.docks)
        self.city = self.service = self.listener = None
        self.mqtt_messages = 0
        (folder / "flyonce.toml").write_text(f'[mqtt]\nlisten = "127.0.0.1:{self.mqtt}"\n')

    def run(self):
        self.start_city()
        began = datetime.datetime.now(datetime.timezone.utc)
        self.slot_ms = (began.timestamp() + self.options.run_up_s) * 1000
        self.start_service(began)
        self.wait_for_service()
        self.count_messages()
        time.sleep(max(0.0, self.slot_ms / 1000 - 12 - time.time()))
        idle = self.measure(10.0)
        flying = self.measure(60.0, until=self.slot_ms / 1000 + 60)
        over = self.wait_for_the_end()
        return self.result(idle, flying, over)

    def start_city(self):
        options = self.options
        arguments = ["simulate", "--docks", options.docks, "--seed", 7, "--start", WAVE_START, "--world", "data", "--json",
                     "--mqtt", f"mqtt://127.0.0.1:{self.mqtt}", "--mavlink-base-port", self.mavlink,
                     "--photo-width", options.photo_width]
        for fault in options.fault:
            arguments += ["--fault", fault]
        self.city = self.start(arguments, "city.jsonl")
        give_up = time.monotonic() + options.patience_s
        while not is_json(self.folder / "data/truth/truth.json"):
            if self.city.poll() is not None or time.monotonic() > give_up:
                sys.exit(f"the city did not start: see {self.folder}")
            time.sleep(0.2)

    def start_service(self, began):
        wave = datetime.datetime.fromisoformat(WAVE_START.replace("Z", "+00:00"))
        at = wave - datetime.timedelta(seconds=self.options.run_up_s)
        self.service = self.start(
            ["--data", "data", "--lang", "en", "serve", "--listen", f"127.0.0.1:{self.http}", "--city-time", rfc3339(at),
             "--city-time-was-at", rfc3339(began), "--city-speed", "1"], "service.log")

    def wait_for_service(self):
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.http)).close()
            except OSError:
                if self.service.poll() is not None:
                    sys.exit(f"the service did not start: see {self.folder}/service.log")
                time.sleep(0.1)

    def count_messages(self):
        self.listener = mqtt_listener(self.mqtt)
        threading.Thread(target=self.count, daemon=True).start()

    def count(self):
        stream = self.listener.makefile("rb")
        last_ping = time.monotonic()
        while head := stream.read(1):
            length, shift = 0, 0
            while byte := stream.read(1)[0]:
                length, shift = length | (byte & 127) << shift, shift + 7
                if byte < 128:
                    break
            stream.read(length)
            self.mqtt_messages += head[0] >> 4 == 3
            if time.monotonic() - last_ping > 10:
                last_ping = time.monotonic()
                self.listener.sendall(b"\xc0\x00")

    def start(self, arguments, log):
        with open(self.folder / log, "ab") as log_file:
            return subprocess.Popen([self.program, *map(str, arguments)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                    stdout=log_file, stderr=log_file)

    def measure(self, seconds, until=None):
        """Processor seconds a minute, memory and messages over a span."""
        begun, before = time.time(), (cpu_s(self.service.pid), cpu_s(self.city.pid), self.mqtt_messages)
        time.sleep(max(0.0, (until or begun + seconds) - begun))
        span = time.time() - begun
        after = (cpu_s(self.service.pid), cpu_s(self.city.pid), self.mqtt_messages)
        return {
            "seconds": round(span, 1),
            "service_core_s_per_minute": round((after[0] - before[0]) / span * 60, 1),
            "city_core_s_per_minute": round((after[1] - before[1]) / span * 60, 1),
            "service_mib": memory_mib(self.service.pid), "city_mib": memory_mib(self.city.pid),
            "mqtt_messages_per_s": round((after[2] - before[2]) / span, 1),
        }

    def ask(self, *arguments):
        command = [self.program, "--data", "data", "--lang", "en", *arguments, "--json"]
        return json.loads(subprocess.run(command, cwd=self.folder, check=True, capture_output=True).stdout)

    def flights(self):
        return self.ask("flights", "list", "--limit", "500")["flights"]

    def wait_for_the_end(self):
        give_up = time.monotonic() + self.options.patience_s
        while time.monotonic() < give_up:
            flights = self.flights()
            begun = len(flights) == self.options.docks
            if begun and all(flight["state"] in OVER for flight in flights):
                return True
            if begun and self.options.until_take_off and not any(
                    flight["state"] in ("due", "preparing", "launching") for flight in flights):
                time.sleep(60)
                return False
            time.sleep(2)
        return False

    def result(self, idle, flying, over):
        flights = self.flights()
        off = take_offs(self.folder / "city.jsonl", self.slot_ms)
        armed = take_offs(self.folder / "city.jsonl", self.slot_ms, "armed")
        refused = {flight["dock_id"]: flight["code"] for flight in flights if flight["state"] == "refused"}
        return {
            "docks": self.options.docks, "faults": self.options.fault, "all_over": over,
            "slots_with_a_row": len(flights), "launched": len(off), "refused": refused,
            "armed_s": spread(armed.values()), "took_off_s": spread(off.values()),
            "states": dict(collections.Counter(flight["state"] for flight in flights)),
            "idle": idle, "launching": flying,
            "heartbeats": heartbeats(sorted((self.folder / "data/tlogs").glob("*.tlog"))),
            "folder": str(self.folder) if self.options.keep else None,
        }

    def end(self):
        for process in (self.service, self.city):
            if process is not None:
                process.kill()
                process.wait()


def mqtt_listener(port):
    """A connection to the broker that gets every message of the docks (MQTT 5, QoS 0)."""
    listener = socket.create_connection(("127.0.0.1", port))
    name = b"fleet-wave"
    connect = b"\x00\x04MQTT\x05\x02\x00\x3c\x00" + struct.pack(">H", len(name)) + name
    topic = b"flyonce/#"
    subscribe = b"\x00\x01\x00" + struct.pack(">H", len(topic)) + topic + b"\x00"
    listener.sendall(b"\x10" + bytes([len(connect)]) + connect)
    listener.sendall(b"\x82" + bytes([len(subscribe)]) + subscribe)
    return listener


def demo_server(docks):
    """How many the published demo server would launch: `checkScheduledJob` of DJI-Cloud-API-Demo looks every 5 s at the
    earliest job alone, starts it if it is due within the next 30 s, and 30 s after its time calls it failed (408).
    The smallest and largest number over where the slot falls between two looks."""
    counts = []
    for phase in range(50):
        look, waiting, launched = -60.0 + phase / 10, docks, 0
        while waiting:
            if look > 30.0:
                waiting -= 1
            elif -30.0 <= look <= 0.0:
                launched, waiting = launched + 1, waiting - 1
            look += 5.0
        counts.append(launched)
    return {"launched": [min(counts), max(counts)], "of": docks}


def take_offs(log, slot_ms, event="took_off"):
    """Seconds after the slot of each dock's first such event."""
    found = {}
    for line in log.read_text().splitlines():
        try:
            news = json.loads(line)
        except ValueError:
            continue
        if news.get("event") == event and news["at_ms"] >= slot_ms - 5000:
            found.setdefault(news["dock_id"], (news["at_ms"] - slot_ms) / 1000)
    return found


def spread(values):
    values = sorted(values)
    if not values:
        return None
    return {"first": round(values[0], 1), "median": round(values[len(values) // 2], 1), "last": round(values[-1], 1)}


def heartbeats(logs):
    """Gaps of more than 3 s between heartbeats of the vehicle (as they came) and of ours (as they left)."""
    gaps, beats, longest = collections.Counter(), collections.Counter(), {"vehicle": 0.0, "ours": 0.0}
    for log in logs:
        last = {}
        for stamp_s, system in heartbeats_of(log.read_bytes()):
            side = "ours" if system >= 245 else "vehicle"
            beats[side] += 1
            gap = stamp_s - last.get(side, stamp_s)
            longest[side] = max(longest[side], gap)
            gaps[side] += gap > LONGEST_GAP_S
            last[side] = stamp_s
    return {side: {"heard": beats[side], "gaps": gaps[side], "longest_s": round(longest[side], 2)} for side in longest}


def heartbeats_of(data):
    at = 0
    while at + 18 <= len(data):
        stamp = struct.unpack_from(">Q", data, at)[0]
        marker, payload = data[at + 8], data[at + 9]
        if marker == 0xFD:
            system, message = data[at + 13], int.from_bytes(data[at + 15:at + 18], "little")
            length = payload + 12 + (13 if data[at + 10] & 1 else 0)
        elif marker == 0xFE:
            system, message, length = data[at + 11], data[at + 13], payload + 8
        else:
            return
        if message == 0:
            yield stamp / 1e6, system
        at += 8 + length


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    return None


def rfc3339(time_):
    return time_.isoformat().replace("+00:00", "Z")


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
        base = random.randrange(20_000, 32_000)
        try:
            for port in range(base + 1, base + 1 + count):
                with socket.socket(type=socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue


if __name__ == "__main__":
    main()
