#!/usr/bin/env python3
"""How long a tracker waits for the answer to a delivery.

    benches/deliveries.py BINARY [--rate 100] [--seconds 30] [--batch 1] [--busy]

Starts the server on an empty folder, and sends signed deliveries of Flow at a fixed rate, whether or not those before are answered
(so that a slow answer is not hidden by sending less). With --batch N each has N events; with --busy another client writes all the
while as fast as it can. Prints what the answers took beside what Flow allows: 6 s at most, 500 ms on average.
"""

import argparse
import hashlib
import hmac
import http.client
import json
import pathlib
import queue
import subprocess
import tempfile
import threading
import time

SECRET = "a secret of the benchmark"
CONFIG = '[[webhook]]\nname = "flow"\nverify = "flow"\nsecrets = ["%s"]\nmapping = "flow"\n' % SECRET


def event(number):
    """An event in Flow's form: the status of one of a hundred tasks."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()) + ".%06d UTC" % (number % 1_000_000)
    status = ("ip", "rev", "fin")[number % 3]
    meta = {"type": "attribute_change", "attribute_name": "sg_status_list", "old_value": "wtg", "new_value": status}
    return {"id": "%d.1.0" % number, "event_log_entry_id": number, "event_type": "Shotgun_Task_Change", "operation": "update",
            "entity": {"type": "Task", "id": 1000 + number % 100}, "project": {"type": "Project", "id": 127},
            "attribute_name": "sg_status_list", "meta": meta, "created_at": at, "user": {"type": "HumanUser", "id": 88}}


def delivery(number, batch):
    events = [event(number * batch + index) for index in range(batch)]
    data = events[0] if batch == 1 else {"deliveries": events}
    body = json.dumps({"timestamp": "2026-11-23T10:00:01Z", "data": data}).encode()
    signature = "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    return body, {"content-type": "application/json; charset=utf-8", "x-sg-signature": signature, "x-sg-delivery-id": "d-%d" % number}


def sender(address, jobs, took):
    connection = http.client.HTTPConnection(address, timeout=30)
    while (job := jobs.get()) is not None:
        due, number, batch = job
        body, headers = delivery(number, batch)
        # From when it was to be sent: what waited for a free connection counts.
        connection.request("POST", "/api/webhooks/flow", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 202:
            raise SystemExit("answered %d: %r" % (answer.status, text))
        took.append(time.perf_counter() - due)


def writer(address, stop):
    connection = http.client.HTTPConnection(address, timeout=30)
    number = 0
    while not stop.is_set():
        number += 1
        body = json.dumps({"name": "shot %d" % number})
        connection.request("PUT", "/api/projects/127/shots/%d" % (number % 500), body, {"content-type": "application/json"})
        connection.getresponse().read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--busy", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "watchtower.toml")
        config.write_text(CONFIG)
        command = [args.binary, "serve", "--log", "error", "--listen", "127.0.0.1:0", "--data-dir", folder + "/data", "--config", str(config)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                address = server.stdout.readline().split("http://")[1].split()[0]
                run(args, address)
            finally:
                server.terminate()


def run(args, address):
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("PUT", "/api/projects/127", json.dumps({"name": "P"}), {"content-type": "application/json"})
    connection.getresponse().read()
    jobs, took, stop = queue.Queue(), [], threading.Event()
    threads = [threading.Thread(target=sender, args=(address, jobs, took)) for _ in range(16)]
    if args.busy:
        threads.append(threading.Thread(target=writer, args=(address, stop)))
    for thread in threads:
        thread.start()
    begun = time.perf_counter()
    for number in range(args.rate * args.seconds):
        due = begun + number / args.rate
        time.sleep(max(0, due - time.perf_counter()))
        jobs.put((due, number, args.batch))
    for _ in range(16):
        jobs.put(None)
    for thread in threads[:16]:
        thread.join()
    stop.set()
    sent = time.perf_counter()
    while True:
        connection.request("GET", "/api/webhooks")
        kept = json.loads(connection.getresponse().read())[0]["deliveries"]
        if "received" not in kept:
            break
        time.sleep(0.01)
    settled = time.perf_counter() - sent
    took.sort()
    at = lambda share: 1000 * took[min(len(took) - 1, int(share * len(took)))]
    print("%d deliveries, %d a second, %d event(s) each%s" % (len(took), args.rate, args.batch, ", while another client writes" if args.busy else ""))
    print("answered in: mean %.2f ms, p50 %.2f, p99 %.2f, p99.9 %.2f, most %.2f" % (
        1000 * sum(took) / len(took), at(0.5), at(0.99), at(0.999), 1000 * took[-1]))
    print("Flow allows: mean 500 ms, most 6000 ms")
    print("all applied %.0f ms after the last answer: %s" % (1000 * settled, kept))


if __name__ == "__main__":
    main()
