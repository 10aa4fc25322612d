package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixes;
import org.sealwax.mail.policy.Rung;

/** A domain's life, told to the rules step by step. */
public final class Story {
  public static final Instant BEGIN = Instant.parse("2026-01-05T00:00:00Z");
  public static final Domain DOMAIN = Domain.of("example.org");
  public static final Domain MX1 = Domain.of("mx1.provider.example");
  public static final Domain MX2 = Domain.of("mx2.provider.example");
  public static final Domain EVIL = Domain.of("mx.evil.example");

  Rules rules;
  DomainRow row = DomainRow.fresh(DOMAIN, BEGIN);
  Instant now = BEGIN;
  Set<Domain> mx = new HashSet<>(Set.of(MX1));
  boolean secure;
  Set<Domain> vouched = Set.of();
  boolean trusted = true;
  Instant steadySince = Instant.EPOCH;
  final List<Change.Fact> facts = new ArrayList<>();

  public Story() {
    this(LedgerSettings.defaults());
  }

  Story(LedgerSettings settings) {
    rules = new Rules(settings, PublicSuffixes.bundled());
  }

  Moment moment() {
    return new Moment(now, trusted, steadySince);
  }

  Story later(Duration time) {
    now = now.plus(time);
    return this;
  }

  Story mx(Domain... hosts) {
    mx = Set.of(hosts);
    return this;
  }

  private void take(Change change) {
    row = change.row();
    facts.addAll(change.facts());
  }

  /** A new resolution, as at the beginning of a round. */
  Story resolves() {
    take(
        rules.begins(
            row, new MxAnswer(mx, secure, now.plusSeconds(300)), vouched::contains, moment()));
    return this;
  }

  Story shows(Domain host, Path.Family family, Shown shown, boolean counts) {
    take(rules.shows(row, host, showing(family, shown, counts), moment()));
    return this;
  }

  private Showing showing(Path.Family family, Shown shown, boolean counts) {
    return new Showing(now, family, shown, Rung.FULL, counts, null, null);
  }

  /** We greet a host to know it. */
  Story greets(Domain host, Shown shown) {
    take(rules.shows(row, host, showing(shown, Showing.Behind.GREETING, false), moment()));
    return this;
  }

  /** A session of mail with the peer that DANE names. */
  Story proves(Domain host, Shown shown) {
    take(rules.shows(row, host, showing(shown, Showing.Behind.MAIL, true), moment()));
    return this;
  }

  private Showing showing(Shown shown, Showing.Behind behind, boolean proven) {
    return new Showing(now, Path.Family.IPV4, shown, Rung.FULL, behind, proven, null, null);
  }

  /** The addresses of a host were looked up. */
  Story addresses(Domain host, boolean ipv4, boolean ipv6) {
    take(Rules.resolves(row, host, ipv4, ipv6, moment()));
    return this;
  }

  /** Days of ordinary mail, all of which goes to the first host. */
  Story daysAt(Domain first, int days, Shown shown) {
    for (int i = 0; i < days * 4; i++) {
      resolves().shows(first, shown).later(Duration.ofHours(6));
    }
    return this;
  }

  Set<Domain> unseen() {
    return rules.unseen(row, moment());
  }

  Story shows(Domain host, Shown shown) {
    return shows(host, Path.Family.IPV4, shown, true);
  }

  /** Days of ordinary mail to every host of the set. */
  Story days(int days, Shown shown) {
    for (int i = 0; i < days; i++) {
      for (int hour = 0; hour < 4; hour++) {
        resolves();
        mx.forEach(host -> shows(host, shown));
        later(Duration.ofHours(6));
      }
    }
    return this;
  }

  /** Rounds of a queued message, every four hours, each of which shows all hosts so. */
  Story retries(Duration time, Shown shown, Path.Family... families) {
    Instant end = now.plus(time);
    while (!now.isAfter(end)) {
      resolves();
      for (Domain host : mx) {
        for (Path.Family family :
            families.length == 0 ? new Path.Family[] {Path.Family.IPV4} : families) {
          shows(host, family, shown, true);
        }
      }
      later(Duration.ofHours(4));
    }
    return this;
  }

  ViolationClass classed() {
    return rules.classOf(row, moment());
  }

  boolean has(Class<? extends Change.Fact> kind) {
    return facts.stream().anyMatch(kind::isInstance);
  }
}
