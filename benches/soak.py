"""A day of a studio in a few minutes, against a real server: `scripts/soak`. Needs nothing but Python 3."""

import argparse
import http.client
import json
import math
import os
import random
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import defaultdict
from pathlib import Path

DAY = 24
PEOPLE, STATUSES, SEQUENCES = 40, 8, 20
SHOT_WORK, ASSET_WORK = ["Layout", "Animation", "Lighting"], ["Modeling", "Shading"]
# How busy the studio is, hour by hour: nobody at night, most before lunch and in the afternoon.
BUSY = [0.1] * 7 + [0.3, 0.7, 1, 1, 1, 0.6, 0.8, 1, 1, 1, 0.8, 0.5, 0.3, 0.2, 0.1, 0.1, 0.1]
# Requests a second when the studio is at its busiest, by what is done. A day has some 150,000 of them, more than a studio does.
RATES = {
    "change a status": 40, "change and see it": 2, "a batch of changes": 2, "cast a shot": 2, "send the same again": 5,
    "read the tree": 120, "read a part of a film": 10, "read lists of the API": 8, "look at problems": 1,
    "a delivery": 20, "a delivery again": 2, "a delivery that fails": 0.5, "upload a picture": 1.5,
}
# Done once in each simulated hour, whatever the time.
HOURLY = ["push a whole production", "upload a film", "render everything", "read the configuration again", "ask how it is"]
PICTURES, FILM_BYTES = 60, 4 << 20
SECRET = "soak-soak-soak-soak"
SOURCE = f"""[[webhook]]
name = "tracker"
verify = {{header = "x-secret", id-header = "x-number"}}
secrets = ["{SECRET}"]
mapping = "changes"
"""
THREADS_A_TASK = {"read the tree": 4, "change a status": 3, "a delivery": 2}


def production(project, shots, dice):
    """A snapshot: its shots and assets have tasks."""

    def tasks(of, names, prefix):
        return [{"id": f"{of}.{name}", "task_type_id": f"{prefix}-{name}".lower(), "task_status_id": f"st{dice.randrange(STATUSES)}",
                 "assignees": [f"u{dice.randrange(PEOPLE)}"]} for name in names]

    assets = [{"id": f"a{n}", "name": f"asset {n:03}", "asset_type_id": "prop", "tasks": tasks(f"a{n}", ASSET_WORK, "asset")}
              for n in range(shots // 4)]
    frames = [(n * 50, n * 50 + 50) for n in range(shots)]
    return {
        "id": project, "name": project.title(), "fps": 24, "team": [f"u{n}" for n in range(PEOPLE)], "asset_types": ["prop"],
        "task_types": [f"shot-{name}".lower() for name in SHOT_WORK] + [f"asset-{name}".lower() for name in ASSET_WORK],
        "task_statuses": [f"st{n}" for n in range(STATUSES)],
        "sequences": [{"id": f"q{n}", "name": f"q{n}"} for n in range(SEQUENCES)],
        "shots": [{"id": f"s{n}", "name": f"{n:04}", "sequence_id": f"q{n * SEQUENCES // shots}",
                   "data": {"frame_in": first, "frame_out": last}, "tasks": tasks(f"s{n}", SHOT_WORK, "shot")}
                  for n, (first, last) in enumerate(frames)],
        "assets": assets,
        "casting": [{"shot_id": f"s{n}", "asset_ids": [dice.choice(assets)["id"]]} for n in range(shots)],
        "edits": [{"id": "main", "name": "Edit"}],
    }


def context():
    work = [(f"shot-{name}".lower(), name, True) for name in SHOT_WORK]
    work += [(f"asset-{name}".lower(), name, False) for name in ASSET_WORK]
    return {
        "users": [{"id": f"u{n}", "name": f"Person {n}"} for n in range(PEOPLE)],
        "asset_types": [{"id": "prop", "name": "Prop"}],
        "task_types": [{"id": id, "name": name, "color": "#336699", "for_shots": shots} for id, name, shots in work],
        "task_statuses": [{"id": f"st{n}", "name": f"Status {n}", "color": f"#{n * 30:02x}8040"} for n in range(STATUSES)],
    }


def picture(number):
    """A PNG of noise, so that it costs what a photograph does."""
    width, height, dice = 320, 180, random.Random(number)
    rows = b"".join(b"\0" + dice.randbytes(width * 3) for _ in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def film(blank, number):
    """A film like another, and with other bytes: after it comes a box that players pass over."""
    filling = random.Random(number).randbytes(FILM_BYTES)
    return blank + struct.pack(">I4s", len(filling) + 8, b"free") + filling


class Failed(Exception):
    """Something was answered, or found, that must not be."""


class Client:
    """One connection; what is answered must be what is expected."""

    def __init__(self, port, timeout=60):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, expect=(200,)):
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            headers.setdefault("Content-Type", kind)
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise Failed(f"{method} {path}: {type(error).__name__} {error}") from error
        if answer.status not in expect:
            raise Failed(f"{method} {path}: {answer.status} {content[:300].decode(errors='replace')}")
        return answer, content

    def json(self, method, path, body=None, **more):
        return json.loads(self.ask(method, path, body, **more)[1])


class Tally:
    """What was done, how long it took, and what failed."""

    def __init__(self):
        self.lock = threading.Lock()
        self.times, self.errors = defaultdict(list), defaultdict(list)

    def note(self, task, seconds):
        with self.lock:
            self.times[task].append(seconds)

    def fail(self, task, error):
        with self.lock:
            self.errors[task].append(str(error))
        print(f"  ! {task}: {error}"[:400], file=sys.stderr)


class Studio:
    """Everybody who asks the server for something. Each method named in RATES and HOURLY is one request, or a few."""

    def __init__(self, port, projects, shots, blank):
        self.port, self.projects, self.shots, self.blank = port, projects, shots, blank
        self.pictures = [picture(number) for number in range(PICTURES)]
        self.etags, self.films = {}, 0
        self.visible = []

    def any(self, dice):
        return f"/api/projects/{dice.choice(self.projects)}"

    def task(self, dice):
        return f"{self.any(dice)}/tasks/s{dice.randrange(self.shots)}.{dice.choice(SHOT_WORK)}"

    def change_a_status(self, client, dice, query=""):
        headers = {"Idempotency-Key": f"{dice.getrandbits(64):x}"} if dice.random() < 0.1 and not query else {}
        client.ask("PATCH", self.task(dice) + query, {"task_status_id": f"st{dice.randrange(STATUSES)}"}, headers)

    def change_and_see_it(self, client, dice):
        begun = time.monotonic()
        self.change_a_status(client, dice, "?wait=published")
        self.visible.append(time.monotonic() - begun)

    def a_batch_of_changes(self, client, dice):
        project = dice.choice(self.projects)
        changes = [{"op": "merge", "kind": "shots", "project": project, "id": f"s{dice.randrange(self.shots)}",
                    "value": {"name": f"{dice.randrange(10_000):04}"}} for _ in range(20)]
        client.ask("POST", "/api/batch", {"changes": changes})

    def cast_a_shot(self, client, dice):
        assets = [f"a{dice.randrange(self.shots // 4)}" for _ in range(3)]
        client.ask("PUT", f"{self.any(dice)}/casting/s{dice.randrange(self.shots)}", {"asset_ids": assets}, expect=(200, 201))

    def send_the_same_again(self, client, dice):
        path = f"{self.any(dice)}/shots/s{dice.randrange(self.shots)}"
        shot = client.json("GET", path)
        client.ask("PATCH", path, {"name": shot["name"]})

    def read_the_tree(self, client, dice):
        name = dice.choice(["shots", "assets", "casting", "sequences", "project"])
        path = f"/data/projects/{dice.choice(self.projects)}/{name}.json"
        headers = {"Accept-Encoding": "gzip"} if dice.random() < 0.9 else {}
        known = self.etags.get((path, bool(headers)))
        if known and dice.random() < 0.8:
            headers["If-None-Match"] = known
        answer, content = client.ask("GET", path, headers=headers, expect=(200, 304))
        if answer.status == 200:
            self.etags[path, "Accept-Encoding" in headers] = answer.headers["ETag"]
            if answer.headers.get("Content-Encoding") == "gzip":
                content = zlib.decompress(content, 31)
            json.loads(content)

    def read_a_part_of_a_film(self, client, dice):
        edit = f"{self.any(dice)}/edits/main"
        first = dice.randrange(100)
        answer, content = client.ask("GET", edit + "/movie", headers={"Range": f"bytes={first}-{first + 999}"}, expect=(206,))
        if len(content) != 1000:
            raise Failed(f"{len(content)} bytes of a film in place of 1000")

    def read_lists_of_the_api(self, client, dice):
        client.json("GET", f"{self.any(dice)}/{dice.choice(['shots', 'assets', 'tasks'])}?limit=100")

    def look_at_problems(self, client, dice):
        client.json("GET", self.any(dice) + "/problems")

    def delivery(self, client, dice, number, value):
        task = f"s{dice.randrange(self.shots)}.{dice.choice(SHOT_WORK)}"
        change = {"op": "merge", "kind": "tasks", "project": dice.choice(self.projects), "id": task, "value": value}
        headers = {"X-Number": str(number), "X-Secret": SECRET}
        client.ask("POST", "/api/webhooks/tracker", {"number": number, "changes": [change]}, headers, expect=(202,))

    def a_delivery(self, client, dice):
        self.delivery(client, dice, dice.getrandbits(64), {"task_status_id": f"st{dice.randrange(STATUSES)}"})

    def a_delivery_again(self, client, dice):
        again = random.Random(dice.randrange(5))
        self.delivery(client, again, again.getrandbits(64), {"task_status_id": "st1"})

    def a_delivery_that_fails(self, client, dice):
        self.delivery(client, dice, dice.getrandbits(64), {"assignees": "nobody?"})

    def upload_a_picture(self, client, dice):
        path = f"{self.any(dice)}/shots/s{dice.randrange(self.shots)}/thumbnail"
        client.ask("PUT", path, dice.choice(self.pictures), expect=(200, 201))

    def upload_a_film(self, client, dice):
        self.films += 1
        client.ask("PUT", f"{self.any(dice)}/edits/main/movie", film(self.blank, self.films % 6), expect=(200, 201))

    def push_a_whole_production(self, client, dice):
        project = dice.choice(self.projects)
        path = f"/api/projects/{project}/snapshot?wait=published"
        client.ask("PUT", path, production(project, self.shots, random.Random(dice.randrange(4))))

    def render_everything(self, client, dice):
        client.ask("POST", "/api/render" + ("?force=true" if dice.random() < 0.25 else ""))

    def read_the_configuration_again(self, client, dice):
        os.kill(self.process, signal.SIGHUP)

    def ask_how_it_is(self, client, dice):
        client.json("GET", "/api/status")
        client.json("GET", "/api/webhooks")
        client.ask("GET", "/readyz")
        client.ask("GET", "/api/openapi.json")


class Watch(threading.Thread):
    """Looks at the server's process, and at how far it is, every so often."""

    def __init__(self, soak):
        super().__init__(daemon=True)
        self.soak, self.samples = soak, []

    def run(self):
        client = Client(self.soak.port)
        while not self.soak.over.wait(self.soak.seconds / 240):
            try:
                self.samples.append({"at": self.soak.elapsed(), **self.soak.look(client)})
            except Failed as error:
                self.soak.tally.fail("read the metrics", error)


class Follow(threading.Thread):
    """A page that is open all day: follows the events."""

    def __init__(self, soak):
        super().__init__(daemon=True)
        self.soak, self.events = soak, 0

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.soak.port, timeout=60)
        try:
            connection.request("GET", "/api/events")
            answer = connection.getresponse()
            while line := answer.readline():
                self.events += line.startswith(b"event: published")
            ended = "the stream of events ended"
        except (OSError, http.client.HTTPException) as error:
            ended = str(error)
        if not self.soak.over.is_set():
            self.soak.tally.fail("follow the events", ended)


class Soak:
    def __init__(self, options):
        self.options, self.seconds = options, options.seconds
        self.folder = Path(options.folder) / f"data-{os.getpid()}"
        self.tally, self.over = Tally(), threading.Event()
        self.projects = [f"film{number}" for number in range(options.projects)]

    # The server

    def start(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        config = self.folder / "watchtower.toml"
        config.write_text(SOURCE)
        self.log = (self.folder / "log").open("wb")
        self.launch()

    def launch(self):
        arguments = [self.options.server, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.folder / "data"]
        arguments += ["--config", self.folder / "watchtower.toml", "--layout", "v1", "--log", "warn"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WATCHTOWER_")}
        self.process = subprocess.Popen(arguments, env=clean, stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().decode()
        if "http://" not in line:
            raise SystemExit(f"the server does not start: {line!r}; see {self.folder / 'log'}")
        self.port = int(line.split("http://")[1].split()[0].rsplit(":", 1)[1])

    def stop(self):
        """Tells it to stop; what it says when it ends."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def look(self, client):
        """Its memory, its open files, and what it says of itself."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        memory = int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) / 1024
        files = len(os.listdir(f"/proc/{self.process.pid}/fd"))
        text = client.ask("GET", "/metrics")[1].decode()
        said = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        number = lambda name: float(said.get(name, 0))
        return {"memory": memory, "files": files, "lag": number("watchtower_publish_lag_seconds"),
                "database": number("watchtower_database_bytes") / 1e6, "log": number("watchtower_database_wal_bytes") / 1e6,
                "failed": number('watchtower_write_requests_total{outcome="failed"}'),
                "renders": number('watchtower_renders_total{result="published"}'),
                "unrendered": number('watchtower_renders_total{result="failed"}'),
                "media": number("watchtower_media_bytes") / 1e6}

    # The day

    def elapsed(self):
        return time.monotonic() - self.begun

    def hour(self):
        return self.elapsed() / self.seconds * DAY

    def fill(self):
        client, dice = Client(self.port), random.Random(1)
        client.ask("PUT", "/api/context", context())
        for project in self.projects:
            client.ask("PUT", f"/api/projects/{project}/snapshot", production(project, self.options.shots, dice))
        client.ask("POST", "/api/render")
        edit = f"/data/projects/{self.projects[0]}/edit-main.mp4"
        edits = client.json("GET", f"/data/projects/{self.projects[0]}/edits.json")
        name = edits[0].get("sourceName", edit).lstrip("/")
        blank = client.ask("GET", f"/{name}")[1]
        self.studio = Studio(self.port, self.projects, self.options.shots, blank)
        self.studio.process = self.process.pid
        for number, project in enumerate(self.projects):
            client.ask("PUT", f"/api/projects/{project}/edits/main/movie", film(blank, number), expect=(200, 201))
        client.ask("POST", "/api/render")

    def do(self, task, client, dice):
        begun = time.monotonic()
        try:
            getattr(self.studio, task.lower().replace(" ", "_"))(client, dice)
            self.tally.note(task, time.monotonic() - begun)
        except Exception as error:  # Whatever it is, it is not to end the day, and to be told.
            self.tally.fail(task, error if isinstance(error, Failed) else repr(error))

    def work(self, task, rate, seed):
        """Does a task at its rate, as busy as the hour is."""
        client, dice = Client(self.port), random.Random(seed)
        due = time.monotonic() + dice.random() / rate
        while not self.over.is_set():
            wait = due - time.monotonic()
            if wait > 0 and self.over.wait(wait):
                return
            self.do(task, client, dice)
            busy = BUSY[min(int(self.hour()), DAY - 1)] * self.options.load
            # Who falls behind does not catch up in one rush.
            due = max(due, time.monotonic() - 0.5) + dice.expovariate(rate * busy)

    def hourly(self):
        client, dice = Client(self.port, timeout=120), random.Random(7)
        for hour in range(DAY):
            if self.over.wait(max(0, hour * self.seconds / DAY - self.elapsed())):
                return
            for task in HOURLY:
                self.do(task, client, dice)

    def run(self):
        self.start()
        try:
            self.begun = time.monotonic()
            self.fill()
            self.begun = time.monotonic()
            self.watch, follows = Watch(self), [Follow(self) for _ in range(5)]
            workers = [threading.Thread(target=self.hourly, daemon=True)]
            for task, rate in RATES.items():
                threads = THREADS_A_TASK.get(task, 1)
                workers += [threading.Thread(target=self.work, args=(task, rate / threads, f"{task} {number}"), daemon=True)
                            for number in range(threads)]
            for thread in [self.watch, *follows, *workers]:
                thread.start()
            self.over.wait(self.seconds)
            self.over.set()
            for thread in workers:
                thread.join(120)
            self.events = sum(follow.events for follow in follows)
            self.finish()
        finally:
            if self.process.poll() is None:
                self.process.kill()
        return self.report()

    def finish(self):
        """What was answered is there, also after a restart."""
        client = Client(self.port, timeout=120)
        try:
            client.ask("POST", "/api/render")
            status = client.json("GET", "/api/status")
            if status["behind"] or status["failure"]:
                raise Failed(f"it is behind at the end: {status}")
            self.deliveries = {name: count for source in client.json("GET", "/api/webhooks") for name, count in source["deliveries"].items()}
            before = client.json("GET", f"/api/projects/{self.projects[0]}/snapshot")
            code = self.stop()
            if code != 0:
                raise Failed(f"it ended with {code}")
            self.launch()
            client = Client(self.port, timeout=120)
            after = client.json("GET", f"/api/projects/{self.projects[0]}/snapshot")
            if before != after or client.json("GET", "/api/status")["revision"] < status["revision"]:
                raise Failed("after a restart it holds something else")
            self.stop()
        except (Failed, subprocess.TimeoutExpired) as error:
            self.tally.fail("finish", error)

    # The report

    def report(self):
        verdicts = self.verdicts()
        print(f"# Soak: {DAY} simulated hours in {self.seconds:.0f} s\n")
        print(f"{len(self.projects)} projects of {self.options.shots} shots, {os.cpu_count()} processors, {Path(self.options.server).name}; "
              f"load average {os.getloadavg()[0]:.1f} at the end.\n")
        print("| what | bound | measured | |\n|---|---|---|---|")
        for name, bound, measured, holds in verdicts:
            print(f"| {name} | {bound} | {measured} | {'ok' if holds else '**no**'} |")
        self.print_memory()
        self.print_tasks()
        failed = [name for name, *_, holds in verdicts if not holds]
        print(f"\n**{'Failed: ' + ', '.join(failed) if failed else 'All within bounds.'}**")
        if failed:
            print(f"\nThe data and the log are in {self.folder}.")
        else:
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        return 1 if failed else 0

    def verdicts(self):
        samples, options = self.watch.samples, self.options
        errors = sum(len(errors) for errors in self.tally.errors.values())
        early, late, growth, slope = self.memory()
        allowed = max(options.growth / 100 * early, 16)
        lags = [sample["lag"] for sample in samples]
        visible = sorted(self.studio.visible) or [math.inf]
        files = [sample["files"] for sample in samples]
        last = samples[-1]
        logged = sum(b" ERROR " in line for line in (self.folder / "log").read_bytes().splitlines())
        shown = f"{early:.0f} → {late:.0f} MiB ({growth:+.0f}), {slope:+.2f} MiB a simulated hour"
        return [
            ("errors of clients", "0", errors, errors == 0),
            ("writes and renders that failed", "0", f"{last['failed']:.0f}, {last['unrendered']:.0f}", last["failed"] + last["unrendered"] == 0),
            ("errors in the server's log", "0", logged, logged == 0),
            ("memory, second quarter → last quarter", f"+{allowed:.0f} MiB", shown, growth <= allowed),
            ("open files, most", "500", max(files), max(files) <= 500),
            ("publish lag, as the server says (p50, p99, most)", f"p99 {options.lag} s", self.seconds_of(lags), at(lags, 0.99) <= options.lag),
            ("a change until it can be seen (p50, p99, most)", f"p99 {options.lag} s", self.seconds_of(visible), at(visible, 0.99) <= options.lag),
            ("events that five open pages saw", "> 0", self.events, self.events > 0),
        ]

    @staticmethod
    def seconds_of(values):
        return ", ".join(f"{value:.2f}" for value in (at(values, 0.5), at(values, 0.99), max(values))) + " s"

    def memory(self):
        """Medians of the second quarter and of the last, what lies between, and the slope from the second quarter on."""
        part = lambda first, last: [s for s in self.watch.samples if first <= s["at"] / self.seconds <= last]
        early = statistics.median(sample["memory"] for sample in part(0.25, 0.5))
        late = statistics.median(sample["memory"] for sample in part(0.75, 1.1))
        later = part(0.25, 1.1)
        slope = statistics.linear_regression([s["at"] / self.seconds * DAY for s in later], [s["memory"] for s in later]).slope
        return early, late, late - early, slope

    def print_memory(self):
        print("\n| hour | memory (MiB) | open files | lag (s) | database (MB) | its log (MB) | media (MB) | renders |\n|---|---|---|---|---|---|---|---|")
        for hour in range(0, DAY, 2):
            these = [s for s in self.watch.samples if hour <= s["at"] / self.seconds * DAY < hour + 2]
            if these:
                most = {name: max(sample[name] for sample in these) for name in these[0]}
                print(f"| {hour:02}–{hour + 2:02} | {most['memory']:.0f} | {most['files']} | {most['lag']:.2f} | {most['database']:.0f} "
                      f"| {most['log']:.0f} | {most['media']:.0f} | {most['renders']:.0f} |")

    def print_tasks(self):
        print("\n| request | times | errors | p50 (ms) | p95 | p99 | most |\n|---|---|---|---|---|---|---|")
        for task in [*RATES, *HOURLY, *(set(self.tally.errors) - set(RATES) - set(HOURLY))]:
            times = sorted(self.tally.times.get(task, []))
            figures = [f"{at(times, p) * 1000:.1f}" for p in (0.5, 0.95, 0.99)] + [f"{times[-1] * 1000:.0f}"] if times else ["–"] * 4
            print(f"| {task} | {len(times)} | {len(self.tally.errors.get(task, []))} | {' | '.join(figures)} |")
        print(f"\nDeliveries in the end: {getattr(self, 'deliveries', 'unknown')}.")
        for task, errors in self.tally.errors.items():
            print(f"\n- {task}: {errors[0]}")


def at(values, part):
    """The value that so large a part of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="the binary")
    parser.add_argument("--folder", required=True, help="where the data goes")
    parser.add_argument("--seconds", type=float, default=600, help="how long the day takes [600]")
    parser.add_argument("--projects", type=int, default=3)
    parser.add_argument("--shots", type=int, default=600, help="shots of a project [600]")
    parser.add_argument("--load", type=float, default=1, help="factor on all rates [1]")
    parser.add_argument("--growth", type=float, default=15, help="by how many percent memory may grow [15], or 16 MiB")
    parser.add_argument("--lag", type=float, default=5, help="how many seconds the page may be behind (p99) [5]")
    sys.exit(Soak(parser.parse_args()).run())


if __name__ == "__main__":
    main()
