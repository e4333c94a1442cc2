#!/usr/bin/env python3
"""Keeps a connector that is built on the package `watchtower_pipeline`: pushes its objects to Watchtower Server.

Your connector goes on filling the package's objects. Only its last step changes: instead of writing files with
`write_as_json()` or `write_all()`, the objects are pushed. Nothing is downloaded. From the command line:

    WATCHTOWER_URL=http://127.0.0.1:8080 python3 push_writers.py MODULE:NAME

NAME in the Python module MODULE (found from the current folder) is an object, or a class or function that gives one:
  * 1.0.x: your `AbstractWriter`;
  * 0.1.x: a pair: your `ContextWriter`, and a list (or generator) of your `ProjectWriter` objects.

Or from your own code:

    from push_writers import push_classic, push_v1
    push_classic(context_writer, project_writers, "http://127.0.0.1:8080")      # 0.1.x
    push_v1(writer, "http://127.0.0.1:8080")                                    # 1.0.x

Needs the standard library only. Where the server asks for a token, set WATCHTOWER_TOKEN.
"""
import dataclasses, importlib, json, os, sys, urllib.error, urllib.parse, urllib.request

CONTEXT = ("users", "asset_types", "task_types", "task_statuses")


def push_classic(context_writer, project_writers, url, task_ids="match"):
    """Pushes what the 0.1.x writers hold. Prints a line for each request, and returns the server's answers."""
    answers = []
    lists = [context_writer.users, context_writer.asset_types, context_writer.task_types, context_writer.task_status]
    context = {key: [plain(one) for one in objects] for key, objects in zip(CONTEXT, lists)}
    answers.append(told("context", call(url, "PUT", "/api/context", context)))
    projects = [plain(project) for project in context_writer.projects]
    if projects:  # all of them, in their order, also those that have no writer of their own
        answers.append(told("projects", call(url, "POST", "/api/projects", projects)))
    for writer in project_writers:
        edits = []
        if writer.edit:  # the one edit of 0.1.x has no id and no name
            edits = [{"id": "edit", "name": "Edit", **writer.edit.to_dict()}]
        answers.append(push_project(url, plain(writer.project), writer.sequences, writer.shots, writer.assets,
                                    writer.casting, edits, task_ids))
    return answers


def push_v1(writer, url, project_ids=None, task_ids="match"):
    """Pushes what the methods of a 1.0.x `AbstractWriter` give: all projects, or those of `project_ids`.

    Prints a line for each request, and returns the server's answers."""
    answers = []
    items = [item for item in writer.get_project_list() if project_ids is None or item.id in project_ids]
    projects = [writer.get_project(item.id) for item in items]
    # 1.0.x has no list of people and types: each project embeds its own. Together they are the studio's lists.
    context = {key: {} for key in CONTEXT}
    bodies = []
    for project, item in zip(projects, items):
        body = plain(project)
        body["thumbnailUrl"] = body.get("thumbnailUrl") or getattr(item, "thumbnailUrl", None)
        for key, field in zip(CONTEXT, ("team", "asset_types", "task_types", "task_statuses")):
            for one in body[field]:
                context[key].setdefault(one["id"], one)
            body[field] = [one["id"] for one in body[field]]
        bodies.append(body)
    if project_ids is None and projects:  # everything: what is not in a list any more goes away
        lists = {key: list(found.values()) for key, found in context.items()}
        answers.append(told("context", call(url, "PUT", "/api/context", lists)))
    else:  # a part: only add and update
        for key, found in context.items():
            if found:
                path = "/api/" + key.replace("_", "-")
                answers.append(told(key, call(url, "POST", path, list(found.values()))))
    for project, body in zip(projects, bodies):
        sequences = writer.get_project_sequences(project)
        shots = writer.get_project_shots(project)
        assets = writer.get_project_assets(project)
        casting = writer.get_project_casting(project, sequences, shots, assets)
        edits = writer.get_project_edits(project)
        edits = [plain(edit) for edit in (edits if isinstance(edits, (list, tuple)) else [edits])]
        for number, edit in enumerate(edits):
            edit.pop("project_id", None)
            if not edit["id"]:  # the package leaves it empty when the connector gives none
                edit["id"], edit["sourceName"] = f"edit-{number + 1}", None
        answers.append(push_project(url, body, sequences, shots, assets, casting, edits, task_ids))
    return answers


def push_project(url, body, sequences, shots, assets, casting, edits, task_ids):
    """Pushes one project with all that is in it, as one snapshot: what is not in it any more goes away."""
    path = "/api/projects/" + urllib.parse.quote(body["id"], safe="")
    body["sequences"] = [plain(sequence) for sequence in sequences]
    body["shots"] = [without(plain(shot), "startFrame", "durationSeconds") for shot in shots]  # the server computes these
    body["assets"] = [plain(asset) for asset in assets]
    body["casting"] = [{"shot_id": one.shot.id, "asset_ids": [asset.id for asset in one.assets if asset]}
                       for one in casting if one.shot]  # a cast shot or asset that was filtered out is None
    body["edits"] = edits
    if task_ids == "match":
        match_task_ids(body["shots"], body["assets"], call(url, "GET", path + "/tasks", absent=[]))
    return told(body["name"], call(url, "PUT", path + "/snapshot?wait=published", body))


def match_task_ids(shots, assets, known):
    """Gives tasks the ids that the server already has for the same shot or asset and task type.

    The package makes up a new id at every run for a task that has none, as its own Kitsu connector leaves them. The
    server would take each for another task, and its history would begin anew. An id that the server knows stays as it
    is. Does your connector set the tracker's task ids? Then `task_ids="keep"` sends them all as they are."""
    owned = [("shot_id", shot) for shot in shots] + [("asset_id", asset) for asset in assets]
    sent = {task["id"] for _, owner in owned for task in owner["tasks"]}
    free = {}  # ids on the server that were not sent, by the place of their task
    for task in known:
        if task["id"] not in sent:
            field = "shot_id" if task.get("shot_id") else "asset_id"
            free.setdefault((field, task[field], task["task_type_id"]), []).append(task["id"])
    known = {task["id"] for task in known}
    for field, owner in owned:
        for task in owner["tasks"]:
            ids = free.get((field, owner["id"], task["task_type_id"]))
            if task["id"] not in known and ids:
                task["id"] = ids.pop(0)


def plain(thing):
    """An object of the package as a dict of its fields, whatever its class."""
    if dataclasses.is_dataclass(thing):
        return dataclasses.asdict(thing)
    return dict(thing) if isinstance(thing, dict) else thing.to_dict()


def without(fields, *names):
    return {key: value for key, value in fields.items() if key not in names}


def told(what, bulk):
    """Prints what a push did, and hands its answer on."""
    print(f"{what}:", ", ".join(f"{bulk[key]} {key}" for key in ("created", "updated", "deleted", "unchanged")))
    for warning in bulk["warnings"]:
        print(f"  warning: {warning['pointer']}: {warning['detail']}")
    return bulk


class Refused(Exception):
    """The server refused a request: what it said, with a line for each fault."""


def call(url, method, path, body=None, absent=None):
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if os.environ.get("WATCHTOWER_TOKEN"):
        headers["Authorization"] = "Bearer " + os.environ["WATCHTOWER_TOKEN"]
    data = json.dumps(body, default=str).encode() if body is not None else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url.rstrip("/") + path, data, headers, method=method)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404 and absent is not None:
            return absent
        if error.headers.get_content_type() != "application/problem+json":
            raise  # not from Watchtower Server: a proxy, or the wrong address
        problem = json.load(error)
        lines = [f"{method} {path}: {error.code}: {problem['detail']} (request {problem['request_id']})"]
        lines += [f"  {fault['pointer']}: {fault['detail']}" for fault in problem.get("errors", [])]
        raise Refused("\n".join(lines)) from None


def main():
    module, _, name = sys.argv[1].partition(":") if len(sys.argv) == 2 else ("", "", "")
    if not name:
        sys.exit(__doc__)
    sys.path.insert(0, os.getcwd())
    writers = getattr(importlib.import_module(module), name)
    if callable(writers):
        writers = writers()
    url = os.environ.get("WATCHTOWER_URL", "http://127.0.0.1:8080")
    try:
        if hasattr(writers, "get_project_list"):
            push_v1(writers, url)
        else:
            push_classic(*writers, url)
    except Refused as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
