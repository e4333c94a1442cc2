#!/usr/bin/env python3
"""A complete connector: takes a production out of a tracker and pushes it to Watchtower Server.

    WATCHTOWER_URL=http://127.0.0.1:8080 python3 connector.py

Only `fetch_from_tracker` and `to_watchtower` know the tracker. Replace these two, keep the rest.
Run it as often as you like: what is already there changes nothing.
"""
import json, os, sys, urllib.error, urllib.request

URL = os.environ.get("WATCHTOWER_URL", "http://127.0.0.1:8080")
TOKEN = os.environ.get("WATCHTOWER_TOKEN")  # only if the server asks for one


def fetch_from_tracker():
    """Your tracker's export, in your tracker's words. This one is made up."""
    return {
        "people": {"ada": "Ada Byron", "kofi": "Kofi Mensah"},
        "states": {"todo": ("Todo", "#f5f5f5"), "wip": ("In Progress", "#3273dc"), "done": ("Done", "#22d160")},
        "steps": {"model": ("Modeling", "#78909c", "asset"), "anim": ("Animation", "#f9a825", "shot")},
        "show": {"code": "kestrel", "title": "Kestrel", "rate": 24},
        "assets": [{"code": "bird", "title": "Bird", "type": "Character", "work": {"model": ("done", ["ada"])}}],
        "shots": [  # the order of the rows is the order on the page
            {"code": "0010", "scene": "sc01", "cut": (0, 96), "uses": ["bird"], "work": {"anim": ("wip", ["kofi"])}},
            {"code": "0020", "scene": "sc01", "cut": (96, 180), "uses": ["bird"], "work": {"anim": ("todo", [])}},
            {"code": "0030", "scene": "sc02", "cut": (180, 300), "uses": [], "work": {}},
        ],
    }


def to_watchtower(export):
    """The same in Watchtower's words: the studio's lists, and one project with all that is in it."""
    def tasks(row):  # this tracker has no ids for tasks, so they get one that stays the same at every run
        return [{"id": f"{row['code']}.{step}", "task_type_id": step, "task_status_id": state, "assignees": people}
                for step, (state, people) in row["work"].items()]
    shots, assets, show = export["shots"], export["assets"], export["show"]
    types, scenes = dict.fromkeys(a["type"] for a in assets), dict.fromkeys(s["scene"] for s in shots)
    context = {
        "users": [{"id": i, "name": name} for i, name in export["people"].items()],
        "asset_types": [{"id": name, "name": name} for name in types],
        "task_types": [{"id": i, "name": name, "color": color, "for_shots": of == "shot"}
                       for i, (name, color, of) in export["steps"].items()],
        "task_statuses": [{"id": i, "name": name, "color": color} for i, (name, color) in export["states"].items()],
    }
    project = {
        "id": show["code"], "name": show["title"], "fps": show["rate"], "resolution": "1920x1080", "ratio": "16:9",
        **{key: [one["id"] for one in context[key]] for key in ("asset_types", "task_types", "task_statuses")},
        "team": list(export["people"]),
        "sequences": [{"id": scene, "name": scene} for scene in scenes],
        "shots": [{"id": s["code"], "name": s["code"], "sequence_id": s["scene"], "tasks": tasks(s),
                   "data": {"frame_in": s["cut"][0], "frame_out": s["cut"][1]}} for s in shots],
        "assets": [{"id": a["code"], "name": a["title"], "asset_type_id": a["type"], "tasks": tasks(a)} for a in assets],
        "casting": [{"shot_id": s["code"], "asset_ids": s["uses"]} for s in shots],
    }
    return context, project


def call(method, path, body, content_type="application/json"):
    """Sends one request. A refused one prints every fault that the server found, and stops."""
    headers = {"Content-Type": content_type, **({"Authorization": f"Bearer {TOKEN}"} if TOKEN else {})}
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.headers.get_content_type() != "application/problem+json":
            raise  # not from Watchtower Server: a proxy, or the wrong address
        problem = json.load(error)
        print(f"{method} {path}: {error.code}: {problem['detail']} (request {problem['request_id']})", file=sys.stderr)
        for fault in problem.get("errors", []):
            print(f"  {fault['pointer']}: {fault['detail']}", file=sys.stderr)
        sys.exit(1)


def report(what, bulk):
    print(f"{what}:", ", ".join(f"{bulk[key]} {key}" for key in ("created", "updated", "deleted", "unchanged")))
    for warning in bulk["warnings"]:
        print(f"  warning: {warning['pointer']}: {warning['detail']}")


def main():
    context, project = to_watchtower(fetch_from_tracker())
    report("context", call("PUT", "/api/context", context))
    at = f"/api/projects/{project['id']}"
    report("project", call("PUT", f"{at}/snapshot?wait=published", project))  # answers when the page can show it

    # From now on a single change is enough. Nothing else is sent, and nothing else is touched.
    task = call("PATCH", f"{at}/tasks/0020.anim?wait=published", {"task_status_id": "wip"}, "application/merge-patch+json")
    print("task", task["id"], "is now", task["task_status_id"])


if __name__ == "__main__":
    main()
