package org.sealwax.lab.traps;

import java.util.List;
import java.util.function.UnaryOperator;
import org.sealwax.testkit.tls.CertificateSpec;

/**
 * The MTA-STS record and policy of a site.
 *
 * @param mode {@code enforce}, {@code testing} or {@code none}
 * @param patterns the policy's mx lines; {@code {host}} and {@code {site}} stand for names; empty:
 *     every listed host
 * @param maxAge seconds, as written
 * @param txt the TXT records at {@code _mta-sts}
 * @param body what is done to the policy's text
 * @param answer what the policy host does
 * @param leaf the policy host's certificate; {@code {host}} is its name
 */
public record StsPublication(
    String mode,
    List<String> patterns,
    String maxAge,
    List<String> txt,
    UnaryOperator<String> body,
    PolicyHostBehaviour answer,
    CertificateSpec leaf) {
  /** What the policy host does. */
  public enum PolicyHostBehaviour {
    /** 200 and the policy. */
    POLICY,
    /** 302 to another path, where the policy is. */
    REDIRECT,
    /** 404. */
    NOT_FOUND,
    /** 500. */
    BROKEN,
    /** 200 with {@code text/html}. */
    WRONG_TYPE,
    /** 200 with more than 64 KB. */
    TOO_LARGE,
    /** 200 after two minutes (before the scale). */
    SLOW,
    /** No server listens. */
    DOWN
  }

  /** Copies. */
  public StsPublication {
    patterns = List.copyOf(patterns);
    txt = List.copyOf(txt);
  }

  /** A good one. */
  public static StsPublication good(String mode) {
    return new StsPublication(
        mode,
        List.of(),
        "604800",
        List.of("v=STSv1; id=20260101T000000;"),
        UnaryOperator.identity(),
        PolicyHostBehaviour.POLICY,
        CertificateSpec.of("{host}"));
  }

  /** The same with another mode. */
  public StsPublication withMode(String other) {
    return new StsPublication(other, patterns, maxAge, txt, body, answer, leaf);
  }

  /** The same with these mx lines. */
  public StsPublication withPatterns(String... others) {
    return new StsPublication(mode, List.of(others), maxAge, txt, body, answer, leaf);
  }

  /** The same for another time. */
  public StsPublication withMaxAge(String seconds) {
    return new StsPublication(mode, patterns, seconds, txt, body, answer, leaf);
  }

  /** The same with these TXT records. */
  public StsPublication withTxt(String... records) {
    return new StsPublication(mode, patterns, maxAge, List.of(records), body, answer, leaf);
  }

  /** The same with its text changed. */
  public StsPublication withBody(UnaryOperator<String> change) {
    return new StsPublication(mode, patterns, maxAge, txt, change, answer, leaf);
  }

  /** The same, answering otherwise. */
  public StsPublication with(PolicyHostBehaviour other) {
    return new StsPublication(mode, patterns, maxAge, txt, body, other, leaf);
  }

  /** The same with another certificate. */
  public StsPublication certified(UnaryOperator<CertificateSpec> change) {
    return new StsPublication(mode, patterns, maxAge, txt, body, answer, change.apply(leaf));
  }
}
