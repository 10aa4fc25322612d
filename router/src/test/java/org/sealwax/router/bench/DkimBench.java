package org.sealwax.router.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Signature;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dkim.DkimResult;
import org.sealwax.mail.dkim.DkimSigner;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dkim.DkimVerifier;
import org.sealwax.mail.dmarc.AuthenticatedIdentifier;
import org.sealwax.mail.dmarc.AuthenticatedIdentifier.Mechanism;
import org.sealwax.mail.dmarc.AuthenticationFacts;
import org.sealwax.mail.dmarc.AuthorDomain;
import org.sealwax.mail.dmarc.DmarcCheck;
import org.sealwax.mail.dmarc.DmarcResult;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.message.AuthorField;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.MessageSplitter;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.spf.SpfCheck;
import org.sealwax.mail.spf.SpfRequest;
import org.sealwax.mail.spf.SpfResult;
import org.sealwax.mail.spf.SpfSender;
import org.sealwax.mail.tls.RsaKey;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/**
 * Processor time of signatures and of their verification: RSA of 2,048 bits and Ed25519 by the JDK,
 * by Bouncy Castle and, where it is installed, by OpenSSL's libcrypto; a message of 10 KiB signed
 * by both keys; and one with an RSA signature verified together with SPF and DMARC from a warm
 * cache.
 *
 * <p>Argument: seconds for each line (2). {@code JAVA_ARGS=-XX:TieredStopAtLevel=1 bench/class
 * DkimBench} measures it as the launcher starts the program.
 */
public final class DkimBench {
  private static final Domain DOMAIN = Domain.of("project.example");
  private static final byte[] HEADER_HASHED = new byte[1_500];
  private static long nanos = 2_000_000_000L;

  private DkimBench() {}

  /** Prints microseconds of the thread for each operation. */
  public static void main(String[] args) throws Exception {
    if (args.length > 0) {
      nanos = (long) (Double.parseDouble(args[0]) * 1e9);
    }
    KeyPair rsa = pair("RSA", 2_048);
    KeyPair edwards = pair("Ed25519", 255);
    Provider castle = new BouncyCastleProvider();
    line("sign RSA, JDK", signature("SHA256withRSA", null, rsa.getPrivate()));
    line("sign RSA, Bouncy Castle", signature("SHA256withRSA", castle, rsa.getPrivate()));
    line("sign Ed25519, JDK", signature("Ed25519", null, edwards.getPrivate()));
    DkimSigningKey ed = key("ed", edwards);
    DkimSigningKey two = key("rsa", rsa);
    line("sign Ed25519, Bouncy Castle", signature("Ed25519", castle, edwards.getPrivate()));
    RsaKey quick = new RsaKey((RSAPrivateCrtKey) rsa.getPrivate());
    line(
        RsaKey.isQuick() ? "sign RSA, libcrypto" : "no libcrypto", () -> quick.sign(HEADER_HASHED));
    byte[] signature = quick.sign(HEADER_HASHED);
    RSAPublicKey open = (RSAPublicKey) rsa.getPublic();
    line("verify RSA, libcrypto", () -> RsaKey.verifies(open, HEADER_HASHED, signature));
    Callable<Boolean> byJdk =
        () -> {
          Signature check = Signature.getInstance("SHA256withRSA");
          check.initVerify(open);
          check.update(HEADER_HASHED);
          return check.verify(signature);
        };
    line("verify RSA, JDK", byJdk);
    byte[] message = message();
    Clock clock = Clock.system();
    line("message of 10 KiB, both", () -> DkimSigner.sign(message, List.of(two, ed), clock.now()));
    line("message of 10 KiB, RSA", () -> DkimSigner.sign(message, List.of(two), clock.now()));
    byte[] signed = DkimSigner.sign(message, List.of(two), clock.now());
    verification(signed, two, clock);
  }

  private static KeyPair pair(String algorithm, int bits) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    generator.initialize(bits);
    return generator.generateKeyPair();
  }

  private static DkimSigningKey key(String selector, KeyPair pair) throws Exception {
    return DkimSigningKey.parse(
        DOMAIN,
        Domain.of(selector),
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(pair.getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n");
  }

  private static Callable<byte[]> signature(
      String algorithm, @org.jspecify.annotations.Nullable Provider provider, PrivateKey key)
      throws Exception {
    PrivateKey own =
        provider == null
            ? key
            : KeyFactory.getInstance(
                    key.getAlgorithm().startsWith("Ed") ? "Ed25519" : "RSA", provider)
                .generatePrivate(new PKCS8EncodedKeySpec(key.getEncoded()));
    return () -> {
      Signature signature =
          provider == null
              ? Signature.getInstance(algorithm)
              : Signature.getInstance(algorithm, provider);
      signature.initSign(own);
      signature.update(HEADER_HASHED);
      return signature.sign();
    };
  }

  private static byte[] message() {
    StringBuilder text = new StringBuilder();
    text.append(
            "From: Ann <ann@project.example>\r\nTo: Bob <bob@example.org>\r\nSubject: figures\r\n")
        .append("Date: Tue, 01 Dec 2026 10:00:00 +0000\r\nMessage-ID: <1@project.example>\r\n")
        .append("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
    while (text.length() < 10 * 1024) {
      text.append("a line of a message as people and programs write them, with some words\r\n");
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** One RSA signature, SPF and DMARC, with every answer in the cache. */
  private static void verification(byte[] signed, DkimSigningKey key, Clock clock)
      throws Exception {
    String zone =
        "@ TXT \"v=spf1 ip4:192.0.2.0/24 mx -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n"
            + "rsa._domainkey"
            + key.zoneLine().substring(key.zoneLine().indexOf(' '))
            + "\n";
    try (LoopbackResolver server =
        LoopbackResolver.start(
            clock, Zone.of("example", "").signed(), Zone.of(DOMAIN.name(), zone).signed())) {
      CachingResolver resolver =
          new CachingResolver(
              DnsSettings.defaults()
                  .withResolvers(List.of(server.address()))
                  .withAnchors(server.anchors())
                  .withTotal(Duration.ofSeconds(30)),
              clock,
              RandomSource.secure());
      line("verify RSA alone", () -> verified(signed, resolver, clock));
      line(
          "verify RSA, SPF and DMARC",
          () -> {
            List<DkimResult> results = verified(signed, resolver, clock);
            SpfResult spf =
                new SpfCheck(resolver)
                    .of(
                        new SpfRequest(
                            InetAddress.ofLiteral("192.0.2.7"),
                            SpfSender.of(
                                ReversePath.of(new Mailbox("ann", DOMAIN)), "mx.project.example"),
                            "mx.project.example"))
                    .result();
            DmarcResult dmarc =
                new DmarcCheck(resolver)
                    .of(
                        AuthorDomain.of(AuthorField.of(List.of("Ann <ann@project.example>"))),
                        new AuthenticationFacts(
                            List.of(
                                new AuthenticatedIdentifier(
                                    Mechanism.DKIM, results.getFirst().domain().orElseThrow())),
                            List.of()))
                    .result();
            if (spf != SpfResult.PASS || dmarc != DmarcResult.PASS) {
              throw new IllegalStateException(spf + " " + dmarc);
            }
            return results;
          });
    }
  }

  private static List<DkimResult> verified(byte[] signed, CachingResolver resolver, Clock clock)
      throws IOException {
    DkimVerifier[] verifier = new DkimVerifier[1];
    MessageSplitter.MessageParts parts =
        new MessageSplitter.MessageParts() {
          @Override
          public void header(HeaderSection section) {
            verifier[0] =
                DkimVerifier.start(section, DkimVerifier.MAIL, DOMAIN::equals, clock.now());
          }

          @Override
          public void body(byte[] block, int offset, int length) {
            verifier[0].body(block, offset, length);
          }
        };
    try (MessageSplitter splitter = new MessageSplitter(parts)) {
      splitter.write(signed);
    }
    List<DkimResult> results = verifier[0].results(resolver::txt);
    if (!results.getFirst().passes()) {
      throw new IllegalStateException(results.toString());
    }
    return results;
  }

  private static long used() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static void line(String what, Callable<?> operation) throws Exception {
    run(operation, nanos);
    System.out.printf("%-30s %8.1f us%n", what, run(operation, nanos));
  }

  private static double run(Callable<?> operation, long time) throws Exception {
    long start = used();
    long count = 0;
    while (used() - start < time) {
      operation.call();
      count++;
    }
    return (used() - start) / 1e3 / count;
  }
}
