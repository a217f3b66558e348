#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints every finished build. usage: subscriber.py TOKEN   (from `headrace subscriber add NAME`)"""
import base64
import sys

import msgpack
import zmq

RESULTS = ["success", "warnings", "failure", "skipped", "exception", "retry", "cancelled"]

token = sys.argv[1]
t = msgpack.unpackb(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
socket = zmq.Context().socket(zmq.SUB)
socket.curve_serverkey = t["server_key"].encode()
socket.curve_publickey = t["public_key"].encode()
socket.curve_secretkey = t["secret_key"].encode()
socket.subscribe(b"build.finished.")
for endpoint in t["server"]:
    socket.connect(endpoint)
print("listening", flush=True)
seen = 0
while True:
    topic, number, envelope, body = socket.recv_multipart()
    if int(number) <= seen:
        continue  # a repeat
    seen = int(number)
    ids = msgpack.unpackb(envelope)[5]
    build = msgpack.unpackb(body)
    print(f"{topic.decode()} {build['builder']} #{ids['number']} {RESULTS[ids['results']]}", flush=True)
