package org.sealwax.router.evidence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dane.TlsaSet;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.testkit.zone.DnsFault;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/** A DNS that lies, is late, is huge or loops: each a named state, and never "no DANE". */
final class HostileAnswersTest {
  private static final String OWNER = "_25._tcp.mx.example.org";
  private static final PolicySubject SUBJECT =
      new PolicySubject(Domain.of("example.org"), Domain.of("mx.example.org"), true);

  private LoopbackResolver server = start("");

  private static LoopbackResolver start(String more) {
    try {
      return LoopbackResolver.start(
          Clock.system(),
          Zone.of("example.org", "@ MX 10 mx\nmx A 192.0.2.1\n" + more).signed(),
          Zone.of("other.example", "ring CNAME _25._tcp.mx.example.org.\n").signed());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void records(String more) throws IOException {
    server.close();
    server = start(more);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private DaneState state() {
    CachingResolver resolver =
        new CachingResolver(
            DnsSettings.defaults()
                .withResolvers(List.of(server.address()))
                .withAnchors(server.anchors())
                .withTimeout(Duration.ofSeconds(2))
                .withTotal(Duration.ofSeconds(20)),
            Clock.system(),
            RandomSource.secure());
    HostAddresses.Families families = new HostAddresses.Families(true, true);
    return ((Evidence.Dane)
            new DaneSource(resolver, families, Clock.system()).evidenceFor(SUBJECT).getFirst())
        .state();
  }

  @ParameterizedTest
  @EnumSource(
      value = DnsFault.class,
      names = {
        "SERVFAIL",
        "REFUSED",
        "DROP",
        "TRUNCATE_NO_TCP",
        "GARBAGE",
        "WRONG_ID",
        "WRONG_QUESTION",
        "NO_SIGNATURES",
        "EXPIRED_SIGNATURES",
        "WRONG_SIGNATURES"
      })
  void forgedAndMissingAnswersAreFailures(DnsFault fault) throws IOException {
    records("_25._tcp.mx TLSA 3 1 1 " + "ab".repeat(32) + "\n");
    server.fault(OWNER, fault);
    assertInstanceOf(DaneState.LookupFailed.class, state());
  }

  @ParameterizedTest
  @EnumSource(
      value = DnsFault.class,
      names = {"NO_DENIAL", "NO_AUTHORITY", "NO_SIGNATURES", "EXPIRED_SIGNATURES"})
  void denialWithoutProofIsAFailure(DnsFault fault) {
    server.fault(OWNER, fault);
    assertInstanceOf(DaneState.LookupFailed.class, state());
  }

  @Test
  void provenDenialIsNoDane() {
    assertInstanceOf(DaneState.Absent.class, state());
  }

  @Test
  void aSetOfHundredsIsReadUpToTheLimit() throws IOException {
    records(many(240));
    DaneState.Usable usable = assertInstanceOf(DaneState.Usable.class, state());
    assertEquals(TlsaSet.MAX_USABLE, usable.associations().records().size());
  }

  /** The validator sorts and compares a set, and does so within a bound: mail waits, no more. */
  @Test
  void oversizedRrsetIsAFailureAndNeverNoDane() throws IOException {
    records(many(600));
    assertInstanceOf(DaneState.LookupFailed.class, state());
  }

  private static String many(int count) {
    StringBuilder many = new StringBuilder();
    for (int i = 0; i < count; i++) {
      many.append("_25._tcp.mx TLSA 3 1 1 ").append(String.format("%064x", i)).append('\n');
    }
    return many.toString();
  }

  @Test
  void aRecordAsLongAsAMessageIsUnusableAndStillMeansTls() throws IOException {
    records("_25._tcp.mx TLSA 3 0 0 " + "ab".repeat(40_000) + "\n");
    assertInstanceOf(DaneState.Unusable.class, state());
  }

  @Test
  void aliasLoopIsAFailure() throws IOException {
    records("_25._tcp.mx CNAME ring.other.example.\n");
    assertInstanceOf(DaneState.LookupFailed.class, state());
  }
}
