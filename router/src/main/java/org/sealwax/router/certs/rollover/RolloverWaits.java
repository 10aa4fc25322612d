package org.sealwax.router.certs.rollover;

import java.time.Duration;

/**
 * How long each wait is. A cache keeps records for their time to live; twice that allows for
 * servers behind one address that lag without being seen.
 *
 * @param old least time for which the record of the old key stays after the load: a state folder
 *     from a backup of that age still has a key that is published
 * @param tickets for how long tickets of the old pair are accepted after the load
 */
public record RolloverWaits(Duration old, Duration tickets) {
  /** Time between two queries of the servers: at least, and at most. */
  static final Duration SHORTEST_LOOK = Duration.ofSeconds(1);

  static final Duration LONGEST_LOOK = Duration.ofMinutes(10);

  /** Of a server without a rollover: times to live that were longer are remembered. */
  static final Duration IDLE_LOOK = Duration.ofHours(6);

  /** What caches may keep after a change that all servers show, by the longest time to live. */
  Duration caches(Duration ttl) {
    return ttl.multipliedBy(2);
  }

  /** From the load to the removal of the old record. */
  Duration drain(Duration ttl) {
    Duration longer = old.compareTo(tickets) > 0 ? old : tickets;
    return longer.compareTo(caches(ttl)) > 0 ? longer : caches(ttl);
  }

  /** {@return the time from one query of the servers to the next} */
  Duration look(Duration ttl) {
    Duration half = ttl.dividedBy(2);
    return half.compareTo(SHORTEST_LOOK) < 0
        ? SHORTEST_LOOK
        : half.compareTo(LONGEST_LOOK) > 0 ? LONGEST_LOOK : half;
  }

  /** The same while the old pair drains. */
  Duration drainLook(Duration ttl) {
    Duration quarter = drain(ttl).dividedBy(4);
    return quarter.compareTo(look(ttl)) < 0
        ? look(ttl)
        : quarter.compareTo(IDLE_LOOK) > 0 ? IDLE_LOOK : quarter;
  }

  /**
   * The longest time between two queries for which what both show is taken to be so in between. A
   * restart after a longer time, or one with a state folder from a backup, begins the wait again.
   */
  Duration gap(Duration ttl) {
    return look(ttl).multipliedBy(3);
  }
}
