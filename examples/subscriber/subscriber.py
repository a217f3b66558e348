#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints every finished build. usage: subscriber.py TOKEN [WEB [SECONDS]]

TOKEN is what `headrace subscriber add NAME` prints. WEB is the page's address: with it, what the bus did not
bring (before this program started, or while it was away) is read from the event log, every SECONDS (30).
"""
import base64
import json
import sys
import time
import urllib.request

import msgpack
import zmq

RESULTS = ["success", "warnings", "failure", "skipped", "exception", "retry", "cancelled"]

token, web = sys.argv[1], sys.argv[2].rstrip("/") if len(sys.argv) > 2 else None
replay_s = float(sys.argv[3]) if len(sys.argv) > 3 else 30
t = msgpack.unpackb(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
socket = zmq.Context().socket(zmq.SUB)
socket.curve_serverkey = t["server_key"].encode()
socket.curve_publickey = t["public_key"].encode()
socket.curve_secretkey = t["secret_key"].encode()
socket.subscribe(b"build.finished.")
for endpoint in t["server"]:
    socket.connect(endpoint)
print("listening", flush=True)

seen = set()  # numbers above `replayed`: the log may bring what the bus has brought
replayed = 0  # everything up to here is printed


def finished(number, topic, ids, build):
    if number > replayed and number not in seen:
        seen.add(number)
        print(f"{topic} {build['builder']} #{ids['number']} {RESULTS[ids['results']]}", flush=True)


def replay():
    global replayed
    more = True
    while more:
        with urllib.request.urlopen(f"{web}/api/v2/events?after={replayed}&topic=build.finished", timeout=10) as reply:
            answer = json.load(reply)
        for e in answer["events"]:
            finished(e["number"], e["topic"], e["ids"], e["body"])
        replayed, more = answer["meta"]["next"], answer["meta"]["more"]
    seen.difference_update([n for n in seen if n <= replayed])


due = time.monotonic()
while True:
    if web and time.monotonic() >= due:
        due = time.monotonic() + replay_s
        try:
            replay()
        except OSError as e:
            print(f"{web}: {e}; trying again", file=sys.stderr, flush=True)
            due = time.monotonic() + 1
    if socket.poll(1000):
        topic, number, envelope, body = socket.recv_multipart()
        finished(int(number), topic.decode(), msgpack.unpackb(envelope)[5], msgpack.unpackb(body))
