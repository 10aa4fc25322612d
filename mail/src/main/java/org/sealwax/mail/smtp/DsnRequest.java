package org.sealwax.mail.smtp;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of RCPT: what the sender wants to be notified of (RFC 3461 4.1, 4.2).
 *
 * @param when events to notify of; empty when NOTIFY was not given (then failures and delays)
 * @param never NOTIFY=NEVER
 * @param originalRecipient ORCPT as given, {@code rfc822;user@example.org} in xtext, or null
 */
public record DsnRequest(Set<NotifyEvent> when, boolean never, @Nullable String originalRecipient) {
  /** NOTIFY values. */
  public enum NotifyEvent {
    /** {@code NOTIFY=SUCCESS}. */
    SUCCESS,
    /** {@code NOTIFY=FAILURE}. */
    FAILURE,
    /** {@code NOTIFY=DELAY}. */
    DELAY
  }

  private static final Set<NotifyEvent> USUAL = Set.of(NotifyEvent.FAILURE, NotifyEvent.DELAY);
  private static final DsnRequest NONE = new DsnRequest(Set.of(), false, null);

  /** Copies, and keeps NEVER exclusive. */
  public DsnRequest {
    when = when.isEmpty() ? Set.of() : Set.copyOf(EnumSet.copyOf(when));
    if (never && !when.isEmpty()) {
      throw new IllegalArgumentException("NEVER excludes the others (RFC 3461 4.1)");
    }
  }

  /**
   * {@return the union of two requests, where two recipients of the client are one target} Each
   * notification that either of them asks for, and NEVER only if both have it. ORCPT is that of
   * this one, unless this one asks for no notification.
   *
   * @param other the other request
   */
  public DsnRequest and(DsnRequest other) {
    if (never || other.never) {
      return other.never ? this : other;
    }
    if (when.isEmpty() && other.when.isEmpty()) {
      return this;
    }
    Set<NotifyEvent> either = EnumSet.copyOf(effectiveNotify());
    either.addAll(other.effectiveNotify());
    return new DsnRequest(either, false, originalRecipient);
  }

  /**
   * {@return whether the sender wants to be notified of an event}
   *
   * @param event what happened
   */
  public boolean wants(NotifyEvent event) {
    return effectiveNotify().contains(event);
  }

  /** What is notified for a recipient without NOTIFY (RFC 3461 4.1). */
  private Set<NotifyEvent> effectiveNotify() {
    return when.isEmpty() && !never ? USUAL : when;
  }

  /** {@return the parameters as the command has them, for example {@code NOTIFY=NEVER}} */
  public List<String> words() {
    List<String> words = new ArrayList<>();
    if (never) {
      words.add("NOTIFY=NEVER");
    } else if (!when.isEmpty()) {
      words.add(
          when.stream().sorted().map(Enum::name).collect(Collectors.joining(",", "NOTIFY=", "")));
    }
    if (originalRecipient != null) {
      words.add("ORCPT=" + originalRecipient);
    }
    return List.copyOf(words);
  }

  /** {@return whether NOTIFY or ORCPT was given} */
  public boolean isGiven() {
    return never || !when.isEmpty() || originalRecipient != null;
  }

  /** {@return no parameters} */
  public static DsnRequest none() {
    return NONE;
  }
}
