package org.sealwax.dns.live;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Domain;
import org.sealwax.dns.Answer;
import org.sealwax.dns.Security;
import org.xbill.DNS.Type;

/** Names about which nobody is asked. */
final class Reserved {
  /** How long what needs no question may be kept. */
  private static final Duration FIXED_TTL = Duration.ofHours(1);

  /** RFC 6761 6.4, RFC 7686 2, RFC 9476 2: never in the DNS, and asking would tell others. */
  private static final Set<String> NEVER = Set.of("invalid", "onion", "alt");

  private Reserved() {}

  /** What is known beforehand about a name; null for names of the DNS. */
  static <T> @Nullable Answer<T> answer(Domain name, int type, Class<T> data) {
    String top = name.name().substring(name.name().lastIndexOf('.') + 1);
    if (top.equals("localhost")) {
      return localhost(name, type, data);
    }
    return NEVER.contains(top)
        ? new Answer<>(List.of(), Answer.Kind.NO_NAME, Security.INSECURE, name, 0, FIXED_TTL, "")
        : null;
  }

  /** RFC 6761 6.3. */
  private static <T> Answer<T> localhost(Domain name, int type, Class<T> data) {
    List<T> records =
        switch (type) {
          case Type.A -> List.of(data.cast(InetAddress.ofLiteral("127.0.0.1")));
          case Type.AAAA -> List.of(data.cast(InetAddress.ofLiteral("::1")));
          default -> List.of();
        };
    Answer.Kind kind = records.isEmpty() ? Answer.Kind.NO_DATA : Answer.Kind.FOUND;
    return new Answer<>(records, kind, Security.INSECURE, name, 0, FIXED_TTL, "");
  }
}
