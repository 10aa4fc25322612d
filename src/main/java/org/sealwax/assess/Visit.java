package org.sealwax.assess;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.Budget;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Place;
import org.sealwax.assess.model.Sightings;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;

/**
 * One address that is being looked at: where it is, what the look may cost, and what was seen so
 * far. Given to each {@link Probe} in turn; one probe at a time.
 */
public final class Visit {
  private final Place place;
  private final @Nullable Domain serverName;
  private final Entry entry;
  private final @Nullable Domain nextHop;
  private final String ehlo;
  private final Depth depth;
  private final Purse purse;
  private final Clock clock;
  private long end;
  private final Sightings sightings = new Sightings();
  private final Progress progress;
  private int pauses;
  private Duration waited = Duration.ZERO;

  /**
   * A visit that begins.
   *
   * @param place with an address
   * @param serverName to ask for by SNI, or null for none
   * @param nextHop the domain whose MX this is, or null
   * @param ehlo the name we give
   * @param end on the clock's nanosecond count, when everything must be over
   */
  public Visit(
      Place place,
      @Nullable Domain serverName,
      Entry entry,
      @Nullable Domain nextHop,
      String ehlo,
      Budget budget,
      Clock clock,
      long end,
      Progress progress) {
    this.place = place;
    this.serverName = serverName;
    this.entry = entry;
    this.nextHop = nextHop;
    this.ehlo = ehlo;
    this.depth = budget.depth();
    this.purse = new Purse(budget.connections());
    this.clock = clock;
    this.end = end;
    this.progress = progress;
  }

  /** Host, address and port. */
  public Place place() {
    return place;
  }

  /** The name that senders ask for by SNI; null for an address without a name. */
  public @Nullable Domain serverName() {
    return serverName;
  }

  /** How TLS begins here. */
  public Entry entry() {
    return entry;
  }

  /** The domain whose MX this is, or null when a host was asked for. */
  public @Nullable Domain nextHop() {
    return nextHop;
  }

  /** The name for EHLO. */
  public String ehlo() {
    return ehlo;
  }

  /** How much is looked at. */
  public Depth depth() {
    return depth;
  }

  /** Each connection is taken from here before it is opened. */
  public Purse purse() {
    return purse;
  }

  /** Time left for everything; zero or less when it is over. */
  public Duration left() {
    return Duration.ofNanos(end - clock.nanoTime());
  }

  /** Moves the end: time spent in waiting for a turn is not the target's. */
  public void postpone(Duration waited) {
    end += waited.toNanos();
  }

  /** What was seen so far. */
  public Sightings sightings() {
    return sightings;
  }

  /**
   * Pauses made so far because the server asked for one. Here and not with a probe, so that a busy
   * server is not waited for by each of them anew.
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

  /** Tells the person who waits what is being done now. */
  public void doing(String what) {
    progress.doing(place, what, purse.spent());
  }
}
