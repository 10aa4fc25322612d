package org.sealwax.testkit.zone;

import java.net.InetAddress;
import java.util.List;
import java.util.function.Consumer;

/** Zones that are served and may be changed meanwhile. Thread-safe. */
public interface ServedZones {
  /**
   * One question as it came in.
   *
   * @param name in lower case, without the last dot
   * @param type its mnemonic, {@code TLSA}
   * @param dnssecOk whether DO was set (RFC 3225)
   * @param checkingDisabled whether CD was set (RFC 4035 3.2.2)
   * @param stream whether it came over TCP
   * @param from address of the client
   */
  record ReceivedQuery(
      String name,
      String type,
      boolean dnssecOk,
      boolean checkingDisabled,
      boolean stream,
      InetAddress from) {}

  /**
   * Serves these zones too; those that are there already stay as they are, but for their
   * delegations.
   *
   * @throws IllegalArgumentException when a zone's text is wrong, or its origin is served already
   */
  void add(List<Zone> more);

  /**
   * Serves these zones from now on instead of those of the same origins, with the same keys.
   *
   * @throws IllegalArgumentException when a zone's text is wrong
   */
  void replace(List<Zone> others);

  /** Takes away all zones at and below a name, and the faults there. */
  void remove(String name);

  /** Sets this fault for questions of every type at or below {@code name}; returns itself. */
  ServedZones fault(String name, DnsFault fault);

  /** The same for one type, by its mnemonic ({@code TLSA}). */
  ServedZones fault(String name, String type, DnsFault fault);

  /** Calls this for every question, on the server's thread: it must be quick. */
  void watch(Consumer<ReceivedQuery> with);
}
