package org.sealwax.assess.review;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.assess.tlsclient.ScanTlsClient;
import org.sealwax.assess.tlsclient.ScanTlsOffer;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerReader;
import org.sealwax.mail.tls.wire.Ssl2;
import org.sealwax.mail.tls.wire.TlsSuite;

/**
 * Whether a mail host's key is also that of other services, which the user names: one handshake
 * with each, and two ClientHellos more where the key is the same, because SSL 2.0 or export suites
 * there break TLS here (DROWN, FREAK). Without names nothing is asked: not all services can be
 * scanned.
 *
 * @param also services whose TLS begins with the first byte
 */
public record KeyReuseReview(
    List<AssessmentTarget.HostTarget> also, Resolver resolver, Dialer dialer) implements Review {
  private static final LocatedCheck KEY_REUSE = Check.of("key.reuse").atDomain();

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Copies. */
  public KeyReuseReview {
    also = List.copyOf(also);
  }

  @Override
  public List<Check> checks() {
    return List.of(KEY_REUSE.check());
  }

  @Override
  public PendingReview ask(TargetOverview before) {
    return this::judged;
  }

  private List<Finding> judged(TargetOverview all) {
    if (also.isEmpty()) {
      return List.of(KEY_REUSE.notTested("no other service was named (--also HOST:PORT)"));
    }
    Set<Pin> own = new HashSet<>();
    for (AddressVisit visit : all.visits()) {
      JudgedChains.of(visit).forEach(c -> own.add(Pins.of(c.leaf())));
    }
    if (own.isEmpty()) {
      return List.of(KEY_REUSE.inconclusive("no key of a mail host was seen"));
    }
    List<String> shared = new ArrayList<>();
    List<String> weak = new ArrayList<>();
    List<String> unseen = new ArrayList<>();
    for (AssessmentTarget.HostTarget service : also) {
      Optional<X509Certificate> leaf = leaf(service);
      if (leaf.isEmpty()) {
        unseen.add(service.text());
      } else if (own.contains(Pins.of(leaf.get()))) {
        shared.add(service.text());
        flaw(service).ifPresent(what -> weak.add(service.text() + " (" + what + ")"));
      }
    }
    if (!weak.isEmpty()) {
      return List.of(
          KEY_REUSE
              .fail("the same key can be attacked through " + String.join(", ", weak))
              .as("weak-elsewhere"));
    }
    if (!shared.isEmpty()) {
      return List.of(
          KEY_REUSE.warn("the same key is used by " + String.join(", ", shared)).as("shared"));
    }
    return List.of(
        unseen.isEmpty()
            ? KEY_REUSE.pass("the " + also.size() + " other services use other keys")
            : KEY_REUSE.inconclusive("no handshake with " + String.join(", ", unseen)));
  }

  private List<InetAddress> addresses(AssessmentTarget.HostTarget service) {
    List<InetAddress> addresses = new ArrayList<>(service.addresses());
    Domain name = service.name();
    if (addresses.isEmpty() && name != null) {
      for (Resolver.AddressFamily family : Resolver.AddressFamily.values()) {
        addresses.addAll(resolver.addresses(name, family).records());
      }
    }
    return addresses.subList(0, Math.min(2, addresses.size()));
  }

  private static String serverName(AssessmentTarget.HostTarget service) {
    Domain name = service.name();
    return name == null ? "" : name.name();
  }

  private Wire dial(InetAddress address, AssessmentTarget.HostTarget service) throws IOException {
    return dialer.connect(new InetSocketAddress(address, service.port()), null, PATIENCE);
  }

  private Optional<X509Certificate> leaf(AssessmentTarget.HostTarget service) {
    for (InetAddress address : addresses(service)) {
      try (Wire clear = dial(address, service);
          Deadline _ = Deadline.after(PATIENCE, clear)) {
        clear.readTimeout(PATIENCE);
        List<String> chain =
            ScanTlsClient.connect(clear, ScanTlsOffer.of(serverName(service))).facts().chain();
        if (!chain.isEmpty()) {
          byte[] der = HexFormat.of().parseHex(chain.getFirst());
          return Optional.of(
              (X509Certificate)
                  CertificateFactory.getInstance("X.509")
                      .generateCertificate(new ByteArrayInputStream(der)));
        }
      } catch (IOException | CertificateException e) {
        // The next address; when none is left, that is reported.
      }
    }
    return Optional.empty();
  }

  /** What a service does with its key that breaks it everywhere; empty when nothing is seen. */
  private Optional<String> flaw(AssessmentTarget.HostTarget service) {
    for (InetAddress address : addresses(service)) {
      try {
        if (speaksSsl2(address, service)) {
          return Optional.of("SSL 2.0: DROWN");
        }
        if (acceptsExport(address, service)) {
          return Optional.of("export suites: FREAK");
        }
        return Optional.empty();
      } catch (IOException e) {
        // The next address: a certificate that no address sends is not claimed.
      }
    }
    return Optional.empty();
  }

  private boolean speaksSsl2(InetAddress address, AssessmentTarget.HostTarget service)
      throws IOException {
    // A challenge of zeros: nothing is encrypted with the result.
    byte[] hello = Ssl2.clientHello(Ssl2.KINDS, new byte[16]);
    byte[] bytes = new byte[Ssl2.MAX_BYTES];
    int count = 0;
    try (Wire wire = dial(address, service);
        Deadline _ = Deadline.after(PATIENCE, wire)) {
      wire.readTimeout(PATIENCE);
      wire.out().write(hello);
      wire.out().flush();
      Ssl2.Ssl2Parse reading = new Ssl2.Ssl2Parse.Partial();
      while (reading instanceof Ssl2.Ssl2Parse.Partial && count < bytes.length) {
        int more = wire.in().read(bytes, count, bytes.length - count);
        if (more < 0) {
          return false;
        }
        count += more;
        reading = Ssl2.read(bytes, count);
      }
      return reading instanceof Ssl2.Ssl2Parse.Whole;
    } catch (SocketException | SocketTimeoutException e) {
      // Most servers answer such a ClientHello with a reset or not at all.
      return false;
    }
  }

  private boolean acceptsExport(InetAddress address, AssessmentTarget.HostTarget service)
      throws IOException {
    List<Integer> suites =
        TlsSuite.all().stream()
            .filter(s -> s.export() && s.authentication() == TlsSuite.Authentication.RSA)
            .map(TlsSuite::id)
            .toList();
    byte[] hello =
        new ClientHelloBuilder(Records.TLS12)
            .suites(suites)
            .serverName(serverName(service))
            .renegotiationInfo()
            .records();
    ServerReader reader = new ServerReader();
    byte[] some = new byte[4_096];
    try (Wire wire = dial(address, service);
        Deadline _ = Deadline.after(PATIENCE, wire)) {
      wire.readTimeout(PATIENCE);
      wire.out().write(hello);
      wire.out().flush();
      while (!reader.complete() && reader.broken() == null) {
        int count = wire.in().read(some);
        if (count < 0) {
          break;
        }
        reader.feed(some, 0, count);
      }
      return reader.hello().isPresent();
    } catch (SocketException | SocketTimeoutException e) {
      return false;
    }
  }
}
