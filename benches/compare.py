"""Measures the server against its peers and prints the table of docs/PERFORMANCE.md. Started by scripts/bench.

Every row is a ratio: ours and the peer take turns in the same run, on the same machine and file system, and medians are
compared. Nothing here fails because something is slow.
"""

import argparse
import atexit
import gzip
import http.client
import json
import math
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from production import STATUSES, production

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = 64


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def milliseconds(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


class Server:
    """The release build as a process, on a data folder."""

    def __init__(self, binary, folder, threads=None, render="auto"):
        self.port = free_port()
        command = [binary, "serve", "--data-dir", folder, "--listen", f"127.0.0.1:{self.port}"]
        # One client asks as often as it can.
        command += ["--max-rate", "0"]
        command += ["--layout", "classic", "--render", render]
        # As many threads as there are cores, unless it is to have no more than its peer.
        limits = {"TOKIO_WORKER_THREADS": str(threads)} if threads else {}
        self.process = subprocess.Popen(
            command, env=os.environ | limits, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        atexit.register(self.process.kill)
        start = time.perf_counter()
        while True:
            try:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
                self.connection.connect()
                break
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.perf_counter() - start > 60:
                    raise SystemExit(f"the server does not start: {command}") from None
                time.sleep(0.002)
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.milliseconds_to_start = (time.perf_counter() - start) * 1000

    def ask(self, method, path, body=None, headers=None):
        headers = {"Content-Type": "application/json"} | (headers or {}) if body else headers or {}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {content[:500]}")
        return answer, content

    def get(self, path):
        return json.loads(self.ask("GET", path)[1])

    def settle(self):
        """Waits until all is published, and its pause is over."""
        self.ask("POST", "/api/render")
        time.sleep(0.3)

    def memory(self):
        """Resident memory now and at its highest, in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return [int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024 for name in ("VmRSS", "VmHWM")]

    def stop(self):
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Reference:
    """The reference with the project in its memory; each call writes everything."""

    def __init__(self, python, folder):
        self.process = subprocess.Popen(
            [python, HERE / "reference.py", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.write()  # once before it counts, so that folders exist

    def write(self):
        self.process.stdin.write("write\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Nginx:
    """nginx with one worker, serving a folder."""

    def __init__(self, folder):
        self.port = free_port()
        user = "user root;" if os.getuid() == 0 else ""
        config = folder / "nginx.conf"
        temporary = "".join(
            f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        config.write_text(f"""
            {user} worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
            events {{ worker_connections 1024; }}
            http {{
                types {{ application/json json; }}
                access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; gzip_static on; {temporary}
                keepalive_requests 1000000000; open_file_cache max=1000;
                server {{ listen 127.0.0.1:{self.port}; root {folder}/root; }}
            }}""")
        self.process = subprocess.Popen(["nginx", "-c", config], stderr=subprocess.DEVNULL)
        atexit.register(self.process.terminate)
        for _ in range(1000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.005)
        raise SystemExit("nginx does not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def wrk(port, path, seconds, connections, headers=(), script=None, arguments=()):
    """Requests per second, and how many requests there were."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", script]
    command += [f"http://127.0.0.1:{port}{path}", *(["--", *map(str, arguments)] if arguments else [])]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if wrong := re.search(r"Non-2xx or 3xx.*|Socket errors.*", said):
        raise SystemExit(f"{' '.join(map(str, command))}: {wrong[0]}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), int(re.search(r"(\d+) requests in", said)[1])


class Table:
    """What was measured: medians, ratios, goals."""

    def __init__(self):
        self.rows = []

    def add(self, work, ours, peer, unit, goal=None, more_is_better=False, at_most=None):
        """A row of medians; a goal is the least ratio by which ours is better; with `at_most`, the ratio is ours to the peer's."""
        ours, peer = statistics.median(ours), statistics.median(peer)
        if at_most:
            ratio, met = ours / peer, ours / peer <= at_most
            goal_text = f"≤ {at_most:g} ×" if at_most < math.inf else "–"
        else:
            ratio = ours / peer if more_is_better else peer / ours
            met = goal is not None and ratio >= goal
            goal_text = f"≥ {goal:g} ×" if goal else "–"
        verdict = "–" if goal_text == "–" else "yes" if met else "**no**"
        self.put(work, self.number(ours, unit), self.number(peer, unit), f"{self.figure(ratio)} ×", goal_text, verdict)

    def put(self, *row):
        say("    " + " | ".join(row))
        self.rows.append(row)

    def skip(self, work, why):
        self.put(work, "–", "–", "–", "–", f"not measured: {why}")

    @staticmethod
    def figure(number):
        return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"

    @classmethod
    def number(cls, number, unit):
        return f"{cls.figure(number)} {unit}"

    def print(self):
        print("| work | ours | peer | ratio | goal | met? |\n|---|---|---|---|---|---|")
        for row in self.rows:
            print("| " + " | ".join(row) + " |")


class Bench:
    def __init__(self, options, folder):
        self.binary, self.rounds, self.seconds = options.server, options.rounds, options.seconds
        self.folder, self.table = folder, Table()
        self.context, self.project = production()
        self.id = self.project["id"]
        self.files = f"/data/projects/{self.id}"
        self.tasks = [task for of in ("shots", "assets") for entity in self.project[of] for task in entity["tasks"]]
        self.statuses = [status["id"] for status in self.context["task_statuses"]]
        self.loads = self.loops = 0
        if options.reference:
            self.reference = Reference(options.reference, self.new_folder("reference"))
        else:
            self.reference = None
        self.no_reference = "no watchtower-pipeline 0.1.7; scripts/test gets it"

    def new_folder(self, name):
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def run(self):
        self.snapshot()
        data = self.folder / "data"
        server = Server(self.binary, data)
        self.hot_memory(server)
        self.operating(server, data)
        self.render(server)
        self.change(server)
        self.load(server)
        server.stop()
        self.serving(data)
        if self.reference:
            self.reference.stop()
        self.table.print()

    def snapshot(self):
        """The whole project over HTTP into an empty database, against rows from Python into tables of their own."""
        say("snapshot …")
        body, context = json.dumps(self.project).encode(), json.dumps(self.context).encode()
        ours, plain, same = [], [], []
        for _ in range(self.rounds):
            plain.append(self.insert(self.plain_rows()))
            data = self.new_folder("data")
            server = Server(self.binary, data)
            server.ask("PUT", "/api/context?wait=published", context)
            time.sleep(0.1)
            path = f"/api/projects/{self.id}/snapshot?wait=published"
            ours.append(milliseconds(lambda: server.ask("PUT", path, body)))
            rss, peak = server.memory()
            server.stop()
            same.append(self.insert(self.stored_rows(data / "watchtower.db")))
        work = "snapshot over HTTP into an empty database, published"
        self.table.add(f"{work}; peer: `executemany` of its entities and casting links", ours, plain, "ms", at_most=1.5)
        self.table.add(f"{work}; peer: `executemany` of the rows that are stored, history too", ours, same, "ms", at_most=math.inf)
        self.table.put("memory after that snapshot, and its peak", f"{rss:.0f} MiB, {peak:.0f} MiB", "–", "–", "–", "–")

    def plain_rows(self):
        project = self.project
        owned = [("shot_id", shot) for shot in project["shots"]] + [("asset_id", asset) for asset in project["assets"]]
        links = [
            (casting["shot_id"], asset) for casting in project["casting"] for asset in casting["asset_ids"]
        ]
        return {
            "create table sequence (id text primary key, position integer, name text)": [
                (sequence["id"], position, sequence["name"]) for position, sequence in enumerate(project["sequences"])
            ],
            "create table shot (id text primary key, position integer, name text, sequence_id text, data text, thumbnail text)": [
                (shot["id"], position, shot["name"], shot["sequence_id"], json.dumps(shot["data"]), shot["thumbnailUrl"])
                for position, shot in enumerate(project["shots"])
            ],
            "create table asset (id text primary key, position integer, name text, asset_type_id text, thumbnail text)": [
                (asset["id"], position, asset["name"], asset["asset_type_id"], asset["thumbnailUrl"])
                for position, asset in enumerate(project["assets"])
            ],
            "create table task (id text primary key, position integer, owner text, task_type_id text, task_status_id text, assignees text)": [
                (task["id"], position, owner["id"], task["task_type_id"], task["task_status_id"], json.dumps(task["assignees"]))
                for _, owner in owned
                for position, task in enumerate(owner["tasks"])
            ],
            "create table casting (shot_id text, asset_id text, primary key (shot_id, asset_id))": links,
        }

    @staticmethod
    def stored_rows(database):
        """Every table with what is in it, as our server made it."""
        store = sqlite3.connect(database)
        tables = store.execute("select name, sql from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
        return {sql: store.execute(f"select * from {name}").fetchall() for name, sql in tables.fetchall()}

    def insert(self, rows):
        """Milliseconds to put rows into an empty database, in one transaction."""
        store = self.database()
        for create in rows:
            store.execute(create)
        inserts = []
        for create, values in rows.items():
            if values:
                name = re.search(r'create table "?(\w+)', create, re.IGNORECASE)[1]
                inserts.append((f"insert into {name} values ({', '.join('?' * len(values[0]))})", values))

        def work():
            store.execute("begin immediate")
            for insert, values in inserts:
                store.executemany(insert, values)
            store.execute("commit")

        taken = milliseconds(work)
        store.close()
        return taken

    def database(self):
        store = sqlite3.connect(self.new_folder("sqlite") / "peer.db", isolation_level=None)
        store.execute("pragma journal_mode = wal")
        store.execute("pragma synchronous = full")
        return store

    def hot_memory(self, server):
        server.ask("GET", f"/api/projects/{self.id}/shots?limit=1")
        rss, peak = server.memory()
        start = f"{server.milliseconds_to_start:.0f} ms"
        self.table.put("start on that database until it answers, all rendered", start, "–", "–", "–", "–")
        verdict = "yes" if rss <= 120 else "**no**"
        self.table.put("memory with the project hot, and its peak", f"{rss:.0f} MiB, {peak:.0f} MiB", "–", "–", "≤ 120 MiB", verdict)

    def operating(self, server, data):
        """What an admin asks of a server that has this project. Pages have no peer; a backup has SQLite's own."""
        say("status page, problems, backup …")
        for path in ("/admin", f"/admin/projects/{self.id}", "/api/problems", f"/api/projects/{self.id}/problems"):
            taken = [milliseconds(lambda: server.ask("GET", path)) for _ in range(max(self.rounds, 7))]
            path = path.replace(self.id, "ID")
            self.table.put(f"GET {path}", self.table.number(statistics.median(taken), "ms"), "–", "–", "–", "–")
        database = data / "watchtower.db"
        file = self.folder / "backup.db"
        ours, peer, check = [], [], []
        for _ in range(self.rounds):
            command = [self.binary, "--data-dir", data, "backup", "--force", file]
            ours.append(milliseconds(lambda: subprocess.run(command, check=True, capture_output=True)))
            with sqlite3.connect(database) as source, sqlite3.connect(self.new_folder("sqlite") / "copy.db") as copy:
                peer.append(milliseconds(lambda: source.backup(copy)))
                check.append(milliseconds(lambda: source.execute("pragma quick_check").fetchall()))
        size = f"{file.stat().st_size / 1e6:.0f} MB"
        self.table.add(f"`backup` of {size} beside the server; peer: `sqlite3`, not synced", ours, peer, "ms", at_most=math.inf)
        self.table.put("`quick_check` of it, as at each start", self.table.number(statistics.median(check), "ms"), "–", "–", "–", "–")

    def render(self, server):
        say("full render …")
        work = "full render, one layout, files written"
        if not self.reference:
            return self.table.skip(work, self.no_reference)
        ours, peer = [], []
        for _ in range(max(self.rounds, 7)):
            ours.append(milliseconds(lambda: server.ask("POST", "/api/render?force=true")))
            peer.append(self.reference.write())
        self.table.add(f"{work}; peer: the reference's `write_as_json`", ours, peer, "ms", 50)

    def change(self, server):
        """One status changed. Served: its file has other bytes, found by asking for it again and again, by HEAD."""
        say("one change …")
        work = "one task status changed → durable, new bytes served"
        if not self.reference:
            return self.table.skip(work, self.no_reference)
        served, written, peer = [], [], []
        shots = f"{self.files}/shots.json"

        def patch(wait=""):
            task = self.tasks[len(written)]["id"]
            status = self.statuses[STATUSES // 2 + (len(served) + len(written)) % (STATUSES // 2)]
            body = json.dumps({"task_status_id": status})
            headers = {"Content-Type": "application/merge-patch+json"}
            server.ask("PATCH", f"/api/projects/{self.id}/tasks/{task}{wait}", body, headers)

        def change_and_see():
            patch()
            while server.ask("HEAD", shots)[0].getheader("ETag") == before:
                pass

        for _ in range(max(self.rounds, 7)):
            peer.append(self.reference.write())
            server.settle()
            before = server.ask("HEAD", shots)[0].getheader("ETag")
            served.append(milliseconds(change_and_see))
            server.settle()
            written.append(milliseconds(lambda: patch("?wait=published")))
        self.table.add(f"{work}; peer: the reference's full write", served, peer, "ms", 300)
        self.table.add("the same, the file written", written, peer, "ms", 75)

    def load(self, server):
        say("durable single writes …")
        if not shutil.which("wrk"):
            return self.table.skip("durable single writes over HTTP", "no wrk")
        ids = self.folder / "tasks"
        ids.write_text("\n".join(task["id"] for task in self.tasks))
        store = self.database()
        store.execute("create table task (id text primary key, task_status_id text)")
        rows = [(task["id"], task["task_status_id"]) for task in self.tasks]
        store.execute("begin")
        store.executemany("insert into task values (?, ?)", rows)
        store.execute("commit")

        def loop():
            # SQLite writes nothing, and waits for no disk, where a row gets the values that it has.
            status = self.statuses[STATUSES // 2 + self.loops % (STATUSES // 2)]
            self.loops += 1
            count, start = 0, time.perf_counter()
            while time.perf_counter() - start < self.seconds:
                task = self.tasks[count % len(self.tasks)]["id"]
                store.execute("update task set task_status_id = ? where id = ?", (status, task))
                count += 1
            return count / (time.perf_counter() - start)

        def over_http(server, connections):
            server.settle()
            before = server.get("/api/status")["revision"]
            path = f"/api/projects/{self.id}/tasks"
            arguments = [ids, path, self.loads, *self.statuses[STATUSES // 2 :]]
            # No task is to be given the status that it has.
            self.loads += 2
            rate, requests = wrk(server.port, "/", self.seconds, connections, (), HERE / "patch.lua", arguments)
            # Every change that was stored is a revision: what was answered but changed nothing does not count.
            return rate * min(1, (server.get("/api/status")["revision"] - before) / requests)

        many, one, peer = [], [], []
        for _ in range(self.rounds):
            peer.append(loop())
            many.append(over_http(server, CONNECTIONS))
            one.append(over_http(server, 1))
        work = "durable single writes over HTTP"
        self.table.add(f"{work}, 64 clients; peer: a `sqlite3` loop, one commit each", many, peer, "/s", 6, True)
        self.table.add(f"{work}, 1 client", one, peer, "/s", 0.7, True)
        rss, peak = server.memory()
        self.table.put("memory after all this, and its peak", f"{rss:.0f} MiB, {peak:.0f} MiB", "–", "–", "–", "–")

        # The same with nothing published meanwhile, to tell the two apart.
        server.stop()
        still = Server(self.binary, self.folder / "data", render="manual")
        many, one, peer = [], [], []
        for _ in range(self.rounds):
            peer.append(loop())
            many.append(over_http(still, CONNECTIONS))
            one.append(over_http(still, 1))
        still.stop()
        store.close()
        self.table.add("the same with `--render manual`, 64 clients", many, peer, "/s", None, True)
        self.table.add("the same with `--render manual`, 1 client", one, peer, "/s", None, True)

    def serving(self, data):
        say("serving …")
        if lacking := [tool for tool in ("nginx", "wrk") if not shutil.which(tool)]:
            return self.table.skip("GET of rendered files", f"no {' and no '.join(lacking)}")
        alike = Server(self.binary, data, threads=1)
        folder = self.new_folder("nginx")
        shutil.copytree(data / "tree" / "classic", folder / "root")
        # The same compressed bytes.
        large, small = f"{self.files}/shots.json", f"{self.files}/edit.json"
        packed = alike.ask("GET", large, headers={"Accept-Encoding": "gzip"})[1]
        plain = alike.ask("GET", large)[1]
        assert gzip.decompress(packed) == plain == (folder / f"root{large}").read_bytes()
        (folder / f"root{large}.gz").write_bytes(packed)
        kinds = [
            (f"small ({(folder / f'root{small}').stat().st_size} B)", small, [], 1.2),
            ("304", small, None, 1.1),
            (f"large ({len(plain) / 1e6:.1f} MB)", large, [], 2),
            (f"large, gzip ({len(packed) / 1e6:.1f} MB)", large, ["Accept-Encoding: gzip"], 1.5),
        ]

        def rate(port, path, headers):
            if headers is None:
                probe = http.client.HTTPConnection("127.0.0.1", port)
                probe.request("HEAD", path)
                headers = [f"If-None-Match: {probe.getresponse().getheader('ETag')}"]
                probe.close()
                probe.request("GET", path, headers=dict([headers[0].split(": ", 1)]))
                assert probe.getresponse().status == 304
                probe.close()
            return wrk(port, path, self.seconds, CONNECTIONS, headers)[0]

        nginx, found = Nginx(folder), {}
        for _ in range(self.rounds):
            for name, path, headers, _ in kinds:
                ours, peer = found.setdefault(name, ([], []))
                peer.append(rate(nginx.port, path, headers))
                ours.append(rate(alike.port, path, headers))
        alike.stop()
        usual = Server(self.binary, data)
        as_it_comes = {
            name: [rate(usual.port, path, headers) for _ in range(self.rounds)] for name, path, headers, _ in kinds
        }
        usual.stop()
        nginx.stop()
        for name, _, _, goal in kinds:
            self.table.add(f"GET, {name}; peer: nginx, one thread each", *found[name], "/s", goal, True)
        for name, *_ in kinds:
            self.table.add(f"the same, ours with a thread a core: {name}", as_it_comes[name], found[name][1], "/s", None, True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True, help="the release build")
    parser.add_argument("--reference", help="a Python that has watchtower-pipeline 0.1.7")
    parser.add_argument("--folder", required=True, help="where data goes meanwhile")
    parser.add_argument("--rounds", type=int, default=5, help="how often each measurement is repeated")
    parser.add_argument("--seconds", type=int, default=2, help="how long each load lasts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        Bench(options, pathlib.Path(folder).resolve()).run()


if __name__ == "__main__":
    main()
