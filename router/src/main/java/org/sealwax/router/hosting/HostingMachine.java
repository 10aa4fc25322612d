package org.sealwax.router.hosting;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.sts.StsLookup;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.router.hosting.HostingFacts.MxFacts;

/**
 * Derives the next state of a domain from what is known. A function of its arguments.
 *
 * <p>A configured host is listed at once. A host in the MX records is listed at once where DNSSEC
 * proves them, when it is this server, and in the first policy of the domain. Another one may have
 * been put into an unsigned answer by an attacker, who would get the domain's mail if the policy
 * listed it: it is listed after it was seen for {@link HostedState#MARGIN} without a break, and
 * reported until then. Where the MX records were not known for that long, the first answer counts.
 */
public final class HostingMachine {
  /** Times to live count for at most a week (RFC 8767 4: resolvers cap them like that). */
  private static final Duration MAX_TTL = Duration.ofDays(7);

  private static final Duration HOUR = Duration.ofHours(1);

  private HostingMachine() {}

  /**
   * One moment (docs/adr/0075).
   *
   * @param measured for waits
   * @param believed for dates
   */
  public record HostingTime(Instant measured, Instant believed) {}

  /**
   * {@return the next state}
   *
   * @param former the stored state
   * @param facts what is known now
   * @param time now
   */
  public static HostedState next(HostedState former, HostingFacts facts, HostingTime time) {
    Instant now = time.measured();
    Instant believed = time.believed();
    LocalDate today = LocalDate.ofInstant(believed, ZoneOffset.UTC);
    HostedState moded = former.in(mode(former, facts), now, today);
    Optional<String> published = published(facts.record(), former.published());
    Duration recordTtl =
        facts.record() instanceof StsLookup.RecordAnswer
            ? longest(Stream.of(former.recordTtl(), facts.recordTtl()))
            : former.recordTtl();
    Duration mxTtl = longest(Stream.of(former.mxTtl(), ttl(facts.mx())));
    List<ServedPolicy> policies = new ArrayList<>(announced(former.policies(), published, now));
    SortedMap<Domain, ListedHost> hosts =
        safe(hosts(former, facts, mxTtl, now, believed), policies, published, recordTtl, now);
    Optional<Instant> lookedUp =
        facts.mx() instanceof MxFacts.NotKnown
                || former
                    .lookedUp()
                    .filter(at -> Duration.between(at, believed).abs().compareTo(HOUR) < 0)
                    .isPresent()
            ? former.lookedUp()
            : Optional.of(believed);
    add(policies, text(moded.mode(), facts.maxAge(), hosts), published, now, believed);
    return new HostedState(
        former.domain(),
        moded.mode(),
        moded.modeSince(),
        moded.modeDay(),
        hosts,
        policies,
        published,
        recordTtl,
        mxTtl,
        lookedUp,
        problems(facts.mx()),
        moded.assessments());
  }

  private static StsPolicy.Mode mode(HostedState state, HostingFacts facts) {
    return switch (facts.mode()) {
      case AUTO -> state.mode() == StsPolicy.Mode.NONE ? StsPolicy.Mode.TESTING : state.mode();
      case TESTING -> StsPolicy.Mode.TESTING;
      case ENFORCE -> StsPolicy.Mode.ENFORCE;
      case NONE -> StsPolicy.Mode.NONE;
    };
  }

  /** The id in force for senders; a record that counts as none has no id. */
  private static Optional<String> published(StsLookup lookup, Optional<String> former) {
    return switch (lookup) {
      case StsLookup.NoRecordAnswer _ -> former;
      case StsLookup.RecordAnswer(StsRecord.Announced(String id)) -> Optional.of(id);
      case StsLookup.RecordAnswer _ -> Optional.empty();
    };
  }

  private static Duration ttl(MxFacts mx) {
    return switch (mx) {
      case MxFacts.MxHosts found -> found.ttl();
      case MxFacts.NullMx none -> none.ttl();
      case MxFacts.NotKnown _ -> Duration.ZERO;
    };
  }

  private static Duration longest(Stream<Duration> times) {
    return times
        .map(time -> time.compareTo(MAX_TTL) > 0 ? MAX_TTL : time)
        .max(Duration::compareTo)
        .orElse(MAX_TTL);
  }

  private static List<ServedPolicy> announced(
      List<ServedPolicy> policies, Optional<String> published, Instant now) {
    return policies.stream()
        .map(
            p ->
                p.announced().isEmpty() && published.equals(Optional.of(p.id()))
                    ? p.announcedAt(now)
                    : p)
        .toList();
  }

  /** The hosts with what the configuration and the MX records say now. */
  private static SortedMap<Domain, ListedHost> hosts(
      HostedState former, HostingFacts facts, Duration mxTtl, Instant now, Instant believed) {
    Set<Domain> published = new HashSet<>();
    switch (facts.mx()) {
      case MxFacts.MxHosts found -> published.addAll(found.hosts());
      case MxFacts.NullMx _ -> {}
      case MxFacts.NotKnown _ ->
          former.hosts().forEach((host, entry) -> addIf(entry.published(), host, published));
    }
    Set<Domain> wanted = new HashSet<>(published);
    facts.coming().stream().filter(PolicyText::isListable).forEach(wanted::add);
    SortedMap<Domain, ListedHost> hosts = new TreeMap<>();
    former
        .hosts()
        .forEach(
            (host, entry) -> {
              if (wanted.contains(host)) {
                hosts.put(host, entry.used(published.contains(host)));
              } else if (entry.listed().isPresent()) {
                ListedHost unused = entry.unused(now.plus(mxTtl).plus(HostedState.MARGIN));
                boolean known = !(facts.mx() instanceof MxFacts.NotKnown);
                boolean over = unused.released().filter(at -> !now.isBefore(at)).isPresent();
                addIf(!(known && over), host, unused, hosts);
              }
            });
    // Those of the configuration first: the number of hosts is limited.
    Stream.concat(wanted.stream().filter(facts.coming()::contains), wanted.stream().sorted())
        .forEach(
            host -> {
              ListedHost entry =
                  hosts.getOrDefault(host, ListedHost.seenAt(now, published.contains(host)));
              boolean full =
                  hosts.values().stream().filter(h -> h.listed().isPresent()).count()
                      >= PolicyText.MAX_HOSTS;
              boolean list =
                  entry.listed().isEmpty()
                      && !full
                      && mayList(host, entry, former, facts, now, believed);
              hosts.put(
                  host, list ? entry.listedAt(now, safeAtOnce(entry, former, facts, now)) : entry);
            });
    return hosts;
  }

  private static void addIf(boolean wanted, Domain host, Set<Domain> to) {
    if (wanted) {
      to.add(host);
    }
  }

  private static void addIf(
      boolean wanted, Domain host, ListedHost entry, Map<Domain, ListedHost> to) {
    if (wanted) {
      to.put(host, entry);
    }
  }

  private static boolean mayList(
      Domain host,
      ListedHost entry,
      HostedState former,
      HostingFacts facts,
      Instant now,
      Instant believed) {
    if (facts.coming().contains(host)) {
      return true;
    }
    return facts.mx() instanceof MxFacts.MxHosts found
        && (found.signed()
            || host.equals(facts.own())
            || former.policies().isEmpty()
            // A state from a backup misses the hosts that were listed since.
            || !former.isRecent(believed)
            || !now.isBefore(entry.seen().plus(HostedState.MARGIN)));
  }

  /**
   * From when a host of the first policy is safe: no sender has another policy of this domain, or
   * the host was an MX host before there was one.
   */
  private static Optional<Instant> safeAtOnce(
      ListedHost entry, HostedState former, HostingFacts facts, Instant now) {
    boolean noRecord = facts.record() instanceof StsLookup.RecordAnswer(StsRecord.None _);
    return former.policies().isEmpty() && (noRecord || entry.published())
        ? Optional.of(now)
        : Optional.empty();
  }

  /** A host is safe some time after a TXT record was seen that announces a policy with it. */
  private static SortedMap<Domain, ListedHost> safe(
      SortedMap<Domain, ListedHost> hosts,
      List<ServedPolicy> policies,
      Optional<String> published,
      Duration recordTtl,
      Instant now) {
    Set<Domain> announced = new HashSet<>();
    policies.stream()
        .filter(p -> published.equals(Optional.of(p.id())))
        .forEach(p -> p.policy().mx().forEach(mx -> announced.add(mx.name())));
    SortedMap<Domain, ListedHost> all = new TreeMap<>(hosts);
    all.replaceAll(
        (host, entry) ->
            entry.listed().isPresent() && entry.safe().isEmpty() && announced.contains(host)
                ? entry.safeFrom(now.plus(recordTtl).plus(HostedState.MARGIN))
                : entry);
    return all;
  }

  private static Optional<String> text(
      StsPolicy.Mode mode, Duration maxAge, SortedMap<Domain, ListedHost> hosts) {
    List<Domain> listed =
        hosts.entrySet().stream()
            .filter(e -> e.getValue().listed().isPresent())
            .map(Map.Entry::getKey)
            .toList();
    return listed.isEmpty() && mode != StsPolicy.Mode.NONE
        ? Optional.empty()
        : Optional.of(PolicyText.of(mode, maxAge, listed));
  }

  private static void add(
      List<ServedPolicy> policies,
      Optional<String> text,
      Optional<String> published,
      Instant now,
      Instant believed) {
    if (text.isEmpty()) {
      return;
    }
    List<String> ids = policies.stream().map(ServedPolicy::id).toList();
    boolean same = !policies.isEmpty() && policies.getLast().text().equals(text.get());
    // An id that this server made and does not know: its state is from a backup, and senders may
    // have another policy under each id since.
    boolean lost =
        same
            && published
                .filter(id -> !ids.contains(id))
                .filter(id -> PolicyId.isLater(id, ids, believed))
                .isPresent();
    if (!same || lost) {
      Stream<String> former =
          Stream.concat(
              ids.stream(), published.stream().filter(id -> PolicyId.isLater(id, ids, believed)));
      policies.add(
          new ServedPolicy(
              PolicyId.next(text.get(), former, believed), text.get(), now, Optional.empty()));
    }
  }

  private static List<String> problems(MxFacts mx) {
    return switch (mx) {
      case MxFacts.MxHosts found -> found.problems();
      case MxFacts.NullMx _ ->
          List.of("the domain has a null MX record (RFC 7505): it accepts no mail");
      case MxFacts.NotKnown(String why) -> List.of(why);
    };
  }
}
