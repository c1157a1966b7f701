"""Uploads a small survey, reads it back, flies it, counts the pictures: pymavlink_survey.py PORT SPEED ardupilot|px4 [KEY]

With a KEY (64 hexadecimal digits) all is signed with it, and what is not signed with it is an error."""
import math
import sys

from ground import ARDUCOPTER_GUIDED, PLACES, PX4_AUTO, PX4_AUTO_MISSION, Ground

HEIGHT_M, SPACING_M = 40.0, 20
CORNERS_M = [(20, 20), (20, 120), (60, 120), (60, 20)]  # north and east of home: 240 m of lines


def survey(home, profile):
    unit = 1e7 / 111_195  # 1e-7 degrees of latitude in a metre
    east_unit = unit / math.cos(math.radians(home[0] / 1e7))

    def place(command, north_m, east_m):
        x, y = home[0] + round(north_m * unit), home[1] + round(east_m * east_unit)
        return (6, command, 0, 0, 0, 0, x, y, HEIGHT_M)

    def act(command, *values):
        return (2, command, *values, *[0] * (7 - len(values)))

    # ArduCopter keeps home in item 0, PX4 does not.
    items = [(0, 16, 0, 0, 0, 0, *home, 30.0)] if profile == "ardupilot" else []
    items += [place(22, 0, 0), act(178, 1, 8, -1), place(16, *CORNERS_M[0]), act(206, SPACING_M, 0, 1)]
    items += [place(16, *corner) for corner in CORNERS_M[1:]]
    return items + [act(206), act(20)]


def compare(sent, held, profile):
    assert len(sent) == len(held), (len(sent), len(held))
    for seq, (ours, theirs) in enumerate(zip(sent, held)):
        if seq == 0 and profile == "ardupilot":
            continue  # replaced by where the vehicle stands
        assert ours[:2] == theirs[:2], (seq, ours, theirs)
        if ours[1] in PLACES:
            assert ours[6:8] == theirs[6:8], (seq, ours, theirs)
            assert abs(ours[8] - theirs[8]) < 1e-3, (seq, ours, theirs)
        else:
            assert all(abs(a - b) < 1e-3 for a, b in zip(ours[2:], theirs[2:])), (seq, ours, theirs)


def take_off(ground, profile):
    if profile == "px4":
        assert ground.command(176, 1, PX4_AUTO, PX4_AUTO_MISSION) == 0
        ground.arm()
        return
    assert ground.command(176, 1, ARDUCOPTER_GUIDED) == 0
    ground.arm()
    assert ground.command(300) == 0


def main():
    port, speed, profile = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    key = bytes.fromhex(sys.argv[4]) if len(sys.argv) > 4 else None
    ground = Ground(port, 1, speed, key)
    ground.until("a position", lambda: ground.position is not None)
    home = ground.position
    items = survey(home, profile)
    asked = ground.upload(items)
    assert sorted(set(asked)) == list(range(len(items))), asked
    compare(items, ground.download(), profile)
    take_off(ground, profile)
    ground.until("take-off", lambda: ground.height_m > 5)
    ground.until("landing", lambda: not ground.armed, patience_s=60 + 400 / speed)
    numbers = [getattr(p, "img_idx", getattr(p, "image_index", None)) for p in ground.pictures]
    print(f"{len(numbers)} pictures, highest {ground.highest_m:.1f} m, {dict(ground.census)}")
    # One at once and one every 20 m of 240 m; each of the two corners in between, cut short, may cost one.
    assert 11 <= len(numbers) <= 13, numbers
    assert numbers == list(range(1, len(numbers) + 1)), numbers
    assert abs(ground.highest_m - HEIGHT_M) < 2
    astray_m = max(abs(a - b) for a, b in zip(ground.position, home)) / 1e7 * 111_195
    assert ground.height_m < 1 and astray_m < 3, (ground.height_m, astray_m)


main()
