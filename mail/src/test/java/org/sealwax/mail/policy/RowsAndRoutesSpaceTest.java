package org.sealwax.mail.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;

/** Every row for the recipient domain, with every route, next hop and host that mail may take. */
final class RowsAndRoutesSpaceTest {
  private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
  private static final Policy POLICY =
      new Policy(FallbackLadder.of(true, true, FallbackLadder.DEFAULT_HOLD), TlsFloors.DEFAULT);
  private static final Domain DESTINATION = Domain.of("example.org");
  private static final Domain SMART = Domain.of("smart.example.net");
  private static final MailHost LITERAL = new AddressLiteral(InetAddress.ofLiteral("192.0.2.25"));
  private static final Domain NAMED = Domain.of("named.example");

  private static final List<PolicySubject> SUBJECTS =
      List.of(
          PolicySubject.fixed(SMART).to(DESTINATION),
          PolicySubject.fixed(LITERAL).to(DESTINATION),
          new PolicySubject(DESTINATION, SMART, Domain.of("mx.example.net"), false, 25),
          new PolicySubject(DESTINATION, SMART, Domain.of("mx.example.net"), true, 25));

  private static PolicyRow row(
      TlsLevel level, List<Domain> names, @Nullable TlsVersion floor, boolean override) {
    return new PolicyRow(
        new DomainPattern.Any(),
        level,
        level == TlsLevel.FINGERPRINT ? Set.of(new Pin("ab".repeat(32))) : Set.of(),
        names,
        floor,
        null,
        null,
        true,
        "note",
        "owner",
        NOW.plusSeconds(60),
        override);
  }

  /** Each level, with names, with a floor, as an override. */
  private static List<PolicyRow> rows() {
    List<PolicyRow> rows = new ArrayList<>();
    for (TlsLevel level : EnumSet.complementOf(EnumSet.of(TlsLevel.STS, TlsLevel.DANE))) {
      rows.add(row(level, List.of(), null, false));
    }
    rows.add(row(TlsLevel.SECURE, List.of(NAMED), null, false));
    rows.add(row(TlsLevel.MAY, List.of(), TlsVersion.TLS_1_3, false));
    rows.add(row(TlsLevel.ENCRYPT, List.of(), TlsVersion.TLS_1_3, false));
    rows.add(row(TlsLevel.NONE, List.of(), null, true));
    return rows;
  }

  private static List<Optional<Evidence>> routes() {
    List<Optional<Evidence>> all = new ArrayList<>();
    all.add(Optional.empty());
    rows().stream()
        .filter(r -> !r.override())
        .forEach(r -> all.add(Optional.of(new Evidence.Route("r", r, false))));
    all.add(
        Optional.of(new Evidence.Route("r", row(TlsLevel.SECURE, List.of(), null, false), true)));
    all.add(
        Optional.of(new Evidence.Route("r", row(TlsLevel.ENCRYPT, List.of(), null, false), true)));
    return all;
  }

  private static List<Optional<Evidence>> each(
      java.util.function.Function<PolicyRow, Evidence> kind) {
    List<Optional<Evidence>> all = new ArrayList<>();
    all.add(Optional.empty());
    rows().forEach(r -> all.add(Optional.of(kind.apply(r))));
    return all;
  }

  private static Map<String, List<Evidence>> published() {
    TlsaAssociations tlsa =
        new TlsaAssociations(Set.of(new TlsaAssociation(3, 1, 1, "ab".repeat(32))), List.of());
    Map<String, List<Evidence>> all = new LinkedHashMap<>();
    all.put("nothing", List.of());
    all.put(
        "dane and sts",
        List.of(
            new Evidence.Dane(SMART, new Evidence.DaneState.Usable(tlsa), true, NOW),
            new Evidence.Sts(
                SMART,
                new Evidence.StsState.Enforce("1", List.of(new MxPattern(SMART, false))),
                null)));
    all.put(
        "ledger",
        List.of(
            new Evidence.LedgerLevel(
                TlsLevel.VERIFY, new MxFilter.LedgerKnown(Set.of(SMART), Set.of()), NOW, NOW)));
    return all;
  }

  private record RowsAndRoutesCombination(
      PolicySubject subject,
      TlsLevel byDefault,
      Optional<Evidence> route,
      Optional<Evidence> nextHop,
      Optional<Evidence> host,
      String published) {
    List<Evidence> evidence() {
      List<Evidence> all = new ArrayList<>();
      all.add(new Evidence.Default(byDefault));
      route.ifPresent(all::add);
      nextHop.ifPresent(all::add);
      if (!subject.isDirect()) {
        host.ifPresent(all::add);
      }
      all.addAll(RowsAndRoutesSpaceTest.published().get(published));
      return all;
    }
  }

  private interface RowsAndRoutesCheck {
    void at(RowsAndRoutesCombination combination, List<Evidence> evidence, Requirement requirement);
  }

  private static void everywhere(RowsAndRoutesCheck check) {
    for (PolicySubject subject : SUBJECTS) {
      for (TlsLevel level : List.of(TlsLevel.NONE, TlsLevel.MAY, TlsLevel.ENCRYPT)) {
        for (Optional<Evidence> route : routes()) {
          for (Optional<Evidence> nextHop : each(Evidence.NextHopRow::new)) {
            for (Optional<Evidence> host :
                subject.isDirect() ? List.of(Optional.<Evidence>empty()) : hostRows()) {
              for (String published : published().keySet()) {
                RowsAndRoutesCombination combination =
                    new RowsAndRoutesCombination(subject, level, route, nextHop, host, published);
                List<Evidence> evidence = combination.evidence();
                check.at(combination, evidence, POLICY.requirementFor(subject, evidence, NOW));
              }
            }
          }
        }
      }
    }
  }

  private static List<Optional<Evidence>> hostRows() {
    return List.of(
        Optional.empty(),
        Optional.of(new Evidence.HostRow(row(TlsLevel.VERIFY, List.of(), null, false))),
        Optional.of(new Evidence.HostRow(row(TlsLevel.NONE, List.of(), null, true))));
  }

  private static Requirement with(
      RowsAndRoutesCombination combination, List<Evidence> evidence, Evidence more) {
    List<Evidence> all = new ArrayList<>(evidence);
    all.add(more);
    return POLICY.requirementFor(combination.subject(), all, NOW);
  }

  /** Where the level is dane-only, with what the DNS states: it is about nothing else. */
  private static Requirement alone(
      RowsAndRoutesCombination combination, Evidence one, Evidence... others) {
    List<Evidence> all = new ArrayList<>(List.of(others));
    all.add(one);
    if (row(one).level() == TlsLevel.DANE_ONLY) {
      combination.evidence().stream().filter(Evidence.Dane.class::isInstance).forEach(all::add);
    }
    return POLICY.requirementFor(combination.subject(), all, NOW);
  }

  private static boolean isNamedByItsRoute(RowsAndRoutesCombination combination) {
    return combination.subject().host().equals(LITERAL)
        && combination.route().isPresent()
        && !row(combination.route().get()).names().isEmpty();
  }

  private static boolean opens(Requirement requirement) {
    return requirement.mxFilter().admits(LITERAL);
  }

  @Test
  void aRowOfTheRecipientDomainHoldsWhateverTheRouteAndLowersNothing() {
    int[] points = {0};
    everywhere(
        (combination, evidence, without) -> {
          for (PolicyRow row : rows()) {
            Evidence added = new Evidence.RecipientRow(row);
            Requirement with = with(combination, evidence, added);
            Requirement alone = alone(combination, added, new Evidence.Default(TlsLevel.NONE));
            assertTrue(with.isAtLeast(without), () -> row + " lowers at " + combination);
            if (isNamedByItsRoute(combination) && row.names().isEmpty()) {
              // An address has no name of its own: the route's stand in for it.
              assertTrue(with.encryption().compareTo(alone.encryption()) >= 0);
              assertTrue(
                  with.contradiction().isEmpty() || !combination.published().equals("nothing"),
                  () -> row + " can never be met at " + combination);
              assertTrue(
                  !row.level().demandsIdentity() || !with.identity().isEmpty() || !opens(with),
                  () -> row + " takes anybody at " + combination);
            } else {
              assertTrue(with.isAtLeast(alone), () -> row + " does not hold at " + combination);
            }
            TlsVersion floor = row.floor();
            assertTrue(
                with.floor().lowest().compareTo(without.floor().lowest()) >= 0
                    && (floor == null || with.floor().lowest().compareTo(floor) >= 0),
                () -> "the floor of " + row + " at " + combination);
            assertTrue(
                with.demandsTls() || !row.level().demandsTls(),
                () -> row + " in plaintext at " + combination);
            points[0]++;
          }
        });
    assertTrue(points[0] > 50_000, "only " + points[0]);
  }

  @Test
  void routeRequirementHoldsWhateverTheHostRow() {
    everywhere(
        (combination, evidence, requirement) -> {
          boolean override =
              combination.nextHop().isPresent() && row(combination.nextHop().get()).override()
                  || requirement.because().stream().allMatch(b -> b.contains("host: none"));
          if (combination.route().isEmpty() || override) {
            return;
          }
          Evidence.Route route = (Evidence.Route) combination.route().get();
          Requirement routeAlone = alone(combination, route);
          assertTrue(requirement.encryption().compareTo(routeAlone.encryption()) >= 0);
          if (route.implied()) {
            assertTrue(
                routeAlone.identity().isEmpty()
                    || !requirement.identity().isEmpty()
                    || combination.nextHop().isPresent()
                        && row(combination.nextHop().get()).level() == TlsLevel.DANE_ONLY,
                () -> "anybody gets the password at " + combination);
          } else {
            assertTrue(requirement.isAtLeast(routeAlone), combination::toString);
          }
        });
  }

  private static PolicyRow row(Evidence evidence) {
    PolicyRow row = AdminRows.row(evidence);
    if (row == null) {
      throw new AssertionError("no row");
    }
    return row;
  }

  @Test
  void theOrderOfTheSourcesDoesNotCount() {
    everywhere(
        (combination, evidence, requirement) -> {
          Requirement backwards =
              POLICY.requirementFor(combination.subject(), evidence.reversed(), NOW);
          assertEquals(requirement.mxFilter(), backwards.mxFilter(), combination::toString);
          assertEquals(requirement.identity(), backwards.identity(), combination::toString);
          assertEquals(requirement.encryption(), backwards.encryption(), combination::toString);
          assertEquals(requirement.floor(), backwards.floor(), combination::toString);
        });
  }

  @Test
  void everyCoveringRowAppliesOrHasAReason() {
    everywhere(
        (combination, evidence, requirement) -> {
          for (Evidence e : evidence) {
            boolean counts = requirement.because().contains(e.origin());
            if (e instanceof Evidence.Default || AdminRows.row(e) != null) {
              assertEquals(
                  counts,
                  Policy.ignoredReason(e, evidence, NOW).isEmpty(),
                  () -> e + " at " + combination);
            }
          }
        });
  }

  @Test
  void theMostSpecificRowInForceCountsAndAnExpiredOneForNothing() {
    DomainPattern exact = new DomainPattern.Exact(DESTINATION);
    PolicyRow expired =
        new PolicyRow(
            exact, TlsLevel.MAY, Set.of(), List.of(), null, null, null, true, "n", "o", NOW, true);
    Evidence all = new Evidence.NextHopRow(PolicyRow.of(new DomainPattern.Any(), TlsLevel.ENCRYPT));
    Evidence old = new Evidence.NextHopRow(expired);
    Evidence plain = new Evidence.NextHopRow(PolicyRow.of(exact, TlsLevel.MAY));
    PolicySubject subject = new PolicySubject(DESTINATION, SMART, false);
    assertTrue(POLICY.requirementFor(subject, List.of(old, all), NOW).demandsTls());
    assertEquals(
        Optional.of("expired on 2026-11-30"), Policy.ignoredReason(old, List.of(old, all), NOW));
    assertFalse(POLICY.requirementFor(subject, List.of(all, plain), NOW).demandsTls());
    assertEquals(
        Optional.of("the entry for example.org is more specific"),
        Policy.ignoredReason(all, List.of(all, plain), NOW));
    assertEquals(
        TlsLevel.ENCRYPT,
        POLICY.requirementFor(subject, List.of(old, all), NOW).statedLevel(),
        "what it stood before counts again");
  }
}
