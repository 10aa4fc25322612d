package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.policy.FallbackStep;

/** A domain's life, fed to the rules step by step. */
public final class DomainTimeline {
  public static final Instant BEGIN = Instant.parse("2026-01-05T00:00:00Z");
  public static final Domain DOMAIN = Domain.of("example.org");
  public static final Domain MX1 = Domain.of("mx1.provider.example");
  public static final Domain MX2 = Domain.of("mx2.provider.example");
  public static final Domain EVIL = Domain.of("mx.evil.example");

  LedgerRules rules;
  DomainRecord row = DomainRecord.fresh(DOMAIN, BEGIN);
  Instant now = BEGIN;
  Set<Domain> mx = new HashSet<>(Set.of(MX1));
  boolean secure;
  Set<Domain> vouched = Set.of();
  boolean trusted = true;
  Instant steadySince = Instant.EPOCH;
  final List<LedgerChange.Fact> facts = new ArrayList<>();

  public DomainTimeline() {
    this(LedgerSettings.defaults());
  }

  DomainTimeline(LedgerSettings settings) {
    rules = new LedgerRules(settings, PublicSuffixList.bundled());
  }

  ClockReading moment() {
    return new ClockReading(now, trusted, steadySince);
  }

  DomainTimeline later(Duration time) {
    now = now.plus(time);
    return this;
  }

  DomainTimeline mx(Domain... hosts) {
    mx = Set.of(hosts);
    return this;
  }

  LedgerTransition step() {
    return rules.step(row, moment());
  }

  private void take(LedgerChange change) {
    row = change.row();
    facts.addAll(change.facts());
  }

  /** A new resolution, as at the beginning of a round. */
  DomainTimeline resolves() {
    RoundMx answer = new RoundMx(mx, secure, now.plusSeconds(300));
    take(step().roundBegins(answer, vouched::contains));
    return this;
  }

  DomainTimeline shows(
      Domain host, HostPath.PathFamily family, ProvenLevel proven, boolean counts) {
    take(step().observed(host, showing(family, proven, counts)));
    return this;
  }

  private RememberedSample showing(HostPath.PathFamily family, ProvenLevel proven, boolean counts) {
    var origin = counts ? RememberedSample.SampleOrigin.MAIL : RememberedSample.SampleOrigin.OTHER;
    return new RememberedSample(now, family, proven, FallbackStep.FULL, origin, false, null, null);
  }

  /** We greet a host to know it. */
  DomainTimeline greets(Domain host, ProvenLevel proven) {
    take(step().observed(host, showing(proven, RememberedSample.SampleOrigin.GREETING, false)));
    return this;
  }

  /** A session of mail with the peer that DANE names. */
  DomainTimeline proves(Domain host, ProvenLevel proven) {
    take(step().observed(host, showing(proven, RememberedSample.SampleOrigin.MAIL, true)));
    return this;
  }

  private RememberedSample showing(
      ProvenLevel provenLevel, RememberedSample.SampleOrigin origin, boolean proven) {
    return new RememberedSample(
        now, HostPath.PathFamily.IPV4, provenLevel, FallbackStep.FULL, origin, proven, null, null);
  }

  /** The addresses of a host were looked up. */
  DomainTimeline addresses(Domain host, boolean ipv4, boolean ipv6) {
    take(step().resolves(host, ipv4, ipv6));
    return this;
  }

  /** Days of ordinary mail, all of which goes to the first host. */
  DomainTimeline daysAt(Domain first, int days, ProvenLevel proven) {
    for (int i = 0; i < days * 4; i++) {
      resolves().shows(first, proven).later(Duration.ofHours(6));
    }
    return this;
  }

  Set<Domain> unseen() {
    return rules.hostsToProbe(row, moment());
  }

  DomainTimeline shows(Domain host, ProvenLevel proven) {
    return shows(host, HostPath.PathFamily.IPV4, proven, true);
  }

  /** Days of ordinary mail to every host of the set. */
  DomainTimeline days(int days, ProvenLevel proven) {
    for (int i = 0; i < days; i++) {
      for (int hour = 0; hour < 4; hour++) {
        resolves();
        mx.forEach(host -> shows(host, proven));
        later(Duration.ofHours(6));
      }
    }
    return this;
  }

  /** Rounds of a queued message, every four hours, each of which shows all hosts so. */
  DomainTimeline retries(Duration time, ProvenLevel proven, HostPath.PathFamily... families) {
    Instant end = now.plus(time);
    while (!now.isAfter(end)) {
      resolves();
      for (Domain host : mx) {
        for (HostPath.PathFamily family :
            families.length == 0
                ? new HostPath.PathFamily[] {HostPath.PathFamily.IPV4}
                : families) {
          shows(host, family, proven, true);
        }
      }
      later(Duration.ofHours(4));
    }
    return this;
  }

  ViolationClass classed() {
    return rules.classOf(row, moment());
  }

  boolean has(LedgerEvent event, String text) {
    return facts.stream().anyMatch(fact -> fact.event() == event && fact.text().contains(text));
  }
}
