#!/usr/bin/env python3
"""measure.py SEALWAX WORK PORT ROUNDS TESTSSL_ROUNDS: the timed part of bench/assess/postfix."""
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time

SEALWAX, WORK, PORT = sys.argv[1], sys.argv[2], sys.argv[3]
ROUNDS, LONG = int(sys.argv[4]), int(sys.argv[5])
LOG = WORK + "/mx/log/mail.log"
ASSESS = [SEALWAX, "assess", "mx.peer.test:" + PORT, "--address", "127.0.0.1", "--roots", WORK + "/mx.pem", "--no-dnssec", "--ehlo", "probe.test", "--json"]
SCRIPTS = "smtp-commands,ssl-enum-ciphers,ssl-cert,ssl-heartbleed,ssl-poodle,ssl-ccs-injection,ssl-dh-params,sslv2,sslv2-drown"
TOOLS = {
    "sealwax assess --quick": ASSESS + ["--quick"],
    "sealwax assess": ASSESS,
    "sealwax assess --full": ASSESS + ["--full"],
    "sslscan": ["sslscan", "--no-colour", "--starttls-smtp", "127.0.0.1:" + PORT],
    "nmap": ["nmap", "-Pn", "-n", "-p", PORT, "--script", "+" + SCRIPTS.replace(",", ",+"), "-sV", "--version-light", "127.0.0.1"],
    "testssl.sh": ["testssl", "--color", "0", "--quiet", "--warnings", "off", "--add-ca", WORK + "/mx.pem", "--ip", "127.0.0.1", "-t", "smtp",
                   "--jsonfile", WORK + "/testssl.json", "mx.peer.test:" + PORT],
}
# What testssl.sh calls a finding, and the checks here that mean the same.
SAME = {
    r"SSLv2": ["ssl2"], r"SSLv3": ["ssl3"], r"TLS1": ["tls10"], r"TLS1_1": ["tls11"], r"TLS1_2": ["tls12"], r"TLS1_3": ["tls13"],
    r"cipherlist_NULL": ["suite.null"], r"cipherlist_aNULL": ["suite.anon"], r"cipherlist_EXPORT": ["suite.export"], r"cipherlist_LOW": ["suite.des", "suite.rc4"],
    r"cipherlist_3DES_IDEA": ["suite.3des", "suite.64bit"], r"cipherlist_(AVERAGE|OBSOLETED)": ["suite.cbc-sha1"], r"cipher_order.*|cipherorder.*": ["suite.order"],
    r"cert_validityPeriod": ["cert.expiry"], r"cert_(notAfter|expirationStatus).*": ["cert.expiry"], r"cert_revocation": ["cert.revoked"], r"cert_chain_of_trust.*": ["cert.chain"],
    r"cert_trust.*": ["cert.name"], r"cert_keySize.*": ["cert.key"], r"cert_signatureAlgorithm": ["cert.sig"], r"DNS_CAArecord": ["caa"], r"OCSP_stapling": ["cert.staple"],
    r"BEAST.*": ["vuln.beast"], r"LUCKY13": ["vuln.lucky13"], r"heartbleed": ["vuln.heartbleed"], r"CCS": ["vuln.ccs"], r"ROBOT": ["vuln.robot"], r"POODLE_SSL": ["vuln.poodle"],
    r"SWEET32": ["suite.3des", "suite.64bit"], r"FREAK": ["vuln.freak"], r"DROWN.*": ["vuln.drown"], r"LOGJAM.*": ["vuln.logjam", "kex.dh"], r"RC4": ["suite.rc4"],
    r"secure_renego": ["secure-reneg"], r"secure_client_renego": ["client-reneg"], r"CRIME_TLS": ["compression"], r"fallback_SCSV": ["scsv"], r"ticketbleed": ["vuln.ticketbleed"],
    r"FS|PFS": ["suite.fs"], r"DH_groups": ["kex.dh"],
}


def connections():
    with open(LOG, errors="replace") as log:
        return sum(": connect from " in line for line in log)


def once(command):
    if command[0] == "testssl" and os.path.exists(WORK + "/testssl.json"):
        os.unlink(WORK + "/testssl.json")  # it writes over nothing
    had = connections()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=WORK, check=False)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    time.sleep(0.5)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report = json.loads(done.stdout) if "assess" in command else None
    return {"wall": wall, "cpu": cpu, "connections": connections() - had, "inside": report["milliseconds"] if report else None, "report": report}


def span(values, form):
    values = sorted(values)
    if values[0] == values[-1]:
        return form % values[0]
    return (form + " (" + form + " to " + form + ")") % (statistics.median(values), values[0], values[-1])


def main():
    runs = {tool: [] for tool in TOOLS}
    loads = []
    once(TOOLS["sealwax assess"])  # so that the first measured run does not read from the disk
    for number in range(max(ROUNDS, LONG)):
        for tool, command in TOOLS.items():
            if number < (LONG if tool == "testssl.sh" else ROUNDS):
                runs[tool].append(once(command))
                loads.append(os.getloadavg()[0])
    print("load average %.1f to %.1f, %d rounds; testssl.sh: %d\n" % (min(loads), max(loads), ROUNDS, LONG))
    print("| | connections | whole process, s | CPU, s | after start-up, ms |")
    print("|---|---|---|---|---|")
    for tool, all_runs in runs.items():
        if not all_runs:
            continue
        inside = [r["inside"] for r in all_runs]
        print("| %s | %s | %s | %s | %s |" % (
            tool, span([r["connections"] for r in all_runs], "%d"), span([r["wall"] for r in all_runs], "%.2f"),
            span([r["cpu"] for r in all_runs], "%.2f"), span(inside, "%d") if inside[0] is not None else ""))
    if not LONG:
        return
    ours = runs["sealwax assess"][-1]["report"]
    slow, quick = (statistics.median(r["wall"] for r in runs[t]) for t in ("testssl.sh", "sealwax assess"))
    print("\nsealwax assess is %.0f times as fast as testssl.sh.\n" % (slow / quick))
    print("| testssl.sh | | sealwax assess |\n|---|---|---|")
    unknown = 0
    for finding in json.load(open(WORK + "/testssl.json", encoding="utf-8")):
        if finding["severity"] in ("OK", "INFO") or finding["id"] == "engine_problem":
            continue
        checks = next((c for pattern, c in SAME.items() if re.fullmatch(pattern, finding["id"])), [])
        said = ["%s %s: %s" % (f["outcome"], f["code"], f["seen"][:70]) for f in ours["findings"] if f["check"] in checks and f["outcome"] != "pass"]
        unknown += not said
        print("| %s (%s) | %s | %s |" % (finding["id"], finding["severity"], finding["finding"][:60].strip(), "; ".join(said) or "**nothing**"))
    print("\n%d findings of testssl.sh have no counterpart" % unknown)


main()
