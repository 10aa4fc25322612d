#!/usr/bin/env python3
"""The peers of a router that was upgraded: peers.py sink ADDRESS:PORT FILE [CERTIFICATE KEY] | dns ADDRESS:PORT | expected QUEUE STATE

sink takes all mail and writes "RECIPIENT SIZE SUBJECT" into FILE, a line for each recipient; SIZE is without Delivered-To,
which is put before a forward on its way out. dns answers that the MX host of every domain is this machine. expected prints
what a listing of the queue (sealwax queue list --json) promises of the recipients in STATE, in the words of sink.
"""
import asyncio
import json
import ssl
import struct
import sys

MX = b"\x03mx1\x08provider\x07example\x00"


async def sink(reader, writer, out, tls):
    async def say(text):
        writer.write(text.encode() + b"\r\n")
        await writer.drain()

    secure, recipients = False, []
    await say("220 mx1.provider.example ESMTP")
    while line := await reader.readline():
        verb = line.split(b" ")[0].strip().upper()
        if verb == b"EHLO":
            offers = ["8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"]
            offers += ["REQUIRETLS"] if secure else ["STARTTLS"] if tls else []
            await say("\r\n".join(["250-mx1.provider.example"] + [f"250-{o}" for o in offers[:-1]] + [f"250 {offers[-1]}"]))
        elif verb == b"STARTTLS":
            await say("220 2.0.0 go")
            await writer.start_tls(tls)
            secure = True
        elif verb == b"DATA":
            await say("354 go")
            content = []
            while (more := await reader.readline()) not in (b".\r\n", b""):
                content.append(more[1:] if more.startswith(b"..") else more)
            if content[0].lower().startswith(b"delivered-to:"):
                del content[0]
            subject = next((x[9:].strip().decode() for x in content if x.lower().startswith(b"subject: ")), "")
            with open(out, "a") as file:
                for recipient in recipients:
                    print(recipient, sum(map(len, content)), subject, file=file)
            recipients = []
            await say("250 2.0.0 taken")
        elif verb == b"QUIT":
            await say("221 2.0.0 bye")
            break
        else:
            if verb == b"RCPT":
                recipients.append(line.decode().split("<")[1].split(">")[0])
            await say("250 2.1.0 ok")
    writer.close()


class Names(asyncio.DatagramProtocol):
    """Everything has one MX host, that host one address; nothing else exists."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        end = data.index(b"\0", 12) + 1
        question, (kind,) = data[12 : end + 4], struct.unpack(">H", data[end : end + 2])
        name = data[12:end].lower()
        answer = b""
        if kind == 15 and name.count(b"test") and not name.startswith(b"\x08_mta-sts"):
            answer = b"\xc0\x0c" + struct.pack(">HHIHH", 15, 1, 60, 2 + len(MX), 10) + MX
        elif kind == 1 and name == MX:
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([127, 0, 0, 1])
        self.transport.sendto(data[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if answer else 0, 0, 0) + question + answer, peer)


def expected(queue, state):
    for message in json.load(open(queue))["messages"]:
        for recipient in message["recipients"]:
            if recipient["state"] == state:
                print(recipient["to"], message["size"])


async def main():
    what, at = sys.argv[1:3]
    address, port = at.rsplit(":", 1)
    if what == "dns":
        await asyncio.get_running_loop().create_datagram_endpoint(Names, local_addr=(address, int(port)))
        await asyncio.Event().wait()
    tls = None
    if len(sys.argv) > 4:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[4], sys.argv[5])
    async with await asyncio.start_server(lambda r, w: sink(r, w, sys.argv[3], tls), address, int(port)) as server:
        await server.serve_forever()


if sys.argv[1] == "expected":
    expected(*sys.argv[2:])
else:
    asyncio.run(main())
