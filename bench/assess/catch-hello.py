#!/usr/bin/env python3
"""catch-hello.py ADDRESS PORT OUT: a mail server that offers STARTTLS, stores the first TLS records that come, in hex, and disconnects."""
import socket
import sys

address, port, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
listening = socket.create_server((address, port))
print("ready", flush=True)
while True:
    peer, _ = listening.accept()
    peer.settimeout(20)
    lines = peer.makefile("rb", buffering=0)
    try:
        peer.sendall(b"220 mx.peer.test ESMTP\r\n")
        while line := lines.readline(1000):
            word = line.strip().upper()
            if word.startswith(b"EHLO"):
                peer.sendall(b"250-mx.peer.test\r\n250 STARTTLS\r\n")
            elif word == b"STARTTLS":
                peer.sendall(b"220 go\r\n")
                octets = b""
                while len(octets) < 5 or len(octets) < 5 + int.from_bytes(octets[3:5], "big"):
                    more = peer.recv(65536)
                    if not more:
                        break
                    octets += more
                with open(out, "w") as file:
                    file.write(octets.hex() + "\n")
                sys.exit(0)
            elif word == b"QUIT":
                peer.sendall(b"221 bye\r\n")
                break
            else:
                peer.sendall(b"451 not now\r\n")
    except OSError:
        pass
    peer.close()
