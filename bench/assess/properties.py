#!/usr/bin/env python3
"""properties.py REPORT.json OUT.json: a report of `sealwax assess --json` in the terms of the corpus of known servers.

Reports true or false only where the report does: what was inconclusive or not tested is left out."""
import json
import sys

BAD = ("warn", "fail")


def words(report):
    by = {}
    for f in report["findings"]:
        by.setdefault(f["check"], []).append(f)
    out = {}

    def known(check):
        return [f for f in by.get(check, []) if f["outcome"] not in ("inconclusive", "not tested")]

    def simple(prop, check, bad=BAD):
        found = known(check)
        if found:
            out[prop] = any(f["outcome"] in bad for f in found)

    def aspect(prop, check, *aspects):
        found = known(check)
        if found:
            out[prop] = any(f["code"].partition("/")[2] in aspects for f in found)

    for prop, check in {
        "proto.ssl2": "ssl2", "proto.ssl3": "ssl3", "proto.tls10": "tls10", "proto.tls11": "tls11", "cipher.null": "suite.null", "cipher.export": "suite.export",
        "cipher.rc4": "suite.rc4", "cipher.des": "suite.des", "cipher.3des": "suite.3des", "vuln.heartbleed": "vuln.heartbleed", "vuln.ccs": "vuln.ccs",
        "vuln.poodle": "vuln.poodle", "vuln.robot": "vuln.robot", "vuln.drown": "vuln.drown", "vuln.freak": "vuln.freak", "vuln.logjam": "vuln.logjam",
        "vuln.crime": "compression", "vuln.insecure_reneg": "secure-reneg", "vuln.client_reneg": "client-reneg", "vuln.no_scsv": "scsv", "feat.early_data": "early-data",
        "smtp.injection": "starttls.cmdinjection", "smtp.caps_lost": "ehlo.downgrade", "smtp.starttls_again": "starttls.reoffer", "fs.none": "suite.fs",
    }.items():
        simple(prop, check)
    def says(prop, check, *texts):
        found = known(check)
        if found:
            out[prop] = any(t in f["seen"] for f in found for t in texts)

    simple("cipher.anon", "suite.anon", ("info", "warn", "fail"))
    simple("proto.tls13", "tls13", ("pass",))
    says("proto.tls12", "tls12", "TLS 1.2 is supported")
    simple("group.pq", "kex.pq", ("pass",))
    static = [f for c in ("suite.staticRSA", "suite.rc4", "suite.null", "suite.3des", "suite.des", "suite.64bit", "suite.export") for f in known(c)]
    if known("suite.staticRSA"):
        out["cipher.nofs"] = any("TLS_RSA_" in f["seen"] or f["code"].startswith("suite.staticRSA/") for f in static) or bool(out.get("fs.none"))
    orders = [f["seen"] for f in known("suite.order")]
    if any("order wins" in s or "prefers" in s for s in orders):
        out["order.server"] = not any("the client's order wins" in s for s in orders)
    says("feat.tickets", "ticket", " tickets, valid for", "tickets are ")
    aspect("feat.resumption", "resumption", "ticket", "id")
    says("feat.heartbeat", "vuln.heartbleed", "with a false length is not answered", "was answered")
    says("feat.ocsp_staple", "cert.staple", "an OCSP response is stapled")
    says("cert.wildcard", "cert.name", "*.")
    kinds = " ".join(f["seen"] for f in known("cert.key"))
    if kinds:
        out["cert.ec"], out["cert.ed25519"] = "EC of" in kinds, "EdDSA" in kinds
        out["cert.dual"] = "EC of" in kinds and "RSA of" in kinds
    aspect("smtp.greet_delay", "banner.time", "greeting")
    aspect("smtp.tarpit", "banner.time", "replies")
    aspect("smtp.open_relay", "relay", "open")
    aspect("clientcert.requested", "clientcert.request", "requested", "required", "large-list")
    slower = [f for f in by.get("scan.trouble", []) if f["code"] == "scan.trouble/throttled" or "limited the rate of connections" in f["seen"]]
    if by.get("scan.trouble"):
        out["smtp.ratelimit"] = bool(slower)
    short = known("suite.3des") + known("suite.64bit")
    if short:
        out["vuln.sweet32"] = any(f["outcome"] in BAD for f in short)
    aspect("dh.le1024", "kex.dh", "export", "below-1024", "1024")
    aspect("group.weak", "kex.groups", "small")
    aspect("sig.sha1", "kex.hash", "sha1", "md5")
    aspect("cert.expired", "cert.expiry", "expired")
    aspect("cert.notyet", "cert.expiry", "not-yet")
    aspect("cert.longvalidity", "cert.expiry", "long")
    aspect("cert.selfsigned", "cert.chain", "self-signed")
    aspect("cert.untrusted", "cert.chain", "untrusted", "self-signed", "constraint", "incomplete")
    aspect("cert.incomplete", "cert.chain", "incomplete")
    aspect("cert.longchain", "cert.chain", "long")
    aspect("cert.wrongname", "cert.name", "none", "none-sts", "domain-only")
    aspect("cert.nosan", "cert.name", "no-san")
    aspect("cert.weakkey", "cert.key", "below-1024", "below-2048")
    aspect("cert.sha1", "cert.sig", "sha1")
    aspect("cert.md5", "cert.sig", "md5")
    aspect("cert.revoked", "cert.revoked", "revoked")
    aspect("cert.muststaple_missing", "cert.staple", "must-staple")
    aspect("smtp.no_starttls", "starttls.offered", "missing")
    aspect("smtp.starttls_refused", "starttls.works", "refused")
    aspect("smtp.starttls_broken", "starttls.works", "never")
    aspect("smtp.extra220", "starttls.works", "injected")
    aspect("smtp.drop_after_tls", "starttls.works", "dropped")
    aspect("smtp.auth_plain", "starttls.required", "auth-in-clear")
    for prop, code in {"tol.tls13": "tls13", "tol.grease": "grease", "tol.longhello": "large", "tol.version": "version"}.items():
        found = [f for f in known("tolerance") if f["code"] == "tolerance/" + code]
        # A version that the server does not tolerate fails at the first contact, or there is no finding about it.
        if found or code == "version" and known("tolerance"):
            # A ClientHello of 16 KB that is refused is a warning; it does not cover 255 bytes.
            out[prop] = any(f["outcome"] in (("fail",) if code == "large" else BAD) for f in found)
    aspect("clientcert.required", "clientcert.request", "required")
    return out


if __name__ == "__main__":
    with open(sys.argv[1]) as report:
        line = report.read().strip()
    json.dump({"properties": words(json.loads(line))}, open(sys.argv[2], "w"))
