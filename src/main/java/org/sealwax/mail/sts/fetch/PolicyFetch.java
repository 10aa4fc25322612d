package org.sealwax.mail.sts.fetch;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.http.HttpReply;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.sts.StsPolicy;

/**
 * One fetch of a policy: what it came to, and everything that was seen on the way.
 *
 * @param outcome in one word of this room
 * @param exchange addresses, handshake with its verdict, status, fields, content; null when the
 *     domain's name is too long to have a policy host
 */
public record PolicyFetch(Outcome outcome, @Nullable HttpsExchange exchange) {
  /** What a fetch came to. Only {@link Obtained} brings a policy. */
  public sealed interface Outcome {
    /** In words for logs and people. */
    String text();

    /** A policy. */
    record Obtained(StsPolicy policy) implements Outcome {
      @Override
      public String text() {
        return "a policy in mode " + policy.mode().word();
      }
    }

    /**
     * A policy that may be read and must not be followed: the certificate does not hold. Only where
     * the certificate was to be judged and not demanded.
     */
    record Unproven(StsPolicy policy, String text) implements Outcome {}

    /** No answer. */
    record Unreachable(String text) implements Outcome {}

    /** A status other than 200 (RFC 8461 3.3). */
    record Status(int status) implements Outcome {
      @Override
      public String text() {
        return "status " + status + " instead of 200";
      }
    }

    /**
     * A redirect, which is not followed (RFC 8461 3.3).
     *
     * @param location where to; empty when it does not say
     */
    record Redirect(int status, String location) implements Outcome {
      @Override
      public String text() {
        return "a redirect, which must not be followed";
      }
    }

    /**
     * Not text/plain (RFC 8461 3.2).
     *
     * @param type as sent; empty for none
     */
    record MediaType(String type) implements Outcome {
      @Override
      public String text() {
        return "a media type other than text/plain";
      }
    }

    /** The file breaks the grammar. */
    record Flawed(StsPolicy.Reading.Flawed flaw) implements Outcome {
      @Override
      public String text() {
        return "not a policy: " + flaw.text();
      }
    }
  }

  /**
   * Whether the domain was heard and serves no policy: what came by verified HTTPS and is none, now
   * and at every other fetch until its owner changes it. Nothing is waited for then.
   */
  public boolean isInvalid() {
    return switch (outcome) {
      case Outcome.MediaType m -> true;
      case Outcome.Flawed f -> true;
      case Outcome.Obtained o -> false;
      case Outcome.Unproven u -> false;
      case Outcome.Unreachable u -> false;
      case Outcome.Status s -> false;
      case Outcome.Redirect r -> false;
    };
  }

  /**
   * What an exchange means (RFC 8461 3.2, 3.3), the certificate apart.
   *
   * @param strict a deviation that senders can pass over counts as a flaw
   */
  static Outcome meaning(HttpReply reply, boolean strict) {
    int status = reply.status();
    if (status >= 300 && status < 400) {
      return new Outcome.Redirect(status, reply.field("location").orElse(""));
    }
    if (status != 200) {
      return new Outcome.Status(status);
    }
    Optional<String> type = reply.field("content-type");
    if (!StsPolicy.isMediaType(type.orElse(null))) {
      return new Outcome.MediaType(type.orElse("").toLowerCase(Locale.ROOT));
    }
    return switch (StsPolicy.read(reply.body())) {
      case StsPolicy.Reading.Sound s ->
          strict && !s.deviations().isEmpty()
              ? new Outcome.Flawed(s.deviations().getFirst())
              : new Outcome.Obtained(s.policy());
      case StsPolicy.Reading.Flawed f -> new Outcome.Flawed(f);
    };
  }
}
