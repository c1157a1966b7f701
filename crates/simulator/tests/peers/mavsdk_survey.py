"""Flies a mission with MAVSDK's own mission items against the PX4 profile: mavsdk_survey.py PORT SPEED"""
import sys
import time

from mavsdk import ComponentType, Configuration, Mavsdk
from mavsdk.plugins.action import Action
from mavsdk.plugins.mission import Mission, MissionItem, MissionPlan
from mavsdk.plugins.telemetry import Telemetry

HEIGHT_M = 30.0
METRE_DEG = 1 / 111_195


def plan_at(home):
    camera = MissionItem.CameraAction

    def item(north_m, east_m, action=camera.NONE, **more):
        return MissionItem(
            home.latitude_deg + north_m * METRE_DEG, home.longitude_deg + east_m * METRE_DEG, HEIGHT_M, 8.0, True,
            -90.0, 0.0, action, acceptance_radius_m=2.0, **more)

    return MissionPlan([
        item(10, 10), item(20, 20, camera.START_PHOTO_INTERVAL, camera_photo_interval_s=2.0),
        item(20, 80, camera.STOP_PHOTO_INTERVAL), item(50, 80), item(50, 20, camera.TAKE_PHOTO)])


def compare(sent, held):
    assert len(sent) == len(held), (len(sent), len(held))
    for ours, theirs in zip(sent, held):
        for field, near in [("latitude_deg", 1e-6), ("longitude_deg", 1e-6), ("relative_altitude_m", 1e-3)]:
            assert abs(getattr(ours, field) - getattr(theirs, field)) < near, (field, str(ours), str(theirs))
        assert ours.camera_action == theirs.camera_action, (str(ours), str(theirs))


def until(what, test, patience_s=60):
    end = time.monotonic() + patience_s
    while not test():
        assert time.monotonic() < end, f"{what}: not in {patience_s} s"
        time.sleep(0.1)


def main():
    port, speed = int(sys.argv[1]), float(sys.argv[2])
    sdk = Mavsdk(Configuration.create_with_component_type(ComponentType.GROUND_STATION))
    sdk.add_any_connection(f"udpin://127.0.0.1:{port}")
    system = sdk.first_autopilot(30.0)
    assert system is not None, "MAVSDK finds no autopilot"
    telemetry, action, mission = Telemetry(system), Action(system), Mission(system)
    until("health", telemetry.health_all_ok)
    plan = plan_at(telemetry.position())
    mission.set_return_to_launch_after_mission(True)
    mission.upload_mission(plan)
    held = mission.download_mission()
    compare(plan.mission_items, getattr(held, "mission_plan", held).mission_items)
    action.arm()
    mission.start_mission()
    heights = []

    def finished():
        heights.append(telemetry.position().relative_altitude_m)
        return mission.is_mission_finished()

    until("take-off", telemetry.in_air)
    until("the end of the mission", finished, 60 + 300 / speed)
    until("landing", lambda: not telemetry.armed(), 60 + 200 / speed)
    print(f"highest {max(heights):.1f} m, {telemetry.landed_state()}")
    assert abs(max(heights) - HEIGHT_M) < 2, max(heights)
    until("on the ground", lambda: not telemetry.in_air())


main()
