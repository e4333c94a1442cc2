"""Fills a writer of watchtower_pipeline 1.0.0b3 from the dataset file that the environment names in DATASET.

`Writer` is what `push_writers.py` takes. Run as a program, it lets the package itself write its tree below ./data.
"""
import json, os, pathlib

from watchtower_pipeline import models, writers


class Writer(writers.AbstractWriter):
    request_headers = None

    def __init__(self):
        with open(os.environ["DATASET"], encoding="utf-8") as file:
            self.data = json.load(file)
        self.projects = {p["id"]: p for p in self.data["projects"]}

    def get_project_list(self):
        return [models.ProjectListItem(id=p["id"], name=p["name"], thumbnailUrl=p["thumbnailUrl"], episodes=[
            models.EpisodeListItem(id=e["id"], name=e["name"]) for e in p["episodes"]]) for p in self.data["projects"]]

    def get_project(self, project_id):
        data = self.projects[project_id]
        sequences = {s["id"]: s for s in data["sequences"]}

        def chosen(kind, ids, make):  # in the order of the project, as the package's own Kitsu writer does
            known = {one["id"]: one for one in self.data[kind]}
            return [make(**known[one]) for one in ids if one in known]

        return models.Project(
            **{field: data[field] for field in ("id", "name", "ratio", "resolution", "fps", "thumbnailUrl")},
            asset_types=chosen("asset_types", data["asset_types"], models.AssetType),
            task_types=chosen("task_types", data["task_types"], models.TaskType),
            task_statuses=chosen("task_statuses", data["task_statuses"], models.TaskStatus),
            team=chosen("users", data["team"], models.User),
            episodes=[models.Episode(id=e["id"], name=e["name"], sequences=[
                models.Sequence(id=s, name=sequences[s]["name"]) for s in e["sequences"]]) for e in data["episodes"]],
        )

    def get_project_sequences(self, project):
        return [models.Sequence(id=s["id"], name=s["name"]) for s in self.projects[project.id]["sequences"]]

    def get_project_shots(self, project):
        return [models.Shot(**{**s, "tasks": self.tasks(s)}) for s in self.projects[project.id]["shots"]]

    def get_project_assets(self, project):
        return [models.Asset(**{**a, "tasks": self.tasks(a)}) for a in self.projects[project.id]["assets"]]

    def get_project_casting(self, project, sequences, shots, assets):
        shots, assets = ({one.id: one for one in objects} for objects in (shots, assets))
        return [models.ShotCasting(shot=shots.get(c["shot_id"]), assets=[assets.get(a) for a in c["asset_ids"]])
                for c in self.projects[project.id]["casting"]]

    def get_project_edits(self, project):
        return [models.Edit(project_id=project.id, **e) for e in self.projects[project.id]["edits"]]

    def get_task_count(self, project_id):  # only for the package itself; the server counts from its own history
        project = self.projects[project_id]
        episodes = {s: e["id"] for e in project["episodes"] for s in e["sequences"]}
        shots = [{**s, "episode_id": episodes.get(s["sequence_id"])} for s in project["shots"]]
        return writers.ProjectWriter.count_tasks(shots, "2026-01-01T00:00:00")

    @staticmethod
    def tasks(entity):
        return [models.Task(**task) for task in entity["tasks"]]


if __name__ == "__main__":
    writer, here = Writer(), pathlib.Path.cwd()
    writer._get_project_list_writer(here).write_as_json()
    for item in writer.get_project_list():
        one = writer._get_project_writer(item.id, here)
        one.merge_task_counts(writer.get_task_count(item.id))
        one.write_as_json()
