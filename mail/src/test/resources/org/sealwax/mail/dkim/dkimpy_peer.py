"""Signs and verifies DKIM with dkimpy: one JSON object a line in, one out; messages and keys in Base64."""
import base64
import json
import sys

import dkim


def verify(job):
    message = base64.b64decode(job["message"])
    records = {name: text.encode() for name, text in job["keys"].items()}

    def txt(name, timeout=5):
        return records.get(name.decode().rstrip("."))

    check = dkim.DKIM(message)
    try:
        return [check.verify(idx=i, dnsfunc=txt) for i in range(job["signatures"])]
    except dkim.DKIMException as e:
        return [repr(e)]


def sign(job):
    signer = dkim.DKIM(base64.b64decode(job["message"]))
    field = signer.sign(
        b"peer",
        b"example.org",
        job["key"].encode(),
        canonicalize=tuple(c.encode() for c in job["canonicalize"]),
        signature_algorithm=job["algorithm"].encode(),
        include_headers=[b"from", b"to", b"subject", b"from"],
        length=job["length"],
    )
    return base64.b64encode(field).decode()


for line in sys.stdin:
    job = json.loads(line)
    print(json.dumps(verify(job) if job["do"] == "verify" else sign(job)), flush=True)
