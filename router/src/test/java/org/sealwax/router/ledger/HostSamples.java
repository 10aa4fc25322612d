package org.sealwax.router.ledger;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.testkit.tls.TestCa;

/** What a router would see, with real certificates. */
public final class HostSamples {
  private static final TestCa CA = TestCa.root("Ledger Test Root");
  private static final Map<Domain, X509Certificate> LEAVES = new ConcurrentHashMap<>();
  private static final InetAddress ADDRESS = InetAddress.ofLiteral("192.0.2.1");

  private HostSamples() {}

  /** The certificate of a host, always the same. */
  public static X509Certificate leaf(Domain host) {
    return LEAVES.computeIfAbsent(host, h -> CA.identity(h.name()).chain().getFirst());
  }

  public static HostSample verified(Domain host) {
    return verified(host, host);
  }

  /** A chain that holds, for {@code name}. */
  public static HostSample verified(Domain host, Domain name) {
    return sample(host, handshake(new Verdict.Trusted(), leaf(name)));
  }

  public static HostSample untrusted(Domain host) {
    return sample(host, handshake(new Verdict.Untrusted(Verdict.Reason.SELF_SIGNED), leaf(host)));
  }

  public static HostSample plaintext(Domain host) {
    return sample(host, new Observation.Unencrypted(false));
  }

  public static HostSample broken(Domain host) {
    return sample(host, new Observation.HandshakeFailed(TlsException.Kind.values()[0], "reset"));
  }

  public static HostSample silent(Domain host) {
    return sample(host, new Observation.Unreachable("refused"));
  }

  public static HostSample sample(Domain host, Observation observation) {
    return new HostSample(host, ADDRESS, observation, FallbackStep.FULL, true, false);
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
