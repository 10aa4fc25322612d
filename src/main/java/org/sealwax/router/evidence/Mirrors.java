package org.sealwax.router.evidence;

import java.io.Closeable;
import java.io.UncheckedIOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixes;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Mx;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.policy.Subject;
import org.sealwax.mail.tls.Judge;
import org.sealwax.mail.tls.verdict.Associations;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.ledger.Proven;
import org.sealwax.router.log.MailLog;

/**
 * What is known of the own MX hosts of peers that the configuration names, so that they are known
 * again when they come as clients: the keys and names that the ledger saw at verified hosts, and
 * TLSA records that DNSSEC proves, from the MX answer on.
 *
 * <p>It is looked up in the background, each peer by itself and never more often than {@link
 * #SOONEST}, whoever connects: a session only reads what is there, so a stranger can neither cause
 * a look-up nor wait for one. What could not be renewed counts until its time is over and no
 * longer. Thread-safe.
 */
public final class Mirrors implements Mirror, Closeable {
  /** Peers: each is looked up all the time, and compared with at each handshake. */
  public static final int MOST_PEERS = 64;

  /** MX hosts of a peer; big honest sites have about ten, and one of these is who sends. */
  static final int MOST_HOSTS = 16;

  /** Between two looks at one peer. */
  static final Duration SOONEST = Duration.ofMinutes(5);

  /** Between two looks at one peer whose records live long. */
  static final Duration LATEST = Duration.ofHours(1);

  /** How long records count whose time to live is shorter: over one look that failed. */
  static final Duration LEAST_LIFE = SOONEST.multipliedBy(2);

  /** How long records count whose time to live is longer. */
  static final Duration MOST_LIFE = Duration.ofDays(1);

  /** How long a key counts after the last verified session with it: certificates are renewed. */
  static final Duration KEY_LIFE = Duration.ofDays(14);

  private static final Duration SWEEP = Duration.ofSeconds(10);

  /**
   * A row.
   *
   * @param domain whose MX hosts are meant
   * @param relay whether they may send anywhere
   */
  public record Peer(Domain domain, boolean relay) {}

  /** What the ledger knows. Thread-safe; may read the disk. */
  @FunctionalInterface
  public interface Memory {
    /** MX hosts of {@code domain} that were verified since then. */
    List<Proven> proven(Domain domain, Instant since);
  }

  /**
   * What they work with.
   *
   * @param dane evidence about TLSA records
   * @param memory the ledger
   */
  public record World(
      Resolver resolver,
      Source dane,
      Memory memory,
      Judge judge,
      Clock clock,
      Chance chance,
      MailLog log) {}

  /**
   * One way to know one host.
   *
   * @param keys that it showed
   * @param named whether its name counts, under a chain that holds
   * @param associations of its TLSA records
   * @param own whether it belongs to the peer alone, as far as names tell
   * @param until when it stops counting
   */
  private record Image(
      Domain host,
      Set<Pin> keys,
      boolean named,
      Associations associations,
      boolean own,
      Instant until) {}

  /** What is known of one peer, and when it is looked at again. */
  private record Known(List<Image> images, Instant next) {}

  /** The rows in force and the roots that names need. */
  private record Rows(List<Peer> peers, TrustRoots roots) {}

  private final World world;
  private final PublicSuffixes suffixes = PublicSuffixes.bundled();
  private final Map<Domain, Known> known = new HashMap<>();
  private final Set<Domain> looking = new HashSet<>();
  private final Semaphore wake = new Semaphore(0);
  private volatile Rows rows = new Rows(List.of(), TrustRoots.none());
  private volatile boolean closed;
  private @Nullable Thread background;

  /** Nothing is looked up before {@link #start}. */
  public Mirrors(World world) {
    this.world = world;
  }

  /**
   * Puts rows in force; what is known of peers that stay is kept.
   *
   * @param peers at most {@link #MOST_PEERS}, no domain twice
   * @param roots for names; the public ones and those of the configuration
   */
  public void use(List<Peer> peers, TrustRoots roots) {
    if (peers.size() > MOST_PEERS) {
      throw new IllegalArgumentException("too many peers");
    }
    rows = new Rows(List.copyOf(peers), roots);
    Set<Domain> named = new HashSet<>();
    peers.forEach(p -> named.add(p.domain()));
    synchronized (known) {
      known.keySet().retainAll(named);
    }
    wake.release();
  }

  /**
   * What is known of a peer, for people.
   *
   * @param by the records, keys and names; {@code nothing} when there are none
   * @param relay what the row says
   * @param next when it is looked at again; null before the first look
   */
  public record Account(String by, boolean relay, @Nullable Instant next) {}

  /** What is known now of a peer that a row names. */
  public Optional<Account> account(Domain peer) {
    return rows.peers().stream()
        .filter(p -> p.domain().equals(peer))
        .findFirst()
        .map(
            p -> {
              Known k;
              synchronized (known) {
                k = known.get(peer);
              }
              Instant now = world.clock().now();
              List<Image> images =
                  k == null
                      ? List.of()
                      : k.images().stream().filter(i -> i.until().isAfter(now)).toList();
              return new Account(told(images), p.relay(), k == null ? null : k.next());
            });
  }

  /** Looks at every peer whose time has come, and waits for what is found. */
  public void lookNow() {
    due().forEach(this::look);
  }

  /** Begins to look, and goes on. */
  public synchronized void start() {
    if (background == null) {
      background = Supervisor.start("mirrors", () -> closed, this::keep);
    }
  }

  private void keep() {
    try {
      while (!closed) {
        try {
          for (Domain peer : due()) {
            Threads.start("mirror " + peer, () -> look(peer));
          }
        } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
          world.log().bug("mirrors", e);
        }
        if (rows.peers().isEmpty()) {
          wake.acquire();
        } else {
          boolean woken = wake.tryAcquire(SWEEP.toMillis(), TimeUnit.MILLISECONDS);
          if (woken) {
            wake.drainPermits();
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Peers whose time has come; each must be looked at then. */
  List<Domain> due() {
    Instant now = world.clock().now();
    List<Domain> due = new ArrayList<>();
    synchronized (known) {
      for (Peer peer : rows.peers()) {
        Known k = known.get(peer.domain());
        boolean isTime = k == null || !k.next().isAfter(now);
        if (isTime && looking.add(peer.domain())) {
          due.add(peer.domain());
        }
      }
    }
    return due;
  }

  /** Looks at one peer; blocks on the DNS for as long as the resolver lets it. */
  void look(Domain peer) {
    Instant now = world.clock().now();
    List<Image> before;
    synchronized (known) {
      Known k = known.get(peer);
      before = k == null ? List.of() : k.images();
    }
    List<Image> images = new ArrayList<>();
    try {
      images.addAll(remembered(peer, now));
      images.addAll(published(peer, now, before));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      // A bug of ours must not end the looks for good.
      world.log().bug("mirror of " + peer, e);
    }
    Known made = new Known(List.copyOf(images), next(images, now));
    synchronized (known) {
      looking.remove(peer);
      if (rows.peers().stream().anyMatch(p -> p.domain().equals(peer))) {
        known.put(peer, made);
      }
    }
    if (!told(images).equals(told(before))) {
      world.log().note("mirror", peer + " is known by " + told(images));
    }
  }

  private static String told(List<Image> images) {
    List<String> out = new ArrayList<>();
    for (Image i : images) {
      out.add(
          (i.associations().records().isEmpty()
                  ? i.keys().size() + (i.keys().size() == 1 ? " key" : " keys") + " and name of "
                  : i.associations().records().size() + " TLSA of ")
              + i.host()
              + (i.own() ? "" : " (of others too: no relay)"));
    }
    return out.isEmpty() ? "nothing" : String.join(", ", out);
  }

  private Instant next(List<Image> images, Instant now) {
    Duration wait = LATEST;
    for (Image image : images) {
      Duration half = Duration.between(now, image.until()).dividedBy(2);
      wait = half.compareTo(wait) < 0 ? half : wait;
    }
    if (images.isEmpty() || wait.compareTo(SOONEST) < 0) {
      wait = SOONEST;
    }
    // Not all peers at the same moment.
    return now.plus(wait).plusMillis((long) (wait.toMillis() * world.chance().fraction() / 10));
  }

  private List<Image> remembered(Domain peer, Instant now) {
    List<Image> out = new ArrayList<>();
    try {
      for (Proven p : world.memory().proven(peer, now.minus(KEY_LIFE))) {
        Instant old = p.last().plus(KEY_LIFE);
        Instant until = now.plus(LATEST.multipliedBy(2));
        out.add(
            new Image(
                p.host(),
                p.keys(),
                true,
                Associations.NONE,
                isOwn(peer, p.host()),
                old.isBefore(until) ? old : until));
      }
    } catch (UncheckedIOException e) {
      world.log().warning("mirror", "the ledger's row of " + peer + ": " + e.getMessage());
    }
    return out;
  }

  /** TLSA records, where DNSSEC proves every step from the domain to them. */
  private List<Image> published(Domain peer, Instant now, List<Image> before)
      throws InterruptedException {
    Answer<Mx> answer = world.resolver().mx(peer);
    return switch (MxSet.of(peer, answer, Set.of(), world.chance())) {
      case MxSet.Hosts hosts -> {
        List<Image> out = new ArrayList<>();
        if (hosts.security() != Security.SECURE) {
          yield out;
        }
        Instant mxUntil = now.plus(answer.ttl());
        for (MxSet.Target target :
            hosts.targets().subList(0, Math.min(MOST_HOSTS, hosts.targets().size()))) {
          out.addAll(records(peer, target.host(), mxUntil, now, before));
        }
        yield out;
      }
      case MxSet.Trouble t -> stillGood(before, null, now);
      case MxSet.NullMx n -> List.of();
      case MxSet.NoSuchDomain n -> List.of();
      case MxSet.LoopsBack l -> List.of();
    };
  }

  private List<Image> records(
      Domain peer, Domain host, Instant mxUntil, Instant now, List<Image> before)
      throws InterruptedException {
    List<Image> out = new ArrayList<>();
    for (Evidence evidence : world.dane().about(new Subject(peer, host, true))) {
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
              new Image(host, Set.of(), false, usable.associations(), isOwn(peer, host), until));
        }
        // Not "no records": what was proven before counts until its time is over.
        case DaneState.Trouble t -> out.addAll(stillGood(before, host, now));
        case DaneState.Unusable u -> {}
        case DaneState.Absent a -> {}
      }
    }
    return out;
  }

  private static List<Image> stillGood(List<Image> before, @Nullable Domain host, Instant now) {
    return before.stream()
        .filter(i -> !i.associations().records().isEmpty() && i.until().isAfter(now))
        .filter(i -> host == null || i.host().equals(host))
        .toList();
  }

  /** A provider's host is its customers' host too: it is not the peer who comes from there. */
  private boolean isOwn(Domain peer, Domain host) {
    Optional<Domain> mine = suffixes.registrable(peer);
    return mine.isPresent() && mine.equals(suffixes.registrable(host));
  }

  @Override
  public Optional<Likeness> of(List<X509Certificate> chain) {
    Rows now = rows;
    if (chain.isEmpty() || now.peers().isEmpty()) {
      return Optional.empty();
    }
    List<Found> found = new Look(chain, now.roots(), world.clock().now()).among(now.peers());
    // One host may be the MX of several peers: what grants most is asked for.
    return found.stream()
        .max(Comparator.comparing((Found f) -> f.relay()))
        .map(
            f ->
                new Likeness(
                    f.peer(),
                    new Verdict.Verified(Verdict.By.MIRROR, f.peer() + " " + f.how()),
                    f.relay()));
  }

  private record Found(Domain peer, String how, boolean relay) {}

  /** One certificate, held against all peers. */
  private final class Look {
    private final List<X509Certificate> chain;
    private final TrustRoots roots;
    private final Instant now;
    private final Pin pin;
    private @Nullable Boolean holds;

    Look(List<X509Certificate> chain, TrustRoots roots, Instant now) {
      this.chain = chain;
      this.roots = roots;
      this.now = now;
      this.pin = Pins.of(chain.getFirst());
    }

    List<Found> among(List<Peer> peers) {
      List<Found> out = new ArrayList<>();
      for (Peer peer : peers) {
        Known k;
        synchronized (known) {
          k = known.get(peer.domain());
        }
        if (k == null) {
          continue;
        }
        for (Image image : k.images()) {
          String how = image.until().isAfter(now) ? how(image) : null;
          if (how != null) {
            out.add(new Found(peer.domain(), how, peer.relay() && image.own()));
          }
        }
      }
      return out;
    }

    private @Nullable String how(Image image) {
      if (image.keys().contains(pin)) {
        return "key";
      }
      if (image.named()
          && NameCheck.match(chain.getFirst(), List.of(image.host())).isPresent()
          && holds()) {
        return "name " + image.host();
      }
      if (!image.associations().records().isEmpty()
          && judged(new References(List.of(), Set.of(), TrustRoots.none(), image.associations()))
              instanceof Verdict.Verified) {
        return "tlsa";
      }
      return null;
    }

    private boolean holds() {
      Boolean known = holds;
      if (known == null) {
        known = judged(new References(List.of(), Set.of(), roots)) instanceof Verdict.Trusted;
        holds = known;
      }
      return known;
    }

    private Verdict judged(References references) {
      return world.judge().judge(chain, references, PeerRole.CLIENT).verdict();
    }
  }

  @Override
  public void close() {
    closed = true;
    wake.release();
  }
}
