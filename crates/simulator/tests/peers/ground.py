"""A small ground station on pymavlink: it knows the protocol from that library alone."""
import collections
import os
import threading
import time

os.environ["MAVLINK20"] = "1"  # read by pymavlink as it is imported
from pymavlink import mavutil  # noqa: E402

ARDUCOPTER_GUIDED, PX4_AUTO, PX4_AUTO_MISSION = 4, 4, 4
PLACES = (16, 22)  # waypoint and take-off: the commands that carry a position
PICTURES = ("CAMERA_FEEDBACK", "CAMERA_IMAGE_CAPTURED")


class Ground:
    """One vehicle, heard on a UDP port. Every wait ends with an AssertionError that says what did not come."""

    def __init__(self, port, system, speed, key=None):
        self.system, self.key = system, key
        self.link = mavutil.mavlink_connection(
            f"udpin:127.0.0.1:{port}", source_system=255, source_component=190, dialect="ardupilotmega")
        if key is not None:
            self.link.setup_signing(key, allow_unsigned_callback=lambda link, message_id: False)
        self.census = collections.Counter()
        self.pictures, self.texts = [], []
        self.armed, self.home, self.position, self.height_m, self.highest_m = False, None, None, 0.0, 0.0
        self.wait("HEARTBEAT")
        threading.Thread(target=self._beat, args=(1 / max(1, speed),), daemon=True).start()

    def _beat(self, period_s):
        kinds = mavutil.mavlink
        while True:
            self.link.mav.heartbeat_send(kinds.MAV_TYPE_GCS, kinds.MAV_AUTOPILOT_INVALID, 0, 0, 0)
            time.sleep(period_s)

    def _hear(self):
        message = self.link.recv_match(blocking=True, timeout=0.05)
        if message is None:
            return None
        kind = message.get_type()
        self.census[kind] += 1
        assert kind != "BAD_DATA" and not kind.startswith("UNKNOWN"), f"pymavlink cannot read {message}"
        assert message.get_signed() == (self.key is not None), message
        assert message.get_srcSystem() == self.system, f"a stranger: {message}"
        if kind == "HEARTBEAT":
            self.armed = bool(message.base_mode & mavutil.mavlink.MAV_MODE_FLAG_SAFETY_ARMED)
        elif kind == "GLOBAL_POSITION_INT" and message.lat != 0:
            self.position = (message.lat, message.lon)
            self.height_m = message.relative_alt / 1000
            self.highest_m = max(self.highest_m, self.height_m)
        elif kind in PICTURES:
            self.pictures.append(message)
        elif kind == "STATUSTEXT":
            self.texts.append(message.text)
            print("vehicle says:", message.text)
        return message

    def until(self, what, test, patience_s=60):
        end = time.monotonic() + patience_s
        while not test():
            assert time.monotonic() < end, f"{what}: not in {patience_s} s; heard {dict(self.census)}"
            self._hear()

    def wait(self, *kinds, test=lambda message: True, patience_s=20):
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            message = self._hear()
            if message is not None and message.get_type() in kinds and test(message):
                return message
        raise AssertionError(f"no {kinds} in {patience_s} s; heard {dict(self.census)}")

    def command(self, number, *values):
        """Sends COMMAND_LONG and returns the MAV_RESULT of its acknowledgement."""
        values = list(values) + [0] * (7 - len(values))
        self.link.mav.command_long_send(self.system, 1, number, 0, *values)
        return self.wait("COMMAND_ACK", test=lambda ack: ack.command == number).result

    def arm(self, patience_s=60):
        """A vehicle that has just started refuses until its position is good."""
        end = time.monotonic() + patience_s
        while self.command(400, 1) != 0:
            assert time.monotonic() < end, f"never armable: {self.texts}"
            time.sleep(0.2)
        self.until("a heartbeat that says armed", lambda: self.armed)

    def upload(self, items):
        """Items are (frame, command, four parameters, x, y, z) with x and y in 1e-7 degrees."""
        self.link.mav.mission_count_send(self.system, 1, len(items))
        asked = []
        while True:
            message = self.wait("MISSION_REQUEST", "MISSION_REQUEST_INT", "MISSION_ACK")
            if message.get_type() == "MISSION_ACK":
                assert message.type == 0, f"refused: {message}"
                return asked
            asked.append(message.seq)
            self.link.mav.mission_item_int_send(
                self.system, 1, message.seq, items[message.seq][0], items[message.seq][1], 0, 1,
                *items[message.seq][2:])

    def download(self):
        """All items as the vehicle holds them, in the form that `upload` takes."""
        self.link.mav.mission_request_list_send(self.system, 1)
        items = []
        for seq in range(self.wait("MISSION_COUNT").count):
            self.link.mav.mission_request_int_send(self.system, 1, seq)
            item = self.wait("MISSION_ITEM_INT", test=lambda m, seq=seq: m.seq == seq)
            items.append((item.frame, item.command, item.param1, item.param2, item.param3, item.param4,
                          item.x, item.y, item.z))
        self.link.mav.mission_ack_send(self.system, 1, 0)
        return items
