"""Reads a telemetry log with pymavlink and prints what is in it as one JSON object: read_tlog.py FILE

{"messages", "heartbeats", "unreadable": counts, "first_utc", "last_utc": seconds since 1970, "types": {name: count}}"""
import collections
import json
import os
import sys

os.environ["MAVLINK20"] = "1"  # read by pymavlink as it is imported
from pymavlink import mavutil  # noqa: E402


def main():
    log = mavutil.mavlink_connection(sys.argv[1], dialect="ardupilotmega")
    types, first_utc, last_utc = collections.Counter(), None, None
    while (message := log.recv_match()) is not None:
        types[message.get_type()] += 1
        last_utc = message._timestamp
        first_utc = last_utc if first_utc is None else first_utc
    unreadable = sum(count for name, count in types.items() if name == "BAD_DATA" or name.startswith("UNKNOWN"))
    print(json.dumps({
        "messages": types.total() - unreadable, "heartbeats": types["HEARTBEAT"], "unreadable": unreadable,
        "first_utc": first_utc, "last_utc": last_utc, "types": dict(sorted(types.items()))}))


main()
