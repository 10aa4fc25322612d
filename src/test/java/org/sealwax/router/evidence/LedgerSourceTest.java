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
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.Subject;
import org.sealwax.router.ledger.Alarm;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.ledger.MxAnswer;
import org.sealwax.router.ledger.Visit;

final class LedgerSourceTest {
  private static final Domain HOP = Domain.of("example.org");
  private static final Evidence.Ledger KNOWN =
      new Evidence.Ledger(
          Level.ENCRYPT, new MxFilter.Any(), Instant.EPOCH, Instant.EPOCH.plusSeconds(9));

  private static final class OneDomain implements Ledger {
    private final List<Domain> asked = new ArrayList<>();

    @Override
    public Visit greeting(Domain domain, MxAnswer answer) {
      throw new AssertionError("greets nobody");
    }

    @Override
    public Visit visit(Domain domain, MxAnswer answer, boolean counts) {
      return Ledger.blank().visit(domain, answer, counts);
    }

    @Override
    public Optional<Evidence.Ledger> about(Domain domain) {
      asked.add(domain);
      return domain.equals(HOP) ? Optional.of(KNOWN) : Optional.empty();
    }

    @Override
    public Optional<Alarm> alarm(Domain domain) {
      return Optional.empty();
    }
  }

  @Test
  void asksForTheNextHopWhateverTheHost() {
    OneDomain ledger = new OneDomain();
    LedgerSource source = new LedgerSource(ledger);

    Subject subject = new Subject(HOP, Domain.of("mx.evil.example"), false);

    assertEquals(List.of(KNOWN), source.about(subject));
    assertEquals(List.of(HOP), ledger.asked);
    assertEquals(List.of(), source.about(Subject.fixed(Domain.of("mx.evil.example"))));
  }

  @Test
  void hasNothingToSayAboutAddressLiterals() {
    OneDomain ledger = new OneDomain();
    AddressLiteral literal = new AddressLiteral(InetAddress.getLoopbackAddress());

    assertEquals(List.of(), new LedgerSource(ledger).about(Subject.fixed(literal)));
    assertEquals(List.of(), ledger.asked);
  }
}
