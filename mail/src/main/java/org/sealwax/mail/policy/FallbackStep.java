package org.sealwax.mail.policy;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * One step of the ladder: how much a new connection offers. From the top down; "the next MX host or
 * address family" of POLICY.md is not a step of one host but what the delivery does after the last.
 */
public enum FallbackStep {
  /** TLS 1.3, the post-quantum hybrid, tickets, the client certificate. */
  FULL(0, "all TLS features"),
  /** Classical groups only: some hosts fail on a ClientHello of more than one packet. */
  CLASSICAL(1, "no post-quantum key exchange"),
  /** Also without session ticket and client certificate. */
  BARE(2, "also no session ticket and no client certificate"),
  /** Also no higher than TLS 1.2, with TLS_FALLBACK_SCSV where the host is known to do better. */
  TLS12(3, "at most TLS 1.2"),
  /**
   * TLS 1.2 and 1.3 on the second engine, with all that is not broken: also RSA key exchange,
   * finite-field groups and Ed25519 certificates. What one engine lacks must not decide between TLS
   * and plaintext.
   */
  COMPATIBLE(5, "second TLS engine, older algorithms"),
  /** No TLS at all. */
  CLEAR(4, "");

  private final int code;
  private final String meaning;

  FallbackStep(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  /**
   * {@return the fallback step of a code that a former version stored; empty when there is none}
   *
   * @param code the code; it never changes
   */
  public static Optional<FallbackStep> ofCode(int code) {
    return Arrays.stream(values()).filter(step -> step.code == code).findFirst();
  }

  /**
   * {@return whether this fallback step offers less than {@code other}}
   *
   * @param other the one to compare with
   */
  public boolean isBelow(FallbackStep other) {
    return compareTo(other) > 0;
  }

  /**
   * For logs.
   *
   * @return the word of this step
   */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * For people.
   *
   * @return the word with its meaning: {@code tls12 (at most TLS 1.2)}; {@code plaintext}
   */
  public String text() {
    return meaning.isEmpty() ? "plaintext" : word() + " (" + meaning + ")";
  }

  /**
   * {@return the fallback step with this word; empty when there is none}
   *
   * @param word as {@link #word} returns it
   */
  public static Optional<FallbackStep> ofWord(String word) {
    return Arrays.stream(values()).filter(step -> step.word().equals(word)).findFirst();
  }
}
