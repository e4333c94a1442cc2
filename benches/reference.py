"""The reference's `write_as_json` of the 10k project, which is in its memory before the clock starts.

Runs in the environment that has the package watchtower-pipeline 0.1.7. Takes the folder to write into; writes once for
each line that it reads, and answers with the milliseconds.
"""

import logging
import pathlib
import sys
import time

from production import production
from watchtower_pipeline import models, writers

logging.disable()
models.BASE_PATH = pathlib.Path(sys.argv[1])


def tasks(of):
    return [models.Task(**task) for task in of]


def writers_of(context, data):
    asset_types = [models.AssetType(**entity) for entity in context["asset_types"]]
    task_types = [models.TaskType(**entity) for entity in context["task_types"]]
    statuses = [models.TaskStatus(**entity) for entity in context["task_statuses"]]
    users = [models.User(**entity) for entity in context["users"]]
    own = ["id", "name", "ratio", "resolution", "fps", "asset_types", "task_types", "task_statuses", "team"]
    project = models.Project(**{name: data[name] for name in own})
    shots = [models.Shot(**{**shot, "tasks": tasks(shot["tasks"])}) for shot in data["shots"]]
    assets = [models.Asset(**{**asset, "tasks": tasks(asset["tasks"])}) for asset in data["assets"]]
    by_id = {entity.id: entity for entity in shots + assets}
    casting = [
        models.ShotCasting(by_id[link["shot_id"]], [by_id[asset] for asset in link["asset_ids"]])
        for link in data["casting"]
    ]
    sequences = [models.Sequence(**sequence) for sequence in data["sequences"]]
    edit = models.Edit(project, data["edits"][0]["totalFrames"], data["edits"][0]["frameOffset"])
    return [
        writers.ContextWriter([project], asset_types, task_types, statuses, users),
        writers.ProjectWriter(project, shots, assets, sequences, edit, casting),
    ]


everything = writers_of(*production())
for _ in sys.stdin:
    start = time.perf_counter()
    for writer in everything:
        writer.write_as_json()
    print((time.perf_counter() - start) * 1000, flush=True)
