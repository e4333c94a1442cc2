"""Fills the writers of watchtower_pipeline 0.1.7 from the dataset file that the environment names in DATASET.

`writers` gives what `push_writers.py` takes. Run as a program, it lets the package itself write its tree below ./public.
"""
import json, os

from watchtower_pipeline import models, writers as package


def tasks(entity):
    return [models.Task(**task) for task in entity["tasks"]]


def project_writer(data, project):
    shots = {s["id"]: models.Shot(**{**s, "tasks": tasks(s)}) for s in data["shots"]}
    assets = {a["id"]: models.Asset(**{**a, "tasks": tasks(a)}) for a in data["assets"]}
    edit = (data["edits"] or [{"totalFrames": 0, "frameOffset": 0}])[0]  # 0.1.x has exactly one
    return package.ProjectWriter(
        project=project,
        shots=list(shots.values()),
        assets=list(assets.values()),
        sequences=[models.Sequence(id=s["id"], name=s["name"]) for s in data["sequences"]],
        edit=models.Edit(project=project, totalFrames=edit["totalFrames"], frameOffset=edit["frameOffset"],
                         sourceName=edit.get("sourceName"), sourceType=edit.get("sourceType", "video/mp4")),
        casting=[models.ShotCasting(shot=shots[c["shot_id"]], assets=[assets[a] for a in c["asset_ids"]])
                 for c in data["casting"]],
    )


def writers():
    """The pair (ContextWriter, [ProjectWriter, …])."""
    with open(os.environ["DATASET"], encoding="utf-8") as file:
        data = json.load(file)
    fields = ("id", "name", "ratio", "resolution", "fps", "asset_types", "task_types", "task_statuses", "team",
              "thumbnailUrl")
    projects = [models.Project(**{field: p[field] for field in fields}) for p in data["projects"]]
    context = package.ContextWriter(
        projects=projects,
        asset_types=[models.AssetType(**t) for t in data["asset_types"]],
        task_types=[models.TaskType(**t) for t in data["task_types"]],
        task_status=[models.TaskStatus(**t) for t in data["task_statuses"]],
        users=[models.User(**u) for u in data["users"]],
    )
    return context, [project_writer(d, project) for d, project in zip(data["projects"], projects)]


if __name__ == "__main__":
    context_writer, project_writers = writers()
    for one in [context_writer, *project_writers]:
        one.write_as_json()
