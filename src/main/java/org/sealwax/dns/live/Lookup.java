package org.sealwax.dns.live;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Domain;
import org.sealwax.dns.Answer;
import org.sealwax.dns.DnsSettings;
import org.sealwax.dns.NegativeAnchor;
import org.sealwax.dns.Resolver;
import org.sealwax.dns.Security;
import org.sealwax.dns.validate.Anchors;
import org.sealwax.dns.validate.Judgement;
import org.sealwax.dns.validate.Judgement.Content;
import org.sealwax.dns.validate.Source;
import org.sealwax.dns.validate.Validator;
import org.sealwax.dns.validate.ZoneStatus;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;

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

  /** Times to live that many answers may share. */
  private static final int SHARED_TIMES = 500;

  /** Hosts of mail that many domains may share. */
  private static final int SHARED_HOSTS = 2_000;

  static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");

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
  private final Messages.Flights flights = new Messages.Flights();
  private final Map<Name, ZoneStatus> zones;
  private final Cache<Duration, Duration> times =
      Caffeine.newBuilder().maximumSize(SHARED_TIMES).executor(Runnable::run).build();
  private final Cache<Domain, Domain> hosts =
      Caffeine.newBuilder().maximumSize(SHARED_HOSTS).executor(Runnable::run).build();

  private Lookup(
      ResolverList resolvers,
      Upstream upstream,
      Anchors anchors,
      DnsSettings.Validation validation,
      boolean adBelieved,
      Clock clock) {
    this.resolvers = resolvers;
    this.upstream = upstream;
    this.anchors = anchors;
    this.validation = validation;
    this.adBelieved = adBelieved;
    this.clock = clock;
    Cache<Name, ZoneStatus> cache =
        Caffeine.newBuilder()
            .maximumSize(ZONES_KEPT)
            .expireAfterWrite(Validator.LONGEST)
            .ticker(clock::nanoTime)
            .executor(Runnable::run)
            .build();
    this.zones = cache.asMap();
  }

  /**
   * A look-up over the resolvers of the settings, or of the system.
   *
   * @param spare a resolver that is asked when all others strip DNSSEC
   */
  static Lookup of(
      DnsSettings settings, Optional<InetSocketAddress> spare, Clock clock, Chance chance) {
    List<InetSocketAddress> named =
        settings.resolvers().isEmpty() ? ResolvConf.resolvers(RESOLV_CONF) : settings.resolvers();
    DnsSettings.Validation validation = settings.validation();
    boolean own = validation == DnsSettings.Validation.OWN;
    Anchors anchors = anchors(settings);
    ResolverList resolvers = new ResolverList(named, own ? spare : Optional.empty(), clock);
    Upstream upstream =
        new Upstream(
            resolvers, settings.timeout(), own, own ? anchors.trusted() : Set.of(), clock, chance);
    // The system's list may have changed since the settings were checked.
    boolean local = named.stream().allMatch(r -> r.getAddress().isLoopbackAddress());
    return new Lookup(resolvers, upstream, anchors, validation, local, clock);
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
          return found(question, end, aliases, security, ttl, found.records());
        }
        case Content.NoData _ -> {
          return denied(Answer.Kind.NO_DATA, end, aliases, security, ttl);
        }
        case Content.NoName _ -> {
          return denied(Answer.Kind.NO_NAME, end, aliases, security, ttl);
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

  /** By whoever validates here. */
  Judge judge(Inquiry inquiry) {
    return switch (validation) {
      case OWN -> new OwnJudge(inquiry);
      case TRUST_AD, OFF -> new PlainJudge(inquiry);
    };
  }

  /** Our validator. */
  private final class OwnJudge implements Judge {
    private final Inquiry inquiry;
    private Validator validator;
    private int stripping;

    OwnJudge(Inquiry inquiry) {
      this.inquiry = inquiry;
      this.validator = validator(zones, flights);
    }

    private Validator validator(Map<Name, ZoneStatus> known, Messages.Flights others) {
      stripping = resolvers.found();
      Source source = new Messages(upstream, inquiry, others);
      return new Validator(anchors, known, source, clock.now());
    }

    @Override
    public Judgement judge(Name name, int type) {
      Judgement judged = validator.judge(name, type);
      boolean outdated = validator.usedKnown() || stripping != resolvers.found();
      if (judged.security() == Security.BOGUS && outdated) {
        // A zone may have changed its keys a minute ago, or another resolver has taken over: once
        // more, with what they say now.
        Map<Name, ZoneStatus> fresh = new HashMap<>();
        // Nor what others have asked for before: it may come from the resolver that strips.
        validator = validator(fresh, new Messages.Flights());
        judged = validator.judge(name, type);
        if (judged.security() != Security.BOGUS) {
          zones.putAll(fresh);
        }
      }
      return judged;
    }
  }

  /** The AD bit of a resolver on this machine, or nobody. */
  private final class PlainJudge implements Judge {
    private final Inquiry inquiry;
    private @Nullable Message message;

    PlainJudge(Inquiry inquiry) {
      this.inquiry = inquiry;
    }

    @Override
    public Judgement judge(Name name, int type) {
      boolean trustAd = validation == DnsSettings.Validation.TRUST_AD;
      if (trustAd && !adBelieved) {
        return Judgement.unknown(
            Security.FAILED, "trust-ad with a resolver that is not on this machine");
      }
      try {
        Message have = message;
        if (have == null || !speaksOf(name, type, have)) {
          Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
          if (trustAd) {
            // RFC 6840 §5.7: AD in a question asks for AD in the answer.
            query.getHeader().setFlag(Flags.AD);
          }
          have = upstream.ask(query, inquiry);
          message = have;
        }
        boolean authentic = trustAd && have.getHeader().getFlag(Flags.AD);
        Judgement plain = Validator.plain(name, type, have, "not validated here");
        return authentic ? plain.as(Security.SECURE) : plain;
      } catch (IOException e) {
        String reason = String.valueOf(e.getMessage());
        return Judgement.unknown(
            trustAd && saysBogus(reason) ? Security.BOGUS : Security.FAILED, reason);
      }
    }

    /** Whether the message to an earlier name goes on to this one (RFC 1034 4.3.2 lets it stop). */
    private static boolean speaksOf(Name name, int type, Message message) {
      return switch (Validator.plain(name, type, message, "").content()) {
        case Content.Found _, Content.Alias _ -> true;
        case Content.NoName _ -> true;
        case Content.NoData _ ->
            message.getSection(Section.AUTHORITY).stream().anyMatch(SOARecord.class::isInstance);
        case Content.Unknown _ -> false;
      };
    }
  }

  /** RFC 8914 4.7 to 4.13: codes that a validator gives for what does not validate. */
  private static boolean saysBogus(String reason) {
    for (int code = ExtendedErrorCodeOption.DNSSEC_BOGUS;
        code <= ExtendedErrorCodeOption.NSEC_MISSING;
        code++) {
      if (reason.contains(ExtendedErrorCodeOption.text(code))) {
        return true;
      }
    }
    return false;
  }

  /** Zones have few different times to live: one object for equal ones. */
  private Duration shared(Duration ttl) {
    Duration known = times.getIfPresent(ttl);
    if (known == null) {
      times.put(ttl, ttl);
      return ttl;
    }
    return known;
  }

  private Domain shared(Domain host) {
    Domain known = hosts.getIfPresent(host);
    if (known == null) {
      hosts.put(host, host);
      return host;
    }
    return known;
  }

  private static Answer<?> unknown(Security security, Domain name, int aliases, String reason) {
    Duration kept = security == Security.BOGUS ? BOGUS_KEPT : TROUBLE_KEPT;
    return Answer.unknown(security, name, aliases, kept, reason);
  }

  private Answer<?> denied(
      Answer.Kind kind, Domain end, int aliases, Security security, Duration ttl) {
    Duration kept = ttl.compareTo(LONGEST_DENIAL) > 0 ? LONGEST_DENIAL : ttl;
    return new Answer<>(List.of(), kind, security, end, aliases, kept(kept), "");
  }

  private Duration kept(Duration ttl) {
    return shared(ttl.compareTo(SHORTEST) < 0 ? SHORTEST : ttl);
  }

  private Answer<?> found(
      Question question,
      Domain end,
      int aliases,
      Security security,
      Duration ttl,
      List<Record> records) {
    List<Object> data = new ArrayList<>();
    for (Record r : records) {
      RecordData.of(r, this::shared).ifPresent(data::add);
    }
    if (data.isEmpty()) {
      // Not "no records": that would make an implicit MX out of a broken one.
      return unknown(
          Security.FAILED,
          question.name(),
          aliases,
          "no usable record: " + records.getFirst().rdataToString());
    }
    return new Answer<>(data, Answer.Kind.FOUND, security, end, aliases, kept(ttl), "");
  }
}
