package org.sealwax.assess.model;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** The rules by which receiving hosts are graded (docs/assess.md has them in words). */
public final class ReceiverRubric {
  private static final Set<Outcome> FAIL = Set.of(Outcome.FAIL);
  private static final Set<Outcome> WARN = Set.of(Outcome.WARN, Outcome.FAIL);

  private static final Rubric RULES = new Rubric("2026.3", categories(), caps(), plus());

  private ReceiverRubric() {}

  /** The rules. */
  public static Rubric rules() {
    return RULES;
  }

  private static List<Rubric.Category> categories() {
    return List.of(
        // DANE 20 and MTA-STS 15, capped at 30: each alone leaves the senders out that know the
        // other.
        new Rubric.Category(
            "Downgrade protection",
            30,
            30,
            List.of(
                Rubric.Row.of("dane.match", 20, 18).needing("dane.present"),
                new Rubric.Row("sts.policy", 15, 0, Map.of("short", 10), ""))),
        new Rubric.Category(
            "Protocol",
            15,
            15,
            List.of(
                Rubric.Row.of("tls13", 5, 0),
                Rubric.Row.of("tls12", 4, 0),
                // Their caps are the judgement; a B of each must not add up to less.
                Rubric.Row.of("tls11", 1, 1),
                Rubric.Row.of("tls10", 2, 1),
                Rubric.Row.of("ssl3", 2, 0),
                Rubric.Row.of("ssl2", 1, 0))),
        new Rubric.Category(
            "Key exchange",
            15,
            15,
            List.of(
                Rubric.Row.of("suite.fs", 4, 0),
                Rubric.Row.of("kex.groups", 4, 2),
                Rubric.Row.of("kex.dh", 4, 3),
                Rubric.Row.of("kex.hash", 3, 1))),
        new Rubric.Category("Post-quantum (extra)", 3, 3, List.of(Rubric.Row.of("kex.pq", 3, 0))),
        new Rubric.Category(
            "Cipher",
            15,
            15,
            List.of(
                Rubric.Row.of("suite.aead", 4, 0),
                Rubric.Row.of("suite.null", 1, 0),
                Rubric.Row.of("suite.export", 1, 0),
                Rubric.Row.of("suite.rc4", 2, 0),
                Rubric.Row.of("suite.des", 1, 0),
                Rubric.Row.of("suite.3des", 2, 1),
                Rubric.Row.of("suite.staticRSA", 1, 0),
                Rubric.Row.of("suite.cbc-sha1", 1, 0),
                Rubric.Row.of("suite.order", 2, 1))),
        new Rubric.Category(
            "Certificate",
            15,
            15,
            List.of(
                Rubric.Row.of("cert.name", 4, 2),
                Rubric.Row.of("cert.chain", 4, 3),
                Rubric.Row.of("cert.expiry", 3, 2),
                Rubric.Row.of("cert.key", 2, 1),
                Rubric.Row.of("cert.sig", 1, 0),
                Rubric.Row.of("cert.eku", 1, 1))),
        new Rubric.Category(
            "SMTP hygiene",
            10,
            10,
            List.of(
                Rubric.Row.of("starttls.works", 3, 1),
                Rubric.Row.of("reach.all", 2, 1),
                Rubric.Row.of("mx.exists", 1, 0),
                Rubric.Row.of("banner.time", 1, 0),
                Rubric.Row.of("starttls.reset", 1, 0),
                Rubric.Row.of("starttls.cmdinjection", 1, 0),
                Rubric.Row.of("starttls.reoffer", 1, 0))));
  }

  private static Rubric.CapRow cap(
      Letter most, String check, String aspect, Set<Outcome> outcomes, String reason) {
    return new Rubric.CapRow(most, check, aspect, outcomes, reason);
  }

  private static List<Rubric.CapRow> caps() {
    return List.of(
        cap(Letter.F, "starttls.offered", "", FAIL, "an MX without STARTTLS"),
        cap(Letter.F, "starttls.works", "never", FAIL, "STARTTLS never leads to TLS"),
        cap(Letter.F, "starttls.works", "refused", FAIL, "STARTTLS is refused"),
        cap(Letter.F, "starttls.works", "sometimes", FAIL, "STARTTLS is refused again and again"),
        cap(Letter.F, "ssl2", "", FAIL, "SSLv2"),
        cap(Letter.F, "suite.null", "", FAIL, "suites without encryption"),
        cap(Letter.F, "suite.export", "", FAIL, "export suites"),
        cap(Letter.F, "vuln.freak", "", FAIL, "FREAK"),
        cap(Letter.F, "vuln.logjam", "", FAIL, "Logjam"),
        cap(Letter.F, "kex.dh", "export", FAIL, "Diffie-Hellman of export size"),
        cap(Letter.F, "vuln.heartbleed", "", FAIL, "Heartbleed"),
        cap(Letter.F, "vuln.ccs", "", FAIL, "early ChangeCipherSpec"),
        cap(Letter.F, "vuln.robot", "", FAIL, "ROBOT"),
        cap(Letter.F, "vuln.drown", "", FAIL, "DROWN"),
        cap(Letter.F, "vuln.ticketbleed", "", FAIL, "Ticketbleed"),
        cap(Letter.F, "key.reuse", "weak-elsewhere", FAIL, "another service breaks the key"),
        cap(Letter.F, "starttls.cmdinjection", "", FAIL, "command injection at STARTTLS"),
        cap(Letter.F, "relay", "", FAIL, "open relay"),
        cap(Letter.F, "cert.key", "below-1024", FAIL, "RSA key below 1024 bits"),
        cap(Letter.F, "dane.match", "all", FAIL, "no MX matches its TLSA records"),
        cap(Letter.F, "sts.policy", "mx-fails-all", FAIL, "no MX fulfils the enforced policy"),
        cap(Letter.F, "dnssec", "bogus", FAIL, "DNSSEC does not validate"),
        cap(Letter.D, "ssl3", "", FAIL, "SSLv3"),
        cap(Letter.D, "vuln.poodle", "", FAIL, "POODLE"),
        cap(Letter.D, "vuln.poodle-tls", "", FAIL, "POODLE in TLS"),
        cap(Letter.D, "tls12", "neither", FAIL, "nothing better than TLS 1.1"),
        cap(Letter.D, "tls11", "best", FAIL, "nothing better than TLS 1.1"),
        cap(Letter.D, "tls10", "best", FAIL, "nothing better than TLS 1.0"),
        cap(Letter.D, "kex.dh", "below-1024", FAIL, "Diffie-Hellman below 1024 bits"),
        cap(Letter.D, "suite.rc4", "preferred", WARN, "RC4 preferred"),
        cap(Letter.D, "cert.sig", "", FAIL, "certificate signed with SHA-1 or MD5"),
        cap(Letter.D, "dane.match", "some", FAIL, "an MX matches none of its TLSA records"),
        cap(Letter.D, "dane.match", "one-type", FAIL, "one certificate type matches no record"),
        cap(Letter.D, "dane.ta", "", FAIL, "the DANE trust anchor does not hold"),
        cap(Letter.D, "dane.denial", "failing", FAIL, "DANE senders are kept from an MX"),
        cap(Letter.D, "dane.denial", "inconsistent", FAIL, "TLSA is answered now and then"),
        cap(Letter.D, "sts.policy", "mx-fails", FAIL, "an MX breaks the enforced policy"),
        cap(Letter.D, "sts.consistency", "mx-outside", FAIL, "an MX outside the policy"),
        cap(Letter.D, "clientcert.request", "required", FAIL, "client certificate demanded"),
        cap(Letter.D, "starttls.required", "auth-in-clear", FAIL, "AUTH in clear"),
        cap(Letter.C, "suite.rc4", "accepted", WARN, "RC4"),
        cap(Letter.C, "suite.3des", "", WARN, "Triple DES"),
        cap(Letter.C, "suite.des", "", FAIL, "single DES"),
        cap(Letter.C, "suite.64bit", "", WARN, "a cipher of 64-bit blocks"),
        cap(Letter.C, "cert.key", "below-2048", FAIL, "RSA key below 2048 bits"),
        cap(Letter.C, "kex.dh", "1024", FAIL, "Diffie-Hellman of 1024 bits"),
        cap(Letter.C, "kex.dh", "below-2048", FAIL, "Diffie-Hellman below 2048 bits"),
        cap(Letter.C, "suite.fs", "", FAIL, "no forward secrecy"),
        cap(Letter.C, "suite.aead", "", FAIL, "no authenticated encryption"),
        cap(Letter.C, "secure-reneg", "", FAIL, "insecure renegotiation"),
        cap(Letter.C, "compression", "", FAIL, "TLS compression"),
        cap(Letter.C, "tolerance", "tls13", FAIL, "intolerant of TLS 1.3 hellos"),
        cap(Letter.C, "tolerance", "large", FAIL, "intolerant of hellos of post-quantum size"),
        cap(Letter.C, "tolerance", "split", FAIL, "intolerant of hellos of post-quantum size"),
        cap(Letter.C, "tolerance", "own-name", FAIL, "refuses its own name as server name"),
        cap(Letter.C, "suite.anon", "only", FAIL, "anonymous suites only"),
        cap(Letter.B, "tls11", "on", WARN, "TLS 1.1 is on"),
        cap(Letter.B, "tls10", "on", WARN, "TLS 1.0 is on"),
        cap(Letter.B, "suite.staticRSA", "", WARN, "static RSA key exchange"),
        cap(Letter.B, "suite.cbc-sha1", "", WARN, "CBC suites with SHA-1"),
        cap(Letter.B, "both", "neither", FAIL, "no downgrade protection: neither DANE nor MTA-STS"),
        cap(Letter.B, "both", "testing-only", FAIL, "MTA-STS in testing only"),
        cap(Letter.B, "parity", "weaker", FAIL, "one MX is weaker than another"),
        cap(Letter.B, "kex.dh", "2048-common", WARN, "Diffie-Hellman with a common 2048-bit prime"),
        // An address that we do not reach is not proven to be dead for everybody: no cap.
        cap(Letter.A_MINUS, "tlsrpt", "missing", WARN, "no TLS reporting"),
        cap(Letter.A_MINUS, "tlsrpt", "syntax", WARN, "no usable TLS reporting"),
        cap(Letter.A_MINUS, "tlsrpt", "several", WARN, "no usable TLS reporting"),
        cap(Letter.A_MINUS, "tls13", "", WARN, "no TLS 1.3"),
        cap(Letter.A_MINUS, "cert.expiry", "soon", WARN, "the certificate expires within 14 days"),
        cap(Letter.A_MINUS, "dnssec", "iterations", WARN, "NSEC3 with extra iterations"));
  }

  private static List<Rubric.Plus> plus() {
    return List.of(
        new Rubric.Plus("dane.match", "TLSA records that match, with one for the next key"),
        new Rubric.Plus("sts.policy", "MTA-STS in mode enforce"),
        new Rubric.Plus("both", "DANE and MTA-STS that agree"),
        new Rubric.Plus("tlsrpt", "TLS reporting"),
        new Rubric.Plus("tls12", "TLS 1.2 or 1.3 only"),
        new Rubric.Plus("tls13", "TLS 1.3"),
        new Rubric.Plus("tls11", "TLS 1.1 off"),
        new Rubric.Plus("tls10", "TLS 1.0 off"),
        new Rubric.Plus("suite.fs", "forward secrecy"),
        new Rubric.Plus("suite.staticRSA", "forward secrecy only"),
        new Rubric.Plus("suite.aead", "authenticated encryption"),
        new Rubric.Plus("suite.cbc-sha1", "authenticated encryption only"),
        new Rubric.Plus("kex.pq", "post-quantum key exchange"),
        new Rubric.Plus("parity", "all hosts and addresses equal"),
        new Rubric.Plus("reach.all", "all hosts and addresses answering"),
        new Rubric.Plus("mta-sim", "all replayed senders connecting"));
  }
}
