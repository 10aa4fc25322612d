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
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.NegativeAnchor;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.dns.validate.Anchors;
import org.sealwax.mail.dns.validate.Judgement;
import org.sealwax.mail.dns.validate.Judgement.Content;
import org.sealwax.mail.dns.validate.Source;
import org.sealwax.mail.dns.validate.Validator;
import org.sealwax.mail.dns.validate.ZoneStatus;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/** One question, from messages to an {@link Answer}. Runs on the thread that holds the inquiry. */
final class Lookup {
  /** Even an answer that must not be kept serves the several questions of one delivery. */
  static final Duration SHORTEST = Duration.ofSeconds(5);

  /** RFC 8767 4 suggests days at most; a mail route should follow its owner within one. */
  static final Duration LONGEST = Duration.ofDays(1);

  /**
   * RFC 2308 5 wants one to three hours; a domain that comes to life should get its mail sooner.
   */
  static final Duration LONGEST_DENIAL = Duration.ofHours(1);

  /** RFC 9520 3.2 wants 1 s to 5 min: long enough to spare a broken server, short for a retry. */
  static final Duration TROUBLE_KEPT = Duration.ofSeconds(5);

  /** RFC 4035 4.7: a bad cache, briefly, for validation costs us more than asking costs them. */
  static final Duration BOGUS_KEPT = Duration.ofSeconds(30);

  /** Zone cuts kept with their keys. */
  private static final int ZONES_KEPT = 10_000;

  /** Times to live, and hosts of mail, that many answers may share. */
  private static final int SHARED = 2_500;

  /** Judges the names of one alias chain in their order. */
  interface Judge {
    Judgement judge(Name name, int type);
  }

  private final ResolverList resolvers;
  private final Upstream upstream;
  private final Anchors anchors;
  private final DnsSettings.Validation validation;
  private final boolean adBelieved;
  private final Clock clock;
  private final Map<Source.Query, CompletableFuture<Message>> underWay = new ConcurrentHashMap<>();
  private final Map<Name, ZoneStatus> zones;
  private final Cache<Object, Object> shared =
      Caffeine.newBuilder().maximumSize(SHARED).executor(Runnable::run).build();

  /**
   * A look-up over the resolvers of the settings, or of the system.
   *
   * @param spare a resolver that is asked when all others strip DNSSEC
   */
  Lookup(DnsSettings settings, Optional<InetSocketAddress> spare, Clock clock, Chance chance) {
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
            resolvers, settings.timeout(), own, own ? anchors.trusted() : Set.of(), clock, chance);
    Cache<Name, ZoneStatus> cache =
        Caffeine.newBuilder()
            .maximumSize(ZONES_KEPT)
            .expireAfterWrite(Validator.LONGEST)
            .ticker(clock::nanoTime)
            .executor(Runnable::run)
            .build();
    this.zones = cache.asMap();
  }

  static Anchors anchors(DnsSettings settings) {
    Anchors anchors =
        settings.anchors().isEmpty() ? Anchors.root() : Anchors.of(settings.anchors());
    for (NegativeAnchor negative : settings.negativeAnchors()) {
      Name zone = Name.fromConstantString(negative.zone().name() + ".");
      anchors = anchors.withNegative(zone, negative.until());
    }
    return anchors;
  }

  /** A message as it comes, for those who look at it themselves. */
  Message ask(Name name, int type, Inquiry inquiry) throws IOException {
    return upstream.ask(Message.newQuery(Record.newRecord(name, type, DClass.IN)), inquiry);
  }

  /** Follows aliases to the end of the chain. */
  Answer<?> look(Question question, Inquiry inquiry) {
    Name name;
    try {
      name = Name.fromString(question.name().name(), Name.root);
    } catch (IOException e) {
      return unknown(Security.FAILED, question.name(), 0, "no DNS name");
    }
    Judge judge = judge(inquiry);
    Domain end = question.name();
    Security security = Security.SECURE;
    Duration ttl = LONGEST;
    for (int aliases = 0; aliases <= Resolver.MAX_ALIASES; aliases++) {
      Judgement judged = judge.judge(name, question.type());
      // A chain is as secure as its weakest link.
      security = judged.security().compareTo(security) > 0 ? judged.security() : security;
      ttl = judged.ttl().compareTo(ttl) < 0 ? judged.ttl() : ttl;
      switch (judged.content()) {
        case Content.Unknown _ -> {
          return unknown(judged.security(), question.name(), aliases, judged.reason());
        }
        case Content.Found found -> {
          List<Object> data = new ArrayList<>();
          found.records().forEach(r -> RecordData.of(r, this::shared).ifPresent(data::add));
          if (data.isEmpty()) {
            // Not "no records": that would make an implicit MX out of a broken one.
            String reason = "no usable record: " + found.records().getFirst().rdataToString();
            return unknown(Security.FAILED, question.name(), aliases, reason);
          }
          return new Answer<>(
              data, Answer.Kind.FOUND, security, end, aliases, kept(ttl, LONGEST), "");
        }
        case Content.NoData _, Content.NoName _ -> {
          Answer.Kind kind =
              judged.content() instanceof Content.NoName
                  ? Answer.Kind.NO_NAME
                  : Answer.Kind.NO_DATA;
          return new Answer<>(
              List.of(), kind, security, end, aliases, kept(ttl, LONGEST_DENIAL), "");
        }
        case Content.Alias alias -> {
          name = alias.target();
          Optional<Domain> next = RecordData.domain(name);
          if (next.isEmpty()) {
            String reason = "alias to " + name + ", which is no domain name";
            return unknown(Security.FAILED, question.name(), aliases + 1, reason);
          }
          // Often a name that was asked for already: kept once, not once more for each answer.
          end = next.get().equals(question.name()) ? question.name() : next.get();
        }
      }
    }
    return unknown(
        Security.FAILED,
        question.name(),
        Resolver.MAX_ALIASES,
        "more than " + Resolver.MAX_ALIASES + " aliases");
  }

  /** For the names of one alias chain in their order. */
  Judge judge(Inquiry inquiry) {
    return switch (validation) {
      case OWN -> new OwnJudge(inquiry);
      case TRUST_AD, OFF -> (name, type) -> unvalidated(name, type, inquiry);
    };
  }

  /** Our validator. */
  private final class OwnJudge implements Judge {
    private final Inquiry inquiry;
    private Validator validator;
    private int stripping;

    OwnJudge(Inquiry inquiry) {
      this.inquiry = inquiry;
      this.validator = validator(zones, underWay);
    }

    private Validator validator(
        Map<Name, ZoneStatus> known, Map<Source.Query, CompletableFuture<Message>> others) {
      stripping = resolvers.found();
      Source source = new Messages(upstream, inquiry, others);
      return new Validator(anchors, known, source, clock.now());
    }

    @Override
    public Judgement judge(Name name, int type) {
      Judgement judged = validator.judge(name, type);
      boolean outdated = validator.usedKnown() || stripping != resolvers.found();
      if (judged.security() != Security.BOGUS || !outdated) {
        return judged;
      }
      // A zone may have changed its keys a minute ago, or another resolver has taken over: once
      // more, with what they say now. Nor with what others have asked for before: it may come from
      // the resolver that strips.
      Map<Name, ZoneStatus> fresh = new HashMap<>();
      validator = validator(fresh, new ConcurrentHashMap<>());
      judged = validator.judge(name, type);
      if (judged.security() != Security.BOGUS) {
        zones.putAll(fresh);
      }
      return judged;
    }
  }

  /** By the AD bit of a resolver on this machine, or not validated at all. */
  private Judgement unvalidated(Name name, int type, Inquiry inquiry) {
    boolean trustAd = validation == DnsSettings.Validation.TRUST_AD;
    if (trustAd && !adBelieved) {
      return Judgement.unknown(
          Security.FAILED, "trust-ad with a resolver that is not on this machine");
    }
    try {
      Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
      if (trustAd) {
        // RFC 6840 §5.7: AD in a question asks for AD in the answer.
        query.getHeader().setFlag(Flags.AD);
      }
      Message answer = upstream.ask(query, inquiry);
      Judgement plain = Validator.plain(name, type, answer, "not validated here");
      return trustAd && answer.getHeader().getFlag(Flags.AD) ? plain.secured() : plain;
    } catch (IOException e) {
      String reason = String.valueOf(e.getMessage());
      return Judgement.unknown(
          trustAd && saysBogus(reason) ? Security.BOGUS : Security.FAILED, reason);
    }
  }

  /** RFC 8914 4.7 to 4.13: codes that a validator gives for what does not validate. */
  private static boolean saysBogus(String reason) {
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

  private static Answer<?> unknown(Security security, Domain name, int aliases, String reason) {
    Duration kept = security == Security.BOGUS ? BOGUS_KEPT : TROUBLE_KEPT;
    return Answer.unknown(security, name, aliases, kept, reason);
  }
}
