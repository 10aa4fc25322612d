package org.sealwax.dns.live;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Domain;
import org.sealwax.dns.Answer;
import org.sealwax.dns.Caa;
import org.sealwax.dns.DnsSettings;
import org.sealwax.dns.Mx;
import org.sealwax.dns.Nsec3Param;
import org.sealwax.dns.Resolver;
import org.sealwax.dns.ReverseName;
import org.sealwax.dns.Security;
import org.sealwax.dns.Tlsa;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.xbill.DNS.Type;

/**
 * The DNS as configured: validated, cached, one look-up per question however many ask.
 *
 * <p>Cheap to make: the DNS library and the cache are loaded by the first question. Asks the DNS
 * only, never {@code /etc/hosts} (docs/adr/0200); names that RFC 6761 reserves are answered here.
 */
public final class LiveResolver implements Resolver {
  /** How long what needs no question may be kept. */
  private static final Duration FIXED_TTL = Duration.ofHours(1);

  /** RFC 6761 6.4, RFC 7686 2, RFC 9476 2: never in the DNS, and asking would tell others. */
  private static final Set<String> NEVER = Set.of("invalid", "onion", "alt");

  private final DnsSettings settings;
  private final Clock clock;
  private final Chance chance;
  private @Nullable Answers answers;

  /**
   * A resolver that has not asked anything yet.
   *
   * @param clock for time to live and validity of signatures
   * @param chance unpredictable: message identifiers come from it (RFC 5452)
   * @throws IllegalArgumentException when an own trust anchor is no DS or DNSKEY record
   */
  public LiveResolver(DnsSettings settings, Clock clock, Chance chance) {
    this.settings = settings;
    this.clock = clock;
    this.chance = chance;
    if (!settings.anchors().isEmpty()) {
      Anchors.of(settings.anchors());
    }
  }

  @Override
  public Answer<Mx> mx(Domain domain) {
    return ask(domain, Type.MX, Mx.class);
  }

  @Override
  public Answer<InetAddress> addresses(Domain host, Family family) {
    return switch (family) {
      case IPV4 -> ask(host, Type.A, InetAddress.class);
      case IPV6 -> ask(host, Type.AAAA, InetAddress.class);
    };
  }

  @Override
  public Answer<String> txt(Domain name) {
    return ask(name, Type.TXT, String.class);
  }

  @Override
  public Answer<Tlsa> tlsa(Domain owner) {
    return ask(owner, Type.TLSA, Tlsa.class);
  }

  @Override
  public Answer<Domain> alias(Domain name) {
    return ask(name, Type.CNAME, Domain.class);
  }

  @Override
  public void forget(Domain name) {
    for (int type : new int[] {Type.MX, Type.A, Type.AAAA, Type.TXT, Type.CNAME, Type.TLSA}) {
      answers().forget(new Question(name, type));
    }
  }

  @Override
  public Answer<Domain> reverse(InetAddress address) {
    return ask(ReverseName.of(address), Type.PTR, Domain.class);
  }

  @Override
  public Answer<Caa> caa(Domain name) {
    return ask(name, Type.CAA, Caa.class);
  }

  @Override
  public Answer<Nsec3Param> nsec3param(Domain zone) {
    return ask(zone, Type.NSEC3PARAM, Nsec3Param.class);
  }

  /**
   * Whether each configured resolver lets us validate: asked afresh, side by side, at most {@link
   * Honesty#TOTAL} in all. For {@code check} and the start of {@code serve}.
   *
   * @throws InterruptedException when the thread is asked to stop
   */
  public List<Honesty> honesty() throws InterruptedException {
    return HonestyTrial.of(settings, clock, chance);
  }

  private <T> Answer<T> ask(Domain name, int type, Class<T> data) {
    String top = name.name().substring(name.name().lastIndexOf('.') + 1);
    if (top.equals("localhost")) {
      return localhost(name, type, data);
    }
    if (NEVER.contains(top)) {
      return new Answer<>(
          List.of(), Answer.Kind.NO_NAME, Security.INSECURE, name, 0, FIXED_TTL, "");
    }
    Answer<?> found = answers().answer(new Question(name, type));
    return new Answer<>(
        found.records().stream().map(data::cast).toList(),
        found.kind(),
        found.security(),
        found.name(),
        found.aliases(),
        found.ttl(),
        found.reason());
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

  private synchronized Answers answers() {
    Answers made = answers;
    if (made == null) {
      made = Answers.of(settings, clock, chance);
      answers = made;
    }
    return made;
  }
}
