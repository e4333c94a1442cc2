#!/usr/bin/env python3
"""Pushes whole projects of Flow Production Tracking to Watchtower Server: once to begin with, and every night.

    pip install shotgun_api3
    FLOW_URL=https://yoursite.shotgrid.autodesk.com  FLOW_SCRIPT=watchtower  FLOW_KEY=…
    WATCHTOWER_URL=http://127.0.0.1:8080  [WATCHTOWER_TOKEN=…]
    python3 push.py 127 [another project's id …]

Webhooks tell what changes. This tells what is there, and mends what a lost event left wrong. The ids are those that the built-in
mapping `flow` makes, so that both speak of the same things. Your site has other fields? Alter them here as in the mapping.
"""
import json, os, re, sys, urllib.error, urllib.parse, urllib.request
import shotgun_api3

URL, TOKEN = os.environ.get("WATCHTOWER_URL", "http://127.0.0.1:8080"), os.environ.get("WATCHTOWER_TOKEN")
FRAME_IN, FRAME_OUT, OMITTED = "sg_cut_in", "sg_cut_out", ["omt"]


def id_of(text):
    """An id that is made of a text, as `def id` in the mapping makes it."""
    return urllib.parse.quote(re.sub(r"\s", "_", text), safe="-._~").replace("%", "~")[:128]


def link(value):
    return str(value["id"]) if value else None


def links(values, of):
    return [str(value["id"]) for value in values or [] if value["type"] == of]


def color(text):
    return {"color": text} if re.fullmatch(r"\d+,\d+,\d+", text or "") else {}


def context(sg, projects):
    in_projects = ["projects", "in", [{"type": "Project", "id": project} for project in projects]]
    assets = sg.find("Asset", [["project", "in", in_projects[2]]], ["sg_asset_type"])
    types = sorted({asset["sg_asset_type"] for asset in assets if asset["sg_asset_type"]})
    return {
        "users": [{"id": str(user["id"]), "name": user["name"]} for user in sg.find("HumanUser", [in_projects], ["name"])],
        "asset-types": [{"id": id_of(name), "name": name} for name in types],
        "task-types": [{"id": str(step["id"]), "name": step["code"], "for_shots": step["entity_type"] == "Shot", **color(step["color"])}
                       for step in sg.find("Step", [["entity_type", "in", ["Shot", "Asset"]]], ["code", "color", "entity_type"])],
        "task-statuses": [{"id": id_of(status["code"]), "name": status["name"], **color(status["bg_color"])}
                          for status in sg.find("Status", [], ["code", "name", "bg_color"])],
    }


def snapshot(sg, id):
    here = ["project", "is", {"type": "Project", "id": id}]
    tasks = {}
    for task in sg.find("Task", [here], ["entity", "step", "sg_status_list", "task_assignees"]):
        if task["entity"]:
            tasks.setdefault((task["entity"]["type"], task["entity"]["id"]), []).append(
                {"id": str(task["id"]), "task_type_id": link(task["step"]), "assignees": links(task["task_assignees"], "HumanUser"),
                 "task_status_id": id_of(task["sg_status_list"]) if task["sg_status_list"] else None})
    sequences = sg.find("Sequence", [here], ["code", "sg_status_list"], [{"field_name": "code", "direction": "asc"}])
    shots = sg.find("Shot", [here], ["code", "sg_sequence", FRAME_IN, FRAME_OUT, "assets", "sg_status_list"],
                    [{"field_name": FRAME_IN, "direction": "asc"}])
    assets = sg.find("Asset", [here], ["code", "sg_asset_type", "sg_status_list"], [{"field_name": "code", "direction": "asc"}])
    project = sg.find_one("Project", [["id", "is", id]], ["name", "users"])

    def common(kind, row):
        return {"id": str(row["id"]), "name": row["code"], "canceled": row["sg_status_list"] in OMITTED,
                **({} if kind == "Sequence" else {"tasks": tasks.get((kind, row["id"]), [])})}

    def frames(shot):
        first, last = shot[FRAME_IN], shot[FRAME_OUT]
        return {} if first is None or last is None else {"frame_in": first, "frame_out": last + 1}  # the first frame after it

    return {
        "name": project["name"], "team": links(project["users"], "HumanUser"),
        "sequences": [common("Sequence", row) for row in sequences],
        "shots": [{**common("Shot", row), "sequence_id": link(row["sg_sequence"]), "data": frames(row)} for row in shots],
        "assets": [{**common("Asset", row), "asset_type_id": id_of(row["sg_asset_type"]) if row["sg_asset_type"] else None}
                   for row in assets],
        "casting": [{"shot_id": str(row["id"]), "asset_ids": links(row["assets"], "Asset")} for row in shots],
    }


def send(method, path, body):
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {TOKEN}"} if TOKEN else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(URL + path, json.dumps(body).encode(), headers, method=method)) as answer:
            print(path, answer.read().decode())
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.code}\n{error.read().decode()}")


def main():
    projects = [int(project) for project in sys.argv[1:]]
    sg = shotgun_api3.Shotgun(os.environ["FLOW_URL"], script_name=os.environ["FLOW_SCRIPT"], api_key=os.environ["FLOW_KEY"])
    for name, rows in context(sg, projects).items():
        send("POST", f"/api/{name}", rows)  # creates and updates: other connectors may share these lists
    for project in projects:
        send("PUT", f"/api/projects/{project}/snapshot", snapshot(sg, project))


if __name__ == "__main__":
    main()
