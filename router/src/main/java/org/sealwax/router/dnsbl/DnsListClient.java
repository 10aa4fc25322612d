package org.sealwax.router.dnsbl;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;
import org.sealwax.router.log.MailLog;

/**
 * Asks block and allow lists about clients, of all sessions together. All lists have a small part
 * of the resolver's concurrent questions, which deliveries need, and each list a part of that; a
 * list that fails many times in a row is not asked for a while, so that a dead list costs sessions
 * their wait only for a moment. Thread-safe.
 */
public final class DnsListClient {
  /** Lists have this part of the questions that the resolver asks at once. */
  public static final int SHARE = 4;

  /** Time that a session waits for its lists, all together. */
  public static final Duration WAIT = Duration.ofSeconds(5);

  /** Failures in a row after which a list is not asked for a while. */
  static final int MAX_FAILURES = 10;

  /** Time for which a list that only fails is not asked. */
  static final Duration PAUSE = Duration.ofMinutes(1);

  private final Resolver resolver;
  private final int atOnce;
  private final Duration wait;
  private final Clock clock;
  private final MailLog log;

  /** Zones beyond the configured ones are those of former configurations. */
  private final Map<ZoneSlots, ZoneShare> zones = BoundedMap.byUse(2 * DnsList.MAX_LISTS);

  /**
   * Asks this resolver.
   *
   * @param atOnce look-ups at a time, of all lists
   */
  public DnsListClient(Resolver resolver, int atOnce, Clock clock, MailLog log) {
    this(resolver, atOnce, WAIT, clock, log);
  }

  DnsListClient(Resolver resolver, int atOnce, Duration wait, Clock clock, MailLog log) {
    this.wait = wait;
    this.resolver = resolver;
    this.atOnce = atOnce;
    this.clock = clock;
    this.log = log;
  }

  /** A list, and how many slots it has under a configuration. */
  private record ZoneSlots(Domain zone, int slots) {}

  /** The look-ups of one list. */
  private static final class ZoneShare {
    private final Semaphore slots;
    private int failures;
    private long pausedUntil;

    private ZoneShare(int slots) {
      this.slots = new Semaphore(slots);
    }

    synchronized boolean isPaused(long now) {
      return failures >= MAX_FAILURES && now - pausedUntil < 0;
    }

    synchronized void answered(boolean works, long now) {
      failures = works ? 0 : failures + 1;
      pausedUntil = now + PAUSE.toNanos();
    }
  }

  /** A running query of one list. */
  private static final class ListQuery {
    private final DnsList list;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile ListAnswer answer = new ListAnswer.NoAnswer("no answer in time");
    private volatile String text = "";

    private ListQuery(DnsList list) {
      this.list = list;
    }

    void await(long nanos) {
      try {
        var _ = ended.await(nanos, TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Asks all lists side by side and waits for a limited time. */
  ListVerdict ask(List<DnsList> lists, InetSocketAddress client, String session) {
    long deadline = clock.nanoTime() + wait.toNanos();
    int slots = Math.max(1, atOnce / lists.size());
    List<ListQuery> queries = new ArrayList<>(lists.size());
    for (DnsList list : lists) {
      ListQuery query = new ListQuery(list);
      queries.add(query);
      ZoneShare share = share(list.zone(), slots);
      Threads.start("dnsbl", () -> run(query, share, client.getAddress(), deadline));
    }
    List<ListVerdict.AnsweredList> answers = new ArrayList<>(lists.size());
    for (ListQuery query : queries) {
      query.await(deadline - clock.nanoTime());
      ListVerdict.AnsweredList answer =
          new ListVerdict.AnsweredList(query.list, query.answer, query.text);
      answers.add(answer);
      note(answer, client, session);
    }
    return ListVerdict.of(answers);
  }

  private ZoneShare share(Domain zone, int slots) {
    synchronized (zones) {
      return zones.computeIfAbsent(new ZoneSlots(zone, slots), z -> new ZoneShare(slots));
    }
  }

  private void run(ListQuery query, ZoneShare share, InetAddress client, long deadline) {
    try {
      if (share.isPaused(clock.nanoTime())) {
        query.answer = new ListAnswer.NoAnswer("not asked after many failures");
      } else if (share.slots.tryAcquire(deadline - clock.nanoTime(), TimeUnit.NANOSECONDS)) {
        try {
          lookUp(query, share, client, deadline);
        } finally {
          share.slots.release();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      query.ended.countDown();
    }
  }

  private void lookUp(ListQuery query, ZoneShare share, InetAddress client, long deadline) {
    Domain name = query.list.nameOf(client);
    DnsAnswer<InetAddress> codes = resolver.addresses(name, Resolver.AddressFamily.IPV4);
    query.answer = ListAnswer.of(query.list, codes);
    long now = clock.nanoTime();
    share.answered(codes.kind() != DnsAnswer.Kind.UNKNOWN, now);
    boolean explains =
        query.answer instanceof ListAnswer.Listed
            && query.list.action() == DnsList.Action.REFUSE
            && now - deadline < 0;
    if (explains) {
      query.text = ListAnswer.text(resolver.txt(name));
    }
  }

  private void note(ListVerdict.AnsweredList answered, InetSocketAddress client, String session) {
    DnsList list = answered.list();
    switch (answered.answer()) {
      case ListAnswer.Listed l ->
          log.listed(
              session,
              client,
              list.zone(),
              l.codes(),
              list.action().name().toLowerCase(Locale.ROOT));
      case ListAnswer.QueryRefused r -> log.listRefusedQuery(list.zone(), r.code());
      case ListAnswer.NoAnswer n -> log.listFailed(list.zone(), n.reason());
      case ListAnswer.NotListed _ -> {}
    }
  }
}
