package org.sealwax.router.evidence;

import java.io.Closeable;
import java.io.UncheckedIOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RepeatedWork;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.tls.PeerVerifier;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.ledger.ProvenHost;
import org.sealwax.router.log.MailLog;

/**
 * The identities of the MX hosts of peers that the configuration names, used to recognise these
 * hosts as clients: the keys and names that the ledger saw at verified hosts, and TLSA records that
 * DNSSEC proves, from the MX answer on.
 *
 * <p>It is looked up in the background, each peer by itself and never more often than {@link
 * #SOONEST}, whichever client connects: a session only reads the result in memory, so a client can
 * neither cause a look-up nor wait for one. What could not be renewed counts until its time is over
 * and no longer. Thread-safe.
 */
public final class PeerIdentities implements PeerMatcher, Closeable {
  /** Peers: each is looked up all the time, and compared with at each handshake. */
  public static final int MOST_PEERS = 64;

  /** MX hosts of a peer; big honest sites have about ten, and one of these is the client. */
  static final int MOST_HOSTS = 16;

  /** Minimum time between two look-ups of one peer. */
  static final Duration SOONEST = Duration.ofMinutes(5);

  /** Time between two look-ups of one peer whose records have a long TTL. */
  static final Duration LATEST = Duration.ofHours(1);

  /**
   * Minimum time for which records count, whatever their TTL: one failed look-up must not end it.
   */
  static final Duration LEAST_LIFE = SOONEST.multipliedBy(2);

  /** Maximum time for which records count, whatever their TTL. */
  static final Duration MOST_LIFE = Duration.ofDays(1);

  /** How long a key counts after the last verified session with it: certificates are renewed. */
  static final Duration KEY_LIFE = Duration.ofDays(14);

  private static final Duration SWEEP = Duration.ofSeconds(10);

  /**
   * A row.
   *
   * @param domain domain of the MX hosts
   * @param relay whether they may send anywhere
   */
  @SettingTable(
      name = "peer",
      rows = true,
      most = MOST_PEERS,
      purpose =
          "Partner domain whose servers are recognized as clients: by the key or name with which its MX hosts were verified, or by their TLSA records under DNSSEC. Looked up in the background.")
  public record NamedPeer(
      @Setting(
              example = "partner.example",
              required = true,
              unique = true,
              doc = "Domain of the partner.")
          Domain domain,
      @Setting(
              fallback = "false",
              doc =
                  "Allow such a client to relay. Applies only to MX hosts below the partner's own domain, because a provider's host serves all its customers.")
          boolean relay) {}

  /** What the ledger knows. Thread-safe; may read the disk. */
  @FunctionalInterface
  public interface PeerHistory {
    /** MX hosts of {@code domain} that were verified since then. */
    List<ProvenHost> proven(Domain domain, Instant since);
  }

  /**
   * One way to know one host.
   *
   * @param keys that it showed
   * @param named whether its name counts, under a chain that holds
   * @param associations of its TLSA records
   * @param own whether it belongs to the peer alone, as far as names show
   * @param until when it stops counting
   */
  private record HostIdentity(
      Domain host,
      Set<Pin> keys,
      boolean named,
      TlsaAssociations associations,
      boolean own,
      Instant until) {
    String text() {
      String by =
          associations.records().isEmpty()
              ? CountText.of(keys.size(), "key") + " and name of "
              : associations.records().size() + " TLSA of ";
      return by + host + (own ? "" : " (of others too: no relay)");
    }
  }

  /** The identities of one peer, and the time of the next refresh. */
  private record PeerKnowledge(List<HostIdentity> images, Instant next) {}

  /** The rows in force and the roots that names need. */
  private record NamedPeers(List<NamedPeer> peers, TrustRoots roots) {}

  private final Resolver resolver;
  private final EvidenceSource dane;
  private final PeerHistory history;
  private final PeerVerifier verifier;
  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private final PublicSuffixList suffixes = PublicSuffixList.bundled();
  private final Map<Domain, PeerKnowledge> known = new ConcurrentHashMap<>();
  private final Set<Domain> looking = ConcurrentHashMap.newKeySet();
  private volatile NamedPeers rows = new NamedPeers(List.of(), TrustRoots.none());
  private final RepeatedWork background =
      new RepeatedWork(SWEEP, this::refreshInBackground, this::bug);

  /**
   * Nothing is looked up before {@link #start}.
   *
   * @param dane evidence about TLSA records
   * @param history the ledger
   */
  public PeerIdentities(
      Resolver resolver,
      EvidenceSource dane,
      PeerHistory history,
      PeerVerifier verifier,
      Clock clock,
      RandomSource random,
      MailLog log) {
    this.resolver = resolver;
    this.dane = dane;
    this.history = history;
    this.verifier = verifier;
    this.clock = clock;
    this.random = random;
    this.log = log;
  }

  /**
   * Puts rows in force; what is known of peers that stay is kept.
   *
   * @param peers at most {@link #MOST_PEERS}, no domain twice
   * @param roots for names; the public ones and those of the configuration
   */
  public void use(List<NamedPeer> peers, TrustRoots roots) {
    if (peers.size() > MOST_PEERS) {
      throw new IllegalArgumentException("too many peers");
    }
    rows = new NamedPeers(List.copyOf(peers), roots);
    Set<Domain> named = new HashSet<>();
    peers.forEach(p -> named.add(p.domain()));
    known.keySet().retainAll(named);
    background.wake();
  }

  /**
   * The status of a peer, for display.
   *
   * @param by the records, keys and names; {@code nothing} when there are none
   * @param relay as the row has it
   * @param next time of the next look-up; null before the first one
   */
  public record PeerStatus(String by, boolean relay, @Nullable Instant next) {}

  /** What is known now of a peer that a row names. */
  public Optional<PeerStatus> status(Domain peer) {
    return rows.peers().stream()
        .filter(p -> p.domain().equals(peer))
        .findFirst()
        .map(
            p -> {
              PeerKnowledge k = known.get(peer);
              Instant now = clock.now();
              List<HostIdentity> identities =
                  k == null
                      ? List.of()
                      : k.images().stream().filter(i -> i.until().isAfter(now)).toList();
              return new PeerStatus(describe(identities), p.relay(), k == null ? null : k.next());
            });
  }

  /** Looks up every peer that is due, and waits for the results. */
  public void refreshDue() {
    due().forEach(this::refresh);
  }

  /** Begins to look, and goes on. */
  public void start() {
    background.start("mirrors");
    background.wake();
  }

  private void refreshInBackground() {
    due().forEach(peer -> Threads.start("mirror " + peer, () -> refresh(peer)));
  }

  private void bug(Throwable e) {
    log.bug("mirrors", e);
  }

  /** Peers that are due; the caller must look up each. */
  List<Domain> due() {
    Instant now = clock.now();
    List<Domain> due = new ArrayList<>();
    for (NamedPeer peer : rows.peers()) {
      // First ours, then looked at: a look-up that ends meanwhile is not done again at once.
      if (looking.add(peer.domain())) {
        PeerKnowledge k = known.get(peer.domain());
        if (k == null || !k.next().isAfter(now)) {
          due.add(peer.domain());
        } else {
          looking.remove(peer.domain());
        }
      }
    }
    return due;
  }

  /** Looks up one peer; blocks on the DNS for as long as the resolver lets it. */
  void refresh(Domain peer) {
    Instant now = clock.now();
    PeerKnowledge last = known.get(peer);
    List<HostIdentity> before = last == null ? List.of() : last.images();
    List<HostIdentity> identities = new ArrayList<>();
    try {
      identities.addAll(remembered(peer, now));
      identities.addAll(published(peer, now, before));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      // A bug in our code must not end the look-ups permanently.
      log.bug("peer " + peer, e);
    }
    PeerKnowledge made = new PeerKnowledge(List.copyOf(identities), next(identities, now));
    known.put(peer, made);
    if (rows.peers().stream().noneMatch(p -> p.domain().equals(peer))) {
      known.remove(peer);
    }
    looking.remove(peer);
    if (!describe(identities).equals(describe(before))) {
      log.note("mirror", peer + " is identified by " + describe(identities));
    }
  }

  private static String describe(List<HostIdentity> identities) {
    return identities.isEmpty()
        ? "nothing"
        : identities.stream().map(HostIdentity::text).collect(Collectors.joining(", "));
  }

  private Instant next(List<HostIdentity> identities, Instant now) {
    Duration wait = LATEST;
    for (HostIdentity identity : identities) {
      Duration half = Duration.between(now, identity.until()).dividedBy(2);
      wait = half.compareTo(wait) < 0 ? half : wait;
    }
    if (identities.isEmpty() || wait.compareTo(SOONEST) < 0) {
      wait = SOONEST;
    }
    // Not all peers at the same moment.
    return now.plus(wait).plusMillis((long) (wait.toMillis() * random.fraction() / 10));
  }

  private List<HostIdentity> remembered(Domain peer, Instant now) {
    List<HostIdentity> out = new ArrayList<>();
    try {
      for (ProvenHost p : history.proven(peer, now.minus(KEY_LIFE))) {
        Instant old = p.last().plus(KEY_LIFE);
        Instant until = now.plus(LATEST.multipliedBy(2));
        out.add(
            new HostIdentity(
                p.host(),
                p.keys(),
                true,
                TlsaAssociations.NONE,
                isOwn(peer, p.host()),
                old.isBefore(until) ? old : until));
      }
    } catch (UncheckedIOException e) {
      log.warning("mirror", "the ledger's record of " + peer + ": " + FailureText.of(e));
    }
    return out;
  }

  /** TLSA records, where DNSSEC proves every step from the domain to them. */
  private List<HostIdentity> published(Domain peer, Instant now, List<HostIdentity> before)
      throws InterruptedException {
    DnsAnswer<MxRecord> answer = resolver.mx(peer);
    List<HostIdentity> out = new ArrayList<>();
    switch (MxSet.of(peer, answer, Set.of(), random)) {
      case MxSet.MxLookupFailed _ -> out.addAll(stillGood(before, null, now));
      case MxSet.Hosts hosts when hosts.security() == DnssecStatus.SECURE -> {
        Instant mxUntil = now.plus(answer.ttl());
        for (MxSet.MxHost target : hosts.targets().stream().limit(MOST_HOSTS).toList()) {
          out.addAll(records(peer, target.host(), mxUntil, now, before));
        }
      }
      case MxSet.Hosts _, MxSet.NullMx _, MxSet.NoSuchDomain _, MxSet.LoopsBack _ -> {}
    }
    return out;
  }

  private List<HostIdentity> records(
      Domain peer, Domain host, Instant mxUntil, Instant now, List<HostIdentity> before)
      throws InterruptedException {
    List<HostIdentity> out = new ArrayList<>();
    for (Evidence evidence : dane.evidenceFor(new PolicySubject(peer, host, true))) {
      if (!(evidence instanceof Evidence.Dane dane) || !dane.secureMx()) {
        continue;
      }
      switch (dane.state()) {
        case DaneState.Usable usable -> {
          Instant ends = dane.expires().isBefore(mxUntil) ? dane.expires() : mxUntil;
          Instant least = now.plus(LEAST_LIFE);
          Instant most = now.plus(MOST_LIFE);
          Instant until = ends.isBefore(least) ? least : ends.isAfter(most) ? most : ends;
          out.add(
              new HostIdentity(
                  host, Set.of(), false, usable.associations(), isOwn(peer, host), until));
        }
        // Not "no records": what was proven before counts until its time is over.
        case DaneState.LookupFailed t -> out.addAll(stillGood(before, host, now));
        case DaneState.Unusable u -> {}
        case DaneState.Absent a -> {}
      }
    }
    return out;
  }

  private static List<HostIdentity> stillGood(
      List<HostIdentity> before, @Nullable Domain host, Instant now) {
    return before.stream()
        .filter(i -> !i.associations().records().isEmpty() && i.until().isAfter(now))
        .filter(i -> host == null || i.host().equals(host))
        .toList();
  }

  /** A provider's host is its customers' host too: a client there is not the peer. */
  private boolean isOwn(Domain peer, Domain host) {
    Optional<Domain> mine = suffixes.registrable(peer);
    return mine.isPresent() && mine.equals(suffixes.registrable(host));
  }

  @Override
  public Optional<PeerMatch> of(List<X509Certificate> chain) {
    NamedPeers now = rows;
    if (chain.isEmpty() || now.peers().isEmpty()) {
      return Optional.empty();
    }
    // One host may be the MX of several peers: what grants most is asked for.
    return new CertificateComparison(chain, now.roots(), clock.now())
        .among(now.peers()).stream().max(Comparator.comparing(PeerMatch::relay));
  }

  /** One certificate, held against all peers. */
  private final class CertificateComparison {
    private final List<X509Certificate> chain;
    private final TrustRoots roots;
    private final Instant now;
    private final Pin pin;
    private @Nullable Boolean isMatch;

    CertificateComparison(List<X509Certificate> chain, TrustRoots roots, Instant now) {
      this.chain = chain;
      this.roots = roots;
      this.now = now;
      this.pin = Pins.of(chain.getFirst());
    }

    List<PeerMatch> among(List<NamedPeer> peers) {
      List<PeerMatch> out = new ArrayList<>();
      for (NamedPeer peer : peers) {
        PeerKnowledge k = known.get(peer.domain());
        for (HostIdentity identity : k == null ? List.<HostIdentity>of() : k.images()) {
          String how = identity.until().isAfter(now) ? how(identity) : null;
          if (how != null) {
            out.add(
                new PeerMatch(
                    peer.domain(),
                    new Verdict.Verified(Verdict.IdentifiedBy.MIRROR, peer.domain() + " " + how),
                    peer.relay() && identity.own()));
          }
        }
      }
      return out;
    }

    private @Nullable String how(HostIdentity identity) {
      if (identity.keys().contains(pin)) {
        return "key";
      }
      if (identity.named()
          && NameCheck.match(chain.getFirst(), List.of(identity.host())).isPresent()
          && isMatch()) {
        return "name " + identity.host();
      }
      if (!identity.associations().records().isEmpty()
          && judged(
                  new ReferenceIdentity(
                      List.of(), Set.of(), TrustRoots.none(), identity.associations()))
              instanceof Verdict.Verified) {
        return "tlsa";
      }
      return null;
    }

    private boolean isMatch() {
      Boolean known = isMatch;
      if (known == null) {
        known =
            judged(new ReferenceIdentity(List.of(), Set.of(), roots)) instanceof Verdict.Trusted;
        isMatch = known;
      }
      return known;
    }

    private Verdict judged(ReferenceIdentity references) {
      return verifier.verify(chain, references, PeerRole.CLIENT).verdict();
    }
  }

  @Override
  public void close() {
    background.close();
  }
}
