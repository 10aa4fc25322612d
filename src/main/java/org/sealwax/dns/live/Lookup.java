package org.sealwax.dns.live;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Domain;
import org.sealwax.dns.Answer;
import org.sealwax.dns.DnsSettings;
import org.sealwax.dns.Resolver;
import org.sealwax.dns.Security;
import org.sealwax.tls.QuickSignatures;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;
import org.xbill.DNS.dnssec.ValidatingResolver;

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

  /** For the validator's last computation, when the last message came at the last moment. */
  private static final Duration FINISHING = Duration.ofMillis(100);

  /** Validated keys kept by the validator. */
  private static final int KEYS_KEPT = 10_000;

  /** Times to live that many answers may share. */
  private static final int SHARED_TIMES = 500;

  /** Hosts of mail that many domains may share. */
  private static final int SHARED_HOSTS = 2_000;

  private static final int DNS_PORT = 53;
  private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");

  /** resolv.conf(5): MAXNS. */
  private static final int MAX_SYSTEM_RESOLVERS = 3;

  /** What one message is worth. */
  record Judged(Message message, Security security, String reason) {}

  private final Upstream upstream;
  private final @Nullable ValidatingResolver validator;
  private final DnsSettings.Validation validation;
  private final boolean adBelieved;
  private final Cache<Duration, Duration> times =
      Caffeine.newBuilder().maximumSize(SHARED_TIMES).executor(Runnable::run).build();
  private final Cache<Domain, Domain> hosts =
      Caffeine.newBuilder().maximumSize(SHARED_HOSTS).executor(Runnable::run).build();
  private final Clock clock;

  private Lookup(
      Upstream upstream,
      @Nullable ValidatingResolver validator,
      DnsSettings.Validation validation,
      boolean adBelieved,
      Clock clock) {
    this.upstream = upstream;
    this.validator = validator;
    this.validation = validation;
    this.adBelieved = adBelieved;
    this.clock = clock;
  }

  static Lookup of(DnsSettings settings, Clock clock, Chance chance) {
    List<InetSocketAddress> resolvers =
        settings.resolvers().isEmpty() ? systemResolvers() : settings.resolvers();
    DnsSettings.Validation validation = settings.validation();
    boolean own = validation == DnsSettings.Validation.OWN;
    Upstream upstream = new Upstream(resolvers, settings.timeout(), own, clock, chance);
    // The system's list may have changed since the settings were checked.
    boolean local = resolvers.stream().allMatch(r -> r.getAddress().isLoopbackAddress());
    return new Lookup(
        upstream, own ? validator(upstream, settings, clock) : null, validation, local, clock);
  }

  private static ValidatingResolver validator(
      Upstream upstream, DnsSettings settings, Clock clock) {
    QuickSignatures.install();
    ValidatingResolver validator = new ValidatingResolver(upstream, javaClock(clock));
    Properties properties = new Properties();
    properties.setProperty("dnsjava.dnssec.keycache.max_size", Integer.toString(KEYS_KEPT));
    // RFC 4509 §3: no SHA-1 digest where the parent publishes SHA-256.
    properties.setProperty("dnsjava.dnssec.harden_algo_downgrade", "true");
    Anchors anchors =
        settings.anchors().isEmpty() ? Anchors.root() : Anchors.of(settings.anchors());
    try {
      validator.init(properties);
      validator.getTrustAnchors().clear();
      validator.loadTrustAnchors(anchors.stream());
    } catch (IOException e) {
      throw new IllegalStateException("anchors were checked before", e);
    }
    return validator;
  }

  private static java.time.Clock javaClock(Clock clock) {
    return new java.time.Clock() {
      @Override
      public ZoneId getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public java.time.Clock withZone(ZoneId zone) {
        return this;
      }

      @Override
      public Instant instant() {
        return clock.now();
      }
    };
  }

  /** resolv.conf(5); without any {@code nameserver} line it is the one on this machine. */
  static List<InetSocketAddress> systemResolvers() {
    List<InetSocketAddress> found = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(RESOLV_CONF, StandardCharsets.ISO_8859_1)) {
        String[] words = line.strip().split("\\s+");
        if (words.length >= 2
            && words[0].equals("nameserver")
            && found.size() < MAX_SYSTEM_RESOLVERS) {
          literal(words[1]).ifPresent(a -> found.add(new InetSocketAddress(a, DNS_PORT)));
        }
      }
    } catch (IOException e) {
      // No such file: resolv.conf(5) says what then.
    }
    if (found.isEmpty()) {
      found.add(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), DNS_PORT));
    }
    return found;
  }

  private static Optional<InetAddress> literal(String text) {
    try {
      return Optional.of(InetAddress.ofLiteral(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** A message as it comes, for those who look at it themselves. */
  Message ask(Message query, Inquiry inquiry) {
    return upstream.ask(query, inquiry);
  }

  /** Follows aliases to the end of the chain. */
  Answer<?> look(Question question, Inquiry inquiry) {
    Name name;
    try {
      name = Name.fromString(question.name().name(), Name.root);
    } catch (IOException e) {
      return unknown(Security.FAILED, question.name(), 0, "no DNS name");
    }
    AliasChain chain = new AliasChain(name, clock.now());
    while (true) {
      Name asked = chain.name();
      Judged judged = judge(asked, question.type(), inquiry);
      chain.weaken(judged.security());
      if (judged.security() == Security.BOGUS || judged.security() == Security.FAILED) {
        return unknown(judged.security(), question.name(), chain.aliases(), judged.reason());
      }
      // The validator stops judging at the first unsigned link and would take a forged answer from
      // a
      // signed zone behind it: each zone is asked for its own part.
      boolean apart = validator != null && judged.security() == Security.INSECURE;
      if (question.type() != Type.CNAME && !chain.follow(judged.message(), apart)) {
        return unknown(
            Security.FAILED,
            question.name(),
            chain.aliases(),
            "more than " + Resolver.MAX_ALIASES + " aliases");
      }
      Optional<Domain> end = end(question.name(), chain);
      if (end.isEmpty()) {
        return unknown(
            Security.FAILED,
            question.name(),
            chain.aliases(),
            "alias to " + chain.name() + ", which is no domain name");
      }
      if (apart && !chain.name().equals(asked)) {
        continue;
      }
      Message message = judged.message();
      List<Record> records = chain.take(message, question.type());
      if (!records.isEmpty()) {
        return found(question, end.get(), chain, records);
      }
      boolean denied = message.getRcode() == Rcode.NXDOMAIN || hasSoa(message);
      if (denied || chain.name().equals(asked)) {
        return denied(end.get(), chain, message);
      }
      // The resolver stopped at an alias (RFC 1034 4.3.2 lets it): ask for the rest.
    }
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

  /** Nearly always the name that was asked for: kept once, not once more for each answer. */
  private static Optional<Domain> end(Domain asked, AliasChain chain) {
    Optional<Domain> end = RecordData.domain(chain.name());
    return end.isPresent() && end.get().equals(asked) ? Optional.of(asked) : end;
  }

  private Domain shared(Domain host) {
    Domain known = hosts.getIfPresent(host);
    if (known == null) {
      hosts.put(host, host);
      return host;
    }
    return known;
  }

  private static boolean hasSoa(Message message) {
    return message.getSection(Section.AUTHORITY).stream().anyMatch(SOARecord.class::isInstance);
  }

  /** One question, judged by whoever validates here. */
  Judged judge(Name name, int type, Inquiry inquiry) {
    Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
    return switch (validation) {
      case OWN -> validated(query, inquiry);
      case TRUST_AD -> authentic(query, inquiry);
      case OFF -> plain(query, inquiry);
    };
  }

  private Judged plain(Message query, Inquiry inquiry) {
    Message answer = upstream.ask(query, inquiry);
    return inquiry.trouble().isEmpty()
        ? new Judged(answer, Security.INSECURE, "")
        : new Judged(answer, Security.FAILED, inquiry.trouble());
  }

  private Judged authentic(Message query, Inquiry inquiry) {
    if (!adBelieved) {
      return new Judged(
          query, Security.FAILED, "trust-ad with a resolver that is not on this machine");
    }
    // RFC 6840 §5.7: AD in a question asks for AD in the answer.
    query.getHeader().setFlag(Flags.AD);
    Judged judged = plain(query, inquiry);
    if (judged.security() == Security.FAILED) {
      return saysBogus(judged.reason())
          ? new Judged(query, Security.BOGUS, judged.reason())
          : judged;
    }
    boolean authentic = judged.message().getHeader().getFlag(Flags.AD);
    return new Judged(judged.message(), authentic ? Security.SECURE : Security.INSECURE, "");
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

  /** Thrown and caught in this class: the validator did not come to an end. */
  private static final class Stumbled extends Exception {
    Stumbled(String how) {
      super(how);
    }
  }

  private static Message send(ValidatingResolver validator, Message query, Inquiry inquiry)
      throws Stumbled {
    try {
      return validator
          .sendAsync(query, inquiry)
          .toCompletableFuture()
          .get(inquiry.left().plus(FINISHING).toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new Stumbled("the validator stumbled: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Stumbled("interrupted");
    }
  }

  private Judged validated(Message query, Inquiry inquiry) {
    ValidatingResolver own = validator;
    if (own == null) {
      throw new IllegalStateException("no validator");
    }
    try {
      Judged judged = judged(own, query.clone(), inquiry);
      if (judged.security() == Security.BOGUS && inquiry.tookKept()) {
        // A zone may have changed its keys a minute ago: once more, with what it says now.
        upstream.forgetKeys();
        judged = judged(own, query, inquiry);
      }
      return judged;
    } catch (Stumbled e) {
      return new Judged(query, Security.FAILED, String.valueOf(e.getMessage()));
    }
  }

  private Judged judged(ValidatingResolver own, Message query, Inquiry inquiry) throws Stumbled {
    Message answer = send(own, query, inquiry);
    int rcode = answer.getHeader().getRcode();
    String reason = reason(answer);
    if (!inquiry.trouble().isEmpty()) {
      return new Judged(answer, Security.FAILED, inquiry.trouble());
    }
    if (rcode != Rcode.NOERROR && rcode != Rcode.NXDOMAIN) {
      return new Judged(answer, Security.BOGUS, reason.isEmpty() ? "does not validate" : reason);
    }
    if (answer.getHeader().getFlag(Flags.AD)) {
      return new Judged(answer, Security.SECURE, "");
    }
    boolean positive =
        answer.getSection(Section.ANSWER).stream()
            .anyMatch(r -> r.getType() == query.getQuestion().getType());
    if (reason.isEmpty() && !positive && !isOptOut(own, answer, inquiry)) {
      // For a denial the validator names a reason for INSECURE, and gives none when it stumbled in
      // the proof (it swallows its own exceptions there): whoever can make it stumble must not be
      // able to deny a TLSA record. Positive answers have no such hole (docs/adr/0201).
      return new Judged(answer, Security.FAILED, "validation ended without a verdict");
    }
    return new Judged(answer, Security.INSECURE, reason);
  }

  private boolean isOptOut(ValidatingResolver own, Message denial, Inquiry inquiry)
      throws Stumbled {
    OptOut optOut = new OptOut(denial, clock.now());
    Name zone = optOut.zone();
    if (zone == null) {
      return false;
    }
    Message question = Message.newQuery(Record.newRecord(zone, Type.DNSKEY, DClass.IN));
    Message keys = send(own, question, inquiry);
    return inquiry.trouble().isEmpty() && optOut.holds(zone, keys);
  }

  /** The validator's words: EDE where it has a code, else a TXT record of a private class. */
  private static String reason(Message answer) {
    OPTRecord opt = answer.getOPT();
    if (opt != null) {
      for (var option : opt.getOptions()) {
        if (option instanceof ExtendedErrorCodeOption error && error.getText() != null) {
          return error.getText();
        }
      }
    }
    for (Record r : answer.getSection(Section.ADDITIONAL)) {
      if (r instanceof TXTRecord txt
          && r.getName().equals(Name.root)
          && r.getDClass() == ValidatingResolver.VALIDATION_REASON_QCLASS) {
        return String.join("", txt.getStrings());
      }
    }
    return "";
  }

  private static Answer<?> unknown(Security security, Domain name, int aliases, String reason) {
    Duration kept = security == Security.BOGUS ? BOGUS_KEPT : TROUBLE_KEPT;
    return Answer.unknown(security, name, aliases, kept, reason);
  }

  private Answer<?> denied(Domain end, AliasChain chain, Message message) {
    Duration denial = Duration.ZERO;
    for (Record r : message.getSection(Section.AUTHORITY)) {
      if (r instanceof SOARecord soa) {
        // RFC 2308 §5.
        denial = Duration.ofSeconds(Math.min(soa.getTTL(), soa.getMinimum()));
      }
    }
    chain.atMost(denial);
    chain.atMost(LONGEST_DENIAL);
    Answer.Kind kind =
        message.getRcode() == Rcode.NXDOMAIN ? Answer.Kind.NO_NAME : Answer.Kind.NO_DATA;
    return new Answer<>(
        List.of(), kind, chain.security(), end, chain.aliases(), shared(chain.kept(SHORTEST)), "");
  }

  private Answer<?> found(Question question, Domain end, AliasChain chain, List<Record> records) {
    List<Object> data = new ArrayList<>();
    for (Record r : records) {
      RecordData.of(r, this::shared).ifPresent(data::add);
    }
    if (data.isEmpty()) {
      // Not "no records": that would make an implicit MX out of a broken one.
      return unknown(
          Security.FAILED,
          question.name(),
          chain.aliases(),
          "no usable record: " + records.getFirst().rdataToString());
    }
    return new Answer<>(
        data,
        Answer.Kind.FOUND,
        chain.security(),
        end,
        chain.aliases(),
        shared(chain.kept(SHORTEST)),
        "");
  }
}
