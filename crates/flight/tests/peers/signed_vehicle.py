"""A vehicle on pymavlink that signs: signed_vehicle.py PORT SYSTEM PASSPHRASE

It hears only what is signed with its key, answers for one parameter, and ends well once it was asked for it and has
heard signed heartbeats. Now and then it also says something unsigned, or under another key, which must not count."""
import hashlib
import os
import sys
import time

os.environ["MAVLINK20"] = "1"  # read by pymavlink as it is imported
from pymavlink import mavutil  # noqa: E402

kinds = mavutil.mavlink


def connect(port, system, key):
    link = mavutil.mavlink_connection(
        f"udpout:127.0.0.1:{port}", source_system=system, source_component=1, dialect="ardupilotmega")
    if key is not None:
        link.setup_signing(key, sign_outgoing=True, allow_unsigned_callback=lambda link, message_id: False)
    return link


def beat(link):
    link.mav.heartbeat_send(kinds.MAV_TYPE_QUADROTOR, kinds.MAV_AUTOPILOT_ARDUPILOTMEGA, 0, 0, 3)


def main():
    port, system = int(sys.argv[1]), int(sys.argv[2])
    key = hashlib.sha256(sys.argv[3].encode()).digest()
    link = connect(port, system, key)
    strangers = [connect(port, system, None), connect(port, system, hashlib.sha256(b"another").digest())]
    beats, asked, end = 0, 0, time.monotonic() + 50
    while beats < 3 or asked < 1:
        assert time.monotonic() < end, f"{beats} heartbeats, {asked} questions"
        beat(link)
        for stranger in strangers:
            beat(stranger)
        message = link.recv_match(blocking=True, timeout=0.2)
        while message is not None:
            if message.get_type() != "BAD_DATA":
                assert message.get_signed(), message
                beats += message.get_type() == "HEARTBEAT" and message.get_srcSystem() == 255
                if message.get_type() == "PARAM_REQUEST_READ":
                    asked += 1
                    link.mav.param_value_send(b"SYSID_MYGCS", 255, kinds.MAV_PARAM_TYPE_INT16, 1, 0)
            message = link.recv_match(blocking=False)
    for _ in range(5):  # the answer may be lost
        link.mav.param_value_send(b"SYSID_MYGCS", 255, kinds.MAV_PARAM_TYPE_INT16, 1, 0)
        time.sleep(0.2)


main()
