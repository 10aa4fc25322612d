package org.sealwax.router.certs;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * One line of {@code sealwax status}.
 *
 * @param subject the host or domain that it is about
 * @param topic what it is about
 * @param text what was found, one sentence without its full stop
 * @param action what a person must do; empty: nothing
 * @param values the same for programs, in the order of output: texts, whole numbers and booleans
 */
public record StatusItem(
    Domain subject,
    StatusTopic topic,
    String text,
    Optional<String> action,
    Map<String, Object> values) {
  /** Copies, in order. */
  public StatusItem {
    values = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** {@return an item that needs no person} */
  public static StatusItem of(Domain subject, StatusTopic topic, String text) {
    return new StatusItem(subject, topic, text, Optional.empty(), Map.of());
  }

  /** {@return the same, with what a person must do} */
  public StatusItem needs(String action) {
    return new StatusItem(subject, topic, text, Optional.of(action), values);
  }

  /** {@return the same with a value for programs} */
  public StatusItem with(String member, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(values);
    more.put(member, value);
    return new StatusItem(subject, topic, text, action, more);
  }

  /** A part of the program that has items. */
  @FunctionalInterface
  public interface Source {
    /**
     * {@return the items now} May ask the DNS, for about a minute at most.
     *
     * @throws InterruptedException when the thread is interrupted
     */
    java.util.List<StatusItem> items() throws InterruptedException;
  }
}
