package org.sealwax.lab.site;

import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One token: a set of sites of its own, and what was seen at them. Thread-safe. */
public final class LabToken implements Closeable {
  private final String token;
  private final String zone;
  private final Map<String, Sighting> sightings;
  private final Map<String, String> setupFailures;
  private final Closeable end;

  LabToken(
      String token,
      String zone,
      Map<String, Sighting> sightings,
      Map<String, String> troubles,
      Closeable end) {
    this.token = token;
    this.zone = zone;
    this.sightings = Collections.unmodifiableMap(new LinkedHashMap<>(sightings));
    this.setupFailures = Map.copyOf(troubles);
    this.end = end;
  }

  /** The label in all names of this token. */
  public String token() {
    return token;
  }

  /** The part of the DNS that belongs to this token. */
  public String zone() {
    return zone;
  }

  /** The address to send from, so that bounces come back and are seen. */
  public String sender() {
    return "sender@bounce." + zone;
  }

  /** The addresses to send to, in the order of the test cases. */
  public List<String> recipients() {
    return sightings.keySet().stream().map(this::recipient).toList();
  }

  /** The address of one test case. */
  public String recipient(String label) {
    return "probe@" + label + "." + zone;
  }

  /** What was seen in one test case. */
  public Optional<Sighting> find(String label) {
    return Optional.ofNullable(sightings.get(label));
  }

  /**
   * What was seen in one test case of this token.
   *
   * @throws IllegalArgumentException when it has no such test case
   */
  public Sighting sighting(String label) {
    return find(label).orElseThrow(() -> new IllegalArgumentException("no trap " + label));
  }

  /** All of it, in the order of the test cases. */
  public Collection<Sighting> sightings() {
    return sightings.values();
  }

  /** Grows with everything that is seen: for callers that check for new events. */
  public long version() {
    return sightings.values().stream().mapToLong(Sighting::version).sum();
  }

  /** Why a test case could not be set up on this machine, by label. */
  public Map<String, String> setupFailures() {
    return setupFailures;
  }

  /** Takes its sites away. */
  @Override
  public void close() throws IOException {
    end.close();
  }
}
