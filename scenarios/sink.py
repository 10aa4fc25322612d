#!/usr/bin/env python3
"""A next hop that takes everything: sink.py ADDRESS:PORT FILE writes the time and each recipient into FILE."""
import asyncio
import sys
import time


async def host(reader, writer):
    writer.write(b"220 sink.test ESMTP\r\n")
    recipients = []
    while line := await reader.readline():
        verb = line[:4].upper()
        if verb == b"EHLO":
            writer.write(b"250 sink.test\r\n")
        elif verb == b"DATA":
            writer.write(b"354 go\r\n")
            text = b""
            while (more := await reader.readline()) not in (b".\r\n", b""):
                text += more
            subject = [x[9:].strip().decode() for x in text.splitlines() if x.lower().startswith(b"subject: ")]
            with open(sys.argv[2], "a") as out:
                for r in recipients:
                    print(f"{time.time():.3f}", r, *subject, file=out)
            recipients = []
            writer.write(b"250 2.0.0 taken\r\n")
        elif verb == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        else:
            if verb == b"RCPT":
                recipients.append(line.decode().split("<")[1].split(">")[0])
            writer.write(b"250 2.1.0 ok\r\n")
    writer.close()


async def main():
    address, port = sys.argv[1].rsplit(":", 1)
    async with await asyncio.start_server(host, address, int(port)) as server:
        await server.serve_forever()


asyncio.run(main())
