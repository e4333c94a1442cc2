"""The 10k project: 10,000 shots, 3,000 assets, 65,000 tasks, about 30,000 casting links, 75 sequences, ids as UUIDs.

The same every time. Needs nothing but Python 3.
"""

import random
import uuid

SHOTS, ASSETS, SEQUENCES, PEOPLE = 10_000, 3_000, 75, 60
# Tasks have one of the first half of the statuses; loads that change them use the second half.
STATUSES = 12
SHOT_WORK = ["Storyboard", "Layout", "Animation", "Lighting", "Compositing"]
ASSET_WORK = ["Concept", "Modeling", "Shading", "Rigging", "Grooming"]
ASSET_TYPES = ["Character", "Prop", "Set", "Effect"]
FRAMES = (24, 160)


def production():
    """The context and the snapshot, as the API takes them."""
    dice = random.Random(10_000)

    def new_id():
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))

    def color():
        return f"#{dice.getrandbits(24):06x}"

    def picture():
        name = new_id()
        return f"data/previews/{name[:2]}/{name}.png"

    def work(names, for_shots):
        return [{"id": new_id(), "name": name, "color": color(), "for_shots": for_shots} for name in names]

    people = [{"id": new_id(), "name": f"Person {index:02}"} for index in range(PEOPLE)]
    statuses = [{"id": new_id(), "name": f"Status {index:02}", "color": color()} for index in range(STATUSES)]
    shot_work, asset_work = work(SHOT_WORK, True), work(ASSET_WORK, False)
    asset_types = [{"id": new_id(), "name": name} for name in ASSET_TYPES]

    def tasks(of):
        return [
            {
                "id": new_id(),
                "task_type_id": task_type["id"],
                "task_status_id": dice.choice(statuses[: STATUSES // 2])["id"],
                "assignees": [person["id"] for person in dice.sample(people, dice.randint(0, 2))],
            }
            for task_type in of
        ]

    sequences = [{"id": new_id(), "name": f"SC{index:03}"} for index in range(SEQUENCES)]
    assets = [
        {
            "id": new_id(),
            "name": f"asset_{index:04}",
            "asset_type_id": dice.choice(asset_types)["id"],
            "thumbnailUrl": picture(),
            "tasks": tasks(asset_work),
        }
        for index in range(ASSETS)
    ]
    shots, frame = [], 0
    for index in range(SHOTS):
        end = frame + dice.randint(*FRAMES)
        shots.append(
            {
                "id": new_id(),
                "name": f"{index:05}",
                "sequence_id": sequences[index * SEQUENCES // SHOTS]["id"],
                "data": {"frame_in": frame, "frame_out": end},
                "thumbnailUrl": picture(),
                "tasks": tasks(shot_work),
            }
        )
        frame = end
    casting = [
        {"shot_id": shot["id"], "asset_ids": [asset["id"] for asset in dice.sample(assets, dice.randint(0, 6))]}
        for shot in shots
    ]
    context = {
        "users": people,
        "asset_types": asset_types,
        "task_types": shot_work + asset_work,
        "task_statuses": statuses,
    }
    project = {
        "id": new_id(),
        "name": "Ten Thousand",
        "ratio": "2.35:1",
        "resolution": "2048x858",
        "fps": 24,
        "asset_types": [entity["id"] for entity in asset_types],
        "task_types": [entity["id"] for entity in shot_work + asset_work],
        "task_statuses": [entity["id"] for entity in statuses],
        "team": [entity["id"] for entity in people],
        "sequences": sequences,
        "shots": shots,
        "assets": assets,
        "casting": casting,
        "edits": [{"id": new_id(), "name": "edit", "totalFrames": frame, "frameOffset": 0}],
    }
    return context, project
