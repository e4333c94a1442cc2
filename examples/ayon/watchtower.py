#!/usr/bin/env python3
"""Sends what happens in AYON to Watchtower Server: a service that AYON gives its events to, one after the other.

    AYON_SERVER_URL=https://ayon.example.com  AYON_API_KEY=…                      the key of a service user
    WATCHTOWER_WEBHOOK_URL=http://watchtower.example.com/api/webhooks/ayon
    WATCHTOWER_WEBHOOK_SECRET=whsec_…                                             as in Watchtower Server's configuration
    python3 watchtower.py

Run it once, anywhere that reaches both. AYON remembers which events were done, so that none is lost while it does not run.
Nothing but Python's standard library is needed. See docs/trackers/ayon.md.
"""
import base64, hashlib, hmac, json, logging, os, time, urllib.error, urllib.parse, urllib.request

AYON, KEY = os.environ["AYON_SERVER_URL"].rstrip("/"), os.environ["AYON_API_KEY"]
URL, SECRET = os.environ["WATCHTOWER_WEBHOOK_URL"], os.environ["WATCHTOWER_WEBHOOK_SECRET"]
NAME = "watchtower"  # of this service, among those that AYON gives events to
PAUSE = 2  # seconds between two looks for something new
FOR_BOTH = ("created", "deleted", "renamed", "label_changed", "type_changed", "status_changed", "attrib_changed", "active_changed")
TOPICS = [f"entity.{of}.{what}" for of in ("folder", "task") for what in FOR_BOTH] + [
    "entity.folder.parent_changed", "entity.task.folder_changed", "entity.task.assignees_changed",
    "entity.project.created", "entity.project.changed", "entity.project.deleted"]

log = logging.getLogger("watchtower")


def ayon(method, path, body=None):
    """Asks the AYON server; None if there is nothing (204, 404)."""
    headers = {"x-api-key": KEY, "Content-Type": "application/json", "x-sender": NAME}
    request = urllib.request.Request(AYON + path, None if body is None else json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def read(project, of, id):
    return ayon("GET", f"/api/projects/{urllib.parse.quote(project)}/{of}s/{urllib.parse.quote(id)}") if id else None


def with_entity(event):
    """The event, and what it is about: of an entity, events tell what was changed and little more."""
    topic, project, summary = event["topic"].split("."), event.get("project"), event.get("summary") or {}
    entity = parent = None
    if project and topic[2] != "deleted":
        if topic[1] == "project":
            entity = ayon("GET", f"/api/projects/{urllib.parse.quote(project)}")
        else:
            entity = read(project, topic[1], summary.get("entityId"))
            parent = read(project, "folder", (entity or {}).get("folderId" if topic[1] == "task" else "parentId"))
    return {"event": event, "entity": entity, "parent": parent}


def send(id, body):
    """Signed as https://www.standardwebhooks.com has it. It is tried until it arrives, for AYON keeps what comes next."""
    body, pause = json.dumps(body).encode(), 1
    while True:
        sent = str(int(time.time()))
        signed = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), f"{id}.{sent}.".encode() + body, hashlib.sha256)
        headers = {"Content-Type": "application/json", "webhook-id": id, "webhook-timestamp": sent,
                   "webhook-signature": "v1," + base64.b64encode(signed.digest()).decode()}
        try:
            urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=10).close()
            return True
        except OSError as error:  # of which urllib's errors are
            log.warning("event %s: %s", id, error)
            if getattr(error, "code", None) in (400, 413):
                return False  # it is this event that is wrong
            time.sleep(pause)
            pause = min(2 * pause, 60)


def do_one():
    """Takes the next event, if there is one."""
    job = ayon("POST", "/api/enroll", {"sourceTopic": TOPICS, "targetTopic": f"{NAME}.sent", "sender": NAME,
                                       "description": "Send to Watchtower", "sequential": True})
    if job is None:
        return False
    event = ayon("GET", f"/api/events/{job['dependsOn']}")
    arrived = send(job["dependsOn"], with_entity(event))
    ayon("PATCH", f"/api/events/{job['id']}", {"status": "finished" if arrived else "failed"})
    return True


def introduce():
    """Says which projects there are, with their statuses and types of task: events do so only when they change."""
    for project in ayon("GET", "/api/projects")["projects"]:
        event = {"topic": "entity.project.changed", "project": project["name"], "createdAt": project.get("updatedAt")}
        send(f"{NAME}-{project['name']}-{int(time.time())}", with_entity(event))


def main():
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    introduce()
    while True:
        try:
            pause = 0 if do_one() else PAUSE
        except OSError as error:
            log.warning("AYON: %s", error)  # 503: it has more urgent things to do
            pause = 10
        time.sleep(pause)


if __name__ == "__main__":
    main()
