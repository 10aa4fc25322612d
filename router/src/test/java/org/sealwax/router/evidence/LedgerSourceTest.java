package org.sealwax.router.evidence;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.evidence.EvidenceGatherer.LedgerSource;
import org.sealwax.router.ledger.ActiveViolation;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.ledger.LedgerRound;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.ledger.RoundMx;

final class LedgerSourceTest {
  private static final Domain HOP = Domain.of("example.org");
  private static final Evidence.LedgerLevel KNOWN =
      new Evidence.LedgerLevel(
          TlsLevel.ENCRYPT, new MxFilter.Any(), Instant.EPOCH, Instant.EPOCH.plusSeconds(9));

  private static final class OneDomainLedger implements Ledger {
    private final List<Domain> asked = new ArrayList<>();

    @Override
    public LedgerRound beginRound(Domain domain, RoundMx answer, SampleOrigin origin) {
      return Ledger.empty().beginRound(domain, answer, origin);
    }

    @Override
    public Optional<Evidence.LedgerLevel> evidenceFor(Domain domain) {
      asked.add(domain);
      return domain.equals(HOP) ? Optional.of(KNOWN) : Optional.empty();
    }

    @Override
    public Optional<ActiveViolation> activeViolation(Domain domain) {
      return Optional.empty();
    }
  }

  @Test
  void evidenceIsForTheNextHopAtEveryHost() {
    OneDomainLedger ledger = new OneDomainLedger();
    LedgerSource source = new LedgerSource(ledger);

    PolicySubject subject = new PolicySubject(HOP, Domain.of("mx.evil.example"), false);

    assertEquals(List.of(KNOWN), source.evidenceFor(subject));
    assertEquals(List.of(HOP), ledger.asked);
    assertEquals(List.of(), source.evidenceFor(PolicySubject.fixed(Domain.of("mx.evil.example"))));
  }

  @Test
  void addressLiteralsHaveNoLedgerEvidence() {
    OneDomainLedger ledger = new OneDomainLedger();
    AddressLiteral literal = new AddressLiteral(InetAddress.getLoopbackAddress());

    assertEquals(List.of(), new LedgerSource(ledger).evidenceFor(PolicySubject.fixed(literal)));
    assertEquals(List.of(), ledger.asked);
  }
}
