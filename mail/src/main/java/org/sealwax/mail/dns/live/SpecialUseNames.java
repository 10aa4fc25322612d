package org.sealwax.mail.dns.live;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.xbill.DNS.Type;

/** Names that are answered without a query. */
final class SpecialUseNames {
  /** Time to live of these answers. */
  private static final Duration FIXED_TTL = Duration.ofHours(1);

  /**
   * RFC 6761 6.4, RFC 7686 2, RFC 9476 2: never in the DNS, and a query would reveal the name to
   * others.
   */
  private static final Set<String> NEVER = Set.of("invalid", "onion", "alt");

  private SpecialUseNames() {}

  /** The fixed answer for a name; null for names of the DNS. */
  static @Nullable DnsAnswer<?> answer(Domain name, int type) {
    String top = name.name().substring(name.name().lastIndexOf('.') + 1);
    if (NEVER.contains(top)) {
      return fixed(name, DnsAnswer.Kind.NO_NAME, List.of());
    }
    if (!top.equals("localhost")) {
      return null;
    }
    // RFC 6761 6.3.
    return switch (type) {
      case Type.A -> fixed(name, DnsAnswer.Kind.FOUND, List.of(InetAddress.ofLiteral("127.0.0.1")));
      case Type.AAAA -> fixed(name, DnsAnswer.Kind.FOUND, List.of(InetAddress.ofLiteral("::1")));
      default -> fixed(name, DnsAnswer.Kind.NO_DATA, List.of());
    };
  }

  private static DnsAnswer<?> fixed(Domain name, DnsAnswer.Kind kind, List<Object> records) {
    return new DnsAnswer<>(records, kind, DnssecStatus.INSECURE, name, 0, FIXED_TTL, "");
  }
}
