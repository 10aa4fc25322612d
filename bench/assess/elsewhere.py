#!/usr/bin/env python3
"""elsewhere.py: a resolver on loopback that knows one mailbox domain, example.net, whose MX is another host (RFC 2606, RFC 5737): what a relay test asks the DNS for.

Prints its address and port, answers until its standard input ends, and knows nothing else."""
import os
import select
import socket
import struct
import sys

NAME = {b"\7example\3net\0": {15: b"\0\x0a\2mx\7example\3net\0"}, b"\2mx\7example\3net\0": {1: bytes([192, 0, 2, 1])}}


def answer(query):
    end = 12
    while query[end]:
        end += 1 + query[end]
    name, (kind,) = query[12:end + 1].lower(), struct.unpack(">H", query[end + 1:end + 3])
    data = NAME.get(name, {}).get(kind)
    code = 0 if name in NAME else 3
    head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, 1 if data else 0, 0, 0)
    record = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data if data else b""
    return head + query[12:end + 5] + record


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
print("127.0.0.1:%d" % udp.getsockname()[1], flush=True)
os.set_blocking(sys.stdin.fileno(), False)
while True:
    ready, _, _ = select.select([udp, sys.stdin], [], [])
    if sys.stdin in ready and not sys.stdin.buffer.read(1):
        break
    if udp in ready:
        octets, peer = udp.recvfrom(4096)
        try:
            udp.sendto(answer(octets), peer)
        except (IndexError, struct.error):
            pass
