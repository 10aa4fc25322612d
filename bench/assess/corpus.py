#!/usr/bin/env python3
"""Between `sealwax assess --json` and the property names of a corpus of known-bad servers.

    corpus.py SEALWAX HOST IP PORT CA OUT [DEPTH]

runs SEALWAX (a command line, split at blanks) on HOST:PORT at IP, with CA as roots, and writes {"properties": {...}} to OUT.
A property is true when one of its codes came with one of its outcomes, false when a check of it came to anything else that is known,
and left out when its checks were not tested or inconclusive.
"""
import json, shlex, subprocess, sys

BAD = {"warn", "fail"}
ANY = {"pass", "info", "warn", "fail"}
# property -> [(check or code, outcomes)]
TABLE = {
    "proto.ssl2": [("ssl2", BAD)], "proto.ssl3": [("ssl3", BAD)], "proto.tls10": [("tls10", BAD)], "proto.tls11": [("tls11", BAD)],
    "cipher.null": [("suite.null", BAD)], "cipher.anon": [("suite.anon/beside", ANY), ("suite.anon/only", ANY)],
    "cipher.export": [("suite.export", BAD)], "cipher.rc4": [("suite.rc4", BAD)], "cipher.des": [("suite.des", BAD)],
    "cipher.3des": [("suite.3des", BAD)], "cipher.nofs": [("suite.staticRSA", BAD)], "fs.none": [("suite.fs", BAD)],
    "dh.le1024": [("kex.dh/export", BAD), ("kex.dh/below-1024", BAD), ("kex.dh/1024", BAD)],
    "group.weak": [("kex.groups/small", BAD)], "group.pq": [("kex.pq", {"pass"})],
    "sig.sha1": [("kex.hash/sha1", BAD)],
    "vuln.heartbleed": [("vuln.heartbleed", BAD)], "vuln.ccs": [("vuln.ccs", BAD)], "vuln.poodle": [("vuln.poodle", BAD)],
    "vuln.robot": [("vuln.robot", BAD)], "vuln.drown": [("vuln.drown", BAD)], "vuln.freak": [("vuln.freak", BAD)],
    "vuln.logjam": [("vuln.logjam", BAD)], "vuln.sweet32": [("suite.3des", BAD), ("suite.64bit", BAD), ("suite.des", BAD)],
    "vuln.crime": [("compression", BAD)], "vuln.insecure_reneg": [("secure-reneg", BAD)],
    "vuln.client_reneg": [("client-reneg", BAD)], "vuln.no_scsv": [("scsv", BAD)],
    "feat.early_data": [("early-data", BAD)],
    "cert.expired": [("cert.expiry/expired", BAD)], "cert.notyet": [("cert.expiry/not-yet", BAD)],
    "cert.selfsigned": [("cert.chain/self-signed", BAD)],
    "cert.untrusted": [("cert.chain/untrusted", BAD), ("cert.chain/self-signed", BAD), ("cert.chain/incomplete", BAD)],
    "cert.incomplete": [("cert.chain/incomplete", BAD)],
    "cert.wrongname": [("cert.name/none", BAD), ("cert.name/none-sts", BAD)],
    "cert.weakkey": [("cert.key/below-2048", BAD), ("cert.key/below-1024", BAD)],
    "cert.sha1": [("cert.sig/sha1", BAD)], "cert.md5": [("cert.sig/md5", BAD)],
    "cert.revoked": [("cert.revoked", BAD)], "cert.muststaple_missing": [("cert.staple/must-staple", BAD)],
    "smtp.no_starttls": [("starttls.offered", BAD)], "smtp.starttls_refused": [("starttls.works/refused", BAD)],
    "smtp.starttls_broken": [("starttls.works/never", BAD)], "smtp.injection": [("starttls.cmdinjection", BAD)],
    "smtp.extra220": [("starttls.works/injected", BAD)], "smtp.caps_lost": [("ehlo.downgrade", BAD)],
    "smtp.starttls_again": [("starttls.reoffer", BAD)], "smtp.greet_delay": [("banner.time", BAD)],
    "smtp.ratelimit": [("scan.trouble/throttled", BAD)], "smtp.auth_plain": [("starttls.required/auth-in-clear", BAD)],
    "smtp.open_relay": [("relay", BAD)], "smtp.drop_after_tls": [("starttls.works/dropped", BAD)],
    "tol.tls13": [("tolerance/tls13", BAD)], "tol.grease": [("tolerance/grease", BAD)],
    "tol.longhello": [("tolerance/large", {"fail"})], "tol.version": [("tolerance/version", BAD)],
    "clientcert.requested": [("clientcert.request/requested", ANY), ("clientcert.request/large-list", ANY), ("clientcert.request/required", ANY)],
    "clientcert.required": [("clientcert.request/required", BAD)],
    "cert.wildcard": [("cert.name/wildcard", ANY)], "cert.nosan": [("cert.name/no-san", ANY)],
    "cert.longchain": [("cert.chain/long", ANY)], "cert.longvalidity": [("cert.expiry/long", ANY)],
}


def properties(report):
    known, seen = {}, set()
    for f in report["findings"]:
        if f["outcome"] in ANY:
            known[f["check"]] = True
            seen.add((f["code"], f["outcome"]))
            seen.add((f["check"], f["outcome"]))
    out = {}
    for name, ways in TABLE.items():
        if any((code, o) in seen for code, outcomes in ways for o in outcomes):
            out[name] = True
        elif any(code.split("/")[0] in known for code, _ in ways):
            out[name] = False
    spoken = {f["check"] for f in report["findings"] if f["outcome"] == "pass" and f["check"] in ("tls12", "tls13") and "only" not in f["seen"]}
    out["proto.tls12"], out["proto.tls13"] = "tls12" in spoken, "tls13" in spoken
    for f in report["findings"]:
        if f["check"] == "suite.order" and f["outcome"] in ANY:
            out["order.server"] = f["seen"].startswith("the server")
        if f["check"] == "ticket" and f["outcome"] in ANY:
            out["feat.tickets"] = out["feat.resumption"] = "no ticket" not in f["seen"]
        if f["check"] == "vuln.heartbleed" and f["outcome"] in ANY:
            out["feat.heartbeat"] = f["outcome"] == "fail" or "not offered" not in f["seen"] and "TLS 1.3" not in f["seen"]
    return out


def main():
    sealwax, host, ip, port, ca, target = sys.argv[1:7]
    depth = sys.argv[7] if len(sys.argv) > 7 else "--full"
    command = shlex.split(sealwax) + ["assess", f"{host}:{port}", "--address", ip, "--roots", ca, "--json", "--no-dnssec", "--dns", "127.0.1.250:5353"]
    if depth != "--standard":
        command.append(depth)
    text = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    report = json.loads(text)
    with open(target, "w") as f:
        json.dump({"properties": properties(report)}, f)


main()
