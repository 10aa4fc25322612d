package org.sealwax.mail.dns.live;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.NegativeTrustAnchor;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.validate.DnssecValidator;
import org.sealwax.mail.dns.validate.MessageSource;
import org.sealwax.mail.dns.validate.TrustAnchors;
import org.sealwax.mail.dns.validate.ValidatedAnswer;
import org.sealwax.mail.dns.validate.ValidatedAnswer.AnswerContent;
import org.sealwax.mail.dns.validate.ZoneStatus;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/** One question, from messages to an {@link DnsAnswer}. Runs on the thread of the look-up. */
final class DnsLookup {
  /** Even an answer that must not be kept serves the several questions of one delivery. */
  static final Duration SHORTEST = Duration.ofSeconds(5);

  /** RFC 8767 4 suggests days at most; a changed mail route should be used within one. */
  static final Duration LONGEST = Duration.ofDays(1);

  /** RFC 2308 5 recommends one to three hours; a new domain should get its mail sooner. */
  static final Duration LONGEST_DENIAL = Duration.ofHours(1);

  /**
   * RFC 9520 3.2 requires 1 s to 5 min: long enough to spare a broken server, short for a retry.
   */
  static final Duration FAILURE_TTL = Duration.ofSeconds(5);

  /** RFC 4035 4.7: a bad cache, briefly, for validation costs us more than asking costs them. */
  static final Duration BOGUS_KEPT = Duration.ofSeconds(30);

  /** Zone cuts kept with their keys. */
  private static final int ZONES_KEPT = 10_000;

  /** Times to live, and hosts of mail, that many answers may share. */
  private static final int SHARED = 2_500;

  /** Judges the names of one alias chain in their order. */
  interface AnswerValidation {
    ValidatedAnswer judge(Name name, int type);
  }

  private final ResolverList resolvers;
  private final Upstream upstream;
  private final TrustAnchors anchors;
  private final DnsSettings.Validation validation;
  private final boolean adBelieved;
  private final Clock clock;
  private final Map<MessageSource.DnsQuery, CompletableFuture<Message>> underWay =
      new ConcurrentHashMap<>();
  private final Map<Name, ZoneStatus> zones;
  private final Cache<Object, Object> shared =
      Caffeine.newBuilder().maximumSize(SHARED).executor(Runnable::run).build();

  /**
   * A look-up over the resolvers of the settings, or of the system.
   *
   * @param spare a resolver that is asked when all others strip DNSSEC
   */
  DnsLookup(
      DnsSettings settings, Optional<InetSocketAddress> spare, Clock clock, RandomSource random) {
    this.clock = clock;
    this.validation = settings.validation();
    this.anchors = anchors(settings);
    boolean own = validation == DnsSettings.Validation.OWN;
    List<InetSocketAddress> named = ResolvConf.resolvers(settings);
    // The system's list may have changed since the settings were checked.
    this.adBelieved = named.stream().allMatch(r -> r.getAddress().isLoopbackAddress());
    this.resolvers = new ResolverList(named, own ? spare : Optional.empty(), clock);
    this.upstream =
        new Upstream(
            resolvers, settings.timeout(), own, own ? anchors.trusted() : Set.of(), clock, random);
    Cache<Name, ZoneStatus> cache =
        Caffeine.newBuilder()
            .maximumSize(ZONES_KEPT)
            .expireAfterWrite(DnssecValidator.LONGEST)
            .ticker(clock::nanoTime)
            .executor(Runnable::run)
            .build();
    this.zones = cache.asMap();
  }

  static TrustAnchors anchors(DnsSettings settings) {
    TrustAnchors anchors =
        settings.anchors().isEmpty() ? TrustAnchors.root() : TrustAnchors.of(settings.anchors());
    for (NegativeTrustAnchor negative : settings.negativeAnchors()) {
      Name zone = Name.fromConstantString(negative.zone().name() + ".");
      anchors = anchors.withNegative(zone, negative.until());
    }
    return anchors;
  }

  /** The raw message, for callers that inspect it themselves. */
  Message rawMessage(Name name, int type, LookupLimits limits) throws IOException {
    return upstream.query(Message.newQuery(Record.newRecord(name, type, DClass.IN)), limits);
  }

  /** Follows aliases to the end of the chain. */
  DnsAnswer<?> lookUp(DnsQuestion question, LookupLimits limits) {
    Name name;
    try {
      name = Name.fromString(question.name().name(), Name.root);
    } catch (IOException e) {
      return unknown(DnssecStatus.FAILED, question.name(), 0, "not a DNS name");
    }
    AnswerValidation validation = judge(limits);
    Domain end = question.name();
    DnssecStatus security = DnssecStatus.SECURE;
    Duration ttl = LONGEST;
    for (int aliases = 0; aliases <= Resolver.MAX_ALIASES; aliases++) {
      ValidatedAnswer judged = validation.judge(name, question.type());
      // The status of a chain is the lowest of its links.
      security = judged.security().compareTo(security) > 0 ? judged.security() : security;
      ttl = judged.ttl().compareTo(ttl) < 0 ? judged.ttl() : ttl;
      switch (judged.content()) {
        case AnswerContent.Unknown _ -> {
          return unknown(judged.security(), question.name(), aliases, judged.reason());
        }
        case AnswerContent.Found found -> {
          List<Object> data = new ArrayList<>();
          found.records().forEach(r -> RecordConversion.of(r, this::shared).ifPresent(data::add));
          if (data.isEmpty()) {
            // Not "no records": that would make an implicit MX out of a broken one.
            String reason = "no usable record: " + found.records().getFirst().rdataToString();
            return unknown(DnssecStatus.FAILED, question.name(), aliases, reason);
          }
          return new DnsAnswer<>(
              data, DnsAnswer.Kind.FOUND, security, end, aliases, kept(ttl, LONGEST), "");
        }
        case AnswerContent.NoData _, AnswerContent.NoName _ -> {
          DnsAnswer.Kind kind =
              judged.content() instanceof AnswerContent.NoName
                  ? DnsAnswer.Kind.NO_NAME
                  : DnsAnswer.Kind.NO_DATA;
          return new DnsAnswer<>(
              List.of(), kind, security, end, aliases, kept(ttl, LONGEST_DENIAL), "");
        }
        case AnswerContent.Alias alias -> {
          name = alias.target();
          Optional<Domain> next = RecordConversion.domain(name);
          if (next.isEmpty()) {
            String reason = "alias to " + name + ", which is not a domain name";
            return unknown(DnssecStatus.FAILED, question.name(), aliases + 1, reason);
          }
          // Often a name that was asked for already: kept once, not again for each answer.
          end = next.get().equals(question.name()) ? question.name() : next.get();
        }
      }
    }
    return unknown(
        DnssecStatus.FAILED,
        question.name(),
        Resolver.MAX_ALIASES,
        "more than " + Resolver.MAX_ALIASES + " aliases");
  }

  /** For the names of one alias chain in their order. */
  AnswerValidation judge(LookupLimits limits) {
    return switch (validation) {
      case OWN -> new LocalValidation(limits);
      case TRUST_AD, OFF -> (name, type) -> unvalidated(name, type, limits);
    };
  }

  /** Our validator. */
  private final class LocalValidation implements AnswerValidation {
    private final LookupLimits limits;
    private DnssecValidator validator;
    private int stripping;

    LocalValidation(LookupLimits limits) {
      this.limits = limits;
      this.validator = validator(zones, underWay);
    }

    private DnssecValidator validator(
        Map<Name, ZoneStatus> known,
        Map<MessageSource.DnsQuery, CompletableFuture<Message>> others) {
      stripping = resolvers.found();
      MessageSource source = new MessageFetcher(upstream, limits, others);
      return new DnssecValidator(anchors, known, source, clock.now());
    }

    @Override
    public ValidatedAnswer judge(Name name, int type) {
      ValidatedAnswer judged = validator.judge(name, type);
      boolean outdated = validator.usedKnown() || stripping != resolvers.found();
      if (judged.security() != DnssecStatus.BOGUS || !outdated) {
        return judged;
      }
      // A zone may have changed its keys a minute ago, or another resolver may have taken over: ask
      // again, and use only the new answers. Answers in the cache are not used either: they may
      // come from the resolver that strips signatures.
      Map<Name, ZoneStatus> fresh = new HashMap<>();
      validator = validator(fresh, new ConcurrentHashMap<>());
      judged = validator.judge(name, type);
      if (judged.security() != DnssecStatus.BOGUS) {
        zones.putAll(fresh);
      }
      return judged;
    }
  }

  /** By the AD bit of a resolver on this machine, or not validated at all. */
  private ValidatedAnswer unvalidated(Name name, int type, LookupLimits limits) {
    boolean trustAd = validation == DnsSettings.Validation.TRUST_AD;
    if (trustAd && !adBelieved) {
      return ValidatedAnswer.unknown(DnssecStatus.FAILED, "trust-ad needs a resolver on loopback");
    }
    try {
      Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
      if (trustAd) {
        // RFC 6840 §5.7: AD in a question asks for AD in the answer.
        query.getHeader().setFlag(Flags.AD);
      }
      Message answer = upstream.query(query, limits);
      ValidatedAnswer plain = DnssecValidator.plain(name, type, answer, "not validated here");
      return trustAd && answer.getHeader().getFlag(Flags.AD) ? plain.secured() : plain;
    } catch (IOException e) {
      String reason = FailureText.of(e);
      return ValidatedAnswer.unknown(
          trustAd && isBogusReason(reason) ? DnssecStatus.BOGUS : DnssecStatus.FAILED, reason);
    }
  }

  /** RFC 8914 4.7 to 4.13: codes that a validator gives for what does not validate. */
  private static boolean isBogusReason(String reason) {
    return IntStream.rangeClosed(
            ExtendedErrorCodeOption.DNSSEC_BOGUS, ExtendedErrorCodeOption.NSEC_MISSING)
        .anyMatch(code -> reason.contains(ExtendedErrorCodeOption.text(code)));
  }

  /** One object for equal ones, of which thousands of answers have the same. */
  @SuppressWarnings("unchecked") // equal objects are of one class
  private <T> T shared(T value) {
    return (T) shared.get(value, same -> same);
  }

  private Duration kept(Duration ttl, Duration longest) {
    return shared(
        Duration.ofSeconds(Math.clamp(ttl.toSeconds(), SHORTEST.toSeconds(), longest.toSeconds())));
  }

  private static DnsAnswer<?> unknown(
      DnssecStatus security, Domain name, int aliases, String reason) {
    Duration kept = security == DnssecStatus.BOGUS ? BOGUS_KEPT : FAILURE_TTL;
    return DnsAnswer.unknown(security, name, aliases, kept, reason);
  }
}
