package org.sealwax.mail.sts.fetch;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.sts.StsPolicy;

/**
 * One fetch of a policy: its result, and all facts about the connections.
 *
 * @param outcome the result
 * @param exchange addresses, handshake with its verdict, status, fields, content; null when the
 *     domain's name is too long to have a policy host
 */
public record PolicyFetch(FetchOutcome outcome, @Nullable HttpsExchange exchange) {
  /** The result of a fetch. Only {@link Obtained} brings a policy. */
  public sealed interface FetchOutcome {
    /**
     * In words for logs and people.
     *
     * @return the outcome in words
     */
    String text();

    /**
     * A policy.
     *
     * @param policy the policy as read
     */
    record Obtained(StsPolicy policy) implements FetchOutcome {
      @Override
      public String text() {
        return "a policy in mode " + policy.mode().word();
      }
    }

    /**
     * A policy that may be read and must not be followed: the certificate does not hold. Only where
     * the certificate was to be judged and not demanded.
     *
     * @param policy the policy as read
     * @param text the reason in words, for logs
     */
    record UnverifiedPolicy(StsPolicy policy, String text) implements FetchOutcome {}

    /**
     * No answer.
     *
     * @param text the reason in words, for logs
     */
    record PolicyHostUnreachable(String text) implements FetchOutcome {}

    /**
     * A status other than 200 (RFC 8461 3.3).
     *
     * @param status the HTTP status
     */
    record UnexpectedStatus(int status) implements FetchOutcome {
      @Override
      public String text() {
        return "status " + status + " instead of 200";
      }
    }

    /**
     * A redirect, which is not followed (RFC 8461 3.3).
     *
     * @param status the HTTP status
     * @param location where to; empty when it does not say
     */
    record Redirect(int status, String location) implements FetchOutcome {
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
    record MediaType(String type) implements FetchOutcome {
      @Override
      public String text() {
        return "the media type is not text/plain";
      }
    }

    /**
     * The file breaks the grammar.
     *
     * @param flaw the first error in the file
     */
    record InvalidPolicyFile(StsPolicy.ParsedStsPolicy.StsPolicyFlaw flaw) implements FetchOutcome {
      @Override
      public String text() {
        return "not a policy: " + flaw.text();
      }
    }
  }

  /**
   * {@return whether the domain answered by verified HTTPS and serves no valid policy, now and at
   * every other fetch until its owner changes it} Mail does not wait then.
   */
  public boolean isInvalid() {
    return switch (outcome) {
      case FetchOutcome.MediaType m -> true;
      case FetchOutcome.InvalidPolicyFile f -> true;
      case FetchOutcome.Obtained o -> false;
      case FetchOutcome.UnverifiedPolicy u -> false;
      case FetchOutcome.PolicyHostUnreachable u -> false;
      case FetchOutcome.UnexpectedStatus s -> false;
      case FetchOutcome.Redirect r -> false;
    };
  }

  /**
   * What an exchange means (RFC 8461 3.2, 3.3), the certificate apart.
   *
   * @param strict a deviation that senders can pass over counts as a flaw
   */
  static FetchOutcome meaning(HttpResponse reply, boolean strict) {
    int status = reply.status();
    if (status >= 300 && status < 400) {
      return new FetchOutcome.Redirect(status, reply.field("location").orElse(""));
    }
    if (status != 200) {
      return new FetchOutcome.UnexpectedStatus(status);
    }
    Optional<String> type = reply.field("content-type");
    if (!StsPolicy.isMediaType(type.orElse(null))) {
      return new FetchOutcome.MediaType(type.orElse("").toLowerCase(Locale.ROOT));
    }
    return switch (StsPolicy.read(reply.body())) {
      case StsPolicy.ParsedStsPolicy.ValidStsPolicy s ->
          strict && !s.deviations().isEmpty()
              ? new FetchOutcome.InvalidPolicyFile(s.deviations().getFirst())
              : new FetchOutcome.Obtained(s.policy());
      case StsPolicy.ParsedStsPolicy.StsPolicyFlaw f -> new FetchOutcome.InvalidPolicyFile(f);
    };
  }
}
