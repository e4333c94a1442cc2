"""Sends what happens in Kitsu to Watchtower Server: an event handler for Zou, Kitsu's server.

Put it into the folder of event handlers, with an `__init__.py` beside it (see docs/trackers/kitsu.md):

    $EVENT_HANDLERS_FOLDER/event_handlers/watchtower.py     this file
    $EVENT_HANDLERS_FOLDER/event_handlers/__init__.py       from .watchtower import event_map

and give Zou, and its job queue if there is one, two variables:

    WATCHTOWER_WEBHOOK_URL=http://watchtower.example.com/api/webhooks/kitsu
    WATCHTOWER_WEBHOOK_SECRET=whsec_…                       the same as in Watchtower Server's configuration

Nothing but Python's standard library is needed. Whatever goes wrong is logged, and never Zou's concern: events wait in a queue
of bounded length, and are sent by a thread of their own. A job of Zou's queue, whose process ends with it, sends by itself.
"""
import base64, hashlib, hmac, json, logging, os, queue, threading, time, urllib.request, uuid
from datetime import datetime, timezone

URL = os.environ.get("WATCHTOWER_WEBHOOK_URL")
SECRET = os.environ.get("WATCHTOWER_WEBHOOK_SECRET", "")
TIMEOUT = 3  # seconds, for one attempt
PAUSES = (1, 5, 25)  # seconds before the second attempt and those after it
LONGEST = 10_000  # events that may wait

EVENTS = {
    "project": ("new", "update", "delete", "set-thumbnail"),
    "person": ("new", "update", "delete", "set-thumbnail"),
    "asset-type": ("new", "update", "delete"),
    "task-type": ("new", "update", "delete"),
    "task-status": ("new", "update", "delete"),
    "episode": ("new", "update", "delete"),
    "sequence": ("new", "update", "delete"),
    "shot": ("new", "update", "delete", "casting-update"),
    "asset": ("new", "update", "delete"),
    "edit": ("new", "update", "delete"),
    "task": ("new", "update", "delete", "status-changed", "assign", "unassign"),
}

# Only what Watchtower shows: nobody's e-mail address, telephone number or salary leaves Zou.
FIELDS = {
    "project": ("id", "name", "fps", "ratio", "resolution", "has_avatar", "team", "asset_types", "task_types", "task_statuses"),
    "person": ("id", "has_avatar"),
    "asset-type": ("id", "name"),
    "task-type": ("id", "name", "color", "for_entity"),
    "task-status": ("id", "name", "color"),
    "task": ("id", "entity_id", "task_type_id", "task_status_id", "assignees"),
}
ENTITY_FIELDS = ("id", "name", "canceled", "parent_id", "entity_type_id", "preview_file_id")
DATA_FIELDS = ("frame_in", "frame_out", "fps", "frame_start")

log = logging.getLogger("watchtower")
waiting = queue.Queue(LONGEST)
sender = {"process": None}  # the process that the sending thread runs in: it does not survive a fork
starting = threading.Lock()


class Handler:
    """Handles the events of one name. Zou gives a handler the data of an event, and not its name."""

    def __init__(self, of, what):
        self.of, self.what, self.__name__ = of, what, f"watchtower.{of}:{what}"

    def handle_event(self, data):
        try:
            at = datetime.now(timezone.utc).isoformat()  # before reading: what is read is at least as new
            body = {"name": f"{self.of}:{self.what}", "at": at, "data": data, "entity": read_in_zou(self.of, self.what, data)}
            # Zou's own id of the event, where it has one, so that one that is sent twice is recognised.
            hand_over(str(data.get("id") or uuid.uuid4()), json.dumps(body, default=str).encode())
        except Exception:
            log.exception("%s: not sent", self.__name__)


event_map = {f"{of}:{what}": Handler(of, what) for of, whats in EVENTS.items() for what in whats} if URL else {}


def read_in_zou(of, what, data):
    """What the event is about, as Zou knows it now; None if it is gone, or cannot be read."""
    if what == "delete":
        return None
    try:
        from flask import has_app_context
        if has_app_context():
            return read(of, what, data)
        from zou.app import app  # in a job, there is no request
        with app.app_context():
            return read(of, what, data)
    except Exception:
        log.warning("%s:%s: sent without its fields", of, what, exc_info=True)
        return None


def read(of, what, data):
    from zou.app.models import entity, entity_type, person, project, task, task_status, task_type
    models = {"project": project.Project, "person": person.Person, "asset-type": entity_type.EntityType, "task": task.Task,
              "task-type": task_type.TaskType, "task-status": task_status.TaskStatus}
    row = models.get(of, entity.Entity).get(data[of.replace("-", "_") + "_id"])
    if row is None:
        return None
    fields = row.serialize(relations=of in ("project", "task"))
    found = {key: fields[key] for key in FIELDS.get(of, ENTITY_FIELDS) if key in fields}
    if of == "person":
        found["full_name"] = row.full_name() if callable(row.full_name) else row.full_name
    elif of == "task":
        found["for_entity"] = task_type.TaskType.get(row.task_type_id).for_entity
    elif of not in FIELDS:
        found["data"] = {key: (fields.get("data") or {}).get(key) for key in DATA_FIELDS}
    if what == "casting-update":
        found["casting"] = [str(link.entity_out_id) for link in entity.EntityLink.get_all_by(entity_in_id=row.id)]
    return found


def hand_over(id, body):
    """To the sending thread; in a job of Zou's queue, whose process ends with it, the body is sent at once."""
    if in_a_job():
        send(id, body, PAUSES[:1])
        return
    with starting:
        if sender["process"] != os.getpid():
            sender["process"] = os.getpid()
            threading.Thread(target=send_all, name="watchtower", daemon=True).start()
    try:
        waiting.put_nowait((id, body))
    except queue.Full:
        log.error("event %s: not sent, %d are waiting", id, LONGEST)


def in_a_job():
    try:
        from rq import get_current_job
        return get_current_job() is not None
    except ImportError:
        return False


def send_all():
    while True:
        send(*waiting.get(), PAUSES)


def send(id, body, pauses):
    for pause in (*pauses, None):
        try:
            post(id, body)
            return
        except Exception as error:
            final = pause is None or 400 <= getattr(error, "code", 500) < 500
            log.log(logging.ERROR if final else logging.WARNING, "event %s: %s%s", id, error, "" if final else "; again later")
            if final:
                return
            time.sleep(pause)


def post(id, body):
    """Signed as https://www.standardwebhooks.com has it."""
    sent = str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, f"{id}.{sent}.".encode() + body, hashlib.sha256).digest()).decode()
    headers = {"Content-Type": "application/json", "webhook-id": id, "webhook-timestamp": sent, "webhook-signature": f"v1,{signature}"}
    urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=TIMEOUT).close()
