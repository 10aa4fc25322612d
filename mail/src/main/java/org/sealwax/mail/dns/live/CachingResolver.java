package org.sealwax.mail.dns.live;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.validate.TrustAnchors;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.xbill.DNS.Type;

/**
 * The configured resolver: validated, cached, one look-up per question for any number of callers.
 *
 * <p>Cheap to make: the DNS library and the cache are loaded by the first question. Asks the DNS
 * only, never {@code /etc/hosts} (docs/adr/0006); names that RFC 6761 reserves are answered here.
 */
public final class CachingResolver extends MailQuestions {
  /** Usual address of a validating resolver on this machine. */
  private static final InetSocketAddress LOOPBACK =
      new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 53);

  private final DnsSettings settings;
  private final Clock clock;
  private final RandomSource random;
  private final Optional<InetSocketAddress> spare;
  private final CacheOnlyResolver cacheOnly = new CacheOnlyResolver();
  private volatile @Nullable AnswerCache answers;

  /**
   * A resolver that has not asked anything yet.
   *
   * @param clock for time to live and validity of signatures
   * @param random unpredictable: message identifiers come from it (RFC 5452)
   * @throws IllegalArgumentException when an own trust anchor is not a DS or DNSKEY record
   */
  public CachingResolver(DnsSettings settings, Clock clock, RandomSource random) {
    this(settings, LOOPBACK, clock, random);
  }

  /**
   * @param spare asked when all others strip DNSSEC
   */
  CachingResolver(DnsSettings settings, InetSocketAddress spare, Clock clock, RandomSource random) {
    this.spare = Optional.of(spare);
    this.settings = settings;
    this.clock = clock;
    this.random = random;
    if (!settings.anchors().isEmpty()) {
      TrustAnchors.of(settings.anchors());
    }
  }

  @Override
  public void forget(Domain name) {
    for (int type : new int[] {Type.MX, Type.A, Type.AAAA, Type.TXT, Type.CNAME, Type.TLSA}) {
      answers().forget(new DnsQuestion(name, type));
    }
  }

  /**
   * Whether each resolver lets us validate: asked past the cache, side by side, at most {@link
   * ResolverCheck#TOTAL} in all. When all of them strip DNSSEC, a resolver on loopback is checked
   * too; look-ups use it in their place when it validates. For {@code check}, the start of {@code
   * serve}, and {@code assess}.
   *
   * @throws InterruptedException when the thread is interrupted
   */
  public List<ResolverCheck> checkResolvers() throws InterruptedException {
    return ResolverTester.of(settings, spare, clock, random);
  }

  @Override
  DnsAnswer<?> answer(DnsQuestion question) {
    return answers().answer(question);
  }

  @Override
  public Resolver cacheOnly() {
    return cacheOnly;
  }

  /** The cache alone. */
  private final class CacheOnlyResolver extends MailQuestions {
    @Override
    DnsAnswer<?> answer(DnsQuestion question) {
      DnsAnswer<?> kept = answers().cached(question);
      return kept == null ? DnsAnswer.notCached(question.name()) : kept;
    }

    @Override
    public Resolver cacheOnly() {
      return this;
    }
  }

  private AnswerCache answers() {
    AnswerCache made = answers;
    return made == null ? make() : made;
  }

  private synchronized AnswerCache make() {
    AnswerCache made = answers;
    if (made == null) {
      made = new AnswerCache(settings, new DnsLookup(settings, spare, clock, random), clock);
      answers = made;
    }
    return made;
  }
}
