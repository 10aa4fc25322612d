package org.sealwax.lab;

import java.util.ArrayList;
import java.util.List;

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

  private final Trap.Case row;
  private final List<Event> events = new ArrayList<>();
  private int connections;
  private long dropped;

  Sighting(Trap.Case row) {
    this.row = row;
  }

  /** Of what. */
  public Trap.Case row() {
    return row;
  }

  synchronized int connection() {
    return ++connections;
  }

  synchronized void add(Event event) {
    if (events.size() < MAX_EVENTS) {
      events.add(event);
    } else {
      dropped++;
    }
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
