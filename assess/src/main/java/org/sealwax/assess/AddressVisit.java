package org.sealwax.assess;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.AddressFacts;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;

/**
 * One address that is being scanned: its location, the scan's limits, and the facts so far. Given
 * to each {@link Probe} in turn; one probe at a time.
 */
public final class AddressVisit {
  private final FindingLocation location;
  private final @Nullable Domain serverName;
  private final TlsStart tlsStart;
  private final @Nullable Domain nextHop;
  private final String ehlo;
  private final ScanDepth depth;
  private final ConnectionBudget connections;
  private final Clock clock;
  private long end;
  private final AddressFacts facts = new AddressFacts();
  private final ProgressListener progress;
  private int pauses;
  private Duration waited = Duration.ZERO;

  /**
   * A visit that begins.
   *
   * @param location with an address
   * @param serverName to ask for by SNI, or null for none
   * @param nextHop the domain whose MX this is, or null
   * @param ehlo the name we give
   * @param end on the clock's nanosecond count, when everything must be over
   */
  public AddressVisit(
      FindingLocation location,
      @Nullable Domain serverName,
      TlsStart tlsStart,
      @Nullable Domain nextHop,
      String ehlo,
      AssessmentBudget budget,
      Clock clock,
      long end,
      ProgressListener progress) {
    this.location = location;
    this.serverName = serverName;
    this.tlsStart = tlsStart;
    this.nextHop = nextHop;
    this.ehlo = ehlo;
    this.depth = budget.depth();
    this.connections = new ConnectionBudget(budget.connections());
    this.clock = clock;
    this.end = end;
    this.progress = progress;
  }

  /** Host, address and port. */
  public FindingLocation location() {
    return location;
  }

  /** The check of the receiving side with this id, at this location. */
  public LocatedCheck check(String id) {
    return Check.of(id).at(location);
  }

  /** The name that senders ask for by SNI; null for an address without a name. */
  public @Nullable Domain serverName() {
    return serverName;
  }

  /** How TLS begins here. */
  public TlsStart entry() {
    return tlsStart;
  }

  /** The domain whose MX this is, or null when a host was asked for. */
  public @Nullable Domain nextHop() {
    return nextHop;
  }

  /** The name for EHLO. */
  public String ehlo() {
    return ehlo;
  }

  /** The depth of the scan. */
  public ScanDepth depth() {
    return depth;
  }

  /** Each connection is taken from here before it is opened. */
  public ConnectionBudget connections() {
    return connections;
  }

  /** Time left for everything; zero or less when it is over. */
  public Duration timeLeft() {
    return Duration.ofNanos(end - clock.nanoTime());
  }

  /** Moves the end: time spent in waiting for a slot does not count for the target. */
  public void postpone(Duration waited) {
    end += waited.toNanos();
  }

  /** What was seen so far. */
  public AddressFacts facts() {
    return facts;
  }

  /**
   * Pauses made so far because the server asked for one. Here and not with a probe, so that each
   * probe does not wait for a busy server again.
   */
  public int pauses() {
    return pauses;
  }

  /** Counts a pause. */
  public void paused() {
    pauses++;
  }

  /** Time spent in waits for greetings and replies. */
  public Duration waited() {
    return waited;
  }

  /** Adds such a wait. */
  public void waited(Duration more) {
    waited = waited.plus(more);
  }

  /** Notifies the user of the current step. */
  public void reportProgress(String what) {
    progress.checking(location, what, connections.opened());
  }
}
