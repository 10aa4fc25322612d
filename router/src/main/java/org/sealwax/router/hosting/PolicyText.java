package org.sealwax.router.hosting;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsPolicy.ParsedStsPolicy;

/** Writes the policy file (RFC 8461 3.2). */
public final class PolicyText {
  /** Hosts of one policy: senders read files of 64 KiB (RFC 8461 3.3). */
  public static final int MAX_HOSTS = 100;

  /** In mode {@code none} senders soon ask again (RFC 8461 8.3). */
  static final Duration NONE_AGE = Duration.ofDays(1);

  private PolicyText() {}

  /** {@return whether a policy can list a host: letters, digits and hyphens, valid A-labels} */
  public static boolean isListable(Domain host) {
    return host.name().indexOf('_') < 0 && MxPattern.parse(host.name()).isPresent();
  }

  /**
   * {@return the file}
   *
   * @param mode of the policy; without hosts only {@code none} is one
   * @param maxAge for how long senders keep it
   * @param hosts its {@code mx}, all listable
   */
  static String of(StsPolicy.Mode mode, Duration maxAge, Collection<Domain> hosts) {
    boolean none = mode == StsPolicy.Mode.NONE;
    Duration age = none && NONE_AGE.compareTo(maxAge) < 0 ? NONE_AGE : maxAge;
    // RFC 8461 §3.2 separates the lines by CRLF.
    String text =
        Stream.of(
                Stream.of("version: STSv1", "mode: " + mode.word()),
                none ? Stream.<String>empty() : hosts.stream().sorted().map(h -> "mx: " + h),
                Stream.of("max_age: " + age.toSeconds()))
            .flatMap(lines -> lines)
            .reduce("", (all, line) -> all + line + "\r\n");
    if (!(StsPolicy.read(text.getBytes(StandardCharsets.UTF_8))
            instanceof ParsedStsPolicy.ValidStsPolicy(StsPolicy _, List<?> deviations))
        || !deviations.isEmpty()) {
      throw new IllegalArgumentException("not a policy: " + text);
    }
    return text;
  }

  /**
   * {@return a policy that {@link #of} wrote}
   *
   * @throws IllegalArgumentException when it is none
   */
  static StsPolicy read(String text) {
    if (StsPolicy.read(text.getBytes(StandardCharsets.UTF_8))
        instanceof ParsedStsPolicy.ValidStsPolicy valid) {
      return valid.policy();
    }
    throw new IllegalArgumentException("not a policy");
  }
}
