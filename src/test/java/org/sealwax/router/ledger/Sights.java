package org.sealwax.router.ledger;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Rung;
import org.sealwax.mail.tls.TestCa;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsTrouble;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

/** What a router would see, with real certificates. */
public final class Sights {
  private static final TestCa CA = TestCa.root("Ledger Test Root");
  private static final Map<Domain, X509Certificate> LEAVES = new ConcurrentHashMap<>();
  private static final InetAddress ADDRESS = InetAddress.ofLiteral("192.0.2.1");

  private Sights() {}

  /** The certificate of a host, always the same. */
  public static X509Certificate leaf(Domain host) {
    return LEAVES.computeIfAbsent(host, h -> CA.identity(h.name()).chain().getFirst());
  }

  public static Seen verified(Domain host) {
    return verified(host, host);
  }

  /** A chain that holds, for {@code name}. */
  public static Seen verified(Domain host, Domain name) {
    return seen(host, handshake(new Verdict.Trusted(), leaf(name)));
  }

  public static Seen untrusted(Domain host) {
    return seen(host, handshake(new Verdict.Untrusted(Verdict.Reason.SELF_SIGNED), leaf(host)));
  }

  public static Seen clear(Domain host) {
    return seen(host, new Observation.Clear(false));
  }

  public static Seen broken(Domain host) {
    return seen(host, new Observation.HandshakeBroken(TlsTrouble.Kind.values()[0], "reset"));
  }

  public static Seen silent(Domain host) {
    return seen(host, new Observation.Unreachable("refused"));
  }

  public static Seen seen(Domain host, Observation observation) {
    return new Seen(host, ADDRESS, observation, Rung.FULL, true);
  }

  private static Observation handshake(Verdict verdict, X509Certificate leaf) {
    return new Observation.Encrypted(
        new Handshake(
            TlsVersion.TLS_1_3,
            "TLS_AES_256_GCM_SHA384",
            256,
            "X25519MLKEM768",
            false,
            null,
            List.of(leaf),
            false,
            verdict,
            List.of()));
  }
}
