package org.sealwax.lab.site;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.sealwax.lab.traps.Trap;

/**
 * What was seen of the sender at one trap. Thread-safe; bounded: what comes after the bound is
 * counted only.
 */
public final class Sighting {
  /** Events kept: a conversation has about 30, a sender that never gives up could fill memory. */
  public static final int MAX_EVENTS = 2_000;

  /** Octets of a hello kept: real ones are below 3,000. */
  public static final int MAX_HELLO = 16 * 1_024;

  /** Characters of a line kept. */
  public static final int MAX_LINE = 500;

  /** What an event takes besides its text, about. */
  private static final int EVENT = 120;

  private final Trap.Case row;
  private final AtomicLong octets;
  private final List<Event> events = new ArrayList<>();
  private int connections;
  private long dropped;

  Sighting(Trap.Case row) {
    this(row, new AtomicLong(Long.MAX_VALUE));
  }

  /**
   * @param octets what may still be kept, shared by the rows of a token
   */
  public Sighting(Trap.Case row, AtomicLong octets) {
    this.row = row;
    this.octets = octets;
  }

  /** Of what. */
  public Trap.Case row() {
    return row;
  }

  synchronized int connection() {
    return ++connections;
  }

  public synchronized void add(Event event) {
    int size = size(event);
    if (events.size() < MAX_EVENTS && octets.addAndGet(-size) >= 0) {
      events.add(event);
    } else {
      dropped++;
    }
  }

  private static int size(Event event) {
    return EVENT
        + switch (event) {
          case Event.Hello h -> h.raw().length;
          case Event.Secured s -> s.clientChain().stream().mapToInt(c -> c.length).sum();
          case Event.Said s -> 2 * s.text().length();
          case Event.Asked a -> 2 * a.name().length();
          case Event.Fetched f -> 2 * (f.path().length() + f.trouble().length());
          case Event.Unsecured u -> 2 * u.why().length();
          case Event.Reported r -> r.types().stream().mapToInt(t -> 2 * t.length()).sum();
          case Event.Connected c -> 0;
          case Event.Delivered d -> 0;
          case Event.Fooled f -> 0;
          case Event.Closed c -> 0;
          case Event.Turned t -> 0;
          case Event.Bounced b -> 2 * (b.action().length() + b.status().length());
        };
  }

  /** Grows with every event: for who wants to know whether there is something new. */
  public synchronized long version() {
    return events.size() + dropped;
  }

  /** Everything so far, in order. */
  public synchronized List<Event> events() {
    return List.copyOf(events);
  }

  /** Events that were not kept. */
  public synchronized long dropped() {
    return dropped;
  }

  /** Connections made to its hosts. */
  public synchronized int connections() {
    return connections;
  }

  /** Whether anything was seen at all. */
  public synchronized boolean isUntouched() {
    return events.isEmpty();
  }
}
