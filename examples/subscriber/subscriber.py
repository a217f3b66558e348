#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the end of every build: subscriber.py TOKEN [TOPIC], with TOKEN from `headrace subscriber add NAME`.

Needs python3-zmq and python3-msgpack. The frames of an event are topic, number, envelope and body
(docs/protocol.md); a gap in the numbers means that messages were lost: GET /api/v2/events?after=N has them."""
import base64
import sys

import msgpack
import zmq

text, topic = sys.argv[1], (sys.argv[2:] or ['build.finished'])[0]
token = msgpack.unpackb(base64.urlsafe_b64decode(text + '=' * (-len(text) % 4)))

socket = zmq.Context().socket(zmq.SUB)
socket.curve_serverkey = token['server_key'].encode()
socket.curve_publickey = token['public_key'].encode()
socket.curve_secretkey = token['secret_key'].encode()
socket.subscribe(topic)
for endpoint in token['server']:
    socket.connect(endpoint)

while True:
    frames = socket.recv_multipart()
    if len(frames) == 4:  # announcements of growing logs have no number
        name, number, envelope, body = frames
        ids = msgpack.unpackb(envelope)[5]
        build = msgpack.unpackb(body) if body else {}
        print(int(number), name.decode(), ids, build.get('state_string', ''), flush=True)
