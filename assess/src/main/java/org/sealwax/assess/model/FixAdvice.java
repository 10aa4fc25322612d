package org.sealwax.assess.model;

import java.util.List;

/**
 * What to do about a finding: exact lines for each mail router.
 *
 * @param general one sentence that holds for any of them; may be empty
 * @param postfix lines for {@code main.cf} or a shell
 * @param exim lines for the Exim configuration
 * @param opensmtpd lines for {@code smtpd.conf}
 * @param sealwax lines for {@code sealwax.toml}, or a remark that it is so by default
 */
public record FixAdvice(
    String general,
    List<String> postfix,
    List<String> exim,
    List<String> opensmtpd,
    List<String> sealwax) {
  /** Copies. */
  public FixAdvice {
    postfix = List.copyOf(postfix);
    exim = List.copyOf(exim);
    opensmtpd = List.copyOf(opensmtpd);
    sealwax = List.copyOf(sealwax);
  }

  /** Nothing to do that has lines. */
  public static FixAdvice of(String general) {
    return new FixAdvice(general, List.of(), List.of(), List.of(), List.of());
  }
}
