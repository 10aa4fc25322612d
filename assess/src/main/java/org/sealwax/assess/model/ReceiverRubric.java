package org.sealwax.assess.model;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** The rules by which receiving hosts are graded (described in docs/assess.md). */
public final class ReceiverRubric {
  private static final Set<CheckOutcome> FAIL = Set.of(CheckOutcome.FAIL);
  private static final Set<CheckOutcome> WARN = Set.of(CheckOutcome.WARN, CheckOutcome.FAIL);

  /** Checks that pass once one of others passes: they have no remedy of their own. */
  private static final Map<String, Set<String>> CONSEQUENCES =
      Map.of(
          "both", Set.of("dane.present", "dane.match", "sts.policy"),
          "vuln.drown", Set.of("ssl2"),
          "vuln.poodle", Set.of("ssl3"),
          "vuln.beast", Set.of("tls10"),
          "vuln.lucky13", Set.of("suite.cbc-sha1"),
          "vuln.freak", Set.of("suite.export"),
          "vuln.logjam", Set.of("suite.export"));

  private static final Rubric RULES =
      new Rubric("2026.3", categories(), caps(), plus(), CONSEQUENCES);

  private ReceiverRubric() {}

  /** The rules. */
  public static Rubric rules() {
    return RULES;
  }

  private static List<Rubric.ScoreCategory> categories() {
    return List.of(
        // DANE 20 and MTA-STS 15, capped at 30: each alone protects only senders that support it.
        new Rubric.ScoreCategory(
            "Downgrade protection",
            30,
            30,
            List.of(
                Rubric.PointsRule.of("dane.match", 20, 18).needing("dane.present"),
                new Rubric.PointsRule("sts.policy", 15, 0, Map.of("short", 10), ""))),
        new Rubric.ScoreCategory(
            "Protocol",
            15,
            15,
            List.of(
                Rubric.PointsRule.of("tls13", 5, 0),
                Rubric.PointsRule.of("tls12", 4, 0),
                // Their caps decide the letter; together they must not cost more than a B.
                Rubric.PointsRule.of("tls11", 1, 1),
                Rubric.PointsRule.of("tls10", 2, 1),
                Rubric.PointsRule.of("ssl3", 2, 0),
                Rubric.PointsRule.of("ssl2", 1, 0))),
        new Rubric.ScoreCategory(
            "Key exchange",
            15,
            15,
            List.of(
                Rubric.PointsRule.of("suite.fs", 4, 0),
                Rubric.PointsRule.of("kex.groups", 4, 2),
                Rubric.PointsRule.of("kex.dh", 4, 3),
                Rubric.PointsRule.of("kex.hash", 3, 1))),
        new Rubric.ScoreCategory(
            "Post-quantum (extra)", 3, 3, List.of(Rubric.PointsRule.of("kex.pq", 3, 0))),
        new Rubric.ScoreCategory(
            "Cipher",
            15,
            15,
            List.of(
                Rubric.PointsRule.of("suite.aead", 4, 0),
                Rubric.PointsRule.of("suite.null", 1, 0),
                Rubric.PointsRule.of("suite.export", 1, 0),
                Rubric.PointsRule.of("suite.rc4", 2, 0),
                Rubric.PointsRule.of("suite.des", 1, 0),
                Rubric.PointsRule.of("suite.3des", 2, 1),
                Rubric.PointsRule.of("suite.staticRSA", 1, 0),
                Rubric.PointsRule.of("suite.cbc-sha1", 1, 0),
                Rubric.PointsRule.of("suite.order", 2, 1))),
        new Rubric.ScoreCategory(
            "Certificate",
            15,
            15,
            List.of(
                Rubric.PointsRule.of("cert.name", 4, 2),
                Rubric.PointsRule.of("cert.chain", 4, 3),
                Rubric.PointsRule.of("cert.expiry", 3, 2),
                Rubric.PointsRule.of("cert.key", 2, 1),
                Rubric.PointsRule.of("cert.sig", 1, 0),
                Rubric.PointsRule.of("cert.eku", 1, 1))),
        new Rubric.ScoreCategory(
            "SMTP hygiene",
            10,
            10,
            List.of(
                Rubric.PointsRule.of("starttls.works", 3, 1),
                Rubric.PointsRule.of("reach.all", 2, 1),
                Rubric.PointsRule.of("mx.exists", 1, 0),
                Rubric.PointsRule.of("banner.time", 1, 0),
                Rubric.PointsRule.of("starttls.reset", 1, 0),
                Rubric.PointsRule.of("starttls.cmdinjection", 1, 0),
                Rubric.PointsRule.of("starttls.reoffer", 1, 0))));
  }

  private static Rubric.CapRule cap(
      GradeLetter most, String check, String aspect, Set<CheckOutcome> outcomes, String reason) {
    return new Rubric.CapRule(most, check, aspect, outcomes, reason);
  }

  private static List<Rubric.CapRule> caps() {
    return List.of(
        cap(GradeLetter.F, "starttls.offered", "", FAIL, "an MX without STARTTLS"),
        cap(GradeLetter.F, "starttls.works", "never", FAIL, "STARTTLS that never leads to TLS"),
        cap(GradeLetter.F, "starttls.works", "refused", FAIL, "STARTTLS that is refused"),
        cap(
            GradeLetter.F,
            "starttls.works",
            "sometimes",
            FAIL,
            "STARTTLS that is refused on some connections"),
        cap(GradeLetter.F, "ssl2", "", FAIL, "SSLv2"),
        cap(GradeLetter.F, "suite.null", "", FAIL, "suites without encryption"),
        cap(GradeLetter.F, "suite.export", "", FAIL, "export suites"),
        cap(GradeLetter.F, "vuln.freak", "", FAIL, "FREAK"),
        cap(GradeLetter.F, "vuln.logjam", "", FAIL, "Logjam"),
        cap(GradeLetter.F, "kex.dh", "export", FAIL, "Diffie-Hellman with export-size groups"),
        cap(GradeLetter.F, "vuln.heartbleed", "", FAIL, "Heartbleed"),
        cap(GradeLetter.F, "vuln.ccs", "", FAIL, "early ChangeCipherSpec"),
        cap(GradeLetter.F, "vuln.robot", "", FAIL, "ROBOT"),
        cap(GradeLetter.F, "vuln.drown", "", FAIL, "DROWN"),
        cap(GradeLetter.F, "vuln.ticketbleed", "", FAIL, "Ticketbleed"),
        cap(
            GradeLetter.F,
            "key.reuse",
            "weak-elsewhere",
            FAIL,
            "another service that endangers the key"),
        cap(GradeLetter.F, "starttls.cmdinjection", "", FAIL, "command injection at STARTTLS"),
        cap(GradeLetter.F, "relay", "", FAIL, "open relay"),
        cap(GradeLetter.F, "cert.key", "below-1024", FAIL, "an RSA key below 1,024 bits"),
        cap(GradeLetter.F, "dane.match", "all", FAIL, "TLSA records that no MX matches"),
        cap(
            GradeLetter.F,
            "sts.policy",
            "mx-fails-all",
            FAIL,
            "an MTA-STS policy that no MX fulfils"),
        cap(GradeLetter.F, "dnssec", "bogus", FAIL, "DNSSEC that does not validate"),
        cap(GradeLetter.D, "ssl3", "", FAIL, "SSLv3"),
        cap(GradeLetter.D, "vuln.poodle", "", FAIL, "POODLE"),
        cap(GradeLetter.D, "vuln.poodle-tls", "", FAIL, "POODLE in TLS"),
        cap(GradeLetter.D, "tls12", "neither", FAIL, "TLS 1.1 as the best version"),
        cap(GradeLetter.D, "tls11", "best", FAIL, "TLS 1.1 as the best version"),
        cap(GradeLetter.D, "tls10", "best", FAIL, "TLS 1.0 as the best version"),
        cap(GradeLetter.D, "kex.dh", "below-1024", FAIL, "Diffie-Hellman below 1,024 bits"),
        cap(GradeLetter.D, "suite.rc4", "preferred", WARN, "RC4 as the preferred cipher"),
        cap(GradeLetter.D, "cert.sig", "", FAIL, "a certificate signed with SHA-1 or MD5"),
        cap(
            GradeLetter.D,
            "dane.match",
            "some",
            FAIL,
            "an MX that matches none of its TLSA records"),
        cap(
            GradeLetter.D,
            "dane.match",
            "one-type",
            FAIL,
            "a certificate that matches no TLSA record"),
        cap(GradeLetter.D, "dane.ta", "", FAIL, "a DANE trust anchor that does not match"),
        cap(
            GradeLetter.D,
            "dane.denial",
            "failing",
            FAIL,
            "name servers that fail on TLSA queries"),
        cap(
            GradeLetter.D,
            "dane.denial",
            "inconsistent",
            FAIL,
            "name servers that disagree on TLSA records"),
        cap(
            GradeLetter.D,
            "sts.policy",
            "mx-fails",
            FAIL,
            "an MX that violates the MTA-STS policy"),
        cap(
            GradeLetter.D,
            "sts.consistency",
            "mx-outside",
            FAIL,
            "an MX that is not in the MTA-STS policy"),
        cap(
            GradeLetter.D,
            "clientcert.request",
            "required",
            FAIL,
            "a client certificate that is required"),
        cap(GradeLetter.D, "starttls.required", "auth-in-clear", FAIL, "AUTH without TLS"),
        cap(GradeLetter.C, "suite.rc4", "accepted", WARN, "RC4"),
        cap(GradeLetter.C, "suite.3des", "", WARN, "Triple DES"),
        cap(GradeLetter.C, "suite.des", "", FAIL, "single DES"),
        cap(GradeLetter.C, "suite.64bit", "", WARN, "a cipher with 64-bit blocks"),
        cap(GradeLetter.C, "cert.key", "below-2048", FAIL, "an RSA key below 2,048 bits"),
        cap(GradeLetter.C, "kex.dh", "1024", FAIL, "Diffie-Hellman with 1,024 bits"),
        cap(GradeLetter.C, "kex.dh", "below-2048", FAIL, "Diffie-Hellman below 2,048 bits"),
        cap(GradeLetter.C, "suite.fs", "", FAIL, "missing forward secrecy"),
        cap(GradeLetter.C, "suite.aead", "", FAIL, "missing authenticated encryption"),
        cap(GradeLetter.C, "secure-reneg", "", FAIL, "insecure renegotiation"),
        cap(GradeLetter.C, "compression", "", FAIL, "TLS compression"),
        cap(GradeLetter.C, "tolerance", "tls13", FAIL, "intolerance of TLS 1.3"),
        cap(GradeLetter.C, "tolerance", "large", FAIL, "intolerance of a large ClientHello"),
        cap(GradeLetter.C, "tolerance", "split", FAIL, "intolerance of a large ClientHello"),
        cap(GradeLetter.C, "tolerance", "own-name", FAIL, "refusal of its own server name"),
        cap(GradeLetter.C, "suite.anon", "only", FAIL, "anonymous suites only"),
        cap(GradeLetter.B, "tls11", "on", WARN, "TLS 1.1"),
        cap(GradeLetter.B, "tls10", "on", WARN, "TLS 1.0"),
        cap(GradeLetter.B, "suite.staticRSA", "", WARN, "static RSA key exchange"),
        cap(GradeLetter.B, "suite.cbc-sha1", "", WARN, "CBC suites with SHA-1"),
        cap(GradeLetter.B, "both", "neither", FAIL, "no protection by DANE or MTA-STS"),
        cap(GradeLetter.B, "both", "testing-only", FAIL, "MTA-STS in mode testing only"),
        cap(GradeLetter.B, "parity", "weaker", FAIL, "an MX that is weaker than another"),
        cap(
            GradeLetter.B,
            "kex.dh",
            "2048-common",
            WARN,
            "Diffie-Hellman with a common 2,048-bit prime"),
        // Reports that we cannot deliver may reach the address from elsewhere: no cap.
        cap(GradeLetter.A_MINUS, "tlsrpt", "missing", WARN, "missing TLS reporting"),
        cap(GradeLetter.A_MINUS, "tlsrpt", "syntax", WARN, "unusable TLS reporting"),
        cap(GradeLetter.A_MINUS, "tlsrpt", "several", WARN, "unusable TLS reporting"),
        cap(GradeLetter.A_MINUS, "tls13", "", WARN, "missing TLS 1.3"),
        cap(
            GradeLetter.A_MINUS,
            "cert.expiry",
            "soon",
            WARN,
            "a certificate that expires within 14 days"),
        cap(GradeLetter.A_MINUS, "dnssec", "iterations", WARN, "NSEC3 with extra iterations"));
  }

  private static List<Rubric.PlusRule> plus() {
    return List.of(
        new Rubric.PlusRule("dane.match", "TLSA records that match, with one for the next key"),
        new Rubric.PlusRule("sts.policy", "MTA-STS in mode enforce"),
        new Rubric.PlusRule("both", "DANE and MTA-STS that agree"),
        new Rubric.PlusRule("tlsrpt", "TLS reporting"),
        new Rubric.PlusRule("tls12", "TLS 1.2 or 1.3 only"),
        new Rubric.PlusRule("tls13", "TLS 1.3"),
        new Rubric.PlusRule("tls11", "TLS 1.1 off"),
        new Rubric.PlusRule("tls10", "TLS 1.0 off"),
        new Rubric.PlusRule("suite.fs", "forward secrecy"),
        new Rubric.PlusRule("suite.staticRSA", "forward secrecy only"),
        new Rubric.PlusRule("suite.aead", "authenticated encryption"),
        new Rubric.PlusRule("suite.cbc-sha1", "authenticated encryption only"),
        new Rubric.PlusRule("kex.pq", "post-quantum key exchange"),
        new Rubric.PlusRule("parity", "the same protection at all hosts and addresses"),
        new Rubric.PlusRule("reach.all", "answers from all hosts and addresses"),
        new Rubric.PlusRule("mta-sim", "connections of all replayed senders"));
  }
}
