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
  /** Events kept: a session has about 30, a sender that never gives up could fill memory. */
  public static final int MAX_EVENTS = 2_000;

  /** Bytes of a ClientHello kept: real ones are below 3,000. */
  public static final int MAX_HELLO = 16 * 1_024;

  /** Characters of a line kept. */
  public static final int MAX_LINE = 500;

  /** Approximate size of an event in addition to its text. */
  private static final int EVENT = 120;

  private final Trap.TrapCase trapCase;
  private final AtomicLong storedBytes;
  private final List<TrapEvent> events = new ArrayList<>();
  private int connections;
  private long dropped;

  /**
   * @param bytes what may still be kept, shared by the test cases of a token
   */
  public Sighting(Trap.TrapCase trapCase, AtomicLong bytes) {
    this.trapCase = trapCase;
    this.storedBytes = bytes;
  }

  /** Of what. */
  public Trap.TrapCase trapCase() {
    return trapCase;
  }

  synchronized int connection() {
    return ++connections;
  }

  public synchronized void add(TrapEvent event) {
    int size = size(event);
    if (events.size() < MAX_EVENTS && storedBytes.addAndGet(-size) >= 0) {
      events.add(event);
    } else {
      dropped++;
    }
  }

  private static int size(TrapEvent event) {
    return EVENT
        + switch (event) {
          case TrapEvent.ClientHelloSeen h -> h.raw().length;
          case TrapEvent.HandshakeCompleted s ->
              s.clientChain().stream().mapToInt(c -> c.length).sum();
          case TrapEvent.SmtpLineSeen s -> 2 * s.text().length();
          case TrapEvent.DnsQueried a -> 2 * a.name().length();
          case TrapEvent.PolicyRequested f -> 2 * (f.path().length() + f.failure().length());
          case TrapEvent.HandshakeAborted u -> 2 * u.reason().length();
          case TrapEvent.TlsReportReceived r ->
              r.types().stream().mapToInt(t -> 2 * t.length()).sum();
          case TrapEvent.HostConnected c -> 0;
          case TrapEvent.MessageAccepted d -> 0;
          case TrapEvent.SenderDeceived f -> 0;
          case TrapEvent.ConnectionClosed c -> 0;
          case TrapEvent.SiteChanged t -> 0;
          case TrapEvent.DsnReturned b -> 2 * (b.action().length() + b.status().length());
        };
  }

  /** Grows with every event: for callers that check for new events. */
  public synchronized long version() {
    return events.size() + dropped;
  }

  /** Everything so far, in order. */
  public synchronized List<TrapEvent> events() {
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
