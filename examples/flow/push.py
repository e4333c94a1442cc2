#!/usr/bin/env python3
"""Pushes whole projects of Flow Production Tracking to Watchtower Server: once to begin with, and every night.

    pip install shotgun_api3
    FLOW_URL=https://yoursite.shotgrid.autodesk.com  FLOW_SCRIPT=watchtower  FLOW_KEY=…
    WATCHTOWER_URL=http://127.0.0.1:8080  [WATCHTOWER_TOKEN=…]
    python3 push.py 127 [another project's id …]

Webhooks tell what changes. This tells what is there, and mends what a lost event left wrong. The ids are those that the built-in
mapping `flow` makes, so that both speak of the same things. Your site has other fields? Alter them here as in the mapping.

What Flow says is laid over what is here, so that what Flow does not have stays as it was given: fps, resolution, types and
statuses of a project, a colour, a picture, other keys of `data`. The token needs the right `write`.
"""
import json, os, re, sys, urllib.error, urllib.parse, urllib.request
import shotgun_api3

URL, TOKEN = os.environ.get("WATCHTOWER_URL", "http://127.0.0.1:8080"), os.environ.get("WATCHTOWER_TOKEN")
FRAME_IN, FRAME_OUT, OMITTED = "sg_cut_in", "sg_cut_out", ["omt"]
LISTS = ("episodes", "sequences", "shots", "assets", "casting", "edits")  # of a snapshot; all else in it is the project's own


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


def over(known, rows):
    """What Flow says, over what is here under the same ids."""
    known = {row["id"]: row for row in known}
    return [{**known.get(row["id"], {}), **row} for row in rows]


def snapshot(sg, id, known):
    """The project as it is in Flow, over what is `known` of it here."""
    here = ["project", "is", {"type": "Project", "id": id}]
    known = {**dict.fromkeys(LISTS, ()), **known}
    data = {shot["id"]: shot["data"] for shot in known["shots"]}
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
        last = None if first is None or last is None else last + 1  # the first frame after it
        return {**data.get(str(shot["id"]), {}), "frame_in": first if last is not None else None, "frame_out": last}

    return {
        **{field: value for field, value in known.items() if field not in LISTS},
        "name": project["name"], "team": links(project["users"], "HumanUser"),
        "sequences": over(known["sequences"], [common("Sequence", row) for row in sequences]),
        "shots": over(known["shots"], [{**common("Shot", row), "sequence_id": link(row["sg_sequence"]), "data": frames(row)}
                                       for row in shots]),
        "assets": over(known["assets"], [{**common("Asset", row), "asset_type_id": id_of(row["sg_asset_type"] or "") or None}
                                         for row in assets]),
        "casting": [{"shot_id": str(row["id"]), "asset_ids": links(row["assets"], "Asset")} for row in shots],
    }


def call(method, path, body=None, absent=None):
    """Asks the server; gives `absent` if there is no such thing. What is refused ends the script."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {TOKEN}"} if TOKEN else {})}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers, method=method)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404 and absent is not None:
            return absent
        sys.exit(f"{method} {path}: {error.code}\n{error.read().decode()}")


def main():
    projects = [int(project) for project in sys.argv[1:]]
    sg = shotgun_api3.Shotgun(os.environ["FLOW_URL"], script_name=os.environ["FLOW_SCRIPT"], api_key=os.environ["FLOW_KEY"])
    for name, rows in context(sg, projects).items():
        path = f"/api/{name}"
        # Creates and updates: other connectors may share these lists.
        print(path, json.dumps(call("POST", path, over(call("GET", path), rows))))
    for project in projects:
        path = f"/api/projects/{project}/snapshot"
        print(path, json.dumps(call("PUT", path, snapshot(sg, project, call("GET", path, absent={})))))


if __name__ == "__main__":
    main()
