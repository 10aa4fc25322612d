package org.sealwax.mail.dns.live;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * The authoritative servers of a zone, each queried by itself: for the assessment, which checks
 * whether they agree, and for the keys of DKIM, which all of them must have. Their answers are
 * compared and never trusted; nothing is validated here. Thread-safe.
 */
public final class AuthoritativeLookup {
  /** Maximum number of servers asked for one zone: a referral of 512 bytes can hold as many. */
  private static final int MAX_SERVERS = 13;

  /** Addresses of each. */
  private static final int MAX_ADDRESSES = 4;

  /** Names climbed in search of the zone's apex. */
  private static final int MAX_CLIMB = 10;

  private static final Duration ONE = Duration.ofSeconds(2);
  private static final Duration TOTAL = Duration.ofSeconds(15);

  private final DnsSettings settings;
  private final DnsLookup lookup;
  private final Clock clock;
  private final RandomSource random;
  private final Predicate<InetAddress> allowed;
  private final int port;

  /**
   * For zones of other domains.
   *
   * @param settings the resolvers that find the servers
   * @param allowed addresses that may be asked: the zone names them
   * @param port of the servers: 53 except in a lab
   */
  public AuthoritativeLookup(
      DnsSettings settings,
      Clock clock,
      RandomSource random,
      Predicate<InetAddress> allowed,
      int port) {
    this.settings = settings;
    this.lookup = new DnsLookup(settings, Optional.empty(), clock, random);
    this.clock = clock;
    this.random = random;
    this.allowed = allowed;
    this.port = port;
  }

  /**
   * What each server answers for TLSA: its sorted records, {@code no records}, or what came
   * instead. By server and address; empty when no server is found.
   */
  public Map<String, String> tlsa(Domain owner) throws InterruptedException {
    return each(owner, this::tlsaText);
  }

  /**
   * What each server answers for TXT, not validated. Servers that answer with an alias are left
   * out: the records are those of another zone. By server and address; empty when no server is
   * found.
   */
  public Map<String, DnsAnswer<String>> txt(Domain owner) throws InterruptedException {
    return answers(owner, Type.TXT, String.class);
  }

  /** The same for TLSA. */
  public Map<String, DnsAnswer<TlsaRecord>> tlsaRecords(Domain owner) throws InterruptedException {
    return answers(owner, Type.TLSA, TlsaRecord.class);
  }

  private <T> Map<String, DnsAnswer<T>> answers(Domain owner, int type, Class<T> data)
      throws InterruptedException {
    Map<String, DnsAnswer<T>> answers = new LinkedHashMap<>();
    each(owner, (at, name, limits) -> answer(at, name, new Asked<>(owner, type, data), limits))
        .forEach((server, answer) -> answer.ifPresent(a -> answers.put(server, a)));
    return answers;
  }

  /**
   * What each server answers for TLSA, at each of its addresses, not validated. What could not be
   * asked is in the result, too, as {@link DnsAnswer.Kind#UNKNOWN}: a server without an address or
   * with too many, one that is not authoritative, and an alias. The time to live of a denial is
   * that of RFC 2308 section 5.
   *
   * @param counted addresses that matter; a machine without IPv6 cannot ask the others
   * @return by server and address; empty when the servers cannot be found
   */
  public Map<String, DnsAnswer<TlsaRecord>> tlsaSets(Domain owner, Predicate<InetAddress> counted)
      throws InterruptedException {
    return each(
        owner,
        counted,
        (at, name, limits) ->
            authoritative(
                at,
                name,
                new Asked<>(owner, Type.TLSA, TlsaRecord.class),
                limits,
                AuthoritativeLookup::tlsa),
        reason -> unknown(owner, reason));
  }

  /**
   * The records of one type as each server has them, at each of its addresses, as {@link #tlsaSets}
   * for TLSA. An alias is {@link DnsAnswer.Kind#UNKNOWN} with {@link DnsAnswer#aliases} above 0.
   *
   * @return by server and address; empty when the servers cannot be found
   */
  public Map<String, DnsAnswer<ZoneRecord>> records(Domain owner, ZoneRecord.RecordType type)
      throws InterruptedException {
    Asked<ZoneRecord> asked = asked(owner, type);
    return each(
        owner,
        _ -> true,
        (at, name, limits) -> zoneRecords(at, name, asked, limits),
        reason -> unknown(owner, reason));
  }

  /** The same at one server, which the zone need not name: a hidden primary server. */
  public DnsAnswer<ZoneRecord> records(
      InetSocketAddress server, Domain owner, ZoneRecord.RecordType type) {
    try {
      return zoneRecords(
          server,
          Name.fromString(owner.name(), Name.root),
          asked(owner, type),
          new LookupLimits(clock, TOTAL));
    } catch (IOException e) {
      return unknown(owner, FailureText.of(e));
    }
  }

  private static Asked<ZoneRecord> asked(Domain owner, ZoneRecord.RecordType type) {
    return new Asked<>(owner, Type.value(type.name()), ZoneRecord.class);
  }

  /** Name and type of a question, and the data of its answer. */
  private record Asked<T>(Domain owner, int type, Class<T> data) {}

  /** Asks one server for one name. */
  @FunctionalInterface
  private interface ServerQuestion<A> {
    A ask(InetSocketAddress at, Name name, LookupLimits limits);
  }

  private <A> Map<String, A> each(Domain owner, ServerQuestion<A> question)
      throws InterruptedException {
    return each(owner, _ -> true, question, _ -> null);
  }

  /**
   * @param missing the answer of a server, or of further addresses of one, that cannot be asked;
   *     null: it is left out
   */
  private <A> Map<String, A> each(
      Domain owner,
      Predicate<InetAddress> counted,
      ServerQuestion<A> question,
      Function<String, @Nullable A> missing)
      throws InterruptedException {
    LookupLimits limits = new LookupLimits(clock, TOTAL);
    Map<String, Scope.ForkedTask<A>> tasks = new LinkedHashMap<>();
    Map<String, A> answers = new LinkedHashMap<>();
    try (Scope scope = new Scope("authorities")) {
      Name name = Name.fromString(owner.name(), Name.root);
      for (Name server : servers(name, limits)) {
        List<InetAddress> all = addresses(server, limits).stream().filter(counted).toList();
        List<InetAddress> asked = all.stream().filter(allowed).limit(MAX_ADDRESSES).toList();
        if (asked.isEmpty() || asked.size() < all.size()) {
          A answer = missing.apply(all.isEmpty() ? "no address" : "an address is not asked");
          if (answer != null) {
            answers.put(server.toString(true), answer);
          }
        }
        for (InetAddress address : asked) {
          tasks.put(
              server.toString(true) + " (" + AddressText.of(address) + ")",
              scope.fork(() -> question.ask(new InetSocketAddress(address, port), name, limits)));
        }
      }
      scope.join();
    } catch (IOException e) {
      return Map.of();
    }
    tasks.forEach((server, task) -> answers.put(server, task.get()));
    return answers;
  }

  private List<Record> ask(Name name, int type, LookupLimits limits) throws IOException {
    return lookup.rawMessage(name, type, limits).getSection(Section.ANSWER);
  }

  /** The servers of the zone that a name is in. */
  private List<Name> servers(Name owner, LookupLimits limits) throws IOException {
    Name at = owner;
    for (int i = 0; i < MAX_CLIMB && at.labels() > 1; i++) {
      List<Name> servers = new ArrayList<>();
      for (Record r : ask(at, Type.NS, limits)) {
        if (r instanceof NSRecord ns && r.getName().equals(at) && servers.size() < MAX_SERVERS) {
          servers.add(ns.getTarget());
        }
      }
      if (!servers.isEmpty()) {
        return servers;
      }
      at = new Name(at, 1);
    }
    return List.of();
  }

  private List<InetAddress> addresses(Name server, LookupLimits limits) throws IOException {
    List<Record> records = new ArrayList<>(ask(server, Type.A, limits));
    records.addAll(ask(server, Type.AAAA, limits));
    return records.stream()
        .flatMap(r -> RecordConversion.of(r, host -> host).stream())
        .filter(InetAddress.class::isInstance)
        .map(InetAddress.class::cast)
        .toList();
  }

  private Message message(InetSocketAddress at, Name owner, int type, LookupLimits limits)
      throws IOException {
    DnsSettings one = settings.withResolvers(List.of(at)).withTimeout(ONE).withTotal(TOTAL);
    return new DnsLookup(one, Optional.empty(), clock, random).rawMessage(owner, type, limits);
  }

  private <T> Optional<DnsAnswer<T>> answer(
      InetSocketAddress at, Name name, Asked<T> asked, LookupLimits limits) {
    try {
      Message answer = message(at, name, asked.type(), limits);
      if (answer.getRcode() != Rcode.NOERROR && answer.getRcode() != Rcode.NXDOMAIN) {
        throw new IOException("answers " + Rcode.string(answer.getRcode()));
      }
      List<Record> found = answer.getSection(Section.ANSWER);
      if (found.stream().anyMatch(r -> r.getType() == Type.CNAME)) {
        return Optional.empty();
      }
      List<T> records =
          found.stream()
              .flatMap(r -> RecordConversion.of(r, host -> host).stream())
              .filter(asked.data()::isInstance)
              .map(asked.data()::cast)
              .toList();
      DnsAnswer.Kind none =
          answer.getRcode() == Rcode.NXDOMAIN ? DnsAnswer.Kind.NO_NAME : DnsAnswer.Kind.NO_DATA;
      return Optional.of(
          new DnsAnswer<>(
              records,
              records.isEmpty() ? none : DnsAnswer.Kind.FOUND,
              DnssecStatus.INSECURE,
              asked.owner(),
              0,
              Duration.ofSeconds(found.stream().mapToLong(Record::getTTL).max().orElse(0)),
              ""));
    } catch (IOException e) {
      return Optional.of(unknown(asked.owner(), FailureText.of(e)));
    }
  }

  private static <A> DnsAnswer<A> unknown(Domain owner, String reason) {
    return DnsAnswer.unknown(DnssecStatus.FAILED, owner, 0, Duration.ZERO, reason);
  }

  /**
   * The records of a name at one server, which must be authoritative for it.
   *
   * @param data of one record; empty: it is passed over
   */
  private <T> DnsAnswer<T> authoritative(
      InetSocketAddress at,
      Name name,
      Asked<T> asked,
      LookupLimits limits,
      Function<Record, Optional<T>> data) {
    Domain owner = asked.owner();
    Message answer;
    try {
      answer = message(at, name, asked.type(), limits);
    } catch (IOException e) {
      return unknown(owner, FailureText.of(e));
    }
    if (!answer.getHeader().getFlag(Flags.AA)) {
      return unknown(owner, "not authoritative");
    }
    List<T> records = new ArrayList<>();
    long ttl = 0;
    for (Record record : answer.getSection(Section.ANSWER)) {
      if (record.getType() == Type.CNAME || record.getType() == Type.DNAME) {
        return DnsAnswer.unknown(DnssecStatus.FAILED, owner, 1, Duration.ZERO, "an alias");
      }
      if (record.getType() == asked.type() && record.getName().equals(name)) {
        data.apply(record).ifPresent(records::add);
        ttl = Math.max(ttl, record.getTTL());
      }
    }
    DnsAnswer.Kind kind = DnsAnswer.Kind.FOUND;
    if (records.isEmpty()) {
      boolean noName = answer.getRcode() == Rcode.NXDOMAIN;
      kind = noName ? DnsAnswer.Kind.NO_NAME : DnsAnswer.Kind.NO_DATA;
      ttl =
          answer.getSection(Section.AUTHORITY).stream()
              .filter(SOARecord.class::isInstance)
              .map(SOARecord.class::cast)
              .mapToLong(soa -> Math.min(soa.getTTL(), soa.getMinimum()))
              .max()
              .orElse(-1);
      if (ttl < 0) {
        return unknown(owner, "a denial without a SOA record");
      }
    }
    Duration kept = Duration.ofSeconds(ttl);
    return new DnsAnswer<>(records, kind, DnssecStatus.INSECURE, owner, 0, kept, "");
  }

  private static Optional<TlsaRecord> tlsa(Record record) {
    return RecordConversion.of(record, host -> host)
        .filter(TlsaRecord.class::isInstance)
        .map(TlsaRecord.class::cast);
  }

  private DnsAnswer<ZoneRecord> zoneRecords(
      InetSocketAddress at, Name name, Asked<ZoneRecord> asked, LookupLimits limits) {
    try {
      return authoritative(
          at, name, asked, limits, record -> Optional.of(RecordConversion.zoneRecord(record)));
    } catch (IllegalArgumentException e) {
      return unknown(asked.owner(), "a record that is too long or malformed");
    }
  }

  private String tlsaText(InetSocketAddress at, Name owner, LookupLimits limits) {
    try {
      Message answer = message(at, owner, Type.TLSA, limits);
      String records =
          answer.getSection(Section.ANSWER).stream()
              .filter(r -> r.getType() == Type.TLSA)
              .map(Record::rdataToString)
              .sorted()
              .collect(Collectors.joining(", "));
      String none = answer.getRcode() == Rcode.NXDOMAIN ? "no such name" : "no records";
      return records.isEmpty() ? none : records;
    } catch (IOException e) {
      return FailureText.of(e);
    }
  }
}
